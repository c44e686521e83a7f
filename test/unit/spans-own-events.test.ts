/**
 * Locks that other subsystems print themselves, where the plain order is broken: refused, downgraded, held twice, given back unseen.
 */
import { describe, expect, it } from 'vitest'
import { SPAN_CONTENDED } from '#shared/model/kinds.ts'
import type { Trace } from '#shared/model/trace.ts'
import { at, diagnosed, edgesOf, locksOf, opsOf, traceOf } from '../support/import-text.ts'
import { A, B, first, held, MM, write, written } from '../support/span-lines.ts'

const OTHER_MM = 'mm=00000000dddddddd memcg_path='

const contended = (trace: Trace) => locksOf(trace).filter(({ flags }) => (flags & SPAN_CONTENDED) !== 0)

describe('mmap_lock’s own events', () => {
  const start = (us: number, pid: number, mm = MM) => at(us, pid, `mmap_lock_start_locking: ${mm} write=true`)
  const returned = (us: number, pid: number, success: boolean, mm = MM) =>
    at(us, pid, `mmap_lock_acquire_returned: ${mm} write=true success=${success}`)
  const released = (us: number, pid: number) => at(us, pid, `mmap_lock_released: ${MM} write=true`)

  it('a refusal of another mm says nothing of this one, and an old refusal nothing of a later attempt', () => {
    const other = traceOf(
      first,
      start(10, 1, OTHER_MM),
      returned(11, 1, false, OTHER_MM),
      start(12, 1),
      returned(20, 1, true),
    )
    expect(contended(other)).toEqual([])
    const old = traceOf(
      first,
      start(10, 1),
      returned(11, 1, false),
      start(12, 1, OTHER_MM),
      returned(13, 1, true, OTHER_MM),
      start(14, 1),
      returned(20, 1, true),
      start(30, 1, OTHER_MM),
      returned(31, 1, true, OTHER_MM),
    )
    expect(contended(old)).toEqual([])
  })

  it('a refusal of what was not asked for in the trace is no hold', () => {
    expect(locksOf(traceOf(first, returned(10, 1, false)))).toEqual([])
  })

  it('a wait that is refused in the end keeps its reasons, and was never granted', () => {
    const trace = traceOf(
      first,
      start(5, 2),
      returned(6, 2, true),
      start(10, 1),
      returned(11, 1, false),
      start(12, 1),
      released(20, 2),
      returned(30, 1, false),
    )
    expect(contended(trace)).toMatchObject([{ pid: 1, requestedNs: 12_000, acquiredNs: NaN, releasedNs: 30_000 }])
    expect(edgesOf(trace)).toMatchObject([{ overlapNs: 8000 }])
  })

  it('that is held twice is given back one by one; got again while held exclusively, nothing is downgraded', () => {
    const trace = traceOf(
      first,
      start(10, 1),
      returned(11, 1, true),
      returned(12, 1, true),
      released(20, 1),
      released(30, 1),
    )
    expect(held(trace)).toEqual([
      ['mmap_lock', 'exclusive', 11, 30],
      ['mmap_lock', 'exclusive', 12, 20],
    ])
  })

  it('shared are holds of their own, asked for in the trace or not', () => {
    const shared = (us: number) => at(us, 1, `mmap_lock_acquire_returned: ${MM} write=false success=true`)
    const trace = traceOf(first, shared(10), shared(12), released(20, 1), released(30, 1))
    expect(held(trace)).toEqual([
      ['mmap_lock', 'shared', 10, 30],
      ['mmap_lock', 'shared', 12, 20],
    ])
  })

  it('and the unnamed wait inside are one wait, which counts once', () => {
    const trace = traceOf(
      first,
      write(5),
      start(10, 1),
      returned(11, 1, false),
      start(12, 1),
      at(14, 1, `contention_begin: ${A} (flags=WRITE)`),
      at(30, 1, `contention_end: ${A} (ret=0)`),
      returned(31, 1, true),
      released(40, 1),
      written(50),
    )
    expect(opsOf(trace)).toMatchObject([{ waitNs: 19_000 }])
  })

  it('a writer that was refused after a real wait held up no readers', () => {
    const read = (us: number, pid: number, what: string) =>
      at(us, pid, `mmap_lock_${what}`.replace('MM', `${MM} write=false`))
    const trace = traceOf(
      first,
      read(5, 2, 'start_locking: MM'),
      read(6, 2, 'acquire_returned: MM success=true'),
      start(10, 1),
      returned(11, 1, false),
      start(12, 1),
      read(13, 3, 'start_locking: MM'),
      read(14, 3, 'acquire_returned: MM success=false'),
      read(15, 3, 'start_locking: MM'),
      returned(30, 1, false),
      read(40, 3, 'acquire_returned: MM success=true'),
    )
    // It was held up itself, by the reader that has the lock.
    expect(edgesOf(trace)).toMatchObject([{ waiter: 1, holder: 0, overlapNs: 18_000 }])
  })

  it('a writer that waited and got it held up the readers behind it', () => {
    const read = (us: number, pid: number, what: string, rest = '') =>
      at(us, pid, `mmap_lock_${what}: ${MM} write=false${rest}`)
    const trace = traceOf(
      first,
      read(5, 2, 'start_locking'),
      read(6, 2, 'acquire_returned', ' success=true'),
      start(10, 1),
      returned(11, 1, false),
      start(12, 1),
      read(13, 3, 'start_locking'),
      read(14, 3, 'acquire_returned', ' success=false'),
      read(15, 3, 'start_locking'),
      read(20, 2, 'released'),
      returned(21, 1, true),
      released(30, 1),
    )
    expect(edgesOf(trace).map(({ kind, overlapNs }) => [kind, overlapNs / 1000])).toEqual([
      ['holder', 8],
      ['queued-writer', 6],
      ['holder', 9],
    ])
  })

  it('released while it is still asked for was given up', () => {
    const trace = traceOf(first, start(10, 1), returned(11, 1, false), start(12, 1), released(20, 1), start(21, 2))
    expect(contended(trace)).toMatchObject([{ acquiredNs: NaN }])
  })
})

describe('XFS’s own events', () => {
  const lock = (us: number, what: string, flags = 'ILOCK_EXCL', pid = 1) =>
    at(us, pid, `xfs_${what}: dev 7:1 ino 0x84 flags ${flags} caller a+0x1/0x2`)

  it('name the file of the operation, lock and unlock alike', () => {
    expect(opsOf(traceOf(first, write(5), lock(10, 'ilock'), written(20)))).toMatchObject([{ inode: '7:1:132' }])
    expect(opsOf(traceOf(first, write(5), lock(10, 'iunlock'), written(20)))).toMatchObject([{ inode: '7:1:132' }])
    const named = traceOf(
      first,
      write(5),
      at(6, 1, 'ext4_es_lookup_extent_enter: dev 259,0 ino 12 lblk 1'),
      lock(10, 'ilock'),
      written(20),
    )
    expect(opsOf(named)).toMatchObject([{ inode: '259:0:12' }])
  })

  it('unlock what was not locked in the trace: counted', () => {
    const trace = traceOf(first, lock(10, 'iunlock', 'ILOCK_EXCL|MMAPLOCK_SHARED'))
    expect(diagnosed(trace, 'unmatched-release')).toBe(2)
    expect(locksOf(trace)).toEqual([])
  })

  it('a wait for one that is still open at the end was not granted', () => {
    const trace = traceOf(
      first,
      lock(10, 'ilock'),
      at(12, 1, `contention_begin: ${B} (flags=WRITE)`),
      at(20, 2, 'sys_fsync(fd: 3)'),
    )
    expect(contended(trace)).toMatchObject([
      { class: 'XFS_ILOCK', requestedNs: 10_000, acquiredNs: NaN, releasedNs: NaN },
    ])
  })

  it('a demoted lock waits for nothing: a wait right after is for another', () => {
    const trace = traceOf(
      first,
      lock(10, 'ilock'),
      lock(15, 'ilock_demote'),
      at(16, 1, `contention_begin: ${B} (flags=READ)`),
      at(18, 1, `contention_end: ${B} (ret=0)`),
    )
    expect(contended(trace)).toMatchObject([{ class: '(unnamed rwsem)' }])
  })

  it('a lock asked for long before a wait is not what that waits for', () => {
    const trace = traceOf(
      first,
      write(5),
      lock(10, 'ilock'),
      at(12, 1, 'phase_begin: name=x'),
      at(16, 1, `contention_begin: ${B} (flags=READ)`),
      at(18, 1, `contention_end: ${B} (ret=0)`),
      written(30),
    )
    expect(contended(trace)).toMatchObject([{ class: '(unnamed rwsem)' }])
  })
})
