/** What must be conserved in any run: holds, waits, phases and operations, whatever the strategy and the seed. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { run } from '../../shared/sim/run.ts'
import type { SimLock } from '../../shared/sim/locks.ts'
import type { SimTask } from '../../shared/sim/task.ts'
import { silent, type SimSink } from '../../shared/sim/sink.ts'
import { strategies } from '../../shared/sim/strategies/index.ts'
import type { Kernel } from '../../shared/sim/kernel.ts'

interface Book extends SimSink {
  attach(kernel: Kernel): void
  readonly wrong: string[]
  readonly holdNs: Map<string, number>
  readonly open: Map<SimTask, number>
  readonly waiting: Map<SimTask, SimLock>
}

/** Keeps its own books of everything a run says. */
function bookkeeper(): Book {
  let kernel: Kernel | undefined
  const owners = new Map<SimLock, SimTask>()
  const readers = new Map<SimLock, number>()
  const since = new Map<string, number[]>()
  const phases = new Map<SimTask, number[]>()
  const book: Book = {
    ...silent,
    wrong: [],
    holdNs: new Map(),
    open: new Map(),
    waiting: new Map(),
    attach: (k) => (kernel = k),
    lockAcquire: (task, lock, _mode, trylock) => {
      if (!trylock) book.waiting.set(task, lock)
    },
    lockAcquired(task, lock) {
      book.waiting.delete(task)
      const held = task.held.findLast((one) => one.lock === lock)
      // A wait that only wanted to see it free, and commit waits, hold for no time; they may pass others.
      if (held === undefined || lock.className === 'jbd2_handle' || lock.className === 'log_force') return
      if (owners.has(lock)) book.wrong.push(`${lock.className}#${lock.id} has a second holder`)
      if (held.mode === 'exclusive') {
        if ((readers.get(lock) ?? 0) > 0) book.wrong.push(`${lock.className} is taken beside readers`)
        owners.set(lock, task)
      } else readers.set(lock, (readers.get(lock) ?? 0) + 1)
      const key = `${task.id} ${lock.id}`
      since.set(key, [...(since.get(key) ?? []), kernel?.now ?? 0])
    },
    lockRelease(task, lock) {
      const begun = since.get(`${task.id} ${lock.id}`)?.pop()
      if (begun === undefined) return
      book.holdNs.set(lock.className, (book.holdNs.get(lock.className) ?? 0) + (kernel?.now ?? 0) - begun)
      if (owners.get(lock) === task) owners.delete(lock)
      else readers.set(lock, (readers.get(lock) ?? 0) - 1)
    },
    phaseBegin: (task, phase) => void phases.set(task, [...(phases.get(task) ?? []), phase]),
    phaseEnd(task, phase) {
      if (phases.get(task)?.pop() !== phase) book.wrong.push(`phase ${phase} ends out of turn`)
    },
    opBegin: (task) => void book.open.set(task, (book.open.get(task) ?? 0) + 1),
    opEnd: (task) => void book.open.set(task, (book.open.get(task) ?? 0) - 1),
  }
  return book
}

const SCENARIOS = ['SC1', 'SC2', 'SC3', 'SC4', 'SC5', 'SC8', 'SC9', 'SC11', 'SC13', 'SC15'] as const

describe('any run', () => {
  it('has no two exclusive holders, sums holds, ends phases and operations in turn', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SCENARIOS),
        fc.constantFrom(...strategies.ids.filter((id) => id !== 'Z')),
        fc.integer({ min: 1, max: 1_000_000 }),
        (scenario, strategy, seed) => {
          const book = bookkeeper()
          const result = run({ scenario, strategy, seed, durationNs: 400_000 }, book, {
            onStart: (world) => book.attach(world.k),
            maxEvents: 200_000,
          })
          if (result.truncated || result.deadlock !== undefined || result.hung.length > 0) return
          // I releases what it did not take (R14); its books are wrong by design.
          if ((result.findingCounts.V12 ?? 0) === 0) expect(book.wrong).toEqual([])
          expect([...book.open.values()].every((depth) => depth === 0)).toBe(true)
          for (const lock of result.lockStats) {
            if (['jbd2_handle', 'log_force'].includes(lock.class) || (result.findingCounts.V12 ?? 0) > 0) continue
            expect(book.holdNs.get(lock.class) ?? 0, lock.class).toBe(lock.holdTotalNs)
          }
        },
      ),
      { numRuns: 60, seed: 11 },
    )
  })

  it('under K: every wait ends, nobody hangs, nothing is found', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SCENARIOS), fc.integer({ min: 1, max: 1_000_000 }), (scenario, seed) => {
        const book = bookkeeper()
        const result = run({ scenario, strategy: 'K', seed, durationNs: 1_000_000 }, book, {
          onStart: (world) => book.attach(world.k),
        })
        expect(result.hung).toEqual([])
        expect(result.findings.map((one) => one.message)).toEqual([])
        expect([...book.waiting.keys()].filter((task) => !task.daemon)).toEqual([])
      }),
      { numRuns: 40, seed: 12 },
    )
  })
})
