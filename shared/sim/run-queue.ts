/**
 * Tasks that could run and have no CPU: first come first served, behind those that go first when they wake (kernel threads
 * and real-time tasks; the fair scheduler favours who has slept, which is as much of it as is modelled).
 */

import type { SimTask } from './task.ts'

export class RunQueue {
  readonly #tasks: SimTask[] = []
  readonly #urgent: SimTask[] = []
  #head = 0

  get size(): number {
    return this.#tasks.length - this.#head + this.#urgent.length
  }

  /** Somebody waits who should not have to. */
  get presses(): boolean {
    return this.#urgent.length > 0
  }

  push(task: SimTask): void {
    if (task.realtime || task.daemon) this.#urgent.push(task)
    else this.#tasks.push(task)
  }

  take(): SimTask {
    const urgent = this.#urgent.shift()
    if (urgent !== undefined) return urgent
    const next = this.#tasks[this.#head++]
    if (this.#head > 1024 && this.#head * 2 > this.#tasks.length) {
      this.#tasks.splice(0, this.#head)
      this.#head = 0
    }
    return next
  }
}
