/** Lockdep without CONFIG_LOCK_STAT: no lock_contended, no lock_acquired; only contention_* tells who waited. */
import { describe, expect, it } from 'vitest'
import { SPAN_CONTENDED } from '#shared/model/kinds.ts'
import type { Trace } from '#shared/model/trace.ts'
import { at, edgesOf, locksOf, opsOf, traceOf } from '../support/import-text.ts'
import { A, B } from '../support/span-lines.ts'

const SEM = `${A} &ei->i_data_sem`
const MUTEX = `${A} &ei->truncate_mutex`

/** Class, contended, requested, got, given back. */
const spans = (trace: Trace) =>
  locksOf(trace).map((span) => [
    span.class,
    (span.flags & SPAN_CONTENDED) !== 0,
    ...[span.requestedNs, span.acquiredNs, span.releasedNs].map((ns) => ns / 1000),
  ])

describe('lockdep without lock statistics', () => {
  it('a contention_* wait is the wait of the lock asked for, from the asking to its end, and who held it is its reason', () => {
    const trace = traceOf(
      at(0, 2, `lock_acquire: ${SEM}`, { cpu: 1 }),
      at(10, 1, 'sys_fsync(fd: 3)'),
      at(100, 1, `lock_acquire: ${SEM}`),
      at(105, 1, `contention_begin: ${B} (flags=WRITE)`),
      at(5000, 2, `lock_release: ${SEM}`, { cpu: 1 }),
      at(5100, 1, `contention_end: ${B} (ret=0)`),
      at(5200, 1, `lock_release: ${SEM}`),
      at(5300, 1, 'sys_fsync -> 0x0'),
    )
    expect(spans(trace)).toEqual([
      ['&ei->i_data_sem', false, 0, 0, 5000],
      ['&ei->i_data_sem', true, 100, 5100, 5200],
    ])
    expect(edgesOf(trace)).toMatchObject([{ overlapNs: 4_900_000, kind: 'holder' }])
    expect(opsOf(trace)).toMatchObject([{ waitNs: 5_000_000 }])
  })

  it('the spinlock of a queue is not what a sleeping wait is for', () => {
    const trace = traceOf(
      at(10, 1, `lock_acquire: ${SEM}`),
      at(11, 1, 'lock_acquire: 00000000dddddddd &sem->wait_lock'),
      at(12, 1, `contention_begin: ${B} (flags=WRITE)`),
      at(13, 1, 'lock_release: 00000000dddddddd &sem->wait_lock'),
      at(50, 1, `contention_end: ${B} (ret=0)`),
      at(60, 1, `lock_release: ${SEM}`),
    )
    expect(spans(trace)).toEqual([
      ['&sem->wait_lock', false, 1, 1, 3],
      ['&ei->i_data_sem', true, 0, 40, 50],
    ])
  })

  it('a mutex is tried inside a contention_begin: only one that sleeps was waited for', () => {
    const trace = traceOf(
      at(10, 1, `lock_acquire: ${MUTEX}`),
      at(11, 1, `contention_begin: ${B} (flags=SPIN|MUTEX)`),
      at(12, 1, `contention_end: ${B} (ret=0)`),
      at(20, 1, `lock_release: ${MUTEX}`),
      at(30, 1, `lock_acquire: ${MUTEX}`),
      at(31, 1, `contention_begin: ${B} (flags=SPIN|MUTEX)`),
      at(35, 1, `contention_begin: ${B} (flags=MUTEX)`),
      at(40, 1, `contention_begin: ${B} (flags=SPIN|MUTEX)`),
      at(45, 1, `contention_end: ${B} (ret=0)`),
      at(50, 1, `lock_release: ${MUTEX}`),
    )
    expect(spans(trace)).toEqual([
      ['&ei->truncate_mutex', false, 0, 0, 10],
      ['&ei->truncate_mutex', true, 25, 35, 40],
    ])
  })

  it('a wait that was given up got nothing', () => {
    const trace = traceOf(
      at(10, 1, `lock_acquire: ${SEM}`),
      at(15, 1, `contention_begin: ${B} (flags=WRITE)`),
      at(30, 1, `contention_end: ${B} (ret=-4)`),
      at(31, 1, `lock_release: ${SEM}`),
      at(90, 1, `lock_acquire: ${SEM}`),
    )
    expect(spans(trace)).toEqual([['&ei->i_data_sem', true, 0, NaN, 20]])
  })
})
