/**
 * Locks where the plain order of events is broken: taken again, given up, told of by two sources, told of in part. What is counted,
 * what is left out, and what stays as it was.
 */
import { describe, expect, it } from 'vitest'
import { limits } from '#shared/base/limits.ts'
import { at, diagnosed, edgesOf, locksOf, opsOf, traceOf } from '../support/import-text.ts'
import { A, B, first, held, MM, PERCPU, write, written } from '../support/span-lines.ts'

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
    // It was held up itself, by the reader that has the lock.
    expect(edgesOf(trace)).toMatchObject([{ waiter: 1, holder: 0, overlapNs: 8_000 }])
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
  const acquire = (us: number, pid: number, mode = '') => at(us, pid, `lock_acquire: ${A} ${mode}${PERCPU}`)
  const begin = (us: number, pid: number, flags: string) =>
    at(us, pid, `contention_begin: 000000000000000${pid} (flags=PERCPU|${flags})`)
  const end = (us: number, pid: number) => at(us, pid, `contention_end: 000000000000000${pid} (ret=0)`)

  it('of a writer holds up the readers behind it', () => {
    const trace = traceOf(
      first,
      acquire(10, 1, 'read '),
      at(11, 1, `lock_acquired: ${A} ${PERCPU}`),
      acquire(12, 2),
      begin(12, 2, 'WRITE'),
      acquire(13, 3, 'read '),
      begin(13, 3, 'READ'),
      at(20, 1, `lock_release: ${A} ${PERCPU}`),
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
      at(20, 1, `lock_acquired: ${A} ${PERCPU}`),
      end(25, 1),
      at(30, 1, `lock_release: ${A} ${PERCPU}`),
    )
    expect(held(trace)).toEqual([[PERCPU, 'exclusive', 20, 30]])
  })
})
