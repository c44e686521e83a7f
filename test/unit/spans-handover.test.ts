/**
 * Unnamed locks that go from hand to hand: who gave one to whom is known by who woke whom, and what is deduced from that claims no
 * more than it shows. And the locks themselves: named by the call stacks of their waits or by how operations use them.
 */
import { describe, expect, it } from 'vitest'
import { SPAN_CONTENDED, SPAN_HOLD_KNOWN, SPAN_INFERRED } from '#shared/model/kinds.ts'
import type { Trace } from '#shared/model/trace.ts'
import { at, diagnosed, edgesOf, locksOf, opsOf, traceOf } from '../support/import-text.ts'
import { A, B, FAULT } from '../support/span-lines.ts'

const wait = (us: number, pid: number, flags: string, address = A): string =>
  at(us, pid, `contention_begin: ${address} (flags=${flags})`)
const got = (us: number, pid: number, address = A, result = 0): string =>
  at(us, pid, `contention_end: ${address} (ret=${result})`)
const wakes = (us: number, pid: number, woken: number): string =>
  at(us, pid, `sched_waking: comm=task${woken} pid=${woken} prio=120 target_cpu=000`)

/** Times are from 0 on, whatever the lines begin with. */
const traced = (...lines: readonly string[]): Trace =>
  traceOf(at(0, 8, 'sched_wakeup: comm=x pid=7 prio=120 target_cpu=000'), ...lines)

/** Spans of a task: mode, and from when to when it is known to have held the lock. */
const held = (trace: Trace, pid: number) =>
  locksOf(trace)
    .filter((span) => span.pid === pid)
    .map(({ mode, acquiredNs, releasedNs }) => [mode, acquiredNs / 1000, releasedNs / 1000])

describe('who wakes a waiter', () => {
  it('held the lock exclusively, whatever it did, where a reader waited', () => {
    for (const call of ['sys_read(fd: 3, buf: 0x1, count: 2)', 'sys_ftruncate(fd: 3, length: 0)']) {
      const trace = traced(at(0, 2, call), wait(10, 1, 'READ'), wakes(30, 2, 1), got(33, 1))
      expect(held(trace, 2)).toEqual([['exclusive', NaN, 30]])
    }
  })

  it('shared it where a writer waited for a read or a fault, and excluded it where it did anything else', () => {
    const mode = (...before: readonly string[]) =>
      held(traced(...before, wait(10, 1, 'WRITE'), wakes(30, 2, 1), got(33, 1)), 2).map(([first]) => first)
    expect(mode(at(0, 2, 'sys_read(fd: 3, buf: 0x1, count: 2)'))).toEqual(['shared'])
    expect(mode(at(0, 2, FAULT))).toEqual(['shared'])
    expect(mode(at(0, 2, 'sys_ftruncate(fd: 3, length: 0)'))).toEqual(['exclusive'])
    expect(mode(at(0, 9, 'sys_fsync(fd: 3)'))).toEqual(['exclusive'])
  })

  it('that waited in its operation is a reason since that began, at the earliest', () => {
    const trace = traced(wait(10, 1, 'READ'), at(20, 2, 'sys_ftruncate(fd: 3, length: 0)'), wakes(30, 2, 1), got(33, 1))
    expect(edgesOf(trace)).toMatchObject([{ overlapNs: 10_000 }])
  })

  it('outside any operation is a reason for the moment only', () => {
    const trace = traced(wait(10, 1, 'READ'), wakes(30, 2, 1), got(33, 1))
    expect(edgesOf(trace)).toMatchObject([{ overlapNs: 0 }])
    expect(locksOf(trace).find(({ pid }) => pid === 2)).toMatchObject({ op: -1 })
  })

  it('is no holder of a lock it waits for itself: it leaves the queue', () => {
    const trace = traced(
      wait(10, 1, 'READ'),
      wait(11, 2, 'WRITE'),
      wakes(20, 3, 1),
      wakes(30, 2, 1),
      got(33, 1),
      got(40, 2, A, -4),
    )
    expect(held(trace, 2)).toEqual([['exclusive', NaN, 40]])
    expect(edgesOf(trace)).toHaveLength(1)
    expect(held(trace, 3)).toEqual([['exclusive', NaN, 20]])
  })

  it('is no holder of a lock it shares with the waiter', () => {
    const trace = traced(wait(10, 2, 'READ'), got(15, 2), wait(20, 1, 'READ'), wakes(30, 2, 1), got(33, 1))
    expect(edgesOf(trace)).toEqual([])
    expect(held(trace, 2)).toEqual([['shared', 15, NaN]])
  })

  it('held what it shares until a writer got it, or had to itself until a reader did', () => {
    for (const [first, second] of [
      ['READ', 'WRITE'],
      ['WRITE', 'READ'],
    ]) {
      const trace = traced(wait(10, 2, first), got(15, 2), wait(20, 1, second), wakes(30, 2, 1), got(33, 1))
      expect(edgesOf(trace)).toMatchObject([{ overlapNs: 10_000 }])
      expect(held(trace, 2)).toEqual([[first === 'READ' ? 'shared' : 'exclusive', 15, 30]])
    }
  })

  it('several at once let go once: one hold, an edge for each', () => {
    const trace = traced(
      at(0, 2, 'sys_ftruncate(fd: 3, length: 0)'),
      wait(10, 1, 'READ'),
      wait(11, 3, 'READ'),
      wait(12, 4, 'READ'),
      wakes(30, 2, 1),
      wakes(130, 2, 3),
      wakes(231, 2, 4),
      got(240, 1),
      got(241, 3),
      got(242, 4),
    )
    expect(held(trace, 2)).toEqual([
      ['exclusive', NaN, 30],
      ['exclusive', NaN, 231],
    ])
    expect(edgesOf(trace).map(({ overlapNs }) => overlapNs / 1000)).toEqual([20, 119, 219])
  })

  it('and shares the lock with one of them is no reason for that one', () => {
    const trace = traced(
      at(0, 2, 'sys_read(fd: 3, buf: 0x1, count: 2)'),
      wait(10, 1, 'WRITE'),
      wait(11, 3, 'READ'),
      wakes(30, 2, 1),
      wakes(31, 2, 3),
      got(33, 1),
      got(34, 3),
    )
    expect(held(trace, 2)).toEqual([['shared', NaN, 30]])
    expect(edgesOf(trace)).toMatchObject([{ overlapNs: 20_000 }])
  })

  it('of two locks let go of each', () => {
    const trace = traced(
      at(0, 2, 'sys_ftruncate(fd: 3, length: 0)'),
      wait(10, 1, 'READ'),
      wait(11, 3, 'READ', B),
      wakes(30, 2, 1),
      wakes(31, 2, 3),
      got(33, 1),
      got(34, 3, B),
    )
    expect(locksOf(trace).filter(({ pid }) => pid === 2)).toMatchObject([{ address: A }, { address: B }])
  })

  it('before it takes the lock again gave it up then: the new hold is another', () => {
    const trace = traced(
      at(0, 2, 'sys_ftruncate(fd: 3, length: 0)'),
      wait(10, 1, 'READ'),
      wakes(20, 2, 1),
      wait(22, 2, 'WRITE'),
      got(25, 2),
      got(30, 1),
      at(40, 2, 'sys_ftruncate -> 0x0'),
    )
    expect(held(trace, 2)).toEqual([
      ['exclusive', 25, NaN],
      ['exclusive', NaN, 20],
    ])
    expect(edgesOf(trace)).toMatchObject([{ overlapNs: 10_000 }])
    expect(diagnosed(trace, 'clock-backwards')).toBe(0)
  })

  it('took it in the very microsecond: that is the hold it gives up', () => {
    const trace = traced(wait(10, 2, 'WRITE'), wait(12, 1, 'READ'), got(20, 2), wakes(20, 2, 1), got(25, 1))
    expect(held(trace, 2)).toEqual([['exclusive', 20, 20]])
  })

  it('gives up the lock that was waited for, of all it took', () => {
    const trace = traced(
      wait(10, 2, 'WRITE'),
      got(11, 2),
      wait(12, 2, 'WRITE', B),
      got(13, 2, B),
      wait(20, 1, 'WRITE', B),
      wakes(30, 2, 1),
      got(33, 1, B),
    )
    expect(held(trace, 2)).toEqual([
      ['exclusive', 11, NaN],
      ['exclusive', 13, 30],
    ])
  })

  it('by a clock that is behind the waiter’s is no reason for it', () => {
    const trace = traced(wait(100, 1, 'READ'), wakes(50, 2, 1), got(110, 1))
    expect(edgesOf(trace)).toEqual([])
  })

  it('counts where it did so last: an earlier wake-up was in vain', () => {
    const trace = traced(
      at(0, 2, 'sys_ftruncate(fd: 3, length: 0)'),
      at(0, 3, 'sys_ftruncate(fd: 3, length: 0)'),
      wait(10, 1, 'READ'),
      wakes(20, 2, 1),
      wakes(30, 3, 1),
      got(33, 1),
    )
    expect(held(trace, 2)).toEqual([])
    expect(held(trace, 3)).toEqual([['exclusive', NaN, 30]])
  })

  it('after which the wait was given up held nothing: it has killed the waiter', () => {
    const trace = traced(
      at(0, 2, 'sys_ftruncate(fd: 3, length: 0)'),
      wait(10, 1, 'WRITE'),
      wakes(30, 2, 1),
      got(33, 1, A, -4),
    )
    expect(held(trace, 1)).toEqual([['exclusive', NaN, 33]])
    expect(held(trace, 2)).toEqual([])
    expect(edgesOf(trace)).toEqual([])
  })

  it('across the start of another trace is another release', () => {
    const half = (us: number) => [wait(us, 1, 'READ'), wakes(us + 5, 2, 1), got(us + 7, 1)]
    const trace = traced(...half(10), '# tracer: nop', ...half(20))
    expect(held(trace, 2)).toHaveLength(2)
  })
})

describe('a lock that was waited for', () => {
  it('is held until the operation ends at the latest: when exactly is not known', () => {
    const trace = traced(
      at(0, 1, 'sys_ftruncate(fd: 3, length: 0)'),
      wait(10, 1, 'WRITE'),
      got(15, 1),
      at(20, 1, 'sys_ftruncate -> 0x0'),
      wait(30, 2, 'WRITE'),
      wakes(40, 1, 2),
      got(41, 2),
    )
    // What it woke the other for afterwards is a hold of its own.
    expect(held(trace, 1)).toEqual([
      ['exclusive', 15, NaN],
      ['exclusive', NaN, 40],
    ])
  })

  it('and is waited for again was given back between', () => {
    const trace = traced(
      wait(10, 1, 'WRITE'),
      got(15, 1),
      wait(20, 1, 'WRITE'),
      wait(21, 2, 'WRITE'),
      wakes(30, 1, 2),
      got(33, 2),
      got(40, 1),
    )
    expect(held(trace, 1)).toEqual([
      ['exclusive', 15, NaN],
      ['exclusive', 40, NaN],
    ])
  })

  it('is remembered for the sixteen of them a task took last', () => {
    const lock = (n: number) => (0xaaaa0000 + 16 * n).toString(16).padStart(16, '0')
    const taken = Array.from({ length: 17 }, (_, n) => [wait(10 * n, 2, 'WRITE', lock(n)), got(10 * n + 5, 2, lock(n))])
    const given = (n: number, us: number) => [
      wait(us, 1, 'WRITE', lock(n)),
      wakes(us + 5, 2, 1),
      got(us + 7, 1, lock(n)),
    ]
    const trace = traced(...taken.flat(), ...given(0, 500), ...given(1, 520))
    const known = locksOf(trace).filter(({ pid, flags }) => pid === 2 && (flags & SPAN_INFERRED) !== 0)
    expect(known.map(({ address, acquiredNs }) => [address, acquiredNs])).toEqual([
      [lock(1), 15_000],
      [lock(0), NaN],
    ])
  })
})

describe('a wait that lockdep shows without saying it is contended', () => {
  const silent = '&sbi->s_writepages_rwsem'

  it('is that of the request it lies in, with its edges and its time', () => {
    const trace = traced(
      at(0, 1, 'sys_fsync(fd: 3)'),
      at(1, 2, `lock_acquire: ${A} ${silent}`),
      at(1, 2, `lock_acquired: ${A} ${silent}`),
      at(10, 1, `lock_acquire: ${A} read ${silent}`),
      wait(12, 1, 'PERCPU|READ', B),
      at(20, 2, `lock_release: ${A} ${silent}`),
      got(22, 1, B),
      at(30, 1, `lock_release: ${A} ${silent}`),
      at(40, 1, 'sys_fsync -> 0x0'),
    )
    const waited = locksOf(trace).filter(({ pid }) => pid === 1)
    expect(waited).toMatchObject([
      {
        class: silent,
        flags: SPAN_CONTENDED | SPAN_HOLD_KNOWN,
        requestedNs: 12_000,
        acquiredNs: 22_000,
        releasedNs: 30_000,
      },
    ])
    expect(edgesOf(trace)).toMatchObject([{ waiter: waited[0].id, overlapNs: 8000 }])
    expect(opsOf(trace)).toMatchObject([{ waitNs: 10_000 }])
  })

  it('is none of a lock that is held already, nor of one that prints its waits', () => {
    const held = traced(
      at(10, 1, `lock_acquire: ${A} read ${silent}`),
      at(11, 1, `lock_acquired: ${A} ${silent}`),
      wait(12, 1, 'READ', B),
      got(22, 1, B),
      at(30, 1, `lock_release: ${A} ${silent}`),
    )
    expect(locksOf(held).map((span) => [span.class, span.flags & SPAN_CONTENDED])).toEqual([
      [silent, 0],
      ['(unnamed rwsem)', SPAN_CONTENDED],
    ])
  })

  it('of a lock_acquired that follows only in lockdep is not told twice', () => {
    // Lockdep without lock_acquire: lock_contended and lock_acquired inside the wait show the same.
    const lines = [
      at(0, 9, `lock_acquired: ${B} &prime`),
      wait(10, 1, 'READ'),
      at(11, 1, `lock_contended: ${B} &m`),
      at(20, 1, `lock_acquired: ${B} &m`),
      got(21, 1),
    ]
    expect(locksOf(traced(...lines)).map((span) => span.class)).toEqual(['&m'])
    // Without any lockdep event inside, it is a wait lockdep does not know.
    expect(locksOf(traced(lines[0], lines[1], lines[4])).map((span) => span.class)).toEqual(['(unnamed rwsem)'])
  })
})

describe('a lock that nothing names', () => {
  const truncate = ['sys_ftruncate(fd: 3, length: 0)', 'WRITE'] as const
  const fault = [FAULT, 'READ'] as const
  const named = (trace: Trace) => trace.locks.map((one) => [trace.lockClasses[one.lockClass].name, one.label])
  const used = (...lines: readonly (readonly [string, string, string?])[]) =>
    named(
      traced(
        ...lines.flatMap(([call, flags, irq], i) => {
          const where = irq === undefined ? {} : { irq }
          return [
            at(100 * i, 1, call),
            at(100 * i + 10, 1, `contention_begin: ${A} (flags=${flags})`, where),
            at(100 * i + 20, 1, `contention_end: ${A} (ret=0)`, where),
          ]
        }),
      ),
    )

  it('is invalidate_lock where faults read and truncates write it, and says it was deduced', () => {
    expect(used(truncate, fault, truncate, fault)).toEqual([['mapping.invalidate_lock', 'named by behaviour']])
  })

  it('stays unnamed where the pattern is another: once only, the other way round, spinlocks, interrupts', () => {
    for (const lines of [
      [truncate, fault],
      [
        ['sys_ftruncate(fd: 3, length: 0)', 'READ'],
        [FAULT, 'WRITE'],
        ['sys_ftruncate(fd: 3, length: 0)', 'READ'],
        [FAULT, 'WRITE'],
      ],
      [
        [truncate[0], 'SPIN|WRITE'],
        [fault[0], 'SPIN|READ'],
        [truncate[0], 'SPIN|WRITE'],
        [fault[0], 'SPIN|READ'],
      ],
      [
        [...truncate, 'h'],
        [...fault, 'h'],
        [...truncate, 'h'],
        [...fault, 'h'],
      ],
    ] as const) {
      for (const [name, label] of used(...lines)) {
        expect(name).toMatch(/^\(unnamed/)
        expect(label).toBeUndefined()
      }
    }
  })

  it('is not told apart by use where the trace hides addresses: it may be many locks', () => {
    const hidden = (us: number, call: string, flags: string) => [
      at(us, 1, call),
      at(us + 10, 1, `contention_begin: (____ptrval____) (flags=${flags})`),
      at(us + 20, 1, 'contention_end: (____ptrval____) (ret=0)'),
    ]
    const trace = traced(...[0, 200].flatMap((us) => [...hidden(us, ...truncate), ...hidden(us + 100, ...fault)]))
    expect(named(trace)).toEqual([['(unnamed rwsem)', undefined]])
    expect(trace.locks[0].address).toBeUndefined()
  })

  it('keeps the waits of different hidden locks apart from those of known ones', () => {
    const trace = traced(
      at(10, 1, 'contention_begin: (____ptrval____) (flags=READ)'),
      wait(11, 2, 'READ'),
      at(20, 1, 'contention_end: (____ptrval____) (ret=0)'),
      got(21, 2),
    )
    expect(locksOf(trace).map(({ pid, address }) => [pid, address])).toEqual([
      [1, undefined],
      [2, A],
    ])
  })
})

describe('the end of a wait', () => {
  it('that did not begin in the trace is counted', () => {
    const trace = traced(got(10, 1))
    expect(locksOf(trace)).toEqual([])
    expect(diagnosed(trace, 'unmatched-contention-end')).toBe(1)
  })
})
