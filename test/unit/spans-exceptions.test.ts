/**
 * Locks where the plain order of events is broken: taken again, given up, refused, told of by two sources, told of in part. What is
 * counted, what is left out, and what stays as it was.
 */
import { describe, expect, it } from 'vitest'
import { limits } from '#shared/base/limits.ts'
import { SPAN_CONTENDED } from '#shared/model/kinds.ts'
import { at, diagnosed, edgesOf, locksOf, opsOf, phasesOf, traceOf } from '../support/import-text.ts'

const A = '00000000aaaaaaaa'
const B = '00000000bbbbbbbb'
const MM = 'mm=00000000cccccccc memcg_path='
const OTHER_MM = 'mm=00000000dddddddd memcg_path='
const SILENT = '&sbi->s_writepages_rwsem'
const I_MMAP = '&mapping->i_mmap_rwsem'
const first = at(0, 99, 'sched_wakeup: comm=x pid=98 prio=120 target_cpu=000')

type Traced = ReturnType<typeof traceOf>
const held = (trace: Traced) =>
  locksOf(trace).map((span) => [span.class, span.mode, span.acquiredNs / 1000, span.releasedNs / 1000])
const contended = (trace: Traced) => locksOf(trace).filter(({ flags }) => (flags & SPAN_CONTENDED) !== 0)
const write = (us: number) => at(us, 1, 'sys_write(fd: 1, buf: 0x55d8, count: 2)')
const written = (us: number) => at(us, 1, 'sys_write -> 0x2')

describe('a step back in time of a task', () => {
  it('ends what it had open, and says of how much', () => {
    const trace = traceOf(first, at(10, 1, `lock_acquire: ${A} &a`), write(20), at(15, 1, 'sys_write -> 0x2'))
    expect(opsOf(trace)).toMatchObject([{ kind: 'write', endNs: NaN }])
    expect(diagnosed(trace, 'exit-without-enter')).toBe(1)
    expect(diagnosed(trace, 'clock-backwards')).toBe(2)
  })
})

describe('operations before the first wait of a trace', () => {
  it('waited for nothing, all of them that are not stored yet', () => {
    const calls = [10, 20, 30].flatMap((us) => [write(us), written(us + 5)])
    const wait = [at(50, 1, `contention_begin: ${A} (flags=SPIN)`), at(51, 1, `contention_end: ${A} (ret=0)`)]
    expect(opsOf(traceOf(first, ...calls, ...wait, write(60), written(65))).map(({ waitNs }) => waitNs)).toEqual([
      0, 0, 0, 0,
    ])
  })
})

describe('an operation', () => {
  it('keeps the time it waited, whatever waits come after it', () => {
    const waits = (us: number, length: number) => [
      write(us),
      at(us + 1, 1, `contention_begin: ${A} (flags=SPIN)`),
      at(us + 1 + length, 1, `contention_end: ${A} (ret=0)`),
      written(us + 20),
    ]
    const trace = traceOf(first, ...waits(10, 3), ...waits(40, 5), ...waits(70, 7))
    expect(opsOf(trace).map(({ waitNs }) => waitNs)).toEqual([3000, 5000, 7000])
  })
})

describe('a wait inside an operation inside another', () => {
  it('is the time of both, once', () => {
    const trace = traceOf(
      first,
      write(10),
      at(12, 1, 'page_fault_kernel: address=0x7f0000001008 ip=copy_from_user error_code=0x0'),
      at(14, 1, `contention_begin: ${A} (flags=SPIN)`),
      at(17, 1, `contention_end: ${A} (ret=0)`),
      written(30),
    )
    expect(opsOf(trace).map(({ waitNs }) => waitNs)).toEqual([3000, 3000])
  })
})

describe('a lock taken again', () => {
  it('shared first and exclusively then is two holds: nobody released the first', () => {
    const trace = traceOf(
      first,
      at(10, 1, `lock_acquire: ${A} read &a`),
      at(20, 1, `lock_acquire: ${A} &a`),
      at(30, 1, `lock_release: ${A} &a`),
      at(40, 1, `lock_release: ${A} &a`),
    )
    expect(diagnosed(trace, 'unseen-release')).toBe(0)
    expect(held(trace)).toEqual([
      ['&a', 'exclusive', 20, 30],
      ['&a', 'shared', 10, 40],
    ])
  })

  it('as an annotation is no lock taken twice: sections nest', () => {
    const nested = (us: number, what: string) => at(us, 1, `lock_${what}: ${A} sb_writers`)
    const trace = traceOf(
      first,
      nested(10, 'acquire'),
      nested(20, 'acquire'),
      nested(30, 'release'),
      nested(40, 'release'),
    )
    expect(diagnosed(trace, 'unseen-release')).toBe(0)
    expect(locksOf(trace)).toHaveLength(2)
  })

  it('while it is waited for ends that wait: the operation waited until then', () => {
    const trace = traceOf(
      first,
      write(5),
      at(10, 1, `lock_acquire: ${A} &a`),
      at(12, 1, `lock_contended: ${A} &a`),
      at(20, 1, `lock_acquire: ${A} &a`),
      written(50),
    )
    expect(opsOf(trace)).toMatchObject([{ waitNs: 8000 }])
  })

  it('beyond the most that are kept ends the wait that is given up, too', () => {
    const address = (n: number) => (0xaaaa0000 + n * 16).toString(16).padStart(16, '0')
    const many = Array.from({ length: limits.heldLocks }, (_, n) => at(20 + n, 1, `lock_acquire: ${address(n)} &m`))
    const after = 20 + limits.heldLocks
    const trace = traceOf(
      first,
      write(5),
      at(10, 1, `lock_acquire: ${B} &w`),
      at(12, 1, `lock_contended: ${B} &w`),
      ...many,
      at(after + 10, 2, `lock_acquire: ${B} &w`),
      at(after + 20, 2, `lock_release: ${B} &w`),
      written(after + 30),
    )
    expect(opsOf(trace)[0].waitNs).toBe((after - 1 - 12) * 1000)
    expect(edgesOf(trace)).toEqual([])
  })

  it('of mmap_lock’s own events likewise', () => {
    const mm = (n: number) => `mm=${(0xaaaa0000 + n * 16).toString(16).padStart(16, '0')} memcg_path=`
    const ask = (us: number, n: number) => at(us, 1, `mmap_lock_start_locking: ${mm(n)} write=true`)
    const many = Array.from({ length: limits.heldLocks }, (_, n) => ask(20 + n, n + 1))
    const after = 20 + limits.heldLocks
    const trace = traceOf(
      first,
      write(5),
      ask(10, 0),
      at(11, 1, `mmap_lock_acquire_returned: ${mm(0)} write=true success=false`),
      ask(12, 0),
      ...many,
      at(after + 10, 2, `mmap_lock_start_locking: ${mm(0)} write=true`),
      at(after + 11, 2, `mmap_lock_acquire_returned: ${mm(0)} write=true success=true`),
      at(after + 20, 2, `mmap_lock_released: ${mm(0)} write=true`),
      written(after + 30),
    )
    expect(opsOf(trace)[0].waitNs).toBe((after - 1 - 12) * 1000)
    expect(edgesOf(trace)).toEqual([])
    expect(diagnosed(trace, 'too-many-held')).toBe(1)
  })
})

describe('a writer that gives up', () => {
  it('held up nobody: readers behind it have no edge to it', () => {
    const trace = traceOf(
      first,
      at(10, 1, `lock_acquire: ${A} read &m`),
      at(10, 1, `lock_acquired: ${A} &m`),
      at(12, 2, `lock_acquire: ${A} &m`),
      at(12, 2, `lock_contended: ${A} &m`),
      at(13, 3, `lock_acquire: ${A} read &m`),
      at(13, 3, `lock_contended: ${A} &m`),
      at(20, 2, `lock_release: ${A} &m`),
      at(30, 3, `lock_acquired: ${A} &m`),
    )
    expect(edgesOf(trace)).toEqual([])
  })
})

describe('lockdep in part', () => {
  it('a lock_acquired of nothing asked for is counted where lockdep shows what is asked for', () => {
    const asked = traceOf(first, at(10, 1, `lock_acquire: ${A} &a`), at(11, 1, `lock_acquired: ${B} &b`))
    expect(diagnosed(asked, 'unmatched-acquired')).toBe(1)
    const never = traceOf(first, at(11, 1, `lock_acquired: ${B} &b`))
    expect(diagnosed(never, 'unmatched-acquired')).toBe(0)
    const twice = traceOf(
      first,
      at(10, 1, `lock_acquire: ${A} &a`),
      at(11, 1, `lock_acquired: ${A} &a`),
      at(12, 1, `lock_acquired: ${A} &a`),
      at(20, 1, `lock_release: ${A} &a`),
    )
    expect(diagnosed(twice, 'unmatched-acquired')).toBe(1)
    expect(held(twice)).toEqual([['&a', 'exclusive', 10, 20]])
  })

  it('a wait without lock_acquire is over when it is granted: nothing is left open, and that is said once', () => {
    const wait = (us: number) => [at(us, 1, `lock_contended: ${A} &a`), at(us + 5, 1, `lock_acquired: ${A} &a`)]
    const trace = traceOf(first, ...wait(10), ...wait(20), at(30, 1, `lock_release: ${A} &a`))
    expect(held(trace)).toEqual([
      ['&a', 'exclusive', 15, NaN],
      ['&a', 'exclusive', 25, NaN],
    ])
    expect(diagnosed(trace, 'open-at-end')).toBe(0)
    expect(diagnosed(trace, 'unmatched-release')).toBe(1)
    expect(diagnosed(trace, 'contended-without-acquire')).toBe(2)
  })

  it('a lock that is found taken though the task has it waits anew', () => {
    const trace = traceOf(
      first,
      at(10, 1, `lock_acquire: ${A} &a`),
      at(11, 1, `lock_acquired: ${A} &a`),
      at(12, 1, `lock_contended: ${A} &a`),
      at(15, 1, `lock_acquired: ${A} &a`),
    )
    expect(locksOf(trace).map(({ requestedNs, acquiredNs }) => [requestedNs, acquiredNs])).toEqual([
      [10_000, 10_000],
      [12_000, 15_000],
    ])
  })

  it('of mmap_lock is its own events’ wait where those are there, and only while it is asked for', () => {
    const start = at(10, 1, `mmap_lock_start_locking: ${MM} write=false`)
    const got = at(30, 1, `mmap_lock_acquire_returned: ${MM} write=false success=true`)
    const lockdep = (us: number, name: string) => [
      at(us, 1, `lock_contended: ${A} ${name}`),
      at(us + 10, 1, `lock_acquired: ${A} ${name}`),
    ]
    const classes = (...lines: readonly string[]) => locksOf(traceOf(first, ...lines)).map((span) => span.class)
    expect(classes(start, ...lockdep(12, '&mm->mmap_lock'), got)).toEqual(['mmap_lock'])
    expect(classes(start, ...lockdep(12, '&other'), got)).toEqual(['&other', 'mmap_lock'])
    expect(classes(start, got, ...lockdep(32, '&mm->mmap_lock'))).toEqual(['mmap_lock', '&mm->mmap_lock'])
    expect(classes(...lockdep(12, '&mm->mmap_lock'))).toEqual(['&mm->mmap_lock'])
  })

  it('of an interrupt that tries mmap_lock does not stand for the tasks’ own events', () => {
    const trace = traceOf(
      first,
      at(5, 1, `lock_acquire: ${A} try read &mm->mmap_lock`, { irq: 'h' }),
      at(6, 1, `lock_release: ${A} &mm->mmap_lock`, { irq: 'h' }),
      at(7, 1, `mmap_lock_start_locking: ${MM} write=false`),
      at(8, 1, `mmap_lock_acquire_returned: ${MM} write=false success=true`),
      at(9, 1, `mmap_lock_released: ${MM} write=false`),
    )
    expect(held(trace)).toEqual([
      ['&mm->mmap_lock', 'shared', 5, 6],
      ['mmap_lock', 'shared', 8, 9],
    ])
  })

  it('of mmap_lock and XFS locks is preferred to their own events from its first word on', () => {
    const trace = traceOf(
      first,
      at(5, 1, `lock_acquire: ${A} read &mm->mmap_lock`),
      at(6, 1, `lock_acquired: ${A} &mm->mmap_lock`),
      at(7, 1, `mmap_lock_start_locking: ${MM} write=false`),
      at(8, 1, `mmap_lock_acquire_returned: ${MM} write=false success=true`),
      at(9, 1, `mmap_lock_released: ${MM} write=false`),
      at(10, 1, 'xfs_ilock: dev 7:1 ino 0x84 flags ILOCK_EXCL caller a+0x1/0x2'),
      at(11, 1, 'xfs_iunlock: dev 7:1 ino 0x84 flags ILOCK_EXCL caller a+0x1/0x2'),
      at(20, 1, `lock_release: ${A} &mm->mmap_lock`),
    )
    expect(held(trace)).toEqual([['&mm->mmap_lock', 'shared', 5, 20]])
    expect(diagnosed(trace, 'unmatched-release')).toBe(0)
  })
})

describe('a wait of a percpu-rwsem', () => {
  const acquire = (us: number, pid: number, mode = '') => at(us, pid, `lock_acquire: ${A} ${mode}${SILENT}`)
  const begin = (us: number, pid: number, flags: string) =>
    at(us, pid, `contention_begin: 000000000000000${pid} (flags=PERCPU|${flags})`)
  const end = (us: number, pid: number) => at(us, pid, `contention_end: 000000000000000${pid} (ret=0)`)

  it('of a writer holds up the readers behind it', () => {
    const trace = traceOf(
      first,
      acquire(10, 1, 'read '),
      at(11, 1, `lock_acquired: ${A} ${SILENT}`),
      acquire(12, 2),
      begin(12, 2, 'WRITE'),
      acquire(13, 3, 'read '),
      begin(13, 3, 'READ'),
      at(20, 1, `lock_release: ${A} ${SILENT}`),
      end(21, 2),
    )
    expect(edgesOf(trace).map(({ kind, overlapNs }) => [kind, overlapNs])).toEqual([
      ['holder', 8000],
      ['queued-writer', 8000],
      ['holder', 0],
    ])
  })

  it('ends with its lock_acquired where the kernel prints one, not with what follows', () => {
    const trace = traceOf(
      first,
      acquire(10, 1),
      begin(12, 1, 'WRITE'),
      at(20, 1, `lock_acquired: ${A} ${SILENT}`),
      end(25, 1),
      at(30, 1, `lock_release: ${A} ${SILENT}`),
    )
    expect(held(trace)).toEqual([[SILENT, 'exclusive', 20, 30]])
  })
})

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
    expect(contended(trace)).toMatchObject([{ pid: 1, requestedNs: 12_000, acquiredNs: NaN, releasedNs: NaN }])
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
    expect(edgesOf(trace)).toEqual([])
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

describe('a walk of page tables', () => {
  it('ends with its own lock: not with one taken exclusively, nor with another’s', () => {
    const trace = traceOf(
      first,
      at(5, 1, 'sys_ftruncate(fd: 3, length: 0)'),
      at(10, 1, `lock_acquire: ${A} read ${I_MMAP}`),
      at(10, 1, `lock_acquired: ${A} ${I_MMAP}`),
      at(12, 1, `lock_acquire: ${B} ${I_MMAP}`),
      at(12, 1, `lock_acquired: ${B} ${I_MMAP}`),
      at(14, 1, `lock_release: ${B} ${I_MMAP}`),
      at(20, 1, `lock_release: ${A} ${I_MMAP}`),
      at(30, 1, 'sys_ftruncate -> 0x0'),
    )
    expect(phasesOf(trace)).toMatchObject([{ name: 'unmap', startNs: 10_000, endNs: 20_000 }])
  })
})

describe('a step', () => {
  const handle = (us: number, what: string) => at(us, 1, `jbd2_handle_${what}: dev 259,0 tid 7`)

  it('given up for being nested too deep is over: its end is one of nothing', () => {
    const many = Array.from({ length: limits.phaseDepth + 1 }, (_, n) => at(10 + n, 1, `phase_begin: name=s${n}`))
    const trace = traceOf(first, ...many, at(500, 1, 'phase_end: name=s0'))
    expect(diagnosed(trace, 'phase-end-without-begin')).toBe(1)
  })

  it('of a handle that lockdep and the journal both tell of is one', () => {
    const lockdep = (us: number, what: string) =>
      at(us, 1, `lock_${what}: ${A} ${what === 'acquire' ? 'try read ' : ''}jbd2_handle`)
    const trace = traceOf(
      first,
      write(5),
      lockdep(10, 'acquire'),
      handle(11, 'start'),
      handle(20, 'stats'),
      lockdep(21, 'release'),
      lockdep(30, 'acquire'),
      handle(31, 'start'),
      handle(40, 'stats'),
      lockdep(41, 'release'),
      written(50),
    )
    expect(phasesOf(trace).map(({ name, startNs, endNs }) => [name, startNs / 1000, endNs / 1000])).toEqual([
      ['handle', 10, 20],
      ['handle', 31, 40],
    ])
  })

  it('of a handle or a block mapping that ends without having begun is counted', () => {
    const mapped = at(
      20,
      1,
      'ext4_ext_map_blocks_exit: dev 259,0 ino 12 flags CREATE lblk 1 pblk 5 len 1 mflags M ret 1',
    )
    expect(diagnosed(traceOf(first, handle(10, 'stats'), mapped), 'phase-end-without-begin')).toBe(2)
    const begun = at(11, 1, 'ext4_ext_map_blocks_enter: dev 259,0 ino 12 lblk 1 len 1 flags CREATE')
    expect(traceOf(first, handle(10, 'start'), begun, mapped, handle(30, 'stats')).diagnostics).toEqual([])
    // The journal's own events are there: lockdep's of the same handle tell nothing more.
    const lockdep = (us: number, what: string) =>
      at(us, 1, `lock_${what}: ${A} ${what === 'acquire' ? 'try read ' : ''}jbd2_handle`)
    expect(phasesOf(traceOf(first, handle(10, 'stats'), lockdep(20, 'acquire'), lockdep(30, 'release')))).toEqual([])
  })

  it('of a handle lasts until its own release, whatever else is released in it', () => {
    const lockdep = (us: number, what: string, how: string) => at(us, 1, `lock_${what}: ${A} ${how}jbd2_handle`)
    const trace = traceOf(
      first,
      lockdep(10, 'acquire', 'try read '),
      at(12, 1, `lock_acquire: ${B} read ${SILENT}`),
      at(14, 1, `lock_release: ${B} ${SILENT}`),
      // fs/jbd2/transaction.c: jbd2_might_wait_for_commit takes and releases the map exclusively.
      lockdep(16, 'acquire', ''),
      lockdep(17, 'release', ''),
      lockdep(20, 'release', ''),
    )
    expect(phasesOf(trace)).toMatchObject([{ name: 'handle', startNs: 10_000, endNs: 20_000 }])
  })

  it('of a journal is waited for before every handle, inside other steps, too, and for no time at all', () => {
    const ask = (us: number) =>
      at(us, 1, 'ext4_journal_start: dev 259,0 blocks 1, rsv_blocks 0, revoke_creds 0, caller x+0x1/0x2')
    const trace = traceOf(
      first,
      ask(10),
      handle(10, 'start'),
      handle(15, 'stats'),
      at(18, 1, 'phase_begin: name=x'),
      ask(20),
      handle(24, 'start'),
      handle(30, 'stats'),
    )
    const journal = phasesOf(trace).filter(({ name }) => name === 'journal')
    expect(journal.map(({ startNs, endNs }) => [startNs / 1000, endNs / 1000])).toEqual([
      [10, 10],
      [20, 24],
    ])
  })

  it('told of when it is over is as deep as it lies in its own operation', () => {
    const trace = traceOf(
      first,
      write(5),
      handle(6, 'start'),
      at(10, 1, 'page_fault_kernel: address=0x7f0000001008 ip=copy_from_user error_code=0x0'),
      at(20, 1, 'dax_load_hole: dev 259:0 ino 0xc shared ALLOW_RETRY|USER address 0x7f pgoff 0x1 NOPAGE'),
    )
    expect(phasesOf(trace).find(({ name }) => name === 'load_hole')).toMatchObject({ op: 1, depth: 0 })
  })

  it('that was waited for since before its operation began counts from the operation on', () => {
    const ask = (us: number) =>
      at(us, 1, 'ext4_journal_start: dev 259,0 blocks 1, rsv_blocks 0, revoke_creds 0, caller x+0x1/0x2')
    const trace = traceOf(first, ask(10), write(20), handle(30, 'start'), handle(35, 'stats'), written(40))
    expect(
      phasesOf(trace).map(({ name, startNs, endNs, depth }) => [name, startNs / 1000, endNs / 1000, depth]),
    ).toEqual([
      ['journal', 20, 30, 0],
      ['handle', 30, 35, 0],
    ])
    const outside = traceOf(first, ask(10), handle(30, 'start'), handle(35, 'stats'))
    expect(phasesOf(outside).map(({ op, startNs }) => [op, startNs / 1000])).toEqual([
      [-1, 10],
      [-1, 30],
    ])
  })

  it('that is told of only when it is over makes a fault last until then', () => {
    const trace = traceOf(
      first,
      at(10, 1, 'mm_filemap_fault: dev=254:0 ino=d ofs=4096'),
      at(20, 1, 'dax_load_hole: dev 259:0 ino 0xc shared ALLOW_RETRY|USER address 0x7f pgoff 0x1 NOPAGE'),
      at(60, 1, 'sys_fsync(fd: 3)'),
    )
    expect(opsOf(trace)[0]).toMatchObject({ kind: 'read_fault', endNs: 20_000 })
  })

  it('is no longer zeroing after the mapping was published, or where nothing was created', () => {
    const exit = (us: number, mflags: string, ret: number) =>
      at(
        us,
        1,
        `ext4_ext_map_blocks_exit: dev 259,0 ino 12 flags CREATE|ZERO lblk 1 pblk 5 len 1 mflags ${mflags} ret ${ret}`,
      )
    const enter = (us: number) =>
      at(us, 1, 'ext4_ext_map_blocks_enter: dev 259,0 ino 12 lblk 1 len 1 flags CREATE|ZERO')
    const insert = (us: number) => at(us, 1, 'ext4_es_insert_extent: dev 259,0 ino 12 es [1/1) mapped 5 status W')
    const zeroed = (...lines: readonly string[]) =>
      phasesOf(traceOf(first, write(5), ...lines, written(90)))
        .filter(({ name }) => name === 'zero')
        .map(({ startNs, endNs }) => [startNs / 1000, endNs / 1000])
    expect(zeroed(enter(10), exit(20, 'NM', 1), insert(25), insert(30))).toEqual([[20, 25]])
    expect(zeroed(enter(10), exit(20, 'M', 1), insert(25))).toEqual([])
    expect(zeroed(enter(10), exit(20, 'NM', 0), insert(25))).toEqual([])
  })
})
