/**
 * What a race wants to know while it runs, standing between its world and whoever listens. The power may fail at any moment:
 * after every happening that changed what a power cut would leave behind, or what was promised about it, all of it is judged
 * (V14, V15; sim/invariants/crash.ts), each invariant reported once. And who has to wait for a lock, for races about waiting.
 */

import { cutTold, durableVersion, judgeCrash } from '../sim/invariants/crash.ts'
import type { LockMode, SimLock } from '../sim/locks.ts'
import type { SimSink } from '../sim/sink.ts'
import type { SimTask } from '../sim/task.ts'
import type { World } from '../sim/world.ts'
import type { Race } from './race.ts'

export class Watch implements SimSink {
  readonly #race: Race
  readonly #next: SimSink
  readonly #reported = new Set<string>()
  #world: World | undefined
  #version = 0

  constructor(race: Race, next: SimSink) {
    this.#race = race
    this.#next = next
  }

  /** The world stands. */
  begin(world: World): void {
    this.#world = world
    this.#version = durableVersion(world)
    if (this.#race.crashes !== true) return
    // What a cut finds is changed by all who change what is durable: for a search their order matters.
    const durable = world.k.objects(1)
    const changed = () => world.k.touch(durable, true)
    world.device.onChange = changed
    world.journal.onCommit = changed
    if (world.checks?.promises !== undefined) world.checks.promises.onGive = changed
  }

  #look(always = false): void {
    const world = this.#world
    if (world === undefined || this.#race.crashes !== true) return
    const version = durableVersion(world)
    if (version === this.#version && !always) return
    this.#version = version
    for (const found of judgeCrash(world)) {
      const { invariant } = found
      if (this.#reported.has(invariant)) continue
      this.#reported.add(invariant)
      world.k.report(invariant, () => cutTold(found))
    }
  }

  lockAcquire(task: SimTask, lock: SimLock, mode: LockMode, trylock: boolean): void {
    this.#look()
    this.#next.lockAcquire(task, lock, mode, trylock)
  }

  lockContended(task: SimTask, lock: SimLock): void {
    if (this.#world !== undefined) this.#race.onContended?.(this.#world, task, lock)
    this.#next.lockContended(task, lock)
  }

  lockAcquired(task: SimTask, lock: SimLock): void {
    this.#look()
    this.#next.lockAcquired(task, lock)
  }

  lockRelease(task: SimTask, lock: SimLock): void {
    this.#look()
    this.#next.lockRelease(task, lock)
  }

  phaseBegin(task: SimTask, phase: number): void {
    this.#look()
    this.#next.phaseBegin(task, phase)
  }

  phaseEnd(task: SimTask, phase: number): void {
    // Who flushes a line of a MAP_SYNC mapping has a promise afterwards.
    this.#look(true)
    this.#next.phaseEnd(task, phase)
  }

  opBegin(task: SimTask, kind: string, inode: number, offset: number, length: number): void {
    this.#look()
    this.#next.opBegin(task, kind, inode, offset, length)
  }

  opEnd(task: SimTask, result: number): void {
    // An fsync that returns promises something.
    this.#look(true)
    this.#next.opEnd(task, result)
  }

  switch(cpu: number, previous: SimTask | undefined, next: SimTask | undefined): void {
    this.#next.switch(cpu, previous, next)
  }

  wakeup(task: SimTask, by: SimTask | undefined): void {
    this.#next.wakeup(task, by)
  }

  finding(task: SimTask | undefined, invariant: string): void {
    this.#next.finding(task, invariant)
  }
}
