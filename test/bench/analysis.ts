/**
 * How long every analysis takes on a trace of the size a 3 M-event recording has: cold (the first question, which builds
 * what later ones share), warm, and warm in time windows. Prints a table; the limits are those of the project: 100 ms
 * warm, 50 ms for any window.
 */

import { analyses } from '#shared/analysis/index.ts'
import type { Trace } from '#shared/model/trace.ts'
import { syntheticTrace } from '../support/synthetic-trace.ts'

export interface AnalysisFigure {
  readonly id: string
  readonly params: string
  readonly coldMs: number
  readonly warmMs: number
  readonly windowMs: number
}

const QUESTIONS: readonly (readonly [id: string, params: Readonly<Record<string, unknown>>])[] = [
  ['lock-order', {}],
  ['overview', {}],
  ['contention', { by: 'class' }],
  ['contention', { by: 'instance' }],
  ['contention', { by: 'op' }],
  ['contention', { by: 'task' }],
  ['contention-over-time', {}],
  ['hold-phases', {}],
  ['latency', { by: 'op' }],
  ['latency', { by: 'task' }],
  ['latency', { by: 'inode' }],
  ['latency-heatmap', {}],
  ['latency-distribution', {}],
  ['slowest-ops', {}],
  ['wait-chains', {}],
  ['wait-chains', { onePerCause: true }],
  ['waiter-holder', {}],
]

const REPEATS = 7

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

function timed(run: () => unknown): number {
  const began = performance.now()
  run()
  return performance.now() - began
}

/** A trace that shares the columns but not what was derived from them. */
function forgetful(trace: Trace): Trace {
  return { ...trace }
}

export function benchAnalyses(trace: Trace): AnalysisFigure[] {
  const { durationNs } = trace.meta
  const windows = [0.01, 0.1, 0.5, 0.98].map((share) => ({
    fromNs: Math.floor((durationNs * (1 - share)) / 2),
    toNs: Math.floor((durationNs * (1 + share)) / 2),
  }))
  return QUESTIONS.map(([id, params]) => {
    const analysis = analyses.get(id)
    const ask = (on: Trace, scope: object): unknown => analysis.run(on, analysis.params.parse({ ...params, scope }))
    const coldMs = timed(() => ask(forgetful(trace), {}))
    ask(trace, {})
    const warmMs = median(Array.from({ length: REPEATS }, () => timed(() => ask(trace, {}))))
    const windowMs = Math.max(
      ...windows.map((scope) => median(Array.from({ length: REPEATS }, () => timed(() => ask(trace, scope))))),
    )
    return { id, params: JSON.stringify(params), coldMs, warmMs, windowMs }
  })
}

if (import.meta.main) {
  const size = { lockSpans: 1_000_000, phases: 500_000, ops: 300_000, tasks: 64, locks: 5000, seed: 1 }
  console.log(`synthetic trace: ${JSON.stringify(size)}`)
  const figures = benchAnalyses(syntheticTrace(size))
  for (const { id, params, coldMs, warmMs, windowMs } of figures) {
    const columns = [coldMs, warmMs, windowMs].map((ms) => `${ms.toFixed(1)} ms`.padStart(11)).join('')
    console.log(`${`${id} ${params}`.padEnd(44)}${columns}`)
  }
}
