/** A trace written as ftrace text is the same trace when it is read: events, operations, phases, lock spans, wait edges. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TraceBuilder } from '#shared/model/builder.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { describeWithCorpus, readCorpus, readFixture } from '../support/corpus.ts'
import { at } from '../support/import-text.ts'
import {
  asFtraceText,
  differences,
  eventWords,
  metaOf,
  readBytes,
  spanWords,
  type Whole,
} from '../support/round-trip.ts'
import { simulated, type LockNames } from '../support/simulated-whole.ts'

const text = (whole: Whole) => Buffer.from(asFtraceText(whole)).toString('utf8')
const again = (whole: Whole) => readBytes('ftrace', asFtraceText(whole))

const CORPUS: readonly (readonly [format: string, file: string])[] = [
  ['ftrace', 'dax/dax-ext4-lockstat.trace.txt'],
  ['ftrace', 'nolockdep/nl-dax-ext4-small.trace.txt'],
  ['ftrace', 'host/small-xfs.trace.txt'],
  ['ftrace', 'host/small-ext4-overrun.trace.txt'],
  ['ftrace', 'host/small-ext4-stacktrace.trace.txt'],
  ['ftrace', 'host/small-ext4-tgid.trace.txt'],
  ['ftrace', 'host/small-ext4-trace_pipe-lost.txt'],
  ['ftrace', 'host/small-ext4-clock-counter.trace.txt'],
  ['ftrace', 'host/small-ext4-clock-tsc.trace.txt'],
  ['ftrace', 'host/small-ext4-latency-format.trace.txt'],
  ['ftrace', 'host/small-ext4-latency-verbose.trace.txt'],
  ['ftrace', 'host/small-ext4-noirqinfo.trace.txt'],
  ['ftrace', 'host/small-ext4-trace_marker.trace.txt'],
  ['trace-cmd-report', 'host/small2-ext4.report-t.txt'],
  ['trace-cmd-report', 'host/small2-ext4.report.txt'],
  ['trace-dat', 'dax/dax-ext2-small.v7.dat'],
  ['trace-dat', 'host/small-ext4-overrun.v7.dat'],
  ['perf-data', 'host/small-ext4.perf.data'],
  ['perf-script', 'host/small-ext4.perf-script-ns.txt'],
  ['perf-script', 'host/tiny-ext4-callgraph.perf-script.txt'],
]

describeWithCorpus('real traces as ftrace text', () => {
  it.each(CORPUS)('%s %s', (format, file) => {
    const whole = readBytes(format, readCorpus(file))
    const back = again(whole)
    expect(differences(whole, back)).toEqual([])
    expect(metaOf(back)).toEqual(metaOf(whole))
    expect(whole.trace.meta.eventCount).toBeGreaterThan(200)
  })
})

describe('a trace that begins before the zero of its clock', () => {
  it.each(['-1', '-250000000', '-99000000000', '-1000000000'])('at %s keeps its times', (startClock) => {
    const whole = readBytes('ftrace', readFixture('ftrace/overrun.txt'))
    const early = { ...whole, trace: { ...whole.trace, meta: { ...whole.trace.meta, startClock } } }
    const back = again(early)
    expect(differences(early, back)).toEqual([])
    expect(back.trace.meta.startClock).toBe(startClock)
    expect(text(early)).not.toMatch(/\] \S+ +-/)
  })
})

describe('a simulated run as ftrace text', () => {
  it.each<[number, LockNames | undefined]>([
    [1, undefined],
    [2, undefined],
    [3, undefined],
    // What a kernel's lockdep only annotates, and locks whose holds are phases of a kernel's.
    [4, ['sb_pagefaults', 'jbd2_handle']],
    [5, ['&mapping->i_mmap_rwsem', '&mm->mmap_lock']],
    [6, ['what a strategy of one’s own calls it', 'i_mmap_lock seqcount']],
  ])('seed %i, locks %j', (seed, names) => {
    const whole = simulated(seed, names)
    expect(whole.trace.waitEdge.length).toBeGreaterThan(100)
    const back = again(whole)
    expect(differences(whole, back)).toEqual([])
    expect(metaOf(back)).toEqual(metaOf(whole))
  })
})

const NAME = fc.constantFrom(
  'sys_write',
  'sys_sync',
  'function',
  'raw_data',
  'print',
  'sched_waking',
  'lock_acquire',
  'x:y',
)
const PAYLOAD = fc.oneof(
  fc.constantFrom(
    '-> 0x2',
    'fd: 1, count: 2b',
    'foo <-bar',
    'foo [ext4] <-bar [jbd2]',
    '# 1 buf: 00',
    'a (b)',
    '',
    '(',
    ')',
    '<x>',
  ),
  fc.string({ maxLength: 30 }),
)
const EVENT = fc.record({
  ts: fc.nat({ max: 5_000_000 }),
  cpu: fc.nat({ max: 300 }),
  pid: fc.nat({ max: 99_999 }),
  comm: fc.oneof(fc.stringMatching(/^[\w/:.-]{1,15}$/), fc.constantFrom('a-1', 'b-2 [001]', '-', '<...>', 'x y')),
  context: fc.nat({ max: 3 }),
  name: NAME,
  payload: PAYLOAD,
})

function built(events: readonly (typeof EVENT extends fc.Arbitrary<infer E> ? E : never)[]): Whole {
  const collector = new TraceCollector()
  const builder = new TraceBuilder(collector, 'built', 'test')
  builder.meta.startClock = '1700000000123456789'
  for (const { ts, cpu, pid, comm, context, name, payload } of events) {
    const task = builder.task(pid, cpu)
    builder.nameTask(task, comm)
    const [nameBytes, bytes] = [Buffer.from(name), Buffer.from(payload)]
    const id = builder.eventNames.intern(nameBytes, 0, nameBytes.length)
    builder.event(ts, cpu, task, id, bytes, 0, bytes.length, context)
  }
  builder.end()
  return { trace: collector.trace(), chunks: collector.chunks }
}

describe('any events as ftrace text', () => {
  it('come back one by one, whatever their names, payloads and times', () => {
    fc.assert(
      fc.property(fc.array(EVENT, { minLength: 1, maxLength: 20 }), (events) => {
        const whole = built(events)
        const words = (one: Whole) => eventWords(one).map((word) => word.replace(/[\s\0]+/g, ' ').trim())
        expect(words(again(whole))).toEqual(words(whole))
      }),
      { numRuns: 300 },
    )
  })
})

describe('ftrace text', () => {
  const line = (us: number, body: string, where = {}) => at(us, 100, body, where)
  const trace = readBytes(
    'ftrace',
    Buffer.from(
      [
        '# tracer: nop',
        line(0, 'sys_write(fd: 1, buf: 2b)'),
        line(1, 'sched_waking: comm=b pid=7 prio=120 target_cpu=000', { irq: 'h' }),
        'CPU:0 [LOST 5 EVENTS]',
        line(4, 'sys_write -> 0x2'),
        line(5, 'vfs_write <-ksys_write'),
        '',
      ].join('\n'),
    ),
  )

  it('looks as the kernel prints it', () => {
    const lines = text(trace)
      .split('\n')
      .filter((one) => !one.startsWith('#'))
    expect(lines).toEqual([
      '         task100-100     [000] .....   100.000000: sys_write(fd: 1, buf: 2b)',
      '         task100-100     [000] ..h..   100.000001: sched_waking: comm=b pid=7 prio=120 target_cpu=000',
      'CPU:0 [LOST EVENTS]',
      '         task100-100     [000] .....   100.000004: sys_write -> 0x2',
      '         task100-100     [000] .....   100.000005: vfs_write <-ksys_write',
      '',
    ])
  })

  it('closes what a loss closed', () => {
    expect(differences(trace, again(trace))).toEqual([])
    expect(spanWords(again(trace)).op).toEqual(spanWords(trace).op)
    expect(again(trace).trace.meta.lostEvents).toBe(5)
  })

  it('of a window has the events of the window, and spans that lie in it whole', () => {
    const whole = readBytes('ftrace', readFixture('ftrace/dax-xfs.txt'))
    const half = Math.floor(whole.trace.meta.durationNs / 2)
    const part = (from: number, to: number) => eventWords(readBytes('ftrace', asFtraceText(whole, { from, to })))
    const [left, right] = [part(0, half), part(half, Infinity)]
    expect(left.length + right.length).toBe(whole.trace.meta.eventCount)
    expect(left.length).toBeGreaterThan(0)
    expect(right.length).toBeGreaterThan(0)
    expect(left).toEqual(eventWords(whole).slice(0, left.length))
  })
})
