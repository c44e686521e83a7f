/**
 * XFS without lockdep: which of the locks of one xfs_ilock a wait is for, waits of others for the same rwsems, and
 * transactions that are rolled. Against a recording: waits of one lock are those at one address.
 */
import { describe, expect, it } from 'vitest'
import { SPAN_CONTENDED } from '#shared/model/kinds.ts'
import { readFixture } from '../support/corpus.ts'
import {
  at,
  diagnosed,
  edgesOf,
  importText,
  locksOf,
  phasesOf,
  traceOf,
  type LockView,
} from '../support/import-text.ts'
import { A, B } from '../support/span-lines.ts'

const INO = 'dev 7:1 ino 0x84 flags'
const ilock = (us: number, pid: number, flags: string) => at(us, pid, `xfs_ilock: ${INO} ${flags} caller a+0x1/0x2`)
const iunlock = (us: number, pid: number, flags: string) => at(us, pid, `xfs_iunlock: ${INO} ${flags} caller a+0x1/0x2`)
const begun = (us: number, pid: number, address: string, flags = 'WRITE') =>
  at(us, pid, `contention_begin: ${address} (flags=${flags})`)
const ended = (us: number, pid: number, address: string) => at(us, pid, `contention_end: ${address} (ret=0)`)
const first = at(0, 99, 'sched_wakeup: comm=x pid=98 prio=120 target_cpu=000')

/** `class mode asked-got-released`, µs; only those that waited have an asked. */
const told = (spans: readonly LockView[]) =>
  spans.map((span) => {
    const waited = (span.flags & SPAN_CONTENDED) !== 0 ? `${span.requestedNs / 1000}-` : ''
    return `${span.pid} ${span.class} ${waited}${span.acquiredNs / 1000}-${span.releasedNs / 1000}`
  })

describe('an xfs_ilock of two locks', () => {
  const both = 'IOLOCK_EXCL|MMAPLOCK_EXCL'

  it('that waits holds the second when it has got the first', () => {
    const trace = traceOf(first, ilock(10, 1, both), begun(11, 1, A), ended(30, 1, A), iunlock(50, 1, both))
    expect(told(locksOf(trace))).toEqual(['1 XFS_IOLOCK 10-30-50', '1 XFS_MMAPLOCK 30-50'])
  })

  it('that waits twice waits for one after the other', () => {
    const trace = traceOf(
      first,
      ...[ilock(10, 1, both), begun(11, 1, A), ended(30, 1, A), begun(31, 1, B), ended(45, 1, B)],
      iunlock(50, 1, both),
    )
    expect(told(locksOf(trace))).toEqual(['1 XFS_IOLOCK 10-30-50', '1 XFS_MMAPLOCK 30-45-50'])
  })

  it('waits for the one whose address that is, if others have shown it', () => {
    const trace = traceOf(
      first,
      ...[ilock(2, 2, 'MMAPLOCK_SHARED'), begun(3, 2, A, 'READ'), ended(4, 2, A), iunlock(5, 2, 'MMAPLOCK_SHARED')],
      ...[ilock(10, 1, both), begun(11, 1, A), ended(30, 1, A), iunlock(50, 1, both)],
    )
    expect(told(locksOf(trace)).slice(1)).toEqual(['1 XFS_IOLOCK 10-50', '1 XFS_MMAPLOCK 10-30-50'])
  })

  it('waits for the other one where the first lies elsewhere, which is then known', () => {
    const trace = traceOf(
      first,
      ...[ilock(2, 2, 'IOLOCK_EXCL'), begun(3, 2, B), ended(4, 2, B), iunlock(5, 2, 'IOLOCK_EXCL')],
      ...[ilock(10, 1, both), begun(11, 1, A), ended(30, 1, A), iunlock(50, 1, both)],
      ...[begun(60, 3, A, 'READ'), ended(70, 3, A)],
    )
    expect(told(locksOf(trace)).slice(1)).toEqual([
      ...['1 XFS_IOLOCK 10-50', '1 XFS_MMAPLOCK 10-30-50'],
      '3 XFS_MMAPLOCK 60-70-NaN',
    ])
  })

  it('whose wait has no end got nothing that is known of', () => {
    const trace = traceOf(first, ilock(10, 1, both), begun(11, 1, A), iunlock(50, 1, both))
    expect(told(locksOf(trace))).toEqual(['1 XFS_IOLOCK 10-NaN-50', '1 XFS_MMAPLOCK NaN-50'])
  })
})

describe('a wait right after xfs_ilock', () => {
  it.each([
    ['in another mode', begun(11, 1, A, 'READ'), '(unnamed rwsem)'],
    ['for a semaphore', begun(11, 1, A, ''), '(unnamed semaphore)'],
  ])('%s is for something else', (_, begins, name) => {
    const trace = traceOf(first, ilock(10, 1, 'ILOCK_EXCL'), begins, ended(20, 1, A), iunlock(30, 1, 'ILOCK_EXCL'))
    expect(told(locksOf(trace)).sort()).toEqual([`1 ${name} 11-20-NaN`, '1 XFS_ILOCK 10-30'].sort())
  })

  it('at the address of another lock of that inode is for that', () => {
    const trace = traceOf(
      first,
      ...[ilock(2, 2, 'IOLOCK_EXCL'), begun(3, 2, A), ended(4, 2, A), iunlock(5, 2, 'IOLOCK_EXCL')],
      ...[ilock(10, 1, 'ILOCK_EXCL'), begun(11, 1, A), ended(20, 1, A), iunlock(30, 1, 'ILOCK_EXCL')],
    )
    expect(told(locksOf(trace)).slice(1)).toEqual(['1 XFS_ILOCK 10-30', '1 XFS_IOLOCK 11-20-NaN'])
  })
})

describe('who waits for an XFS lock without xfs_ilock', () => {
  const known = [ilock(2, 2, 'MMAPLOCK_EXCL'), begun(3, 2, A), ended(4, 2, A)]

  it('waits for its holder', () => {
    const trace = traceOf(
      first,
      ...[...known, begun(10, 1, A, 'READ'), at(19, 2, 'sched_waking: comm=a pid=1 prio=120 target_cpu=000')],
      ...[iunlock(20, 2, 'MMAPLOCK_EXCL'), ended(25, 1, A)],
    )
    expect(told(locksOf(trace))).toEqual(['2 XFS_MMAPLOCK 2-4-20', '1 XFS_MMAPLOCK 10-25-NaN'])
    expect(edgesOf(trace)).toMatchObject([{ waiter: 1, holder: 0, overlapNs: 10_000 }])
  })

  it('and is woken before the holder has told of its release', () => {
    const trace = traceOf(
      first,
      ...[...known, begun(10, 1, A, 'READ'), at(19, 2, 'sched_waking: comm=a pid=1 prio=120 target_cpu=000')],
      ...[ended(25, 1, A), iunlock(26, 2, 'MMAPLOCK_EXCL')],
    )
    expect(edgesOf(trace)).toMatchObject([{ waiter: 1, holder: 0, overlapNs: 15_000 }])
    expect(trace.lockSpan.length).toBe(2)
  })

  it('may have waited before anyone has shown what it is', () => {
    const trace = traceOf(first, begun(0, 1, A, 'READ'), ended(1, 1, A), ...known, iunlock(20, 2, 'MMAPLOCK_EXCL'))
    const [before] = locksOf(trace).filter(({ pid }) => pid === 1)
    expect(before).toMatchObject({ class: 'XFS_MMAPLOCK', address: A })
    expect(trace.locks.map(({ inode }) => trace.inodes[inode])).toEqual(['7:1:132', '7:1:132'])
  })
})

it('without xfs_ilock the ILOCK is named by who waits for it: xfs_ilock itself has returned then', () => {
  const waited = (us: number, caller: string) => [
    ...[begun(us, 1, A), at(us, 1, '<stack trace>'), ' => rwsem_down_write_slowpath', ` => ${caller}`],
    ended(us + 5, 1, A),
  ]
  const trace = traceOf(first, ...waited(10, 'xfs_trans_alloc_inode'), ...waited(20, 'xfs_setattr_size'))
  expect(locksOf(trace).map((span) => span.class)).toEqual(['&xfs_nondir_ilock_class', '&xfs_nondir_ilock_class'])
})

it('a transaction that is rolled ends with its last commit', () => {
  const commit = (us: number, caller: string) =>
    at(us, 1, `xfs_trans_commit: dev 7:1 trans 8e9d3150 flags 0x5 caller ${caller}`)
  const trace = traceOf(
    first,
    at(10, 1, 'sys_ftruncate(fd: 3, length: 1000)'),
    at(11, 1, 'xfs_trans_alloc: dev 7:1 trans 8e9d3150 flags 0x5 caller xfs_setattr_size+0x107/0x3f0'),
    at(12, 1, 'xfs_itruncate_extents_start: dev 7:1 ino 0x84 size 0x1000 new_size 0x0'),
    commit(20, 'xfs_trans_roll+0x32/0xb0'),
    at(30, 1, 'xfs_itruncate_extents_end: dev 7:1 ino 0x84 size 0x1000 new_size 0x0'),
    commit(40, 'xfs_trans_commit+0x31/0x80'),
    at(50, 1, 'sys_ftruncate -> 0x0'),
  )
  expect(phasesOf(trace).map(({ name, startNs, endNs }) => [name, startNs, endNs])).toEqual([
    ['transaction', 11_000, 40_000],
    ['free', 12_000, 30_000],
  ])
  expect(diagnosed(trace, 'phase-end-without-begin')).toBe(0)
})

it('in a recording the waits of a lock are the waits at its address', () => {
  const text = readFixture('trace-cmd-report/xfs-ilock.txt')
  const { trace } = importText(text, 'trace-cmd-report')
  const atAddress = new Map<string, number>()
  for (const [, address] of text.toString().matchAll(/contention_end: +(0x\w+) /g))
    atAddress.set(address, (atAddress.get(address) ?? 0) + 1)
  const waits = locksOf(trace).filter(({ flags, acquiredNs }) => (flags & SPAN_CONTENDED) !== 0 && acquiredNs > 0)
  const ofClass = (name: string) => waits.filter((span) => span.class === name).length
  expect([ofClass('XFS_IOLOCK'), ofClass('XFS_MMAPLOCK'), ofClass('XFS_ILOCK')]).toEqual([
    atAddress.get('0xffff8881856d65d0'),
    atAddress.get('0xffff8881856d66c8'),
    atAddress.get('0xffff8881856d64a8'),
  ])
})
