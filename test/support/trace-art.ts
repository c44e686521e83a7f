/**
 * Small traces drawn through the real TraceBuilder, for tests of what comes after it: events and spans given as plain
 * data in the order an importer would finish them. `story` is one of everything; `anyDrawing` is anything at all.
 */

import fc from 'fast-check'
import { OP_KINDS } from '#shared/model/kinds.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { spanSchemas, type SpanTable, type Trace, type TraceSink } from '#shared/model/trace.ts'

export interface DrawnEvent {
  readonly ts: number
  readonly cpu: number
  readonly task: number
  readonly name: string
  readonly payload: string
  /** Frames, innermost first. */
  readonly stack?: string | undefined
}

/** Cells by column; a column left out is 0. `begun` spans took their id before the ones above them in the list. */
export interface DrawnSpan {
  readonly table: SpanTable
  readonly cells: Readonly<Record<string, number>>
}

export interface Drawing {
  readonly name?: string
  readonly tasks: readonly { readonly pid: number; readonly comm: string; readonly tgid?: number | undefined }[]
  /** One class per name, two locks per class: one with an address, one without. */
  readonly classes: readonly string[]
  readonly inodes: readonly string[]
  readonly phaseNames: readonly string[]
  readonly opKinds: readonly string[]
  readonly events: readonly DrawnEvent[]
  readonly spans: readonly DrawnSpan[]
  /** Where in `spans` each one is finished: a permutation; they are begun in order. */
  readonly finishOrder?: readonly number[]
  readonly diagnostics?: readonly string[]
}

export function draw(sink: TraceSink, drawing: Drawing): void {
  const builder = new TraceBuilder(sink, drawing.name ?? 'drawing', 'ftrace')
  drawing.tasks.forEach(({ pid, comm, tgid }, i) => {
    const id = builder.task(pid, i)
    builder.nameTask(id, comm)
    builder.tasks[id].tgid = tgid
  })
  for (const name of drawing.inodes) builder.inodes.id(name)
  drawing.classes.forEach((name, i) => {
    const id = builder.lockClass(name, i % 2 === 0 ? 'rwsem' : 'annotation')
    builder.lock(id, `00000000bc512a${i}`, i % 3 === 0 ? -1 : 0, i % 4 === 0 ? 'label' : undefined)
    builder.lock(id, undefined)
  })
  for (const name of drawing.phaseNames) builder.phaseNames.id(name)
  for (const kind of drawing.opKinds) builder.opKinds.id(kind)
  for (const { ts, cpu, task, name, payload, stack } of drawing.events) {
    builder.eventOf(ts, cpu, task, name, payload)
    if (stack !== undefined) builder.stackOfLast(task, stack)
  }
  const ids = drawing.spans.map(({ table }) => builder.begin(table))
  for (const i of drawing.finishOrder ?? drawing.spans.keys()) {
    const { table, cells } = drawing.spans[i]
    const row = builder.row(table, ids[i])
    const cols = builder.cols[table] as Record<string, { [row: number]: number }>
    for (const column of Object.keys(spanSchemas[table])) cols[column][row] = cells[column] ?? 0
  }
  for (const code of drawing.diagnostics ?? []) builder.diagnose('warning', code, `what ${code} means`, 7)
  builder.meta.clock = 'mono'
  builder.meta.startClock = '27232620000'
  builder.end()
}

export function collect(drawing: Drawing): { readonly trace: Trace; readonly collector: TraceCollector } {
  const collector = new TraceCollector()
  draw(collector, drawing)
  return { trace: collector.trace(), collector }
}

/** A writer holds a lock, a fault waits for it: one of everything the store has to keep, the unknown included. */
export const story: Drawing = {
  name: 'story.txt',
  tasks: [
    { pid: 100, comm: 'punch-hole-0 9', tgid: 90 },
    { pid: 101, comm: 'rfault 0' },
    { pid: 0, comm: '' },
  ],
  classes: ['mapping.invalidate_lock', 'jbd2_handle', '&(&sig->stats_lock)->lock'],
  inodes: ['7:0:13', '259:0:4026531840'],
  phaseNames: ['unmap', 'map_blocks'],
  opKinds: ['ioctl'],
  events: [
    { ts: 0, cpu: 0, task: 0, name: 'sys_enter_fallocate', payload: 'fd: 0x3, mode: 0x3, offset: 0x0, len: 0x1000' },
    { ts: 500, cpu: 1, task: 1, name: 'page_fault_user', payload: 'address=0x7f00 ip=0x4000 error_code=0x6' },
    {
      ts: 700,
      cpu: 1,
      task: 1,
      name: 'lock_acquire',
      payload: '00000000bc512a0 read mapping.invalidate_lock',
      stack: 'down_read\nfault',
    },
    { ts: 400, cpu: -1, task: 2, name: 'print', payload: '"quoted", comma\tand\u0000NUL \u00e9 \u{1f600}' },
    { ts: 5_000_000_000, cpu: 0, task: 0, name: 'print', payload: '' },
  ],
  spans: [
    {
      table: 'op',
      cells: {
        task: 0,
        kind: OP_KINDS.indexOf('punch_hole'),
        startNs: 0,
        durationNs: 2000,
        waitNs: 0,
        inode: 0,
        offset: 0,
        length: 4096,
        result: -95,
        cpu: 0,
      },
    },
    {
      table: 'op',
      cells: {
        task: 1,
        kind: OP_KINDS.length,
        startNs: 500,
        durationNs: NaN,
        waitNs: NaN,
        inode: -1,
        offset: NaN,
        length: 2 ** 63,
        result: NaN,
        cpu: -1,
        inferred: 1,
      },
    },
    {
      table: 'lockSpan',
      cells: { lock: 0, task: 0, op: 0, mode: 0, flags: 16, requestedNs: 100, acquiredNs: 100, releasedNs: 1500 },
    },
    {
      table: 'lockSpan',
      cells: { lock: 0, task: 1, op: 1, mode: 1, flags: 17, requestedNs: 700, acquiredNs: 1500, releasedNs: NaN },
    },
    {
      table: 'lockSpan',
      cells: {
        lock: 5,
        task: 2,
        op: -1,
        mode: 1,
        flags: 14,
        requestedNs: NaN,
        acquiredNs: NaN,
        releasedNs: 5_000_000_000,
      },
    },
    { table: 'phase', cells: { op: 0, task: 0, name: 0, startNs: 200, durationNs: 1000, depth: 0 } },
    { table: 'phase', cells: { op: -1, task: 1, name: 1, startNs: 600, durationNs: NaN, depth: 63 } },
    { table: 'waitEdge', cells: { waiter: 1, holder: 0, overlapNs: 800, phase: 0, kind: 0 } },
    { table: 'waitEdge', cells: { waiter: 1, holder: 2, overlapNs: NaN, phase: -1, kind: 1 } },
    { table: 'taskState', cells: { task: 1, state: 3, startNs: 700, durationNs: 800, cpu: -1 } },
    { table: 'taskState', cells: { task: 1, state: 0, startNs: 1500, durationNs: NaN, cpu: 1 } },
  ],
  finishOrder: [5, 6, 3, 2, 4, 1, 0, 8, 7, 9, 10],
  diagnostics: ['unparsed-line', 'unmatched-release'],
}

/** Whole numbers as traces have them: mostly small, some far beyond 32 bits. */
const ns = fc.oneof(fc.nat(5000), fc.nat(2 ** 31 - 1), fc.integer({ min: 0, max: 2 ** 50 }))
const unknown = (value: fc.Arbitrary<number>) =>
  fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: fc.constant(NaN) })
const NAMES = ['lock_acquire', 'sys_enter_write', 'print', 'sched_switch']

const cellOf = (table: SpanTable, column: string): fc.Arbitrary<number> => {
  switch (column) {
    case 'startNs':
      return ns
    case 'requestedNs':
    case 'acquiredNs':
    case 'releasedNs':
    case 'durationNs':
    case 'waitNs':
    case 'overlapNs':
      return unknown(ns)
    case 'offset':
    case 'length':
    case 'result':
      return unknown(fc.oneof(ns, fc.integer({ min: -133, max: -1 }), fc.constant(2 ** 63), fc.constant(-(2 ** 63))))
    case 'kind':
      return fc.nat(table === 'op' ? OP_KINDS.length + 1 : 1)
    case 'mode':
    case 'inferred':
      return fc.nat(1)
    case 'flags':
      return fc.nat(31)
    case 'state':
      return fc.nat(6)
    case 'depth':
      return fc.nat(63)
    case 'cpu':
      return fc.integer({ min: -1, max: 300 })
    case 'inode':
    case 'phase':
      return fc.integer({ min: -1, max: 1 })
    case 'name':
      return fc.nat(1)
    case 'lock':
      return fc.nat(3)
    case 'task':
      return fc.nat(2)
    case 'op':
      return fc.integer({ min: -1, max: 0 })
    default:
      // waiter and holder: there is always one lock span.
      return fc.constant(0)
  }
}

const spanOf = (table: SpanTable): fc.Arbitrary<DrawnSpan> =>
  fc
    .record(Object.fromEntries(Object.keys(spanSchemas[table]).map((column) => [column, cellOf(table, column)])))
    .map((cells) => ({ table, cells }))

const anyEvent: fc.Arbitrary<DrawnEvent> = fc.record({
  ts: fc.oneof(ns, fc.integer({ min: -(2 ** 40), max: -1 })),
  cpu: fc.integer({ min: -1, max: 64 }),
  task: fc.nat(2),
  name: fc.constantFrom(...NAMES),
  payload: fc.string({ unit: 'grapheme', maxLength: 40 }),
  stack: fc.option(fc.constantFrom('a\nb', 'c'), { nil: undefined }),
})

const TABLES = Object.keys(spanSchemas) as SpanTable[]

/** Any trace: events out of order and before the first one, spans finished in any order, everything unknown. */
export const anyDrawing: fc.Arbitrary<Drawing> = fc
  .array(fc.constantFrom(...TABLES).chain(spanOf), { maxLength: 40 })
  .chain((spans) => {
    const all: DrawnSpan[] = [
      { table: 'op', cells: { startNs: 1 } },
      { table: 'lockSpan', cells: { requestedNs: 1 } },
      ...spans,
    ]
    return fc.record({
      tasks: fc.constant([
        { pid: 7, comm: 'a b-1' },
        { pid: 8, comm: 'c', tgid: 7 },
        { pid: 0, comm: '' },
      ]),
      classes: fc.constant(['A', 'B + i']),
      inodes: fc.constant(['7:0:1', '7:0:2']),
      phaseNames: fc.constant(['map_blocks', 'zero']),
      opKinds: fc.constant(['ioctl', 'poll']),
      events: fc.array(anyEvent, { maxLength: 60 }),
      spans: fc.constant(all),
      finishOrder: fc.shuffledSubarray([...all.keys()], { minLength: all.length }),
      diagnostics: fc.subarray(['unparsed-line', 'lost-events']),
    })
  })
