/** What a filmed schedule shows, as violations: what the kernel found, and circles in the lock order, which need no hang. */

import { invariants } from '../sim/invariants/invariants.ts'
import { classesOf, type OrderCycle } from '../lockorder/order-graph.ts'
import type { OrderWitness } from '../sim/invariants/lock-order.ts'
import type { ExploredFinding } from './execution.ts'
import { circleInWords } from './order-watch.ts'
import type { Filmed } from './replay.ts'
import { findingKey } from './search.ts'

export function violationsIn(filmed: Filmed): readonly ExploredFinding[] {
  return [...filmed.findings, ...filmed.lockOrder.cycles.map(circleFound)]
}

/** The same circle has one key, whoever closed it. */
export function violationIn(filmed: Filmed, key: string): ExploredFinding | undefined {
  const found = filmed.findings.find((one) => findingKey(one.invariant, one.message) === key)
  if (found !== undefined) return found
  const circle = filmed.lockOrder.cycles.find((one) => findingKey('V11', circleInWords(one)) === key)
  return circle === undefined ? undefined : circleFound(circle)
}

function circleFound(cycle: OrderCycle<OrderWitness>): ExploredFinding {
  const { from, to, witness } = cycle.edges[0]
  const tasks = [...new Set(cycle.edges.map((edge) => edge.witness.by))]
  return {
    invariant: 'V11',
    severity: invariants.get('V11').severity,
    message: `${circleInWords(cycle)}, by ${tasks.join(' and ')}`,
    tasks,
    objects: classesOf(cycle),
    event: `in move ${witness.at + 1}: ${witness.by} asks for ${to} while it holds ${from}`,
    task: witness.by,
    move: witness.at,
  }
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
