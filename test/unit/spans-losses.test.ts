/**
 * What lost events, another trace in the same input and the end of a trace leave open: what went before is told as far as it was
 * seen and counted, and nothing is matched across.
 */
import { describe, expect, it } from 'vitest'
import { TraceBuilder } from '#shared/model/builder.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { SPAN_CONTENDED } from '#shared/model/kinds.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import { at, diagnosed, edgesOf, locksOf, opsOf, traceOf } from '../support/import-text.ts'
import { textReaders } from '../support/read-text.ts'
import { A, B, codes, FAULT, first, MAP, MM, opTimes } from '../support/span-lines.ts'

describe('lost events', () => {
  const open = (pid: number, cpu: number): string[] => [
    at(9, pid + 10, MAP, { cpu }),
    at(10, pid, 'sys_fsync(fd: 3)', { cpu }),
    at(11, pid, MAP, { cpu }),
    at(12, pid, `lock_acquire: ${pid === 1 ? A : B} &a`, { cpu }),
    at(13, pid, `lock_acquired: ${pid === 1 ? A : B} &a`, { cpu }),
    at(14, pid, `contention_begin: 000000000000000${pid} (flags=SPIN)`, { cpu }),
  ]

  it('end everything that is open on their CPU, and count it: operation, hold and wait, and a step outside any', () => {
    const trace = traceOf(
      first,
      ...open(1, 0),
      ...open(2, 1),
      'CPU:1 [LOST 7 EVENTS]',
      at(30, 2, 'sys_fsync -> 0x0', { cpu: 1 }),
    )
    expect(diagnosed(trace, 'closed-by-loss')).toBe(4)
    expect(diagnosed(trace, 'open-at-end')).toBe(4)
  })

  it('of nobody knows which CPU end what is open on any', () => {
    const collector = new TraceCollector()
    const recorder = new Recorder(new TraceBuilder(collector, 'test', 'ftrace'))
    const reader = textReaders.ftrace(recorder)
    const push = (...lines: readonly string[]) => reader.push(new TextEncoder().encode(`${lines.join('\n')}\n`))
    push('# tracer: nop', '#', first, ...open(1, 0), ...open(2, 1))
    recorder.lost(undefined, 7)
    push(at(30, 1, 'sys_fsync -> 0x0'))
    reader.end()
    recorder.end()
    expect(diagnosed(collector.trace(), 'closed-by-loss')).toBe(8)
  })

  it('leave an operation that is deduced without an end, whatever was seen of it', () => {
    const fault = [at(10, 1, FAULT), at(12, 1, 'mm_filemap_fault: dev=254:0 ino=d ofs=4096')]
    expect(opTimes(traceOf(first, ...fault, 'CPU:0 [LOST 7 EVENTS]', at(30, 1, MAP)))[0]).toEqual([
      'write_fault',
      10,
      NaN,
    ])
    expect(opTimes(traceOf(first, ...fault))[0]).toEqual(['write_fault', 10, 12])
  })

  it('leave an operation that had gone quiet with the end it had', () => {
    const trace = traceOf(
      first,
      at(9, 1, FAULT),
      at(10, 1, `mmap_lock_start_locking: ${MM} write=false`),
      at(11, 1, `mmap_lock_acquire_returned: ${MM} write=false success=true`),
      at(20, 1, `mmap_lock_released: ${MM} write=false`),
      'CPU:0 [LOST 7 EVENTS]',
      at(30, 1, FAULT),
    )
    expect(opTimes(trace)).toEqual([
      ['fault', 9, 20],
      ['fault', 30, NaN],
    ])
    expect(diagnosed(trace, 'closed-by-loss')).toBe(0)
    expect(codes(trace)).not.toContain('closed-by-loss')
  })

  it('end waits: what was waited for is nobody’s any more', () => {
    const trace = traceOf(
      first,
      at(10, 2, `lock_acquire: ${A} &m`, { cpu: 1 }),
      at(11, 2, `lock_acquired: ${A} &m`, { cpu: 1 }),
      at(12, 1, `lock_acquire: ${A} &m`),
      at(12, 1, `lock_contended: ${A} &m`),
      at(13, 3, `mmap_lock_start_locking: ${MM} write=true`),
      'CPU:0 [LOST 7 EVENTS]',
      at(30, 2, `lock_release: ${A} &m`, { cpu: 1 }),
    )
    expect(edgesOf(trace)).toEqual([])
    const waited = locksOf(trace).filter(({ flags }) => (flags & SPAN_CONTENDED) !== 0)
    expect(waited).toMatchObject([{ pid: 1, acquiredNs: NaN, releasedNs: 12_000 }])
    // A request that was not answered may have been none.
    expect(locksOf(trace)).toHaveLength(2)
  })

  it('take a waiter out of the queue: those on other CPUs wait on, and not for it', () => {
    const mmap = (us: number, pid: number, what: string, write: boolean, cpu: number, rest = '') =>
      at(us, pid, `mmap_lock_${what}: ${MM} write=${write}${rest}`, { cpu })
    const waits = (us: number, pid: number, write: boolean, cpu: number) => [
      mmap(us, pid, 'start_locking', write, cpu),
      mmap(us, pid, 'acquire_returned', write, cpu, ' success=false'),
      mmap(us, pid, 'start_locking', write, cpu),
    ]
    const trace = traceOf(
      first,
      mmap(10, 2, 'start_locking', false, 1),
      mmap(11, 2, 'acquire_returned', false, 1, ' success=true'),
      ...waits(12, 1, true, 0),
      ...waits(13, 3, false, 1),
      at(16, 9, 'sys_fsync(fd: 3)', { cpu: 1 }),
      'CPU:0 [LOST 7 EVENTS]',
      mmap(20, 2, 'released', false, 1),
    )
    expect(edgesOf(trace)).toEqual([])
  })

  it('leave no time waited behind: the next operation begins from nothing', () => {
    const trace = traceOf(
      first,
      at(10, 1, `contention_begin: ${A} (flags=SPIN)`),
      'CPU:0 [LOST 7 EVENTS]',
      at(20, 1, 'sys_fsync(fd: 3)'),
      at(22, 1, `contention_begin: ${B} (flags=SPIN)`),
      at(25, 1, `contention_end: ${B} (ret=0)`),
      at(30, 1, 'sys_fsync -> 0x0'),
    )
    expect(opsOf(trace)).toMatchObject([{ waitNs: 3000 }])
  })

  it('leave no function open: what returns then began unseen', () => {
    const call = (us: number, what: string, depth: number) =>
      at(us, 1, `funcgraph_${what}: func=vfs_write depth=${depth}`)
    const trace = traceOf(first, call(10, 'entry', 0), 'CPU:0 [LOST 7 EVENTS]', call(20, 'exit', 0))
    expect(opTimes(trace)).toEqual([['write', 10, NaN]])
    expect(diagnosed(trace, 'phase-end-without-begin')).toBe(1)
  })

  it('end the state of the task: what it was until then has no known end', () => {
    const trace = traceOf(
      first,
      at(10, 1, 'sched_switch: a:1 [120] S ==> b:2 [120]'),
      'CPU:0 [LOST 7 EVENTS]',
      at(30, 1, MAP),
    )
    expect(Array.from(trace.taskState.cols.durationNs.slice(0, trace.taskState.length))).toEqual([NaN, NaN])
    expect(trace.taskState.length).toBe(2)
  })
})

describe('another trace in the same input', () => {
  it('ends the waits of the one before: a lock of that address is another', () => {
    const trace = traceOf(
      first,
      at(12, 1, `lock_acquire: ${A} &m`),
      at(12, 1, `lock_contended: ${A} &m`),
      '# tracer: nop',
      at(20, 2, `lock_acquire: ${A} &m`),
      at(21, 2, `lock_acquired: ${A} &m`),
      at(30, 2, `lock_release: ${A} &m`),
    )
    expect(edgesOf(trace)).toEqual([])
    expect(diagnosed(trace, 'closed-by-boundary')).toBe(1)
  })
})

describe('the end of a trace', () => {
  it('closes what is open, and counts each: request, hold, wait, mmap_lock, operation and step', () => {
    const trace = traceOf(
      first,
      at(10, 1, 'sys_fsync(fd: 3)'),
      at(11, 4, MAP),
      at(12, 1, 'xfs_ilock: dev 7:1 ino 0x84 flags ILOCK_EXCL caller a+0x1/0x2'),
      at(13, 2, `contention_begin: ${A} (flags=READ)`),
      at(14, 3, `lock_acquire: ${A} &a`),
    )
    expect(diagnosed(trace, 'open-at-end')).toBe(5)
  })

  it('says nothing where nothing is open', () => {
    const trace = traceOf(first, at(10, 1, 'sys_fsync(fd: 3)'), at(11, 1, 'sys_fsync -> 0x0'))
    expect(codes(trace)).toEqual([])
  })

  it('leaves a wait without a holder where the lock was only asked for', () => {
    const trace = traceOf(
      first,
      at(10, 1, `lock_acquire: ${A} &m`),
      at(12, 2, `lock_acquire: ${A} &m`),
      at(12, 2, `lock_contended: ${A} &m`),
      at(20, 3, 'sys_fsync(fd: 3)'),
    )
    expect(edgesOf(trace)).toEqual([])
  })
})
