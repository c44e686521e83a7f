/** Waits that got nothing (killed, timed out, refused) while somebody held the lock: who that was is told when it lets go. */
import { describe, expect, it } from 'vitest'
import { waitChains } from '#shared/analysis/wait-chains.ts'
import type { Trace } from '#shared/model/trace.ts'
import { at, edgesOf, locksOf, traceOf } from '../support/import-text.ts'
import { A, B, first } from '../support/span-lines.ts'

const MM = 'mm=00000000cccccccc memcg_path='
const asks = (us: number, pid: number, how = '') => at(us, pid, `lock_acquire: ${A} ${how}&s`)
const finds = (us: number, pid: number) => at(us, pid, `lock_contended: ${A} &s`)
const got = (us: number, pid: number) => at(us, pid, `lock_acquired: ${A} &s`)
const lets = (us: number, pid: number) => at(us, pid, `lock_release: ${A} &s`)
const holds = (us: number, pid: number, how = '') => [asks(us, pid, how), got(us, pid)]
const gives = (from: number, to: number, pid: number, how = '') => [
  asks(from, pid, how),
  finds(from, pid),
  lets(to, pid),
]

const begins = (us: number, pid: number, flags = 'WRITE') => at(us, pid, `contention_begin: ${A} (flags=${flags})`)
const ends = (us: number, pid: number, result = 0) => at(us, pid, `contention_end: ${A} (ret=${result})`)
const wakes = (us: number, pid: number, woken: number) =>
  at(us, pid, `sched_waking: comm=x pid=${woken} prio=120 target_cpu=000`)

/** Who was in whose way, for how many microseconds. */
const told = (trace: Trace) => {
  const spans = locksOf(trace)
  return edgesOf(trace).map(({ waiter, holder, overlapNs }) => [spans[waiter].pid, spans[holder].pid, overlapNs / 1000])
}

describe('a wait for a named lock that is given up', () => {
  it('was kept waiting by who held the lock then and let go later', () => {
    const trace = traceOf(first, ...holds(10, 1), ...gives(20, 50, 2), lets(90, 1))
    expect(told(trace)).toEqual([[2, 1, 30]])
    const { chains } = waitChains.run(trace, waitChains.params.parse({}))
    expect(chains).toMatchObject([
      {
        waitNs: 30_000,
        open: false,
        gaveUp: true,
        links: [{ pid: 1, heldNs: 80_000, overlapNs: 30_000, inferred: false }],
      },
    ])
  })

  it('was kept waiting by who held the lock to the end of the trace', () => {
    expect(told(traceOf(first, ...holds(10, 1), ...gives(20, 50, 2)))).toEqual([[2, 1, 30]])
  })

  it('has one reason after the other where the lock went from hand to hand', () => {
    const trace = traceOf(
      first,
      ...holds(10, 1),
      asks(20, 2),
      finds(20, 2),
      lets(30, 1),
      ...holds(35, 3),
      lets(50, 2),
      lets(60, 3),
    )
    expect(told(trace)).toEqual([
      [2, 1, 10],
      [2, 3, 15],
    ])
  })

  it('was not kept waiting by who got the lock only then, nor by who shares it', () => {
    expect(told(traceOf(first, got(5, 9), ...gives(20, 50, 2), ...holds(50, 1), lets(90, 1)))).toEqual([])
    expect(told(traceOf(first, ...holds(10, 1, 'read '), ...gives(20, 50, 2, 'read '), lets(90, 1)))).toEqual([])
  })

  it('of a writer was kept waiting by all who shared the lock', () => {
    const readers = [...holds(10, 1, 'read '), ...holds(30, 3, 'read ')]
    const trace = traceOf(
      first,
      asks(5, 8),
      ...readers.slice(0, 2),
      asks(20, 2),
      finds(20, 2),
      ...readers.slice(2),
      lets(50, 2),
      lets(60, 1),
      lets(70, 3),
    )
    expect(told(trace)).toEqual([
      [2, 1, 30],
      [2, 3, 20],
    ])
  })

  it('has no reason across the start of another trace, or once times ran backwards', () => {
    const other = traceOf(first, ...holds(10, 1), ...gives(20, 50, 2), '# tracer: nop', lets(90, 1))
    expect(told(other)).toEqual([])
    const back = traceOf(first, ...holds(10, 1), ...gives(20, 50, 2), at(40, 9, `lock_release: ${B} &x`), lets(90, 1))
    expect(told(back)).toEqual([])
  })
})

it('mmap_lock that is refused after a wait was held by who gives it back later', () => {
  const ask = (us: number, pid: number) => at(us, pid, `mmap_lock_start_locking: ${MM} write=true`)
  const answer = (us: number, pid: number, success: boolean) =>
    at(us, pid, `mmap_lock_acquire_returned: ${MM} write=true success=${success}`)
  const sleeps = at(
    21,
    2,
    'sched_switch: prev_comm=x prev_pid=2 prev_prio=120 prev_state=D ==> next_comm=y next_pid=7 next_prio=120',
  )
  const trace = traceOf(
    first,
    ask(9, 1),
    answer(10, 1, true),
    ask(20, 2),
    sleeps,
    answer(50, 2, false),
    at(90, 1, `mmap_lock_released: ${MM} write=true`),
  )
  expect(told(trace)).toEqual([[2, 1, 30]])
})

describe('a wait for an unnamed lock that is given up', () => {
  it('was kept waiting by who got the lock before and woke the next one later: that is inferred', () => {
    const trace = traceOf(
      first,
      begins(5, 1),
      ends(10, 1),
      begins(20, 2),
      begins(25, 3),
      ends(50, 2, -4),
      wakes(80, 1, 3),
      ends(81, 3),
    )
    expect(told(trace).sort()).toEqual([
      [2, 1, 30],
      [3, 1, 55],
    ])
    const { chains } = waitChains.run(trace, waitChains.params.parse({}))
    expect(chains.find(({ pid }) => pid === 2)?.links).toMatchObject([{ pid: 1, inferred: true }])
  })

  it('had the reason of one that waited beside it', () => {
    const op = at(1, 1, 'sys_ftruncate(fd: 3, length: 0)')
    const trace = traceOf(first, op, begins(20, 2), begins(25, 3), ends(50, 2, -4), wakes(80, 1, 3), ends(81, 3))
    expect(told(trace).sort()).toEqual([
      [2, 1, 25],
      [3, 1, 55],
    ])
  })

  it('has no reason where nothing later tells who held it', () => {
    expect(told(traceOf(first, begins(5, 1), ends(10, 1), begins(20, 2), wakes(40, 1, 2), ends(50, 2, -4)))).toEqual([])
  })
})
