/**
 * From the bytes before `[CPU]` to a task, once per spelling: a trace names the same few tasks millions of times. A
 * prefix is interned only from whole lines, so a prefix that is found again contains no newline.
 */

import { ByteInterner, decodeUtf8 } from '../base/bytes.ts'
import { limits } from '../base/limits.ts'
import type { TraceBuilder } from '../model/builder.ts'
import type { EventLine } from './event-line.ts'

/** TASK_COMM_LEN without its NUL. */
export const COMM_BYTES = 15
/** Under LONG_TASK_NAMES: line numbers, paths or colours stand there that log-prefix.ts does not know. */
export const LONG_NAMES =
  'names of tasks that are longer than any: something stands before the lines and is part of the names'

export class TaskPrefixes {
  readonly #builder: TraceBuilder
  readonly #prefixes = new ByteInterner('task names', limits.entities)
  /** Per prefix: the task, or -1 for the idle task, of which there is one per CPU. */
  readonly #task: number[] = []
  readonly #cpu: number[] = []
  /** CPU of the prefix `findGlued` last found. */
  cpu = 0

  constructor(builder: TraceBuilder) {
    this.#builder = builder
  }

  /** The task of a parsed line, named if this spelling is new. */
  of(bytes: Uint8Array, from: number, line: EventLine): number {
    const id = this.#prefixes.intern(bytes, from, line.prefixTo)
    if (id < this.#task.length) {
      const known = this.#task[id]
      return known === -1 ? this.#builder.task(0, line.cpu) : known
    }
    const task = this.#name(bytes, line)
    this.#task.push(line.pid === 0 ? -1 : task)
    this.#cpu.push(line.cpu)
    return task
  }

  #name(bytes: Uint8Array, line: EventLine): number {
    const task = this.#builder.task(line.pid, line.cpu)
    this.#builder.nameTask(task, decodeUtf8(bytes, line.commFrom, line.commTo))
    if (line.tgid !== -1) this.#builder.tasks[task].tgid = line.tgid
    return task
  }

  /** The task of a prefix seen before; -1 if it was not. */
  find(bytes: Uint8Array, from: number, to: number, cpu: number): number {
    const id = this.#prefixes.find(bytes, from, to)
    if (id === -1) return -1
    const task = this.#task[id]
    return task === -1 ? this.#builder.task(0, cpu) : task
  }

  /** The same for the layout whose prefix ends with the CPU, which is left in `cpu`. */
  findGlued(bytes: Uint8Array, from: number, to: number): number {
    const id = this.#prefixes.find(bytes, from, to)
    if (id === -1) return -1
    this.cpu = this.#cpu[id]
    const task = this.#task[id]
    return task === -1 ? this.#builder.task(0, this.cpu) : task
  }
}
