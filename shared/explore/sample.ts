/**
 * Schedules by lot, where there are too many to see them all. `random`: each move is drawn among the tasks that can move.
 * `pct`: tasks have random priorities and the highest that can move does, except at a few random moves where the running
 * one falls behind all others; a bug that needs d such places is hit with a known probability (Burckhardt and others,
 * ASPLOS 2010). A seed and a number name a schedule: the same on every machine, whoever runs it.
 */

import { stream, type Stream } from '../base/prng.ts'
import { Execution } from './execution.ts'
import { circleInWords, orderSink, type OrderWatch } from './order-watch.ts'
import { findingKey } from './search.ts'
import type { Subject } from './subject.ts'
import type { Found } from './unit.ts'

export interface SampleOptions {
  readonly mode: 'random' | 'pct'
  readonly seed: number
  readonly depth: number
  /** pct: places where the running task falls behind. */
  readonly changes: number
  readonly watch: OrderWatch
}

export interface Sampled {
  readonly moves: number
  readonly cut: boolean
  readonly found: readonly Found[]
}

const MODES = { random: 1, pct: 2 } as const

/** Schedule number `n`. `expected` is about how many moves a schedule has. */
export function sample(subject: Subject, n: number, expected: number, options: SampleOptions): Sampled {
  const { mode, seed, depth, watch } = options
  const draw = stream(seed, 0x5a3b, MODES[mode], n)
  watch.begin()
  const execution = new Execution(subject, orderSink(watch))
  const { tasks } = execution.k
  const next = mode === 'random' ? byLot(draw) : byPriority(draw, { tasks: tasks.length, expected, ...options })
  while (!execution.atRest && execution.moves.length < depth) {
    execution.move(next(tasks.filter((task) => execution.canMove(task)).map((task) => task.id)))
    watch.moved()
  }
  if (!execution.atRest) execution.cut = true
  execution.end()
  const { findings, moves, cut } = execution.outcome()
  const keys = new Set(findings.map((one) => findingKey(one.invariant, one.message)))
  for (const circle of watch.circles(subject, () => moves)) keys.add(findingKey('V11', circleInWords(circle)))
  return { moves: moves.length, cut, found: [...keys].map((key) => ({ key, moves })) }
}

type Chooser = (able: readonly number[]) => number

function byLot(draw: Stream): Chooser {
  return (able) => able[draw.below(able.length)]
}

function byPriority(draw: Stream, shape: { tasks: number; expected: number; changes: number }): Chooser {
  const priorities = Array.from({ length: shape.tasks }, () => shape.changes + 1 + draw.below(1 << 30))
  const changes = new Map(Array.from({ length: shape.changes }, (_, i) => [draw.below(Math.max(1, shape.expected)), i]))
  let move = 0
  return (able) => {
    const highest = () => able.reduce((best, id) => (priorities[id] > priorities[best] ? id : best), able[0])
    const change = changes.get(move++)
    if (change !== undefined) priorities[highest()] = shape.changes - change
    return highest()
  }
}
