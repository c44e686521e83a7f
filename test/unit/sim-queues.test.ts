/**
 * What the simulated kernel is made of, against the obvious way to do it: queues, shared holds, streams, steps inside
 * steps; and the promises of a mutex and an rwsem to those who wait.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stream, StreamTable } from '../../shared/base/prng.ts'
import { Kernel } from '../../shared/sim/kernel.ts'
import { Mm } from '../../shared/sim/mm.ts'
import { MUTEX, RWSEM, SPINLOCK, TaskQueue, WaitQueue, type LockSpec } from '../../shared/sim/locks.ts'
import { prepare, run, runSlices } from '../../shared/sim/run.ts'
import { silent } from '../../shared/sim/sink.ts'
import { SimTask, type Steps } from '../../shared/sim/task.ts'

const COSTS = { lock: 0, unlock: 0, spinHandoff: 0, wake: 0, contextSwitch: 0, quantum: 3_000_000, sharedLine: 0 }

function kernel(cpus: number): Kernel {
  return new Kernel({ seed: 1, timed: true, cpus, costs: COSTS, sink: silent })
}

function task(id: number, shared = false): SimTask {
  const made = new SimTask({ id, pid: id, comm: `t${id}`, daemon: false, steps: nothing() })
  if (shared) made.waitingMode = 'shared'
  return made
}

function* nothing(): Steps {
  return
}

describe('a queue of tasks', () => {
  it('does what an array does', () => {
    const move = fc.constantFrom('push', 'push shared', 'push', 'shift', 'remove', 'readers', 'all')
    fc.assert(
      fc.property(fc.array(move, { maxLength: 400 }), (moves) => {
        const queue = new TaskQueue()
        let naive: SimTask[] = []
        for (const [i, one] of moves.entries()) {
          if (one.startsWith('push')) {
            const added = task(i, one === 'push shared')
            queue.push(added)
            naive.push(added)
          } else if (one === 'all') expect(queue.takeAll()).toEqual(naive.splice(0))
          else if (one === 'readers') {
            const readers = naive.filter(({ waitingMode }) => waitingMode === 'shared').slice(0, 3)
            naive = naive.filter((waiting) => !readers.includes(waiting))
            expect(queue.takeReaders(3)).toEqual(readers)
          } else if (naive.length > 0 && one === 'shift') expect(queue.shift()).toBe(naive.shift())
          else if (naive.length > 0) queue.remove(naive.splice(i % naive.length, 1)[0])
          expect(queue.length).toBe(naive.length)
          if (naive.length > 0) expect(queue.first).toBe(naive[0])
        }
      }),
    )
  })

  it('wakes all who wait together and as many who wait alone as asked, in order', () => {
    const waiting = fc.array(fc.boolean(), { maxLength: 40 })
    fc.assert(
      fc.property(waiting, fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 5 }), (exclusive, wakes) => {
        const queue = new WaitQueue('w')
        let naive = exclusive.map((alone, i) => ({ task: task(i), alone }))
        for (const { task: one, alone } of naive) queue.add(one, alone)
        for (const count of wakes) {
          let left = count
          const woken = naive.filter(({ alone }) => !alone || left-- > 0)
          naive = naive.filter((one) => !woken.includes(one))
          expect(queue.take(count)).toEqual(woken.map((one) => one.task))
          expect(queue.waiters.map((one) => one.task)).toEqual(naive.map((one) => one.task))
        }
      }),
    )
  })
})

describe('a table of streams', () => {
  it('draws what the streams of its names draw, in any order', () => {
    const draws = fc.array(fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 63 })), {
      maxLength: 200,
    })
    fc.assert(
      fc.property(fc.integer(), draws, (seed, names) => {
        const table = new StreamTable(seed)
        const streams = new Map<string, ReturnType<typeof stream>>()
        for (const [row, column] of names) {
          const name = `${row} ${column}`
          const one = streams.get(name) ?? stream(seed, row, column)
          streams.set(name, one)
          expect(table.u32(row, column)).toBe(one.u32())
        }
      }),
    )
  })
})

describe('steps called inside steps', () => {
  function* leaf(k: Kernel, log: string[], name: string): Steps {
    log.push(`${name} begins at ${k.now}`)
    if (k.sleep(10)) yield
    if (k.work(0, 5)) yield
    log.push(`${name} ends at ${k.now}`)
  }
  function* called(k: Kernel, log: string[], depth: number): Steps {
    log.push(`in ${depth}`)
    if (depth === 0) {
      if (k.call(leaf(k, log, 'leaf'))) yield
    } else if (k.call(called(k, log, depth - 1))) yield
    if (k.call(leaf(k, log, `after ${depth}`))) yield
    if (k.call(nothing())) yield
    log.push(`out ${depth}`)
  }
  function* delegated(k: Kernel, log: string[], depth: number): Steps {
    log.push(`in ${depth}`)
    if (depth === 0) yield* leaf(k, log, 'leaf')
    else yield* delegated(k, log, depth - 1)
    yield* leaf(k, log, `after ${depth}`)
    yield* nothing()
    log.push(`out ${depth}`)
  }

  it('go on where yield* would, however deep', () => {
    const logs = [called, delegated].map((steps) => {
      const k = kernel(2)
      const log: string[] = []
      k.spawn('a', steps(k, log, 6))
      k.spawn('b', steps(k, log, 3))
      expect(k.runUntil(1e9, Infinity)).toBe(true)
      expect(k.live).toBe(0)
      return log
    })
    expect(logs[0]).toEqual(logs[1])
    expect(logs[0].length).toBeGreaterThan(40)
  })
})

describe('who waits for a lock', () => {
  /** Asks `every` ns apart, in order of number; the order in which they get it. */
  function orderOf(spec: LockSpec, tasks: number, cpus: number): number[] {
    const k = kernel(cpus)
    const lock = k.newLock('l', spec)
    const got: number[] = []
    function* asks(i: number): Steps {
      if (k.work(0, 10 * (i + 1))) yield
      if (k.lock(lock, 'exclusive')) yield
      got.push(i)
      if (k.work(1, 10_000)) yield
      k.unlock(lock)
    }
    for (let i = 0; i < tasks; i++) k.spawn(`t${i}`, asks(i))
    k.runUntil(1e9, Infinity)
    return got
  }

  it.each([MUTEX, SPINLOCK])('$kind: on its CPU, is served in the order of asking', (spec) => {
    expect(orderOf(spec, 200, 200)).toEqual(Array.from({ length: 200 }, (_, i) => i))
  })

  /** A sleeper against newcomers that always find the lock free first: how often it is beaten, and how long it waits. */
  function beaten(spec: LockSpec): { readonly losses: number; readonly waited: number } {
    const k = new Kernel({ seed: 1, timed: true, cpus: 3, costs: { ...COSTS, wake: 1_000 }, sink: silent })
    const lock = k.newLock('l', spec)
    let waited = -1
    let losses = 0
    function* owner(): Steps {
      if (k.lock(lock, 'exclusive')) yield
      if (k.sleep(10_000)) yield
      k.unlock(lock)
    }
    function* sleeper(): Steps {
      if (k.work(0, 100)) yield
      const asked = k.now
      if (k.lock(lock, 'exclusive')) yield
      waited = k.now - asked
      k.unlock(lock)
    }
    function* thief(): Steps {
      if (k.work(0, 9_900)) yield
      while (waited < 0 && k.now < 20_000_000) {
        if (k.tryLock(lock, 'exclusive')) {
          if (k.now > 10_000) losses++
          if (k.work(1, 2_000)) yield
          k.unlock(lock)
        }
        if (k.work(0, 100)) yield
      }
    }
    k.spawn('owner', owner())
    k.spawn('sleeper', sleeper())
    k.spawn('thief', thief())
    k.runUntil(1e9, Infinity)
    return { losses, waited }
  }

  it('a mutex is handed to a sleeper that was beaten to it once', () => {
    const { losses, waited } = beaten(MUTEX)
    expect(losses).toBeGreaterThanOrEqual(1)
    expect(losses).toBeLessThanOrEqual(2)
    expect(waited).toBeLessThan(100_000)
  })

  it('an rwsem only to one that has waited 4 ms', () => {
    const { waited } = beaten(RWSEM)
    expect(waited).toBeGreaterThan(4_000_000)
    expect(waited).toBeLessThan(4_100_000)
  })
})

describe('memory', () => {
  it('private copies nobody maps give their numbers to the next', () => {
    const prepared = prepare({ scenario: 'SC11', strategy: 'K', durationNs: 20_000_000 }, { timed: true })
    const slices = runSlices(prepared)
    while (slices.next().done !== true);
    expect(prepared.world.stats.kinds.get('cow_fault')?.count).toBeGreaterThan(5_000)
    for (const mm of prepared.world.mms) expect(mm.copies.length).toBeLessThan(500)
  })

  it('a copy that a fault made and did not map goes with it', () => {
    const mm = new Mm(0, kernel(1).newLock('m', RWSEM))
    const first = mm.newCopy([1, 2])
    expect(mm.newCopy([3, 4], first)).toBe(first)
    expect([...mm.copies[first]]).toEqual([3, 4])
    mm.copyMapped(first)
    mm.dropUnmapped(first)
    expect(mm.newCopy([5, 6])).not.toBe(first)
    mm.copyGone(first)
    expect(mm.newCopy([7, 8])).toBe(first)
  })
})

describe('a run that is too much', () => {
  it.each([
    [{ scenario: 'SC1', strategy: 'K', params: { threads: 1_024, readers: 1_024 }, cpus: 100_000 }, 'cpus=100000'],
    [{ scenario: 'SC1', strategy: 'K', durationNs: 1e13 }, 'more simulated time than the limit'],
  ])('says in a sentence what the limit is', (spec, says) => {
    expect(() => run(spec)).toThrow(says)
  })
})
