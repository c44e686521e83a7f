/**
 * The longest wait of a run, followed to its root: as much of the log of its waits as that takes becomes a small trace, and
 * the analysis that answers for stored traces answers for it too. What happened before
 * and after has no part in it.
 */

import { allocate, type Schema } from '../base/columns.ts'
import { SPAN_CONTENDED } from '../model/kinds.ts'
import { spanSchemas, type Ns, type SpanTable, type Trace } from '../model/trace.ts'
import { worstChain, type ChainFigure } from './figures.ts'
import { Doings, OTHER, WAITS, type Step } from './wait-log-doings.ts'
import { EDGE_QUEUED, type WaitLog } from './wait-log.ts'

/** What the log's numbers mean. */
export interface LogNames {
  readonly tasks: readonly { readonly pid: number; readonly comm: string }[]
  readonly kinds: readonly string[]
  readonly classes: readonly string[]
  readonly phases: readonly string[]
  /** Time of the last thing that happened. */
  readonly lastNs: Ns
}

/** The longest wait's time, or somewhat more, and rows of the log that lie in it. */
interface Part {
  readonly fromNs: Ns
  readonly toNs: Ns
  /** In the order of their ids. */
  readonly spans: readonly number[]
  readonly edges: readonly number[]
}

export function chainOf(log: WaitLog, names: LogNames): ChainFigure | undefined {
  const part = partOf(log, names.lastNs)
  if (part === undefined) return undefined
  const doings = new Doings(log, names.tasks.length)
  const steps = doings.steps(part.fromNs, part.toNs)
  const trace = (told: (edge: number) => number) => traceOf(log, names, { part, steps, any: doings.anyPhase, told })
  const chain = worstChain(
    trace(() => -1),
    {},
  )
  if (chain === undefined) return undefined
  const said = chain.links.every(({ phase }) => phase !== null && phase !== 'other')
  // Where steps say nothing, what the holder was last seen doing is asked, which costs more.
  const whole = said ? chain : (worstChain(trace(doings.told(part.edges)), {}) ?? chain)
  return { ...whole, waitId: log.spans.cols.id[part.spans[whole.waitId]] }
}

function partOf(log: WaitLog, lastNs: Ns): Part | undefined {
  const { spans, edges } = log
  const { id, requestedNs } = spans.cols
  const worst = longest(log, lastNs)
  if (worst === -1) return undefined
  const endNs = waitEnd(log, worst, lastNs)
  const waits = new Set(waitsWithin(log, requestedNs[worst], endNs).map((row) => id[row]))
  const { waiter, holder, atNs, overlapNs } = edges.cols
  const among: number[] = []
  const wanted = new Set<number>()
  // Of who is in the way everything counts that was done meanwhile, outside of the longest wait as well.
  let fromNs = requestedNs[worst]
  let toNs = endNs
  for (let edge = 0; edge < edges.length; edge++) {
    if (!waits.has(waiter[edge])) continue
    among.push(edge)
    wanted.add(holder[edge])
    fromNs = Math.min(fromNs, atNs[edge] - overlapNs[edge])
    toNs = Math.max(toNs, atNs[edge])
  }
  for (const row of waitsWithin(log, fromNs, toNs)) wanted.add(id[row])
  const rows: number[] = []
  for (let row = 0; row < spans.length; row++) if (wanted.has(id[row])) rows.push(row)
  return { fromNs, toNs, spans: rows.sort((a, b) => id[a] - id[b]), edges: among }
}

/** One that never ended lasts to the end of the run. */
function waitEnd({ spans }: WaitLog, row: number, lastNs: Ns): Ns {
  const acquired = spans.cols.acquiredNs[row]
  return acquired === acquired ? acquired : lastNs
}

/** Row of the longest wait, the earlier one of two; -1: nobody waited. */
function longest(log: WaitLog, lastNs: Ns): number {
  const { spans } = log
  const { id, flags, requestedNs } = spans.cols
  let worst = -1
  let most = -1
  for (let row = 0; row < spans.length; row++) {
    const waited = (flags[row] & SPAN_CONTENDED) === 0 ? NaN : waitEnd(log, row, lastNs) - requestedNs[row]
    if (!(waited > most || (waited === most && id[row] < id[worst]))) continue
    worst = row
    most = waited
  }
  return worst
}

function waitsWithin({ spans }: WaitLog, fromNs: Ns, toNs: Ns): number[] {
  const { flags, requestedNs, acquiredNs } = spans.cols
  const rows: number[] = []
  for (let row = 0; row < spans.length; row++) {
    const contended = (flags[row] & SPAN_CONTENDED) !== 0
    if (contended && requestedNs[row] <= toNs && !(acquiredNs[row] < fromNs)) rows.push(row)
  }
  return rows
}

interface Material {
  readonly part: Part
  readonly steps: readonly Step[]
  /** The run has phases, if not here. */
  readonly any: boolean
  /** What the holder of an edge was last seen doing, as a phase. */
  readonly told: (edge: number) => number
}

function traceOf(log: WaitLog, names: LogNames, material: Material): Trace {
  const { tasks, kinds, classes, phases, lastNs } = names
  const empty = { length: 0 }
  return {
    ...{ diagnostics: [], rate: { bucketNs: 1, counts: new Uint32Array(0) } },
    ...{ inodes: [], eventNames: [], eventCounts: [], stacks: [] },
    meta: META(lastNs),
    tasks: tasks.map(({ pid, comm }) => ({ pid, comm, tgid: undefined })),
    // One lock stands for its class, one operation for its kind.
    lockClasses: classes.map((name) => ({ name, kind: 'unknown' as const })),
    locks: classes.map((_, lockClass) => ({ lockClass, address: undefined, label: undefined, inode: -1 })),
    opKinds: kinds,
    phaseNames: [...phases, 'other', ...classes.map((name) => `wait:${name}`)],
    op: opsOf(kinds),
    phase: phasesOf(material, phases.length),
    lockSpan: spansOf(log, material.part),
    waitEdge: edgesOf(log, material, phases.length),
    taskState: { ...empty, cols: allocate(spanSchemas.taskState, 0) },
  }
}

function META(durationNs: Ns): Trace['meta'] {
  return {
    ...{ name: '', sourceFormat: 'simulation', clock: 'sim', clockUnit: 'ns', startClock: '0', eventCount: 0 },
    ...{ startUnixNs: undefined, kernel: undefined, machine: undefined, cpus: undefined, scenario: undefined },
    ...{ strategy: undefined, seed: undefined, digest: undefined, lostEvents: 0, durationNs },
  }
}

function table<K extends SpanTable>(of: K, length: number) {
  return { length, cols: allocate(spanSchemas[of] as (typeof spanSchemas)[K] & Schema, length) }
}

function opsOf(kinds: readonly string[]): Trace['op'] {
  const ops = table('op', kinds.length)
  kinds.forEach((_, kind) => (ops.cols.kind[kind] = kind))
  return ops
}

function phasesOf({ steps, any }: Material, phases: number): Trace['phase'] {
  const none = steps.length === 0 && any
  const out = table('phase', none ? 1 : steps.length)
  // One without a length says that this trace has phases.
  out.cols.durationNs.fill(NaN)
  steps.forEach(({ task, phase, startNs, endNs }, row) => {
    out.cols.task[row] = task
    out.cols.name[row] = phase < phases ? phase : 0
    out.cols.startNs[row] = startNs
    out.cols.durationNs[row] = endNs - startNs
  })
  return out
}

function spansOf({ spans: { cols } }: WaitLog, { spans }: Part): Trace['lockSpan'] {
  const out = table('lockSpan', spans.length)
  spans.forEach((from, row) => {
    out.cols.lock[row] = cols.lockClass[from]
    out.cols.task[row] = cols.task[from]
    out.cols.op[row] = cols.opKind[from]
    out.cols.mode[row] = cols.mode[from]
    out.cols.flags[row] = cols.flags[from]
    out.cols.requestedNs[row] = cols.requestedNs[from]
    out.cols.acquiredNs[row] = cols.acquiredNs[from]
    out.cols.releasedNs[row] = cols.releasedNs[from]
  })
  return out
}

function edgesOf({ spans, edges: { cols } }: WaitLog, { part, told }: Material, phases: number): Trace['waitEdge'] {
  const rowOf = new Map(part.spans.map((from, row) => [spans.cols.id[from], row]))
  const phaseOf = (doing: number) => (doing === OTHER ? phases : doing >= WAITS ? phases + 1 + doing - WAITS : doing)
  const out = table('waitEdge', part.edges.length)
  part.edges.forEach((edge, row) => {
    out.cols.waiter[row] = rowOf.get(cols.waiter[edge]) ?? 0
    out.cols.holder[row] = rowOf.get(cols.holder[edge]) ?? 0
    out.cols.kind[row] = cols.kind[edge]
    out.cols.overlapNs[row] = cols.overlapNs[edge]
    out.cols.phase[row] = phaseOf(cols.kind[edge] === EDGE_QUEUED ? WAITS + cols.lockClass[edge] : told(edge))
  })
  return out
}
