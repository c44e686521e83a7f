/**
 * Traces written out by hand or by fast-check: rows as objects with everything optional that does not matter, turned into
 * the columns analyses read. Times left out are NaN, "not known".
 */

import fc from 'fast-check'
import { allocate, type Columns, type Schema } from '#shared/base/columns.ts'
import {
  OP_KINDS,
  SPAN_CONTENDED,
  SPAN_HOLD_KNOWN,
  SPAN_INFERRED,
  SPAN_IRQ,
  TASK_STATES,
  type LockKind,
  type OpKind,
} from '#shared/model/kinds.ts'
import { spanSchemas, type SpanTable, type Trace } from '#shared/model/trace.ts'

export interface SmallOp {
  readonly task?: number
  readonly kind?: OpKind
  readonly startNs: number
  readonly durationNs?: number
  readonly waitNs?: number
  readonly inode?: number
  readonly result?: number
}

export interface SmallPhase {
  readonly task?: number
  readonly name: string
  readonly startNs: number
  readonly durationNs?: number
}

export interface SmallSpan {
  readonly lock?: number
  readonly task?: number
  readonly op?: number
  readonly mode?: number
  /** Left out: contended where a request is given, hold known. */
  readonly flags?: number
  readonly requestedNs?: number
  readonly acquiredNs?: number
  readonly releasedNs?: number
}

export interface SmallEdge {
  readonly waiter: number
  readonly holder: number
  readonly overlapNs?: number
  readonly phase?: number
  readonly kind?: number
}

export interface SmallState {
  readonly task: number
  readonly state: number
  readonly startNs: number
  readonly durationNs: number
}

export interface SmallTrace {
  readonly tasks?: readonly string[]
  readonly classes?: readonly (readonly [string, LockKind])[]
  /** Class of each lock. */
  readonly locks?: readonly number[]
  readonly lockInodes?: readonly number[]
  readonly phaseNames?: readonly string[]
  readonly ops?: readonly SmallOp[]
  readonly phases?: readonly SmallPhase[]
  readonly spans?: readonly SmallSpan[]
  readonly edges?: readonly SmallEdge[]
  readonly states?: readonly SmallState[]
  readonly durationNs?: number
}

function columns(schema: Schema, rows: readonly Readonly<Record<string, number>>[]): Columns<Schema> {
  const cols = allocate(schema, rows.length)
  for (const name of Object.keys(schema)) rows.forEach((row, i) => (cols[name][i] = row[name]))
  return { length: rows.length, cols }
}

export function traceOf(small: SmallTrace): Trace {
  const phaseNames = [...new Set([...(small.phaseNames ?? []), ...(small.phases ?? []).map(({ name }) => name)])]
  const rows: Record<SpanTable, Readonly<Record<string, number>>[]> = {
    op: (small.ops ?? []).map(({ task = 0, kind = 'fault', startNs, durationNs = NaN, ...op }) => ({
      task,
      kind: OP_KINDS.indexOf(kind),
      startNs,
      durationNs,
      waitNs: op.waitNs ?? NaN,
      inode: op.inode ?? -1,
      offset: NaN,
      length: NaN,
      result: op.result ?? NaN,
      cpu: 0,
      inferred: 0,
    })),
    phase: (small.phases ?? []).map(({ task = 0, name, startNs, durationNs = NaN }) => ({
      op: -1,
      task,
      name: phaseNames.indexOf(name),
      startNs,
      durationNs,
      depth: 0,
    })),
    lockSpan: (small.spans ?? []).map((span) => ({
      lock: span.lock ?? 0,
      task: span.task ?? 0,
      op: span.op ?? -1,
      mode: span.mode ?? 0,
      flags: span.flags ?? SPAN_HOLD_KNOWN | (span.requestedNs === undefined ? 0 : SPAN_CONTENDED),
      requestedNs: span.requestedNs ?? span.acquiredNs ?? NaN,
      acquiredNs: span.acquiredNs ?? NaN,
      releasedNs: span.releasedNs ?? NaN,
    })),
    waitEdge: (small.edges ?? []).map(({ waiter, holder, overlapNs = 0, phase = -1, kind = 0 }) => ({
      waiter,
      holder,
      overlapNs,
      phase,
      kind,
    })),
    taskState: (small.states ?? []).map((state) => ({ ...state, cpu: 0 })),
  }
  const tables = Object.fromEntries(
    Object.entries(spanSchemas).map(([table, schema]) => [table, columns(schema, rows[table as SpanTable])]),
  )
  return {
    meta: {
      name: 'small',
      sourceFormat: 'simulation',
      clock: 'mono',
      clockUnit: 'ns',
      startClock: '0',
      startUnixNs: undefined,
      durationNs: small.durationNs ?? 100,
      eventCount: 0,
      lostEvents: undefined,
      kernel: undefined,
      machine: undefined,
      cpus: undefined,
      scenario: undefined,
      strategy: undefined,
      seed: undefined,
      digest: undefined,
    },
    diagnostics: [],
    rate: { bucketNs: 10, counts: Uint32Array.of(1, 2, 3, 4) },
    tasks: (small.tasks ?? ['a', 'b', 'c', 'd']).map((comm, id) => ({ pid: 100 + id, tgid: undefined, comm })),
    lockClasses: (small.classes ?? [['L', 'rwsem']]).map(([name, kind]) => ({ name, kind })),
    locks: (small.locks ?? [0]).map((lockClass, id) => ({
      lockClass,
      address: `a${id}`,
      label: undefined,
      inode: small.lockInodes?.[id] ?? -1,
    })),
    inodes: ['1:1:1', '1:1:2'],
    eventNames: [],
    eventCounts: [],
    opKinds: OP_KINDS,
    phaseNames,
    stacks: [],
    ...(tables as unknown as Pick<Trace, SpanTable>),
  }
}

/** Longest time in an arbitrary trace: short, so that ties, touching and empty intervals are common. */
const END = 60
const TASKS = 3
const LOCKS = 4

const time = fc.integer({ min: 0, max: END })
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined, freq: 6 })

function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> }
}

const op: fc.Arbitrary<SmallOp> = fc
  .record({
    task: fc.nat(TASKS - 1),
    kind: fc.constantFrom<OpKind>('fault', 'truncate', 'write'),
    startNs: time,
    durationNs: maybe(fc.nat(40)),
    waitNs: maybe(fc.nat(20)),
    inode: fc.integer({ min: -1, max: 1 }),
    result: maybe(fc.constantFrom(0, 4096, -14, -28, -95)),
  })
  .map(defined)

const phase: fc.Arbitrary<SmallPhase> = fc
  .record({
    task: fc.nat(TASKS - 1),
    name: fc.constantFrom('map_blocks', 'zero', 'unmap'),
    startNs: time,
    durationNs: maybe(fc.nat(30)),
  })
  .map(defined)

const span = (ops: number): fc.Arbitrary<SmallSpan> =>
  fc
    .record({
      lock: fc.nat(LOCKS - 1),
      task: fc.nat(TASKS - 1),
      op: fc.integer({ min: -1, max: ops - 1 }),
      mode: fc.nat(1),
      contended: fc.boolean(),
      holdKnown: fc.boolean(),
      other: fc.constantFrom(0, 0, 0, SPAN_INFERRED, SPAN_IRQ),
      requestedNs: time,
      wait: maybe(fc.nat(20)),
      hold: maybe(fc.nat(30)),
    })
    .map(({ contended, holdKnown, other, requestedNs, wait, hold, ...rest }) => {
      const acquiredNs = wait === undefined ? NaN : requestedNs + (contended ? wait : 0)
      const releasedNs = hold === undefined ? NaN : (wait === undefined ? requestedNs : acquiredNs) + hold
      const flags = (contended ? SPAN_CONTENDED : 0) | (holdKnown ? SPAN_HOLD_KNOWN : 0) | other
      return { ...rest, flags, requestedNs, acquiredNs, releasedNs }
    })

const edge = (spans: number): fc.Arbitrary<SmallEdge> =>
  fc.record({
    waiter: fc.nat(spans - 1),
    holder: fc.nat(spans - 1),
    overlapNs: fc.nat(20),
    phase: fc.integer({ min: -1, max: 2 }),
    kind: fc.nat(1),
  })

const state: fc.Arbitrary<SmallState> = fc.record({
  task: fc.nat(TASKS - 1),
  state: fc.nat(TASK_STATES.length - 1),
  startNs: time,
  durationNs: fc.nat(30),
})

/** Any trace: valid ids, times in order or unknown, everything else anyhow. Lock 3 is of an annotation class. */
export const anySmallTrace: fc.Arbitrary<SmallTrace> = fc
  .tuple(fc.array(op, { maxLength: 12 }), fc.nat(25))
  .chain(([ops, spanCount]) =>
    fc.record({
      ops: fc.constant(ops),
      phases: fc.array(phase, { maxLength: 12 }),
      spans: fc.array(span(ops.length), { minLength: spanCount, maxLength: spanCount }),
      edges: spanCount === 0 ? fc.constant([]) : fc.array(edge(spanCount), { maxLength: 20 }),
      states: fc.array(state, { maxLength: 6 }),
      classes: fc.constant<readonly (readonly [string, LockKind])[]>([
        ['A', 'rwsem'],
        ['B', 'spinlock'],
        ['note', 'annotation'],
      ]),
      locks: fc.constant([0, 0, 1, 2]),
      lockInodes: fc.constant([0, -1, 1, -1]),
      phaseNames: fc.constant(['map_blocks', 'zero', 'unmap']),
      durationNs: fc.constant(END + 40),
    }),
  )

export const anyScope = fc
  .record({
    fromNs: fc.option(time, { nil: undefined, freq: 2 }),
    length: fc.option(fc.nat(50), { nil: undefined, freq: 2 }),
    task: fc.option(fc.nat(TASKS), { nil: undefined, freq: 1 }),
    lockClass: fc.option(fc.nat(2), { nil: undefined, freq: 1 }),
    lock: fc.option(fc.nat(LOCKS - 1), { nil: undefined, freq: 1 }),
    mode: fc.option(fc.constantFrom<'exclusive' | 'shared'>('exclusive', 'shared'), { nil: undefined, freq: 1 }),
    op: fc.option(fc.constantFrom('fault', 'truncate', 'none', 'futex'), { nil: undefined, freq: 1 }),
    inode: fc.option(fc.nat(1), { nil: undefined, freq: 1 }),
  })
  .map(({ length, ...scope }) =>
    defined({ ...scope, toNs: length === undefined ? undefined : (scope.fromNs ?? 0) + length }),
  )
