/**
 * Waits and holds whose end the trace does not show, or shows after time went back: what is still known of them, and that it is no
 * reason to say anything of others.
 */
import { describe, expect, it } from 'vitest'
import { at, edgesOf, locksOf, opsOf, traceOf } from '../support/import-text.ts'

const A = '00000000aaaaaaaa'
const B = '00000000bbbbbbbb'
const MM = 'mm=00000000cccccccc memcg_path= write=true'
const first = at(0, 99, 'sched_wakeup: comm=x pid=98 prio=120 target_cpu=000')

describe('of named locks', () => {
  it('a handle and what lockdep only notes are spans from the moment they are asked for', () => {
    const asks = (us: number, pid: number, what: string) => at(us, pid, `lock_acquire: ${A} ${what}`)
    const trace = traceOf(first, asks(5, 1, 'read jbd2_handle'), asks(6, 2, 'fs_reclaim'), asks(9, 3, '&m'))
    expect(locksOf(trace).map(({ pid, acquiredNs, releasedNs }) => [pid, acquiredNs, releasedNs])).toEqual([
      [1, 5_000, NaN],
      [2, 6_000, NaN],
    ])
  })

  it('a writer that still queues at the end has kept no reader waiting yet that anybody saw', () => {
    const asks = (us: number, pid: number, how = '') => [
      at(us, pid, `lock_acquire: ${A} ${how}&s`),
      at(us, pid, `lock_contended: ${A} &s`),
    ]
    const trace = traceOf(first, ...asks(5, 1), ...asks(8, 2, 'read '), at(20, 3, `lock_acquire: ${B} &m`))
    expect(edgesOf(trace)).toEqual([])
    const got = traceOf(first, ...asks(5, 1), ...asks(8, 2, 'read '), at(20, 1, `lock_acquired: ${A} &s`))
    expect(edgesOf(got).map(({ kind }) => kind)).toContain('queued-writer')
  })

  it('two writers in turn keep a reader waiting for the time that nothing else explains', () => {
    const asks = (us: number, pid: number, how = '') => [
      at(us, pid, `lock_acquire: ${A} ${how}&s`),
      at(us, pid, `lock_contended: ${A} &s`),
    ]
    const edges = edgesOf(
      traceOf(
        first,
        ...asks(5, 1),
        ...asks(6, 2),
        ...asks(8, 3, 'read '),
        at(20, 1, `lock_acquired: ${A} &s`),
        at(25, 1, `lock_release: ${A} &s`),
        at(30, 2, `lock_acquired: ${A} &s`),
      ),
    )
    expect(edges.filter(({ kind }) => kind === 'queued-writer').map(({ overlapNs }) => overlapNs)).toEqual([
      12_000, 5_000,
    ])
  })

  it('mmap_lock is told by its own events unless lockdep tells of it, whatever else lockdep tells of', () => {
    const took = (name: string) =>
      locksOf(
        traceOf(
          first,
          at(1, 1, `lock_acquire: ${A} ${name}`),
          at(2, 1, `lock_release: ${A} ${name}`),
          at(5, 1, `mmap_lock_start_locking: ${MM}`),
          at(6, 1, `mmap_lock_acquire_returned: ${MM} success=true`),
          at(9, 1, `mmap_lock_released: ${MM}`),
        ),
      ).filter(({ acquiredNs }) => acquiredNs === 6_000).length
    expect([took('&m'), took('&mm->mmap_lock')]).toEqual([1, 0])
  })
})

describe('of unnamed locks', () => {
  const begins = (us: number, pid: number, address = A) => at(us, pid, `contention_begin: ${address} (flags=WRITE)`)
  const ends = (us: number, pid: number, address = A) => at(us, pid, `contention_end: ${address} (ret=0)`)
  const other = (us: number) => at(us, 9, 'sched_wakeup: comm=x pid=98 prio=120 target_cpu=000', { cpu: 1 })
  const acquired = (...lines: readonly string[]) =>
    locksOf(traceOf(first, ...lines)).map(({ acquiredNs }) => acquiredNs)

  it('a wait that was open when time went back is of unknown length, one that was over is not', () => {
    expect(acquired(begins(10, 1), other(20), other(15), ends(30, 1))).toEqual([NaN])
    expect(acquired(begins(10, 1), ends(16, 1), other(20), other(18), other(30))).toEqual([16_000])
  })

  it('a wait that begins again counts up to there, and the next one counts, too', () => {
    const trace = traceOf(
      first,
      at(5, 1, 'sys_enter_ftruncate: fd: 3, length: 0'),
      begins(10, 1),
      begins(20, 1),
      ends(27, 1),
      begins(40, 1, B),
      ends(50, 1, B),
      at(60, 1, 'sys_exit_ftruncate: 0x0'),
    )
    expect(opsOf(trace).map(({ waitNs }) => waitNs)).toEqual([27_000])
  })
})

describe('a wait that got nothing', () => {
  const begun = at(10, 1, `contention_begin: ${A} (flags=WRITE)`, { cpu: 1 })
  const later = at(90, 2, 'sys_fsync(fd: 3)')
  const until = (...lines: readonly string[]) => locksOf(traceOf(first, ...lines)).map(({ releasedNs }) => releasedNs)

  it('lasts until it is given up', () => {
    expect(until(begun, at(30, 1, `contention_end: ${A} (ret=-4)`), later)).toEqual([30_000])
  })

  it('is not said to have lasted any time where its end was lost', () => {
    expect(until(begun, at(20, 2, 'sys_fsync(fd: 3)'), 'CPU:1 [LOST 7 EVENTS]', later)).toEqual([10_000])
    expect(until(begun, at(30, 1, `contention_begin: ${A} (flags=WRITE)`), later)).toEqual([10_000, NaN])
  })

  it('has no end where it is open at the end of the trace', () => {
    expect(until(begun, later)).toEqual([NaN])
  })
})
