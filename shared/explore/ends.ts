/**
 * Daemons and the end of everybody else. A daemon that pauses goes on only as long as anybody lives, and nothing in a footprint
 * says so: whether it got to its next move depends on the last end of a task that is not one. So each pause of a daemon could
 * also have come behind the last end, and what a daemon has left to do at rest could have come before any end. Other ends mean
 * nothing to daemons, and ends nothing to each other: that is told with objects nobody else uses, one per task for its end
 * and one for the end of all.
 */

import { codeOfAccess, pendingCode } from './footprint.ts'
import { pauses } from './execution.ts'
import type { Kernel } from '../sim/kernel.ts'
import type { SimTask } from '../sim/task.ts'

export class Ends {
  readonly #k: Kernel
  readonly #first: number
  readonly #all: number

  /** Of a world whose tasks are there and have not moved. */
  constructor(k: Kernel) {
    this.#k = k
    this.#first = k.objects(k.tasks.length + 1)
    this.#all = this.#first + k.tasks.length
  }

  /** Before a move. */
  before(task: SimTask, codes: number[]): void {
    if (task.daemon && pauses(task)) codes.push(codeOfAccess(this.#all))
  }

  /** After a move. */
  after(task: SimTask, codes: number[]): void {
    if (!hasEnded(task)) return
    codes.push(writes(this.#first + task.id))
    if (this.#k.live === 0) codes.push(writes(this.#all))
  }

  /** The footprint of a move of a task that is to sleep: an end that was not the last may be so on another way. */
  asleep(task: SimTask, codes: readonly number[]): number[] {
    return hasEnded(task) ? [...codes, writes(this.#all)] : [...codes]
  }

  /** What the next move of a task begins with that has one at rest. */
  pending(task: SimTask): readonly number[] {
    if (task.daemon && pauses(task)) {
      return this.#k.tasks.filter((one) => !one.daemon).map((one) => codeOfAccess(this.#first + one.id))
    }
    const code = pendingCode(task)
    return code === -1 ? [] : [code]
  }
}

function hasEnded(task: SimTask): boolean {
  return !task.daemon && task.state === 'done'
}

function writes(object: number): number {
  return codeOfAccess(-1 - object)
}
