import { describe, expect, it } from 'vitest'
import { SPAN_CONTENDED } from '#shared/model/kinds.ts'
import { at, diagnosed, edgesOf, locksOf, opsOf, phasesOf, traceOf } from '../support/import-text.ts'
import { A, MAP, MM } from '../support/span-lines.ts'

const WRITE = 'sys_pwrite64(fd: 3, buf: 0x55d8, count: 2000, pos: 1000)'
const MAPPED = 'ext4_ext_map_blocks_exit: dev 259,0 ino 12 flags CREATE lblk 1 pblk 5 len 1 mflags M ret 1'

const steps = (trace: ReturnType<typeof traceOf>) =>
  phasesOf(trace).map(({ name, op, depth, startNs, endNs }) => [name, op, depth, startNs, endNs])

describe('steps', () => {
  it('one that ends before those inside it takes them with it, and they have no end', () => {
    const trace = traceOf(
      at(10, 1, WRITE),
      at(11, 1, 'jbd2_handle_start: dev 259,0 tid 7'),
      at(12, 1, MAP),
      at(20, 1, 'jbd2_handle_stats: dev 259,0 tid 7'),
      at(30, 1, MAPPED),
      at(40, 1, 'sys_pwrite64 -> 0x2000'),
    )
    expect(steps(trace)).toEqual([
      ['handle', 0, 0, 1_000, 10_000],
      ['map_blocks', 0, 1, 2_000, NaN],
    ])
    expect(diagnosed(trace, 'unfinished-phase')).toBe(1)
  })

  it('are as deep as they lie in their own operation, not in the one around it', () => {
    const trace = traceOf(
      at(10, 1, WRITE),
      at(11, 1, 'jbd2_handle_start: dev 259,0 tid 7'),
      at(12, 1, 'page_fault_kernel: address=0x7f0000001000 ip=fault_in_readable error_code=0x0'),
      at(13, 1, MAP),
      at(14, 1, 'tlb_flush: pages:1 reason:local mm shootdown (3)'),
      at(15, 1, MAPPED),
      at(16, 1, 'ext4_journal_start: dev 259,0 blocks 1, rsv_blocks 0, revoke_creds 0, caller x+0x1/0x2'),
      at(30, 1, 'jbd2_handle_stats: dev 259,0 tid 7'),
      at(40, 1, 'sys_pwrite64 -> 0x2000'),
    )
    const fault = opsOf(trace).findIndex(({ kind }) => kind.endsWith('fault'))
    const mapped = phasesOf(trace).find(({ name }) => name === 'map_blocks')
    expect(mapped).toMatchObject({ op: fault, depth: 0 })
  })

  it('shootdowns of other tasks, in interrupts, unmap nothing in the operation they interrupt', () => {
    const flushed = (reason: string, irq?: string) =>
      phasesOf(
        traceOf(
          at(10, 1, 'sys_ftruncate(fd: 3, length: 0)'),
          at(20, 1, `tlb_flush: pages:1 reason:${reason}`, irq === undefined ? {} : { irq }),
        ),
      ).map(({ name }) => name)
    expect(flushed('local mm shootdown (3)')).toEqual(['unmap'])
    expect(flushed('local mm shootdown (3)', 'h')).toEqual([])
    expect(flushed('remote shootdown (1)')).toEqual([])
    expect(flushed('flush on task switch (0)')).toEqual([])
  })

  it('a request for a handle inside a handle joins it: nothing waits for the journal', () => {
    const ask = 'ext4_journal_start: dev 259,0 blocks 1, rsv_blocks 0, revoke_creds 0, caller x+0x1/0x2'
    const trace = traceOf(
      at(10, 1, WRITE),
      at(11, 1, ask),
      at(13, 1, 'jbd2_handle_start: dev 259,0 tid 7'),
      at(14, 1, ask),
      at(20, 1, 'jbd2_handle_stats: dev 259,0 tid 7'),
      at(30, 1, 'jbd2_handle_start: dev 259,0 tid 7'),
      at(35, 1, 'jbd2_handle_stats: dev 259,0 tid 7'),
      at(40, 1, 'sys_pwrite64 -> 0x2000'),
    )
    expect(steps(trace)).toEqual([
      ['journal', 0, 0, 1_000, 3_000],
      ['handle', 0, 0, 3_000, 10_000],
      ['handle', 0, 0, 20_000, 25_000],
    ])
  })

  it('those around an operation may end inside it: those after them end with it all the same', () => {
    const trace = traceOf(
      at(10, 1, 'jbd2_handle_start: dev 259,0 tid 7'),
      at(11, 1, 'sys_ftruncate(fd: 6, length: 1f1000)'),
      at(12, 1, 'jbd2_handle_stats: dev 259,0 tid 7'),
      at(15, 1, 'jbd2_handle_start: dev 259,0 tid 8'),
      at(20, 1, 'sys_ftruncate -> 0x0'),
      at(30, 1, 'jbd2_handle_stats: dev 259,0 tid 8'),
    )
    expect(steps(trace)).toEqual([
      ['handle', -1, 0, 0, 2_000],
      ['handle', 0, 0, 5_000, NaN],
    ])
  })
})

describe('a call told of twice', () => {
  it('by raw_syscalls and by its own event is one, with what its own event says', () => {
    const trace = traceOf(
      at(10, 1, 'sys_enter: NR 285 (3, 3, 5000, 2000, 0, 0)'),
      at(10, 1, 'sys_fallocate(fd: 3, mode: 3, offset: 6000, len: 1000)'),
      at(20, 1, 'sys_fallocate -> 0x0'),
    )
    expect(opsOf(trace)).toMatchObject([{ kind: 'punch_hole', offset: 0x6000, length: 0x1000, endNs: 10_000 }])
  })

  it('is one however long an interrupt kept the two apart, and ended once', () => {
    const trace = traceOf(
      at(10, 1, 'sys_write(fd: 1, buf: 55d8, count: 2)'),
      at(14, 1, 'sys_enter: NR 1 (1, 55d8, 2, 0, 0, 0)'),
      at(20, 1, 'sys_write -> 0x2'),
      at(23, 1, 'sys_exit: NR 1 = 2'),
      at(30, 1, 'sys_enter: NR 1 (1, 55d8, 4, 0, 0, 0)'),
      at(34, 1, 'sys_write(fd: 1, buf: 55d8, count: 4)'),
      at(40, 1, 'sys_exit: NR 1 = 4'),
      at(42, 1, 'sys_write -> 0x4'),
    )
    expect(opsOf(trace)).toMatchObject([
      { kind: 'write', startNs: 0, endNs: 10_000, length: 2, result: 2 },
      { kind: 'write', startNs: 20_000, endNs: 30_000, length: 4, result: 4 },
    ])
    expect(trace.diagnostics).toEqual([])
  })

  it('lost its end if a third begins it again, or an end comes when both have', () => {
    const begun = ['sys_write(fd: 1, buf: 55d8, count: 2)', 'sys_enter: NR 1 (1, 55d8, 2, 0, 0, 0)']
    const ended = ['sys_write -> 0x2', 'sys_exit: NR 1 = 2']
    const lines = (from: number, payloads: readonly string[]) => payloads.map((text, i) => at(from + 4 * i, 1, text))
    const again = traceOf(...lines(10, begun), ...lines(30, begun), ...lines(50, ended))
    expect(opsOf(again).map(({ startNs, endNs }) => [startNs, endNs])).toEqual([
      [0, NaN],
      [20_000, 40_000],
    ])
    const unmatched = traceOf(...lines(10, begun), ...lines(30, ended), ...lines(50, ended))
    expect(unmatched.diagnostics.map(({ code, count }) => [code, count])).toEqual([['exit-without-enter', 1]])
  })

  it('is one also where its event is called otherwise', () => {
    const trace = traceOf(
      at(10, 1, 'sys_enter: NR 5 (3, 7ffc, 0, 0, 0, 0)'),
      at(10, 1, 'sys_newfstat(fd: 3, statbuf: 7ffc)'),
      at(20, 1, 'sys_newfstat -> 0x0'),
      at(20, 1, 'sys_exit: NR 5 = 0'),
    )
    expect(opsOf(trace)).toMatchObject([{ kind: 'fstat', endNs: 10_000, result: 0 }])
    expect(trace.diagnostics).toEqual([])
  })

  it('is another one when it comes later: the end of the first was not seen', () => {
    const call = 'sys_fallocate(fd: 3, mode: 3, offset: 6000, len: 1000)'
    const trace = traceOf(at(10, 1, call), at(15, 1, call), at(20, 1, 'sys_fallocate -> 0x0'))
    expect(opsOf(trace).map(({ startNs, endNs }) => [startNs, endNs])).toEqual([
      [0, NaN],
      [5_000, 10_000],
    ])
  })
})

describe('mmap_lock', () => {
  const ask = (us: number, pid: number, write: boolean) => at(us, pid, `mmap_lock_start_locking: ${MM} write=${write}`)
  const got = (us: number, pid: number, write: boolean, success = true) =>
    at(us, pid, `mmap_lock_acquire_returned: ${MM} write=${write} success=${success}`)
  const gone = (us: number, pid: number, write: boolean) => at(us, pid, `mmap_lock_released: ${MM} write=${write}`)

  it('a wait for it ends when it is got: the operation waited that long, for who held it', () => {
    const trace = traceOf(
      ask(10, 1, true),
      got(11, 1, true),
      at(12, 2, 'sys_munmap(addr: 7f0000000000, len: 1000)'),
      ask(13, 2, true),
      got(14, 2, true, false),
      ask(15, 2, true),
      gone(30, 1, true),
      got(31, 2, true),
      gone(40, 2, true),
      at(50, 2, 'sys_munmap -> 0x0'),
    )
    expect(opsOf(trace)).toMatchObject([{ kind: 'munmap', waitNs: 16_000 }])
    const waits = locksOf(trace).filter(({ flags }) => (flags & SPAN_CONTENDED) !== 0)
    expect(waits).toMatchObject([{ requestedNs: 5_000, acquiredNs: 21_000, releasedNs: 30_000 }])
    expect(edgesOf(trace)).toMatchObject([{ overlapNs: 15_000 }])
  })

  it('a trylock that is refused leaves nothing behind', () => {
    const trace = traceOf(
      ask(10, 1, true),
      got(11, 1, true),
      ask(12, 2, false),
      got(13, 2, false, false),
      gone(14, 1, true),
      ask(20, 2, false),
      got(21, 2, false),
      gone(30, 2, false),
      gone(31, 2, false),
    )
    expect(locksOf(trace).map(({ releasedNs }) => releasedNs)).toEqual([4_000, 20_000])
    expect(diagnosed(trace, 'unmatched-release')).toBe(1)
  })
})

describe('xfs_ilock', () => {
  const lock = 'dev 7:1 ino 0x84 flags'

  it('shows that operations waited for nothing, once a lock was taken', () => {
    const trace = traceOf(
      at(10, 1, WRITE),
      at(11, 1, `xfs_ilock: ${lock} ILOCK_EXCL caller a+0x1/0x2`),
      at(12, 1, `xfs_iunlock: ${lock} ILOCK_EXCL caller a+0x1/0x2`),
      at(20, 1, 'sys_pwrite64 -> 0x2000'),
    )
    expect(opsOf(trace)).toMatchObject([{ waitNs: 0 }])
  })

  it('a trylock that worked waits for nothing: a wait right after is for another lock', () => {
    const trace = traceOf(
      at(10, 1, `xfs_ilock_nowait: ${lock} ILOCK_EXCL caller a+0x1/0x2`),
      at(11, 1, `contention_begin: ${A} (flags=WRITE)`),
      at(20, 1, `contention_end: ${A} (ret=0)`),
      at(30, 1, `xfs_iunlock: ${lock} ILOCK_EXCL caller a+0x1/0x2`),
    )
    expect(locksOf(trace).find((span) => span.class === 'XFS_ILOCK')).toMatchObject({
      acquiredNs: 0,
      releasedNs: 20_000,
    })
    expect(locksOf(trace).some((span) => span.address === A && (span.flags & SPAN_CONTENDED) !== 0)).toBe(true)
  })

  it('that is demoted is exclusive until then and shared from there', () => {
    const trace = traceOf(
      at(10, 1, `xfs_ilock: ${lock} ILOCK_EXCL caller a+0x1/0x2`),
      at(15, 1, `xfs_ilock_demote: ${lock} ILOCK_EXCL caller a+0x1/0x2`),
      at(20, 1, `xfs_iunlock: ${lock} ILOCK_SHARED caller a+0x1/0x2`),
    )
    expect(locksOf(trace).map((span) => [span.mode, span.acquiredNs, span.releasedNs])).toEqual([
      ['exclusive', 0, 5_000],
      ['shared', 5_000, 10_000],
    ])
  })
})

describe('named locks', () => {
  it('a queue of readers and a writer: each reader behind the writer waited for its turn, and for no longer', () => {
    const trace = traceOf(
      at(10, 1, `lock_acquire: ${A} read &m`),
      at(10, 1, `lock_acquired: ${A} &m`),
      at(12, 2, `lock_acquire: ${A} &m`),
      at(12, 2, `lock_contended: ${A} &m`),
      ...[3, 4].flatMap((pid) => [at(13, pid, `lock_acquire: ${A} read &m`), at(13, pid, `lock_contended: ${A} &m`)]),
      at(20, 1, `lock_release: ${A} &m`),
      at(20, 2, `lock_acquired: ${A} &m`),
      at(30, 2, `lock_release: ${A} &m`),
      ...[3, 4].flatMap((pid) => [at(31, pid, `lock_acquired: ${A} &m`), at(35, pid, `lock_release: ${A} &m`)]),
    )
    // Writer for reader; two readers for the queued writer, then for the writer that holds it: never twice the same time.
    const perWaiter = new Map<number, number>()
    for (const { waiter, overlapNs } of edgesOf(trace)) perWaiter.set(waiter, (perWaiter.get(waiter) ?? 0) + overlapNs)
    expect([...perWaiter.values()]).toEqual([8_000, 17_000, 17_000])
  })
})
