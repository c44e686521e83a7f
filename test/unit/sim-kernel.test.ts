/** The simulated kernel against closed forms and conservation laws: what queueing theory says, it must do. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { EventHeap } from '../../shared/base/heap.ts'
import { stream } from '../../shared/base/prng.ts'
import { Kernel } from '../../shared/sim/kernel.ts'
import { FIFO, MUTEX, RWSEM, SPINLOCK, type LockMode, type LockSpec, type SimLock } from '../../shared/sim/locks.ts'
import { expDeterministic, factorTable, lognormal } from '../../shared/sim/lognormal.ts'
import { silent, type SimSink } from '../../shared/sim/sink.ts'
import type { SimTask, Steps } from '../../shared/sim/task.ts'

const FREE = { lock: 0, unlock: 0, spinHandoff: 0, wake: 0, contextSwitch: 0, quantum: 3_000_000, sharedLine: 0 }
const SPECS: readonly LockSpec[] = [FIFO, MUTEX, RWSEM, SPINLOCK]

function kernel(options: { cpus: number; sink?: SimSink; costs?: typeof FREE }): Kernel {
  return new Kernel({
    seed: 7,
    timed: true,
    cpus: options.cpus,
    costs: options.costs ?? FREE,
    sink: options.sink ?? silent,
  })
}

function* loop(k: Kernel, lock: SimLock, outside: number, inside: number, done: () => void): Steps {
  for (;;) {
    if (k.work(0, outside)) yield
    if (k.lock(lock, 'exclusive')) yield
    if (k.work(1, inside)) yield
    k.unlock(lock)
    done()
  }
}

describe('one lock', () => {
  it.each(SPECS)('$kind serialises: throughput is 1 / hold once saturated', (spec) => {
    const k = kernel({ cpus: 8 })
    const lock = k.newLock('l', spec)
    let ops = 0
    for (let i = 0; i < 8; i++)
      k.spawn(
        `t${i}`,
        loop(k, lock, 1_000, 5_000, () => ops++),
      )
    k.runUntil(1e9, Infinity)
    expect(ops / (1e9 / 5_000)).toBeGreaterThan(0.98)
    expect(ops / (1e9 / 5_000)).toBeLessThanOrEqual(1)
  })

  it.each([1, 2, 4, 8])("follows Amdahl's bound with %i tasks", (tasks) => {
    const k = kernel({ cpus: 8 })
    const lock = k.newLock('l', FIFO)
    let ops = 0
    for (let i = 0; i < tasks; i++)
      k.spawn(
        `t${i}`,
        loop(k, lock, 9_000, 1_000, () => ops++),
      )
    k.runUntil(1e9, Infinity)
    const ideal = Math.min(tasks / 10_000, 1 / 1_000) * 1e9
    expect(Math.abs(ops / ideal - 1)).toBeLessThan(0.02)
  })

  it('waits as M/D/1 says', () => {
    const k = kernel({ cpus: 100_000 })
    const lock = k.newLock('server', FIFO)
    const service = 1_000
    const load = 0.7
    let waited = 0
    let served = 0
    function* customer(arrived: number): Steps {
      if (k.lock(lock, 'exclusive')) yield
      waited += k.now - arrived
      served++
      if (k.work(0, service)) yield
      k.unlock(lock)
    }
    const random = stream(1, 2)
    let at = 0
    for (let i = 0; i < 100_000; i++) {
      at += Math.round((-Math.log((random.u32() + 1) / 2 ** 32) * service) / load)
      k.spawn('c', customer(at), { startNs: at })
    }
    k.runUntil(Infinity, Infinity)
    expect(served).toBe(100_000)
    const expected = (load * service) / (2 * (1 - load))
    expect(Math.abs(waited / served / expected - 1)).toBeLessThan(0.02)
  })
})

describe('locks', () => {
  it('never have two exclusive holders, or a writer beside readers, and every wait ends', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SPECS),
        fc.integer({ min: 2, max: 12 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 1000 }),
        (spec, tasks, cpus, seed) => {
          const holders = new Map<SimTask, LockMode>()
          let bad = 0
          const sink: SimSink = {
            ...silent,
            lockAcquired(task) {
              const mode = task.held[task.held.length - 1].mode
              const others = [...holders.values()]
              if (others.includes('exclusive') || (mode === 'exclusive' && others.length > 0)) bad++
              holders.set(task, mode)
            },
            lockRelease: (task) => void holders.delete(task),
          }
          const k = kernel({
            cpus,
            sink,
            costs: { ...FREE, lock: 20, unlock: 20, spinHandoff: 300, wake: 4_000, contextSwitch: 1_200 },
          })
          const lock = k.newLock('l', spec)
          const random = stream(seed)
          function* body(): Steps {
            for (let i = 0; i < 30; i++) {
              const mode = spec.readerBatch > 0 && random.below(3) > 0 ? 'shared' : 'exclusive'
              if (k.work(0, random.below(3_000))) yield
              if (k.lock(lock, mode)) yield
              if (k.work(1, random.below(9_000))) yield
              k.unlock(lock, mode)
            }
          }
          for (let i = 0; i < tasks; i++) k.spawn(`t${i}`, body())
          k.runUntil(Infinity, Infinity)
          expect(bad).toBe(0)
          expect(k.live).toBe(0)
          expect(k.findings).toEqual([])
        },
      ),
      { numRuns: 60, seed: 42 },
    )
  })

  it('let a queued writer keep later readers out (the convoy of R28)', () => {
    const k = kernel({ cpus: 4 })
    const lock = k.newLock('l', RWSEM)
    const order: string[] = []
    function* hold(name: string, mode: LockMode, ns: number): Steps {
      if (k.lock(lock, mode)) yield
      order.push(`${name}@${k.now}`)
      if (k.work(0, ns)) yield
      k.unlock(lock, mode)
    }
    k.spawn('r1', hold('r1', 'shared', 1_000))
    k.spawn('w', hold('w', 'exclusive', 1_000), { startNs: 100 })
    k.spawn('r2', hold('r2', 'shared', 1_000), { startNs: 200 })
    k.runUntil(Infinity, Infinity)
    expect(order).toEqual(['r1@0', 'w@1000', 'r2@2000'])
  })

  it('report a release by a task that does not hold it, and in the wrong mode, as V12', () => {
    const k = kernel({ cpus: 1 })
    const lock = k.newLock('i_mmap_rwsem', RWSEM)
    function* wrong(): Steps {
      if (k.lock(lock, 'shared')) yield
      k.unlock(lock, 'exclusive')
      k.unlock(lock)
    }
    k.spawn('t', wrong())
    k.runUntil(Infinity, Infinity)
    expect(k.findings.map((finding) => finding.invariant)).toEqual(['V12', 'V12'])
  })

  it('report sleeping under a spinlock as V10', () => {
    const k = kernel({ cpus: 1 })
    const lock = k.newLock('ptl', SPINLOCK)
    function* sleeper(): Steps {
      if (k.lock(lock, 'exclusive')) yield
      if (k.sleep(10)) yield
      k.unlock(lock)
    }
    k.spawn('t', sleeper())
    k.runUntil(Infinity, Infinity)
    expect(k.findings[0].invariant).toBe('V10')
  })
})

describe('time', () => {
  it('is shared fairly by more tasks than CPUs, a quantum at a time', () => {
    const k = kernel({ cpus: 1 })
    const ended: number[] = []
    function* work(): Steps {
      if (k.work(0, 9_000_000)) yield
      ended.push(k.now)
    }
    for (let i = 0; i < 3; i++) k.spawn('t', work())
    k.runUntil(Infinity, Infinity)
    expect(ended).toEqual([21_000_000, 24_000_000, 27_000_000])
  })

  it('heap gives entries by time, ties in order of insertion', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 300 }), (times) => {
        const heap = new EventHeap()
        times.forEach((time, i) => heap.push(time, i))
        const out = times.map(() => heap.pop())
        const sorted = times.map((time, i) => ({ time, i })).sort((a, b) => a.time - b.time || a.i - b.i)
        expect(out).toEqual(sorted.map(({ i }) => i))
      }),
    )
  })
})

describe('draws', () => {
  it('have the median asked for and the mean of a log-normal', () => {
    const random = stream(3)
    const table = factorTable(400)
    const draws = Array.from({ length: 100_000 }, () => lognormal(10_000, table, random.u32())).sort((a, b) => a - b)
    expect(Math.abs(draws[50_000] / 10_000 - 1)).toBeLessThan(0.01)
    expect(Math.abs(draws.reduce((a, b) => a + b) / 1e5 / (10_000 * Math.exp(0.08)) - 1)).toBeLessThan(0.01)
  })

  it('exp from the four operations agrees with the library to 1e-12', () => {
    for (let x = -4; x <= 4; x += 0.37) expect(Math.abs(expDeterministic(x) / Math.exp(x) - 1)).toBeLessThan(1e-12)
  })

  it('of one stream do not depend on another', () => {
    const a = stream(1, 5, 9)
    const first = [a.u32(), a.u32(), a.u32()]
    const b = stream(1, 5, 8)
    for (let i = 0; i < 100; i++) b.u32()
    const again = stream(1, 5, 9)
    expect([again.u32(), again.u32(), again.u32()]).toEqual(first)
  })
})
