/**
 * Call stacks in text: a `<stack trace>` line of a task, then one ` => function` line per frame, innermost first. They
 * belong to that task's last event. A user stack that follows a kernel stack is appended to it. Equal stacks are decoded
 * once: traces repeat a few hundred of them thousands of times.
 */

import { ByteInterner } from '../base/bytes.ts'
import { limits } from '../base/limits.ts'
import type { Recorder } from '../spans/recorder.ts'

const LF = 10
const SPACE = 32
/** Frames of one stack that are kept: the kernel records at most a few hundred. */
const BYTES = 65_536

/** ` => …` */
export function isFrame(bytes: Uint8Array, from: number, to: number): boolean {
  let i = from
  while (i < to && bytes[i] === SPACE) i++
  return i + 2 < to && bytes[i] === 61 && bytes[i + 1] === 62 && bytes[i + 2] === SPACE
}

export class StackLines {
  /** The lines that come may be frames. */
  open = false
  readonly #recorder: Recorder
  readonly #stacks = new ByteInterner('call stacks', limits.entities)
  readonly #texts: string[] = []
  readonly #frames = new Uint8Array(BYTES)
  #length = 0
  #task = -1

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  /** A stack of `task` begins; a user stack right behind the kernel stack of the same event continues it. */
  begin(task: number, user: boolean): void {
    if (this.open && user && this.#task === task) return
    this.close()
    this.open = true
    this.#task = task
    this.#length = 0
  }

  frame(bytes: Uint8Array, from: number, to: number): void {
    let start = from
    while (bytes[start] === SPACE) start++
    start += 3
    while (start < to && bytes[start] === SPACE) start++
    const end = withoutAddress(bytes, start, to)
    if (this.#length + (end - start) + 1 > BYTES) return
    if (this.#length > 0) this.#frames[this.#length++] = LF
    for (let i = start; i < end; i++) this.#frames[this.#length++] = bytes[i]
  }

  /** A line came that is no part of the stack. */
  close(): void {
    if (!this.open) return
    this.open = false
    if (this.#length === 0) return
    const id = this.#stacks.intern(this.#frames, 0, this.#length)
    const text = (this.#texts[id] ??= this.#stacks.text(id))
    this.#recorder.stack(this.#task, text)
  }
}

/** Cuts a trailing ` (ffffffff81…)` or ` <ffffffff81…>`: addresses say nothing a name does not. */
function withoutAddress(bytes: Uint8Array, from: number, to: number): number {
  let end = to
  while (end > from && bytes[end - 1] === SPACE) end--
  const close = bytes[end - 1]
  const open = close === 41 ? 40 : close === 62 ? 60 : -1
  if (end === from || open === -1) return end
  for (let i = end - 2; i > from; i--) {
    if (bytes[i] === open) return bytes[i - 1] === SPACE ? i - 1 : end
  }
  return end
}
