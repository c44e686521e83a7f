/** What a filmed schedule shows, as violations: what the kernel found, and circles in the lock order, which need no hang. */

import { invariants } from '../sim/invariants/invariants.ts'
import { classesOf } from '../lockorder/order-graph.ts'
import type { ExploredFinding } from './execution.ts'
import { circleInWords } from './order-watch.ts'
import type { Filmed } from './replay.ts'
import { findingKey } from './search.ts'

export function violationsIn(filmed: Filmed): readonly ExploredFinding[] {
  const circles = filmed.lockOrder.cycles.map((cycle): ExploredFinding => {
    const { witness } = cycle.edges[0]
    const severity = invariants.get('V11').severity
    return { invariant: 'V11', severity, message: circleInWords(cycle), task: witness.by, move: witness.at }
  })
  return [...filmed.findings, ...circles]
}

export function violationIn(filmed: Filmed, key: string): ExploredFinding | undefined {
  return violationsIn(filmed).find((one) => findingKey(one.invariant, one.message) === key)
}

export function lockOrderRows({ edges, cycles }: Filmed['lockOrder']): {
  edges: (readonly [string, string, string])[]
  cycles: (readonly string[])[]
} {
  return {
    edges: edges.map(({ from, to, witness }) => [from, to, `${witness.by}, move ${witness.at + 1}`] as const),
    cycles: cycles.map((cycle) => classesOf(cycle)),
  }
}
