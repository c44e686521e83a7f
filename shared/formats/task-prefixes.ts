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
  readonly #comm: string[] = []
  /** Per task: the prefix it was last found by. */
  readonly #last: number[] = []
  /** CPU of the prefix `findGlued` last found. */
  cpu = 0
  /** Told when a task goes by another name than before: who remembers prefixes asks again. */
  renamed: () => void = () => undefined

  constructor(builder: TraceBuilder) {
    this.#builder = builder
  }

  /** The task of a parsed line, by the name it has there. */
  of(bytes: Uint8Array, from: number, line: EventLine): number {
    const id = this.#prefixes.intern(bytes, from, line.prefixTo)
    if (id < this.#task.length) return this.#found(id, line.cpu)
    const task = this.#builder.task(line.pid, line.cpu)
    if (line.tgid !== -1) this.#builder.tasks[task].tgid = line.tgid
    this.#task.push(line.pid === 0 ? -1 : task)
    this.#cpu.push(line.cpu)
    this.#comm.push(decodeUtf8(bytes, line.commFrom, line.commTo))
    this.#name(task, id)
    return task
  }

  /** The task of a prefix seen before; -1 if it was not. */
  find(bytes: Uint8Array, from: number, to: number, cpu: number): number {
    const id = this.#prefixes.find(bytes, from, to)
    return id === -1 ? -1 : this.#found(id, cpu)
  }

  /** The same for the layout whose prefix ends with the CPU, which is left in `cpu`. */
  findGlued(bytes: Uint8Array, from: number, to: number): number {
    const id = this.#prefixes.find(bytes, from, to)
    if (id === -1) return -1
    this.cpu = this.#cpu[id]
    return this.#found(id, this.cpu)
  }

  #found(id: number, cpu: number): number {
    const task = this.#task[id]
    if (task === -1) return this.#builder.task(0, cpu)
    if (this.#last[task] !== id) this.#name(task, id)
    return task
  }

  /** A task's name is the last it had: one that goes back to an earlier name has that. */
  #name(task: number, id: number): void {
    const comm = this.#comm[id]
    // The kernel had forgotten it.
    if (comm === '<...>') return
    const before = this.#last[task]
    this.#last[task] = id
    if (before !== undefined && this.#comm[before] === comm) return
    this.#builder.nameTask(task, comm)
    if (before !== undefined) this.renamed()
  }
}
