/**
 * Range locks of the model, by what a trace and a search see of them: which lock a wait is shown on, that a lock is given to the
 * next range when nobody is interested in it any more, circles, mistakes, and the pages a search takes a range for.
 */
import { describe, expect, it } from 'vitest'
import { Kernel } from '../../shared/sim/kernel.ts'
import { RangeLocks } from '../../shared/sim/range-lock.ts'
import { silent, type SimSink } from '../../shared/sim/sink.ts'
import type { Steps } from '../../shared/sim/task.ts'

const PAGES = 32
const FREE = { lock: 0, unlock: 0, spinHandoff: 0, wake: 0, contextSwitch: 0, quantum: 3_000_000, sharedLine: 0 }

/** What happened to locks: `at task what lock`. */
function telling(said: string[], now: () => number): SimSink {
  const tell = (what: string) => (task: { readonly comm: string }, lock: { readonly id: number }) =>
    void said.push(`${now()} ${task.comm} ${what} ${lock.id}`)
  return {
    ...silent,
    lockAcquire: tell('asks'),
    lockContended: tell('waits'),
    lockAcquired: tell('has'),
    lockRelease: tell('leaves'),
  }
}

interface Use {
  readonly from: number
  readonly to: number
  readonly after: number
  readonly during?: number
}

/** Tasks a, b, … that each ask for a range some ns after the start and keep it for a while. */
function ran(uses: readonly Use[], wake = 0) {
  const said: string[] = []
  const k: Kernel = new Kernel({
    seed: 1,
    timed: true,
    cpus: 8,
    costs: { ...FREE, wake },
    sink: telling(said, () => k.now),
  })
  const ranges = new RangeLocks(k, 1, PAGES)
  function* user({ from, to, after, during = 100 }: Use): Steps {
    if (k.work(-1, after)) yield
    const request = yield* ranges.acquire(from, to)
    if (k.work(-1, during)) yield
    ranges.release(request)
  }
  for (const [i, use] of uses.entries()) k.spawn(String.fromCharCode(97 + i), user(use))
  const ended = k.runUntil(1e6, 10_000)
  return { said, ended, locks: k.locks.length, left: ranges.count }
}

describe('what a trace sees', () => {
  it('a wait is for the range that is waited for, then the own one is taken', () => {
    const { said } = ran([
      { from: 0, to: 4, after: 1 },
      { from: 2, to: 8, after: 2 },
    ])
    expect(said).toEqual([
      '1 a asks 0',
      '1 a has 0',
      '2 b asks 0',
      '2 b waits 0',
      '101 a leaves 0',
      '101 b has 0',
      '101 b leaves 0',
      '101 b asks 1',
      '101 b has 1',
      '201 b leaves 1',
    ])
  })

  it('a range that ends where another begins is none of its business', () => {
    const { said } = ran([
      { from: 4, to: 8, after: 1 },
      { from: 0, to: 4, after: 2 },
      { from: 8, to: 9, after: 3 },
    ])
    expect(said.filter((line) => line.includes('waits'))).toEqual([])
  })

  it('what is free again before its turn came is not waited for', () => {
    // c waits for a first; b is long gone when it looks.
    const { said } = ran([
      { from: 0, to: 2, after: 1, during: 300 },
      { from: 4, to: 6, after: 2, during: 10 },
      { from: 0, to: 8, after: 3 },
    ])
    expect(said.filter((line) => line.includes(' c '))).toEqual([
      '3 c asks 0',
      '3 c waits 0',
      '301 c has 0',
      '301 c leaves 0',
      '301 c asks 2',
      '301 c has 2',
      '401 c leaves 2',
    ])
  })
})

describe('locks of ranges that are over', () => {
  it('are used again, one range after the other', () => {
    const uses = [0, 1, 2, 3, 4].map((i) => ({ from: i, to: i + 1, after: 1 + i * 200 }))
    expect(ran(uses)).toMatchObject({ locks: 1, left: 0, ended: true })
  })

  it('by one range each, also when they had been waited for', () => {
    const { said, locks } = ran([
      { from: 0, to: 4, after: 1 },
      { from: 2, to: 8, after: 2 },
      { from: 0, to: 1, after: 1_000 },
      { from: 4, to: 5, after: 1_000 },
      { from: 8, to: 9, after: 1_000 },
    ])
    const had = said.filter((line) => /^1000 . has/.test(line)).map((line) => line.split(' ')[3])
    expect(new Set(had).size).toBe(3)
    expect(locks).toBe(3)
  })

  it('not before who waits for them has run', () => {
    // b is woken at 151 and runs 50 ns later; c asks in between.
    const { said } = ran(
      [
        { from: 0, to: 4, after: 1 },
        { from: 2, to: 8, after: 2 },
        { from: 20, to: 24, after: 120 },
      ],
      50,
    )
    expect(said.slice(4, 8)).toEqual(['151 a leaves 0', '170 c asks 2', '170 c has 2', '201 b has 0'])
  })
})

it('two that each want what the other has are told as a circle', () => {
  const k = new Kernel({ seed: 1, timed: true, cpus: 8, costs: FREE, sink: silent })
  const ranges = new RangeLocks(k, 1, PAGES)
  function* user(mine: number, other: number): Steps {
    yield* ranges.acquire(mine, mine + 4)
    if (k.work(-1, 100)) yield
    yield* ranges.acquire(other, other + 4)
  }
  k.spawn('left', user(0, 8))
  k.spawn('right', user(8, 0))
  expect(k.runUntil(1e6, 10_000)).toBe(false)
  expect(k.findings).toMatchObject([{ invariant: 'V11', tasks: expect.arrayContaining(['left', 'right']) as string[] }])
})

it('who lets go twice is told so, and nobody else loses a range', () => {
  const k = new Kernel({ seed: 1, timed: true, cpus: 8, costs: FREE, sink: silent })
  const ranges = new RangeLocks(k, 1, PAGES)
  function* keeper(): Steps {
    const request = yield* ranges.acquire(0, 4)
    if (k.work(-1, 1_000)) yield
    expect(ranges.heldBy(k.current, { from: 3, to: 4 })).toBe(true)
    ranges.release(request)
  }
  function* twice(): Steps {
    if (k.work(-1, 10)) yield
    const request = yield* ranges.acquire(8, 12)
    ranges.release(request)
    ranges.release(request)
  }
  k.spawn('keeper', keeper())
  k.spawn('twice', twice())
  k.runUntil(1e6, 10_000)
  expect(ranges.count).toBe(0)
  expect(k.findings.map(({ invariant, message }) => `${invariant} ${message}`)).toEqual([
    'V12 twice lets go of &mapping->range_lock which it does not hold',
  ])
})

describe('what a search sees', () => {
  /** What the first look, taking and releasing a range are about: objects, the first page's as 0. */
  function touched(from: number, to: number) {
    const k = new Kernel({ seed: 1, timed: false, cpus: 8, costs: FREE, sink: silent })
    const ranges = new RangeLocks(k, 1, PAGES)
    const pagesOf = (objects: readonly number[]) =>
      [...new Set(objects.map((object) => -1 - object - ranges.object))].filter((page) => page >= 0 && page < PAGES)
    let taken: number[] = []
    function* user(): Steps {
      const request = yield* ranges.acquire(from, to)
      taken = k.touched.splice(0)
      ranges.release(request)
    }
    const task = k.spawn('a', user())
    k.step(task)
    const seen = pagesOf([task.footprint])
    while (task.state !== 'done') k.step(task)
    return { seen, taken: pagesOf(taken), released: pagesOf(k.touched) }
  }

  it('a range is its pages, and all that is beyond the end is the last one', () => {
    expect(touched(4, 7)).toEqual({ seen: [4], taken: [4, 5, 6], released: [4, 5, 6] })
    expect(touched(31, 40)).toEqual({ seen: [31], taken: [31], released: [31] })
    expect(touched(40, 50)).toEqual({ seen: [31], taken: [31], released: [31] })
  })
})
