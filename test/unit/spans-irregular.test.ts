/**
 * Spans where a trace is not as the plain case has it: interrupts, refusals after a real wait, sleeps without an event of the
 * lock, steps whose begin was not seen, faults of the kernel on its own memory. Each was a mutant that lived.
 */

import { describe, expect, it } from 'vitest'
import { SPAN_CONTENDED, SPAN_HOLD_KNOWN, SPAN_INFERRED, SPAN_IRQ } from '#shared/model/kinds.ts'
import { at, diagnosed, edgesOf, locksOf, opsOf, traceOf } from '../support/import-text.ts'
import { A, B, MM } from '../support/span-lines.ts'

const HARD = { irq: 'h' }
const switched = (us: number, state: string): string =>
  at(us, 1, `sched_switch: task1:1 [120] ${state} ==> task2:2 [120]`)
const back = (us: number): string => at(us, 2, 'sched_switch: task2:2 [120] S ==> task1:1 [120]')

describe('an interrupt inside an operation', () => {
  it('waits for a lock of its own: the operation does not', () => {
    const trace = traceOf(
      at(1, 1, 'sys_write(fd: 1, buf: 0x55d8, count: 2)'),
      at(10, 1, `lock_acquire: ${A} &a`, HARD),
      at(12, 1, `lock_contended: ${A} &a`, HARD),
      at(30, 1, `lock_acquired: ${A} &a`, HARD),
      at(31, 1, `lock_release: ${A} &a`, HARD),
      at(40, 1, 'sys_write -> 0x2'),
    )
    expect(opsOf(trace)).toMatchObject([{ kind: 'write', waitNs: 0 }])
    expect(locksOf(trace)).toMatchObject([
      { op: -1, flags: SPAN_CONTENDED | SPAN_HOLD_KNOWN | SPAN_IRQ, requestedNs: 11_000, acquiredNs: 29_000 },
    ])
  })

  it('waits so without lock_acquire, too, where the task would belong to its operation', () => {
    const trace = traceOf(
      at(1, 1, 'sys_write(fd: 1, buf: 0x55d8, count: 2)'),
      at(12, 1, `lock_contended: ${A} &a`, HARD),
      at(20, 1, `lock_acquired: ${A} &a`, HARD),
      at(22, 1, `lock_contended: ${B} &b`),
      at(25, 1, `lock_acquired: ${B} &b`),
      at(40, 1, 'sys_write -> 0x2'),
    )
    expect(locksOf(trace).map((span) => [span.class, span.op, span.flags])).toEqual([
      ['&a', -1, SPAN_CONTENDED | SPAN_INFERRED | SPAN_IRQ],
      ['&b', 0, SPAN_CONTENDED | SPAN_INFERRED],
    ])
    expect(opsOf(trace)).toMatchObject([{ waitNs: 3000 }])
  })

  it('waits for an unnamed lock of its own, too', () => {
    const trace = traceOf(
      at(1, 1, 'sys_write(fd: 1, buf: 0x55d8, count: 2)'),
      at(12, 1, `contention_begin: ${A} (flags=SPIN)`, HARD),
      at(20, 1, `contention_end: ${A} (ret=0)`, HARD),
      at(40, 1, 'sys_write -> 0x2'),
    )
    expect(opsOf(trace)).toMatchObject([{ waitNs: 0 }])
    expect(locksOf(trace)).toMatchObject([
      { op: -1, flags: expect.toSatisfy((flags: number) => (flags & SPAN_IRQ) !== 0) },
    ])
  })
})

describe('a request that is not granted', () => {
  it('for mmap_lock waits until it is refused, and the operation with it', () => {
    const trace = traceOf(
      at(1, 1, 'sys_madvise(start: 0x7f00, len_in: 0x1000, behavior: 4)'),
      at(10, 1, `mmap_lock_start_locking: ${MM} write=false`),
      at(13, 1, `contention_begin: ${A} (flags=READ)`),
      at(40, 1, `mmap_lock_acquire_returned: ${MM} write=false success=false`),
      at(50, 1, 'sys_madvise -> 0xfffffffffffffffc'),
      at(60, 1, 'sys_write(fd: 1, buf: 0x55d8, count: 2)'),
      at(65, 1, 'sys_write -> 0x2'),
    )
    expect(opsOf(trace)).toMatchObject([
      { kind: 'madvise', waitNs: 30_000 },
      { kind: 'write', waitNs: 0 },
    ])
  })

  it('of a lock taken exclusively twice no longer waits for its holders', () => {
    const trace = traceOf(
      at(10, 2, `lock_acquire: ${A} &a`, { cpu: 1 }),
      at(11, 1, `lock_acquire: ${A} &a`),
      at(12, 1, `lock_contended: ${A} &a`),
      at(20, 1, `lock_acquire: ${A} &a`),
      at(30, 2, `lock_release: ${A} &a`, { cpu: 1 }),
    )
    expect(diagnosed(trace, 'unseen-release')).toBe(1)
    expect(edgesOf(trace)).toEqual([])
  })
})

describe('mmap_lock without an event of its wait', () => {
  it('was taken where the task sleeps uninterruptibly between asking and getting it', () => {
    const trace = traceOf(
      at(10, 1, `mmap_lock_start_locking: ${MM} write=false`),
      switched(12, 'D'),
      back(30),
      at(31, 1, `mmap_lock_acquire_returned: ${MM} write=false success=true`),
      at(50, 1, `mmap_lock_released: ${MM} write=false`),
    )
    expect(locksOf(trace)).toMatchObject([
      { class: 'mmap_lock', requestedNs: 0, acquiredNs: 21_000, flags: SPAN_CONTENDED | SPAN_HOLD_KNOWN },
    ])
  })

  it('was free where the task only lost its CPU, or slept for something else', () => {
    for (const state of ['R', 'S']) {
      const trace = traceOf(
        at(10, 1, `mmap_lock_start_locking: ${MM} write=false`),
        switched(12, state),
        back(30),
        at(31, 1, `mmap_lock_acquire_returned: ${MM} write=false success=true`),
      )
      expect(locksOf(trace)).toMatchObject([{ flags: SPAN_HOLD_KNOWN, requestedNs: 21_000, acquiredNs: 21_000 }])
    }
  })

  it('is not what a spinlock behind the request is', () => {
    const trace = traceOf(
      at(10, 1, `mmap_lock_start_locking: ${MM} write=false`),
      at(12, 1, `contention_begin: ${A} (flags=SPIN)`),
      at(20, 1, `contention_end: ${A} (ret=0)`),
      at(31, 1, `mmap_lock_acquire_returned: ${MM} write=false success=true`),
    )
    expect(locksOf(trace).map((span) => [span.class, span.requestedNs, span.acquiredNs])).toEqual([
      ['(unnamed spinlock)', 2000, 10_000],
      ['mmap_lock', 21_000, 21_000],
    ])
  })
})

describe('what was not seen', () => {
  it('is counted where a commit ends that never began', () => {
    const trace = traceOf(
      at(10, 77, 'jbd2_end_commit: dev 259,0 transaction 375 sync 0 head 370', { comm: 'jbd2/pmem0-8' }),
    )
    expect(diagnosed(trace, 'phase-end-without-begin')).toBe(1)
    expect(opsOf(trace)).toEqual([])
  })

  it('is a warning where the clock ran backwards, a note where events were lost', () => {
    const severity = (trace: ReturnType<typeof traceOf>, code: string) =>
      trace.diagnostics.find((one) => one.code === code)?.severity
    const lost = traceOf(
      at(10, 1, 'sys_write(fd: 1, buf: 0x55d8, count: 2)'),
      'CPU:0 [LOST 12 EVENTS]',
      at(20, 1, 'sys_fsync(fd: 3)'),
    )
    expect(severity(lost, 'closed-by-loss')).toBe('info')
    const backwards = traceOf(
      at(10, 1, `lock_acquire: ${A} &a`),
      at(30, 1, `lock_acquired: ${A} &a`),
      at(5, 1, `lock_release: ${A} &a`),
    )
    expect(severity(backwards, 'clock-backwards')).toBe('warning')
  })

  it('is no wait for a journal where a task was only waking up itself', () => {
    const trace = traceOf(
      at(10, 77, 'jbd2_start_commit: dev 259,0 transaction 375 sync 0', { comm: 'jbd2/pmem0-8' }),
      at(11, 1, 'sys_fsync(fd: 3)'),
      switched(12, 'D'),
      at(30, 77, 'sched_waking: comm=task1 pid=1 prio=120 target_cpu=000', { comm: 'jbd2/pmem0-8' }),
      at(31, 77, 'sched_wakeup: comm=task1 pid=1 prio=120 target_cpu=000', { comm: 'jbd2/pmem0-8' }),
      back(40),
      switched(42, 'D'),
      // The wake-up itself is printed where the CPU happens to be; only who asked for it is told by sched_waking.
      at(50, 77, 'sched_wakeup: comm=task1 pid=1 prio=120 target_cpu=000', { comm: 'jbd2/pmem0-8' }),
      back(60),
      at(70, 1, 'sys_fsync -> 0x0'),
    )
    const waits = locksOf(trace).filter(({ flags }) => (flags & SPAN_CONTENDED) !== 0)
    expect(waits.map((span) => [span.class, span.requestedNs, span.acquiredNs])).toEqual([['journal', 2000, 20_000]])
  })
})

describe('a fault of the kernel', () => {
  const fault = (us: number, address: string): string =>
    at(us, 1, `page_fault_kernel: address=${address} ip=copy_from_user error_code=0x0`)

  it('on its own memory is no operation, on the first byte of it neither', () => {
    expect(opsOf(traceOf(fault(10, '0xffffc90000000000'), fault(20, '0x8000000000000000')))).toEqual([])
    expect(opsOf(traceOf(fault(10, '0x7f0000001000')))).toMatchObject([{ kind: 'fault' }])
  })
})
