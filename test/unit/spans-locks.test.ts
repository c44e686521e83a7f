import { describe, expect, it } from 'vitest'
import { SPAN_CONTENDED, SPAN_HOLD_KNOWN, SPAN_INFERRED, SPAN_IRQ, SPAN_TRY } from '#shared/model/kinds.ts'
import { at, diagnosed, edgesOf, locksOf, phasesOf, traceOf } from '../support/import-text.ts'
import { A, B } from '../support/span-lines.ts'

/** Makes lock_acquired events a fact of the trace, as they are in every lockdep recording of LOCK_STAT. */
const primed = [
  at(0, 9, `lock_acquire: ${B} &prime`),
  at(1, 9, `lock_acquired: ${B} &prime`),
  at(2, 9, `lock_release: ${B} &prime`),
]

function named(trace: ReturnType<typeof traceOf>, name: string) {
  return locksOf(trace).filter((span) => span.class === name)
}

describe('named locks (lockdep)', () => {
  it('an uncontended hold lasts from lock_acquire to lock_release and waits for nothing', () => {
    const trace = traceOf(
      at(10, 1, `lock_acquire: ${A} &m`),
      at(11, 1, `lock_acquired: ${A} &m`),
      at(30, 1, `lock_release: ${A} &m`),
    )
    expect(locksOf(trace)).toMatchObject([
      { mode: 'exclusive', flags: SPAN_HOLD_KNOWN, requestedNs: 0, acquiredNs: 0, releasedNs: 20_000, address: A },
    ])
  })

  it('a contended hold waits from lock_contended to lock_acquired and is held from there', () => {
    const trace = traceOf(
      at(10, 1, `lock_acquire: ${A} read &m`),
      at(12, 1, `lock_contended: ${A} &m`),
      at(20, 1, `lock_acquired: ${A} &m`),
      at(30, 1, `lock_release: ${A} &m`),
    )
    expect(locksOf(trace)).toMatchObject([
      {
        mode: 'shared',
        flags: SPAN_CONTENDED | SPAN_HOLD_KNOWN,
        requestedNs: 2000,
        acquiredNs: 10_000,
        releasedNs: 20_000,
      },
    ])
  })

  it('releases in any order find their own hold', () => {
    const trace = traceOf(
      ...primed,
      at(10, 1, `lock_acquire: ${A} &a`),
      at(11, 1, `lock_acquired: ${A} &a`),
      at(12, 1, `lock_acquire: ${B} &b`),
      at(13, 1, `lock_acquired: ${B} &b`),
      at(20, 1, `lock_release: ${A} &a`),
      at(40, 1, `lock_release: ${B} &b`),
    )
    expect(named(trace, '&a')).toMatchObject([{ acquiredNs: 10_000, releasedNs: 20_000 }])
    expect(named(trace, '&b')).toMatchObject([{ acquiredNs: 12_000, releasedNs: 40_000 }])
  })

  it('of two shared holds of one lock the newest is released first', () => {
    const trace = traceOf(
      at(10, 1, `lock_acquire: ${A} read &a`),
      at(11, 1, `lock_acquired: ${A} &a`),
      at(12, 1, `lock_acquire: ${A} read &a`),
      at(13, 1, `lock_acquired: ${A} &a`),
      at(20, 1, `lock_release: ${A} &a`),
      at(30, 1, `lock_release: ${A} &a`),
    )
    expect(named(trace, '&a').map((span) => [span.acquiredNs, span.releasedNs])).toEqual([
      [0, 20_000],
      [2000, 10_000],
    ])
  })

  it('a trylock that worked is a hold without lock_acquired', () => {
    const trace = traceOf(
      ...primed,
      at(10, 1, `lock_acquire: ${A} try read &mm->mmap_lock`),
      at(15, 1, `lock_release: ${A} &mm->mmap_lock`),
    )
    expect(named(trace, '&mm->mmap_lock')).toMatchObject([
      { mode: 'shared', flags: SPAN_TRY | SPAN_HOLD_KNOWN, acquiredNs: 10_000, releasedNs: 15_000 },
    ])
  })

  it('might_lock() is no hold and is counted', () => {
    const trace = traceOf(...primed, at(10, 1, `lock_acquire: ${A} read &x`), at(12, 1, `lock_release: ${A} &x`))
    expect(named(trace, '&x')).toEqual([])
    expect(diagnosed(trace, 'might-lock')).toBe(1)
  })

  it('a lock is held without lock_acquired where the kernel records none', () => {
    const trace = traceOf(at(10, 1, `lock_acquire: ${A} &x`), at(30, 1, `lock_release: ${A} &x`))
    expect(named(trace, '&x')).toMatchObject([{ acquiredNs: 0, releasedNs: 20_000 }])
  })

  it('annotation classes are spans whose class is no lock; a percpu-rwsem is one', () => {
    const trace = traceOf(
      ...primed,
      at(10, 1, `lock_acquire: ${A} read rcu_read_lock`),
      at(12, 1, `lock_release: ${A} rcu_read_lock`),
      at(13, 1, `lock_acquire: ${A} read sb_pagefaults`),
      at(14, 1, `lock_release: ${A} sb_pagefaults`),
      at(15, 1, `lock_acquire: ${A} read &sbi->s_writepages_rwsem`),
      at(19, 1, `lock_release: ${A} &sbi->s_writepages_rwsem`),
    )
    expect(named(trace, 'rcu_read_lock')).toMatchObject([
      { kind: 'annotation', acquiredNs: 10_000, releasedNs: 12_000 },
    ])
    expect(named(trace, 'sb_pagefaults')).toMatchObject([{ kind: 'annotation' }])
    expect(named(trace, '&sbi->s_writepages_rwsem')).toMatchObject([{ kind: 'percpu-rwsem', releasedNs: 19_000 }])
  })

  it('the life of a jbd2 handle is a phase where the journal prints no events of its own', () => {
    const trace = traceOf(
      at(10, 1, `lock_acquire: ${A} try read jbd2_handle`),
      at(30, 1, `lock_release: ${A} jbd2_handle`),
    )
    expect(phasesOf(trace)).toMatchObject([{ name: 'handle', startNs: 0, endNs: 20_000, op: -1 }])
  })

  it('an interrupt has its own list: it does not release what the task holds', () => {
    const trace = traceOf(
      at(10, 1, `lock_acquire: ${A} &base->lock`),
      at(11, 1, `lock_acquired: ${A} &base->lock`),
      at(12, 1, `lock_acquire: ${A} &base->lock`, { irq: 'h' }),
      at(13, 1, `lock_acquired: ${A} &base->lock`, { irq: 'h' }),
      at(14, 1, `lock_release: ${A} &base->lock`, { irq: 'h' }),
      at(20, 1, `lock_release: ${A} &base->lock`),
    )
    const spans = named(trace, '&base->lock')
    expect(spans.map((span) => [span.flags & SPAN_IRQ, span.acquiredNs, span.releasedNs])).toEqual([
      [0, 0, 10_000],
      [SPAN_IRQ, 2000, 4000],
    ])
  })

  it('the idle task of each CPU has its own locks', () => {
    const trace = traceOf(
      at(10, 0, `lock_acquire: ${A} &rq->__lock`, { cpu: 0 }),
      at(11, 0, `lock_acquire: ${A} &rq->__lock`, { cpu: 1 }),
      at(12, 0, `lock_release: ${A} &rq->__lock`, { cpu: 0 }),
      at(15, 0, `lock_release: ${A} &rq->__lock`, { cpu: 1 }),
    )
    expect(named(trace, '&rq->__lock').map((span) => span.releasedNs)).toEqual([2000, 5000])
    expect(trace.tasks.filter((task) => task.pid === 0)).toHaveLength(2)
  })

  it('a release without an acquire is normal at the start, and counted', () => {
    const trace = traceOf(at(10, 1, `lock_release: ${A} &a`))
    expect(locksOf(trace)).toEqual([])
    expect(diagnosed(trace, 'unmatched-release')).toBe(1)
  })

  it('a lock taken exclusively again was released unseen; addressless locks are not judged', () => {
    const trace = traceOf(
      ...primed,
      at(10, 1, `lock_acquire: ${A} &a`),
      at(11, 1, `lock_acquired: ${A} &a`),
      at(20, 1, `lock_acquire: ${A} &a`),
      at(21, 1, `lock_acquired: ${A} &a`),
      at(25, 1, `lock_release: ${A} &a`),
      at(30, 1, 'lock_acquire: (____ptrval____) &h'),
      at(31, 1, 'lock_acquired: (____ptrval____) &h'),
      at(32, 1, 'lock_acquire: (____ptrval____) &h'),
      at(33, 1, 'lock_acquired: (____ptrval____) &h'),
      at(34, 1, 'lock_release: (____ptrval____) &h'),
      at(36, 1, 'lock_release: (____ptrval____) &h'),
    )
    expect(named(trace, '&a').map((span) => span.releasedNs)).toEqual([NaN, 25_000])
    expect(diagnosed(trace, 'unseen-release')).toBe(1)
    expect(named(trace, '&h')).toMatchObject([
      { address: undefined, releasedNs: 36_000 },
      { address: undefined, releasedNs: 34_000 },
    ])
  })

  it('names with blanks, and a name that begins like a mode, stay whole', () => {
    const trace = traceOf(
      at(10, 1, `lock_acquire: ${A} try read bit_wait_table + i`),
      at(12, 1, `lock_release: ${A} bit_wait_table + i`),
      at(14, 1, `lock_acquire: ${A} read_lock_key`),
      at(16, 1, `lock_release: ${A} read_lock_key`),
    )
    expect(locksOf(trace).map((span) => [span.class, span.mode])).toEqual([
      ['bit_wait_table + i', 'shared'],
      ['read_lock_key', 'exclusive'],
    ])
  })

  it('a wait that is given up has no acquisition', () => {
    const trace = traceOf(
      at(9, 2, 'lock_acquired: 00000000dddddddd &b'),
      at(10, 1, `lock_acquire: ${A} &a`),
      at(12, 1, `lock_contended: ${A} &a`),
      at(20, 1, `lock_release: ${A} &a`),
    )
    expect(locksOf(trace)).toMatchObject([{ flags: SPAN_CONTENDED, acquiredNs: NaN, releasedNs: 11_000 }])
  })

  it('lock_contended without lock_acquire is a wait of inferred mode, without a hold', () => {
    const trace = traceOf(
      at(10, 1, `lock_contended: ${A} &a`),
      at(15, 1, `lock_acquired: ${A} &a`),
      at(16, 1, `lock_acquired: ${B} &b`),
    )
    expect(locksOf(trace)).toMatchObject([
      { class: '&a', flags: SPAN_CONTENDED | SPAN_INFERRED, requestedNs: 0, acquiredNs: 5000, releasedNs: NaN },
    ])
  })

  it('a clock that runs backwards gives unknown times, never negative ones', () => {
    const trace = traceOf(
      at(10, 1, `lock_acquire: ${A} &a`),
      at(30, 1, `lock_acquired: ${A} &a`),
      at(5, 1, `lock_release: ${A} &a`),
    )
    expect(locksOf(trace)).toMatchObject([{ acquiredNs: 5000, releasedNs: NaN }])
    expect(trace.meta.durationNs).toBe(25_000)
    expect(diagnosed(trace, 'clock-backwards')).toBe(1)
  })
})

describe('who waited for whom', () => {
  it('a waiter is joined to each holder that excluded it, with what the holder did', () => {
    const trace = traceOf(
      at(10, 1, 'sys_fallocate(fd: 3, mode: 3, offset: 0, len: 1000)'),
      at(11, 1, `lock_acquire: ${A} &m`),
      at(12, 1, `lock_acquired: ${A} &m`),
      at(15, 1, 'ext4_ext_remove_space: dev 259,0 ino 12 since 0 end 0 depth 1'),
      at(20, 2, `lock_acquire: ${A} read &m`),
      at(20, 2, `lock_contended: ${A} &m`),
      at(40, 1, 'ext4_ext_remove_space_done: dev 259,0 ino 12 since 0 end 0 depth 1'),
      at(45, 1, `lock_release: ${A} &m`),
      at(46, 2, `lock_acquired: ${A} &m`),
      at(47, 1, 'sys_fallocate -> 0x0'),
      at(50, 2, `lock_release: ${A} &m`),
    )
    const [holder, waiter] = locksOf(trace)
    expect([holder.pid, waiter.pid]).toEqual([1, 2])
    expect(edgesOf(trace)).toEqual([
      { waiter: waiter.id, holder: holder.id, overlapNs: 25_000, phase: 'free', kind: 'holder' },
    ])
  })

  it('readers do not exclude each other, but wait for a writer that is only queued', () => {
    const trace = traceOf(
      at(10, 1, `lock_acquire: ${A} read &m`),
      at(11, 1, `lock_acquired: ${A} &m`),
      at(20, 2, `lock_acquire: ${A} &m`),
      at(20, 2, `lock_contended: ${A} &m`),
      at(25, 3, `lock_acquire: ${A} read &m`),
      at(25, 3, `lock_contended: ${A} &m`),
      at(40, 1, `lock_release: ${A} &m`),
      at(41, 2, `lock_acquired: ${A} &m`),
      at(60, 2, `lock_release: ${A} &m`),
      at(61, 3, `lock_acquired: ${A} &m`),
      at(70, 3, `lock_release: ${A} &m`),
    )
    const [reader, writer, late] = [1, 2, 3].map((pid) => locksOf(trace).find((span) => span.pid === pid)?.id)
    expect(edgesOf(trace)).toEqual([
      { waiter: writer, holder: reader, overlapNs: 20_000, phase: undefined, kind: 'holder' },
      { waiter: late, holder: writer, overlapNs: 16_000, phase: 'wait:&m', kind: 'queued-writer' },
      { waiter: late, holder: writer, overlapNs: 19_000, phase: undefined, kind: 'holder' },
    ])
  })

  it('a wait that is open at the end has its holder too', () => {
    const trace = traceOf(
      at(10, 1, `lock_acquire: ${A} &m`),
      at(11, 1, `lock_acquired: ${A} &m`),
      at(20, 2, `lock_acquire: ${A} &m`),
      at(20, 2, `lock_contended: ${A} &m`),
      at(50, 3, 'sched_wakeup: comm=x pid=7 prio=120 target_cpu=000'),
    )
    expect(edgesOf(trace)).toMatchObject([{ overlapNs: 30_000, kind: 'holder' }])
    expect(diagnosed(trace, 'open-at-end')).toBe(2)
  })
})
