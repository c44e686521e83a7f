/**
 * What the trace says of the model's parameters: per phase, operation and outcome the median, the spread of a
 * log-normal with the same p50 and p99, and the rare tail (points above 20 medians). A parameter is either measured (its
 * phase is in the trace), scaled (its share of a measured total follows the price list) or default.
 */

import { log2 } from '../base/log2.ts'
import { quantilesInPlace } from '../base/quantiles.ts'
import type { Ns, Trace } from '../model/trace.ts'
import { COSTS, type CostId, type CostSpec } from '../sim/costs.ts'
import { Stops } from './stops.ts'

/** Fewer cases than this are no calibration. */
export const ENOUGH = 20
const TAIL = 20

export interface CalibratedPhase {
  /** `(whole)`: the operation itself. */
  readonly op: string
  readonly phase: string
  readonly outcome: 'ok' | 'failed'
  readonly count: number
  readonly medianNs: Ns
  /** Of the natural logarithm. */
  readonly sigma: number
  /** Points above 20 medians: their share, and how many medians they take on average. */
  readonly tail: { readonly share: number; readonly factor: number } | null
}

export interface Parameter {
  readonly id: string
  readonly title: string
  readonly source: 'measured' | 'scaled' | 'default'
  readonly defaultNs: Ns
  /** Measured: the median of its phase; else null. */
  readonly ns: Ns | null
  /** Of its phase in the trace, those in which the task did not wait. */
  readonly samples: number
  /** Where the default comes from. */
  readonly basis: string
}

export interface Calibration {
  readonly phases: readonly CalibratedPhase[]
  readonly parameters: readonly Parameter[]
}

/** Phases that are one parameter of the price list. */
const PHASE_OF: Readonly<Partial<Record<CostId, string>>> = {
  esLookup: 'es_lookup',
  alloc: 'alloc',
  clear4kPmem: 'zero',
  freeExtent: 'free',
  handleStart: 'journal',
  logWrite: 'commit_logging',
}
/** What no operation of a replay pays for, so nothing in a trace scales it. */
const NEVER_SCALED = new Set<CostId>([
  'pmemWriteShare',
  'pmemReadShare',
  'fsyncBatch',
  'orderedData',
  'sharedCacheLine',
])

export function calibrationOf(trace: Trace, kinds: ReadonlySet<string>): Calibration {
  const groups = new Map<string, { op: string; phase: string; outcome: 'ok' | 'failed'; values: Ns[] }>()
  const all = new Map<string, Ns[]>()
  const add = (op: number, phase: string, ns: Ns) => {
    const kind = trace.opKinds[trace.op.cols.kind[op]]
    if (!kinds.has(kind) || !(ns >= 0)) return
    const outcome = trace.op.cols.result[op] < 0 ? 'failed' : 'ok'
    const key = `${kind} ${phase} ${outcome}`
    let group = groups.get(key)
    if (group === undefined) groups.set(key, (group = { op: kind, phase, outcome, values: [] }))
    group.values.push(ns)
  }
  for (let op = 0; op < trace.op.length; op++) add(op, '(whole)', trace.op.cols.durationNs[op])
  const { phase, phaseNames } = trace
  const stops = new Stops(trace)
  for (let row = 0; row < phase.length; row++) {
    const name = phaseNames[phase.cols.name[row]]
    const ns = phase.cols.durationNs[row]
    if (phase.cols.op[row] >= 0) add(phase.cols.op[row], name, ns)
    if (!(ns >= 0) || stops.within(phase.cols.task[row], { from: phase.cols.startNs[row], ns })) continue
    const values = all.get(name)
    if (values === undefined) all.set(name, [ns])
    else values.push(ns)
  }
  const phases = [...groups.values()].map(({ values, ...group }) => ({ ...group, ...shapeOf(values) }))
  return {
    phases: phases.sort((a, b) => (a.op < b.op ? -1 : a.op > b.op ? 1 : b.count * b.medianNs - a.count * a.medianNs)),
    parameters: COSTS.map((spec) => parameterOf(spec, all)),
  }
}

function shapeOf(values: readonly Ns[]): Pick<CalibratedPhase, 'count' | 'medianNs' | 'sigma' | 'tail'> {
  const [p50, p99] = quantilesInPlace(Float64Array.from(values), [0.5, 0.99])
  const tail = values.filter((value) => p50 > 0 && value > TAIL * p50)
  const total = tail.reduce((sum, value) => sum + value, 0)
  return {
    count: values.length,
    medianNs: p50,
    sigma: p50 > 0 && p99 > p50 ? (log2(p99 / p50) * LN2) / Z99 : 0,
    tail: tail.length === 0 ? null : { share: tail.length / values.length, factor: total / tail.length / p50 },
  }
}

const LN2 = 0.6931471805599453
/** 99th percentile of the standard normal. */
const Z99 = 2.3263478740408408

function parameterOf(spec: CostSpec & { readonly id: CostId }, all: ReadonlyMap<string, Ns[]>): Parameter {
  const { id, title, basis } = spec
  const values = all.get(PHASE_OF[id] ?? '') ?? []
  const of = { id, title, basis, defaultNs: spec.ns, samples: values.length }
  if (values.length >= ENOUGH) return { ...of, source: 'measured', ns: shapeOf(values).medianNs }
  return { ...of, source: NEVER_SCALED.has(id) ? 'default' : 'scaled', ns: null }
}
