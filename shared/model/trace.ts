/**
 * A trace in memory: what was recorded (or simulated) in columns, and the dictionaries the columns point into.
 *
 *   events ─► op ⊃ phase          what a task did, and the steps inside it
 *          └► lockSpan            requested ─ wait ─ acquired ─ hold ─ released
 *          └► waitEdge            waiter's lockSpan → holder's lockSpan, and what the holder was doing
 *          └► taskState           running, runnable, blocked (from sched events)
 *
 * Every time is an integer number of ns since the trace's start (f64: exact to 104 days); for clocks that count
 * something else (`counter`, `x86-tsc`) it is that count, and `clockUnit` says `tick`. NaN is "not known", -1 is "none".
 * A span's row number is its id inside its trace.
 */

import type { Columns, GrowingTable } from '../base/columns.ts'
import type { TraceExtras } from './extras.ts'
import type { LockKind, Severity } from './kinds.ts'

/** Arrays a chunk is filled in: `args` grows on its own, the others together, up to limits.eventsPerChunk events. */
export interface EventArrays {
  readonly ts: Float64Array
  readonly cpu: Int32Array
  readonly task: Uint32Array
  readonly name: Uint16Array
  readonly stack: Int32Array
  readonly argsEnd: Uint32Array
  readonly args: Uint8Array
}

export type Ns = number

const opSchema = {
  task: 'u32',
  /** Index into `opKinds`. */
  kind: 'u16',
  startNs: 'f64',
  /** NaN: never seen to end. */
  durationNs: 'f64',
  /** Part of the duration spent waiting for locks; NaN where the trace cannot show waits. */
  waitNs: 'f64',
  /** Index into `inodes`, -1 unknown. */
  inode: 'i32',
  /** Bytes. */
  offset: 'f64',
  length: 'f64',
  /** Return value; negative errno, or -14 for a fault that raised SIGBUS. */
  result: 'f64',
  cpu: 'i32',
  /** 1: begin or end was deduced, not recorded. */
  inferred: 'u8',
} as const

const phaseSchema = {
  /** -1: outside any known operation. */
  op: 'i32',
  task: 'u32',
  /** Index into `phaseNames`. */
  name: 'u16',
  startNs: 'f64',
  durationNs: 'f64',
  /** 0 = directly in the operation. */
  depth: 'u8',
} as const

const lockSpanSchema = {
  lock: 'u32',
  task: 'u32',
  op: 'i32',
  /** Index into MODES. */
  mode: 'u8',
  /** SPAN_* bits of kinds.ts. */
  flags: 'u8',
  /** When it was asked for; wait = acquired - contended request. */
  requestedNs: 'f64',
  acquiredNs: 'f64',
  releasedNs: 'f64',
} as const

const waitEdgeSchema = {
  /** Row of the waiting lockSpan. */
  waiter: 'u32',
  /** Row of the blocking lockSpan. */
  holder: 'u32',
  overlapNs: 'f64',
  /** Index into `phaseNames`: what the holder spent most of the overlap in; -1 unknown. */
  phase: 'i32',
  /** Index into EDGE_KINDS. */
  kind: 'u8',
} as const

const taskStateSchema = {
  task: 'u32',
  /** Index into TASK_STATES. */
  state: 'u8',
  startNs: 'f64',
  durationNs: 'f64',
  cpu: 'i32',
} as const

export const spanSchemas = {
  op: opSchema,
  phase: phaseSchema,
  lockSpan: lockSpanSchema,
  waitEdge: waitEdgeSchema,
  taskState: taskStateSchema,
} as const
export type SpanTable = keyof typeof spanSchemas
export const SPAN_TABLES = Object.keys(spanSchemas) as readonly SpanTable[]

export type OpTable = Columns<typeof opSchema>
export type PhaseTable = Columns<typeof phaseSchema>
export type LockSpanTable = Columns<typeof lockSpanSchema>
export type WaitEdgeTable = Columns<typeof waitEdgeSchema>
export type TaskStateTable = Columns<typeof taskStateSchema>
export type GrowingSpans = { [K in SpanTable]: GrowingTable<(typeof spanSchemas)[K]> }

/**
 * Spans on their way to the store, in the order they were finished. `ids` are their row numbers in the trace; op, phase
 * and lockSpan get theirs when they begin, so that edges and inner spans can name what is not finished yet.
 */
export interface SpanBatch<K extends SpanTable = SpanTable> {
  readonly table: K
  readonly ids: Uint32Array
  readonly rows: Columns<(typeof spanSchemas)[K]>
}

/** Raw events in file order, at most limits.eventsPerChunk of them. */
export interface EventChunk {
  readonly length: number
  /** Smallest and largest time inside. */
  readonly ts0: Ns
  readonly ts1: Ns
  readonly ts: Float64Array
  readonly cpu: Int32Array
  readonly task: Uint32Array
  /** Index into `eventNames`. */
  readonly name: Uint16Array
  /** Index into `stacks`, -1 none. */
  readonly stack: Int32Array
  /** EVENT_* bits of kinds.ts; left out where all are 0. */
  readonly flags?: Uint8Array
  /** Row i's payload text is args[i ? argsEnd[i-1] : 0 … argsEnd[i]), as the trace printed it. */
  readonly argsEnd: Uint32Array
  readonly args: Uint8Array
}

export interface Task {
  readonly pid: number
  /** Thread group; undefined where the trace does not say. */
  readonly tgid: number | undefined
  /** The last real name seen. */
  readonly comm: string
}

export interface LockClass {
  readonly name: string
  readonly kind: LockKind
}

export interface Lock {
  /** Index into `lockClasses`. */
  readonly lockClass: number
  /** As the trace spells it; undefined where it has no identity (`(____ptrval____)`). */
  readonly address: string | undefined
  readonly label: string | undefined
  /** Index into `inodes`, -1 unknown. */
  readonly inode: number
}

export interface Diagnostic {
  readonly severity: Severity
  /** kebab-case, stable: scripts match on it. */
  readonly code: string
  /** One sentence: what and why. */
  readonly message: string
  /** 1-based line of the first one; undefined for binary input. */
  readonly firstLine: number | undefined
  readonly count: number
}

/** Something worth marking on the time axis: a violated invariant, a user's note. */
export interface Annotation {
  readonly kind: string
  readonly startNs: Ns
  /** undefined: a moment. */
  readonly endNs: Ns | undefined
  readonly text: string
}

/** How many events each time bucket has, over the whole trace: at most limits.rateBuckets equal buckets from 0. */
export interface EventRate {
  readonly bucketNs: Ns
  readonly counts: Uint32Array
}

export interface TraceMeta {
  readonly name: string
  /** A format's id (shared/formats), or 'simulation'. */
  readonly sourceFormat: string
  /** `mono`, `local`, `counter` … where the trace says or its numbers show; else `unknown`. */
  readonly clock: string
  readonly clockUnit: 'ns' | 'tick'
  /** The trace clock's reading at time 0, decimal (ns or ticks). */
  readonly startClock: string
  /** Wall-clock time at 0 in ns since 1970, decimal, where known. */
  readonly startUnixNs: string | undefined
  readonly durationNs: Ns
  readonly eventCount: number
  /** Events the recorder says it lost; undefined where it cannot say. */
  readonly lostEvents: number | undefined
  readonly kernel: string | undefined
  /** `uname -m` of the recording: numbers of system calls are the architecture's. */
  readonly machine: string | undefined
  readonly cpus: number | undefined
  readonly scenario: string | undefined
  readonly strategy: string | undefined
  readonly seed: string | undefined
  readonly digest: string | undefined
}

/** Everything a trace's integers point into. */
export interface Dictionaries {
  readonly tasks: readonly Task[]
  readonly lockClasses: readonly LockClass[]
  readonly locks: readonly Lock[]
  /** `major:minor:inode`, all decimal. */
  readonly inodes: readonly string[]
  readonly eventNames: readonly string[]
  /** Events per name, parallel to `eventNames`. */
  readonly eventCounts: readonly number[]
  readonly opKinds: readonly string[]
  readonly phaseNames: readonly string[]
  /** Call stacks, innermost frame first, frames separated by newlines. */
  readonly stacks: readonly string[]
}

/** A whole trace without its raw events, as analyses take it. */
export interface Trace extends Dictionaries {
  readonly meta: TraceMeta
  readonly diagnostics: readonly Diagnostic[]
  readonly rate: EventRate
  /** Undefined for most traces. */
  readonly extras?: TraceExtras
  readonly op: OpTable
  readonly phase: PhaseTable
  readonly lockSpan: LockSpanTable
  readonly waitEdge: WaitEdgeTable
  readonly taskState: TaskStateTable
}

/** What comes after the last batch. `shiftNs` is what must be added to every time already sent (0 but for traces whose
 *  first line is not their earliest). */
export interface TraceEnd extends Dictionaries {
  readonly meta: TraceMeta
  readonly diagnostics: readonly Diagnostic[]
  readonly rate: EventRate
  readonly shiftNs: Ns
  /** How the records among the payloads are printed; left out where all are text. */
  readonly recordFormats?: readonly RecordFormat[]
  /** Imports have none. */
  readonly annotations?: readonly Annotation[]
  readonly extras?: TraceExtras
  /** Rows per span table, so that the receiver can size its tables. */
  readonly rows: Readonly<Record<SpanTable, number>>
}

/** The kernel's own description of an event, from which its records are printed. */
export interface RecordFormat {
  /** Index into `eventNames`. */
  readonly name: number
  readonly system: string
  /** Byte order of its records. */
  readonly little: boolean
  /** Its `format` file. */
  readonly text: string
}

/** Dictionaries while they grow: ids in a batch always point into what is already here. */
export type GrowingNames = Pick<Dictionaries, 'opKinds' | 'phaseNames' | 'inodes'>

/** Where a builder sends what it has: the store's writer, or a collector in memory. */
export interface TraceSink {
  /** Called once, first: lists that only ever get longer. A sink that writes rows at once needs their words early. */
  begin?(names: GrowingNames): void
  /** It takes records for payloads (EVENT_RECORD) and prints them when somebody asks: most are never looked at. */
  readonly keepsRecords?: boolean
  events(chunk: EventChunk): void
  /** A sink that has this may do what it likes with the chunks it gets, and gives their arrays back here. */
  spareEvents?(): EventArrays | undefined
  spans(batch: SpanBatch): void
  end(end: TraceEnd): void
}
