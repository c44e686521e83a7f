/**
 * Films as the panel shows them, whoever made them: of a race that was judged (its other schedules were searched, too), or of a
 * schedule that was played back: nothing was searched then, so nothing is said of other schedules.
 */

import type { ReplayResult } from '#shared/contract/exploration.ts'
import type { FilmLockOrder, RaceResult } from '#shared/contract/races.ts'
import { lockdepSees } from '#shared/lockorder/order-graph.ts'

export interface ShownFilm extends RaceResult {
  /** One schedule was played, and nothing else. */
  readonly played: boolean
}

export function searchedFilm(result: RaceResult): ShownFilm {
  return { ...result, played: false }
}

export function playedFilm(result: ReplayResult, titleOf: (subject: string) => string | undefined): ShownFilm {
  const { scenario, strategy, outcome, invariants, findings, deadlock, steps, initialState } = result
  return {
    race: scenario,
    played: true,
    title: titleOf(scenario) ?? 'played back',
    strategy,
    fs: result.fs,
    slots: result.slots,
    outcome,
    expected: null,
    invariants,
    why: findings[0]?.message ?? null,
    schedule: result.schedule,
    decidedBy: scenario,
    executions: 1,
    complete: false,
    within: null,
    script: null,
    reached: [],
    steps,
    initialState,
    findings,
    deadlock,
    lockOrder: orderOf(result),
    wallMs: result.wallMs,
  }
}

function orderOf({ lockOrder, steps }: ReplayResult): FilmLockOrder {
  const edges = lockOrder.edges.map(([from, to, task]) => ({
    from,
    to,
    modes: [],
    task,
    move: steps.find((step) => step.task === task && step.lock === to)?.move ?? 0,
  }))
  const place = (from: string, to: string): number => edges.findIndex((edge) => edge.from === from && edge.to === to)
  return {
    edges,
    cycles: lockOrder.cycles.map((classes) => ({
      classes,
      edges: classes.map((from, i) => place(from, classes[(i + 1) % classes.length])).filter((at) => at >= 0),
      lockdepSees: lockdepSees(classes),
      needsQueuedWriter: false,
    })),
  }
}
