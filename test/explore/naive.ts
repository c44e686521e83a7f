/**
 * Every schedule, one after the other, with nothing left out and nothing clever: what the search is held against. It shares
 * with it only what a move is (`Execution`).
 */
import { Execution } from '../../shared/explore/execution.ts'
import { findingKey } from '../../shared/explore/search.ts'
import type { Subject } from '../../shared/explore/subject.ts'

export interface NaiveResult {
  readonly executions: number
  readonly found: ReadonlySet<string>
  readonly complete: boolean
}

export function enumerate(
  subject: Subject,
  options: { readonly preemptions?: number | undefined; readonly budget?: number } = {},
): NaiveResult {
  const found = new Set<string>()
  const budget = options.budget ?? 2_000_000
  const path: { readonly choices: readonly number[]; at: number }[] = []
  let executions = 0
  do {
    const execution = new Execution(subject)
    for (const { choices, at } of path) execution.move(choices[at])
    while (!execution.atRest) {
      const choices = movesWithin(execution, options.preemptions)
      path.push({ choices, at: 0 })
      execution.move(choices[0])
    }
    execution.end()
    for (const one of execution.k.findings) found.add(findingKey(one.invariant, one.message))
    executions++
    while (path.length > 0 && ++path[path.length - 1].at === path[path.length - 1].choices.length) path.pop()
  } while (path.length > 0 && executions < budget)
  return { executions, found, complete: path.length === 0 }
}

/** Who can move next without a preemption too many. */
function movesWithin(execution: Execution, preemptions: number | undefined): number[] {
  const able = execution.k.tasks.filter((task) => execution.canMove(task)).map((task) => task.id)
  const spent = preemptions !== undefined && execution.preemptions >= preemptions
  return spent && execution.lastWouldGoOn ? [execution.last] : able
}
