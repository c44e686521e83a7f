/**
 * The sink every run goes through: counts happenings, adds them to the run's digest (time, task, kind, object), watches the lock order, and passes everything on to a recorder if there is one.
 */

import { hashText } from '../base/prng.ts'
import { RunDigest } from './digest.ts'
import type { Kernel } from './kernel.ts'
import { classesOf, inWords } from '../lockorder/order-graph.ts'
import type { LockOrder } from './invariants/lock-order.ts'
import type { LockMode, SimLock } from './locks.ts'
import type { SimSink } from './sink.ts'
import type { SimTask } from './task.ts'

const ACQUIRE = 1
const CONTENDED = 2
const ACQUIRED = 3
const RELEASE = 4
const PHASE_BEGIN = 5
const PHASE_END = 6
const OP_BEGIN = 7
const OP_END = 8
const SWITCH = 9
const WAKEUP = 10
const FINDING = 11

export class RunSink implements SimSink {
  events = 0
  /** Happenings before each of the kernel's findings. */
  readonly findingEvents: number[] = []
  readonly #digest = new RunDigest()
  #kernel: Kernel | undefined
  #order: LockOrder | undefined
  readonly #next: SimSink | undefined
  readonly #kinds = new Map<string, number>()
  /** Of the last operation: mostly the next is of the same. */
  #lastKind: string | undefined = undefined
  #lastHash = 0

  constructor(next: SimSink | undefined) {
    this.#next = next
  }

  /** Called once the world stands; before that nothing happens. */
  attach(kernel: Kernel, order: LockOrder | undefined): void {
    this.#kernel = kernel
    this.#order = order
  }

  get digest(): string {
    return this.#digest.hex()
  }

  #mix(kind: number, task: number, object: number): void {
    this.events++
    this.#digest.add(kind, this.#kernel === undefined ? 0 : this.#kernel.now, task, object)
  }

  lockAcquire(task: SimTask, lock: SimLock, mode: LockMode, trylock: boolean): void {
    this.#mix(ACQUIRE, task.id, lock.id * 4 + (mode === 'shared' ? 2 : 0) + (trylock ? 1 : 0))
    if (this.#order !== undefined && !trylock && task.held.length > 0) {
      const circle = this.#order.wanted(task, lock, mode, this.#kernel?.now ?? 0)
      if (circle !== undefined) {
        const tasks = [...new Set(circle.edges.map(({ witness }) => witness.by))]
        const message = `lock order goes in a circle: ${inWords(circle)}, by ${tasks.join(' and ')}`
        this.#kernel?.report('V11', () => ({ message, tasks, objects: classesOf(circle) }))
      }
    }
    this.#next?.lockAcquire(task, lock, mode, trylock)
  }

  lockContended(task: SimTask, lock: SimLock): void {
    this.#mix(CONTENDED, task.id, lock.id)
    this.#next?.lockContended(task, lock)
  }

  lockAcquired(task: SimTask, lock: SimLock): void {
    this.#mix(ACQUIRED, task.id, lock.id)
    this.#next?.lockAcquired(task, lock)
  }

  lockRelease(task: SimTask, lock: SimLock): void {
    this.#mix(RELEASE, task.id, lock.id)
    this.#next?.lockRelease(task, lock)
  }

  phaseBegin(task: SimTask, phase: number): void {
    this.#mix(PHASE_BEGIN, task.id, phase)
    this.#next?.phaseBegin(task, phase)
  }

  phaseEnd(task: SimTask, phase: number): void {
    this.#mix(PHASE_END, task.id, phase)
    this.#next?.phaseEnd(task, phase)
  }

  opBegin(task: SimTask, kind: string, inode: number, offset: number, length: number): void {
    this.#mix(OP_BEGIN, task.id, this.#kind(kind) ^ Math.imul(inode, 31) ^ (offset / 4096))
    this.#next?.opBegin(task, kind, inode, offset, length)
  }

  opEnd(task: SimTask, result: number): void {
    this.#mix(OP_END, task.id, result)
    this.#next?.opEnd(task, result)
  }

  switch(cpu: number, previous: SimTask | undefined, next: SimTask | undefined): void {
    this.#mix(SWITCH, next === undefined ? -1 : next.id, cpu)
    this.#next?.switch(cpu, previous, next)
  }

  wakeup(task: SimTask, by: SimTask | undefined): void {
    this.#mix(WAKEUP, task.id, by === undefined ? -1 : by.id)
    this.#next?.wakeup(task, by)
  }

  finding(task: SimTask | undefined, invariant: string): void {
    this.findingEvents.push(this.events)
    this.#mix(FINDING, task === undefined ? -1 : task.id, Number(invariant.slice(1)))
    this.#next?.finding(task, invariant)
  }

  #kind(kind: string): number {
    if (kind === this.#lastKind) return this.#lastHash
    let hash = this.#kinds.get(kind)
    if (hash === undefined) this.#kinds.set(kind, (hash = hashText(kind) | 0))
    this.#lastKind = kind
    return (this.#lastHash = hash)
  }
}
