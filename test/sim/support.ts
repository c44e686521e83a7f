/** Small worlds without time for tests of the model, and random schedules over them. */
import { expect } from 'vitest'
import { stream } from '../../shared/base/prng.ts'
import type { CostId } from '../../shared/sim/costs.ts'
import { Checks } from '../../shared/sim/invariants/checks.ts'
import { filesystems } from '../../shared/sim/fs/index.ts'
import { silent, type SimSink } from '../../shared/sim/sink.ts'
import { parseStrategy, policyOf } from '../../shared/sim/strategies/index.ts'
import type { SimTask } from '../../shared/sim/task.ts'
import { World, type MachineCostId } from '../../shared/sim/world.ts'

export interface SearchOptions {
  readonly fs?: string
  readonly dax?: boolean
  readonly blocks?: number
  readonly cpus?: number
  readonly sink?: SimSink
  readonly costs?: Readonly<Partial<Record<CostId, number>>>
  readonly machine?: Readonly<Partial<Record<MachineCostId, number>>>
}

export function searchWorld(strategy: string, seed = 1, options: SearchOptions = {}): World {
  return smallWorld(strategy, { ...options, seed, timed: false })
}

/** The same in time order, every price its median; run it with `w.k.runUntil`. */
export function timedWorld(strategy: string, options: SearchOptions = {}): World {
  return smallWorld(strategy, { ...options, seed: 1, timed: true })
}

function smallWorld(strategy: string, options: SearchOptions & { seed: number; timed: boolean }): World {
  const resolved = parseStrategy(strategy)
  const w = new World({
    cpus: options.cpus ?? 4,
    seed: options.seed,
    sink: options.sink ?? silent,
    timed: options.timed,
    jitter: false,
    costs: options.costs ?? {},
    ...(options.machine === undefined ? {} : { machine: options.machine }),
    policy: policyOf(resolved),
    fs: filesystems.get(options.fs ?? resolved.fs),
    dax: options.dax ?? resolved.media === 'dax',
    blocks: options.blocks ?? 16,
    slots: 2,
  })
  w.checks = new Checks(w)
  w.startJournal(Infinity)
  return w
}

/** Steps one task until `done`, or until it cannot go on or has ended. True: `done`. */
export function stepUntil(w: World, task: SimTask, done: () => boolean = () => false): boolean {
  while (!done()) {
    if (!w.k.canStep(task)) return false
    w.k.step(task)
  }
  return true
}

/** Steps whoever can, daemons too, until the tasks have all ended. */
export function finish(w: World): readonly string[] {
  return walk(w, 1)
}

export function found(w: World): readonly string[] {
  return [...new Set(w.k.findings.map((one) => one.invariant))]
}

/** One random schedule to its end; the tasks that never ended. */
export function walk(w: World, seed: number): readonly string[] {
  const random = stream(seed, 77)
  const { k } = w
  for (let steps = 0; k.live > 0 && k.deadlock === undefined; steps++) {
    expect(steps).toBeLessThan(50_000)
    const able = k.tasks.filter((task) => k.canStep(task))
    const urgent = able.filter((task) => !task.daemon)
    if (able.length === 0) break
    // Mostly stays with one task: few pre-emptions find more than many.
    const again = able.includes(k.current) && random.below(4) > 0
    k.step(again ? k.current : random.below(3) > 0 && urgent.length > 0 ? pick(urgent, random) : pick(able, random))
  }
  return k.tasks.filter((task) => !task.daemon && task.state !== 'done').map((task) => task.comm)
}

function pick<T>(from: readonly T[], random: ReturnType<typeof stream>): T {
  return from[random.below(from.length)]
}

/** Invariants that some of `count` random schedules violate. */
export function schedules(count: number, build: (seed: number) => World): Set<string> {
  const found = new Set<string>()
  for (let seed = 1; seed <= count; seed++) {
    const w = build(seed)
    const hung = walk(w, seed)
    for (const one of w.k.findings) found.add(one.invariant)
    if (hung.length > 0 && w.k.findings.length === 0) found.add(`hung: ${hung.join(', ')}`)
  }
  return found
}
