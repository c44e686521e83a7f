/**
 * Events of Chrome JSON that Faultline wrote (shared/export/chrome-json.ts): the raw events stand in it in file order with
 * everything a recorder wants; names of tasks are in the metadata before them. All else was made from these.
 */

import { encodeUtf8 } from '../base/bytes.ts'
import { limits } from '../base/limits.ts'
import { TIME_OUT_OF_RANGE } from '../model/diagnostics.ts'
import { EVENT_AFTER_ANY_LOSS, EVENT_AFTER_LOSS, EVENT_BOUNDARY, EVENT_CONTEXT } from '../model/kinds.ts'
import type { Recorder } from '../spans/recorder.ts'
import type { ChromeEvent } from './chrome-events.ts'
import { Scratch } from './scratch.ts'

/** The category of raw events. */
export const EVENT_CATEGORY = 'ftrace'

/** `{"ph":"` before X, s, f, C. */
const PHASE = encodeUtf8('{"ph":"')

/** include/linux/threads.h: what stands under more is no task, but a CPU or what was drawn. */
const LARGEST_PID = 1 << 22

interface Origin {
  /** What `ts` 0 is, in ns of the trace clock, less its start. */
  readonly zero: number
  /** The clock's reading at the exported trace's time 0. */
  readonly startClock: string
}

export class OwnChromeEvents {
  readonly #recorder: Recorder
  readonly #origin: Origin
  readonly #comms = new Map<number, string>()
  readonly #payload = new Scratch()
  #first: number | undefined

  constructor(recorder: Recorder, origin: Origin) {
    this.#recorder = recorder
    this.#origin = origin
  }

  get startClock(): string {
    return String(BigInt(this.#origin.startClock) + BigInt(this.#first ?? 0))
  }

  /** What Faultline drew for others, told by its first bytes as Faultline writes them. */
  drawn(bytes: Uint8Array, from: number): boolean {
    for (let i = 0; i < PHASE.length; i++) if (bytes[from + i] !== PHASE[i]) return false
    const phase = bytes[from + PHASE.length]
    return phase === 0x58 || phase === 0x73 || phase === 0x66 || phase === 0x43
  }

  /** False: it is no event of the trace. */
  event(event: ChromeEvent): boolean {
    const { ph, name, tid, args } = event
    if (typeof args !== 'object' || args === null) return false
    const words = args as Readonly<Record<string, unknown>>
    if (ph === 'M') {
      const comm = words['name']
      const ofTask = typeof tid === 'number' && Number(event.pid) <= LARGEST_PID
      if (name === 'thread_name' && ofTask && typeof comm === 'string') this.#comms.set(tid, comm)
      return false
    }
    if (ph !== 'i' || event.cat !== EVENT_CATEGORY) return false
    const ts = Math.round(Number(event.ts) * 1000) - this.#origin.zero
    this.#first ??= ts
    const at = ts - this.#first
    if (!(Math.abs(at) <= Number.MAX_SAFE_INTEGER)) {
      this.#recorder.builder.diagnose('warning', TIME_OUT_OF_RANGE, 'times more than 104 days from the first event')
      return false
    }
    this.#record(at, typeof tid === 'number' && tid >= 0 && tid <= limits.cpus ? tid : -1, {
      name: String(name),
      words,
    })
    return true
  }

  #record(
    at: number,
    cpu: number,
    event: { readonly name: string; readonly words: Readonly<Record<string, unknown>> },
  ): void {
    const recorder = this.#recorder
    const { words } = event
    const flags = Number(words['flags'] ?? 0) & 0xff
    if ((flags & EVENT_BOUNDARY) !== 0) recorder.boundary()
    if ((flags & EVENT_AFTER_ANY_LOSS) !== 0) recorder.lost(undefined, undefined)
    if ((flags & EVENT_AFTER_LOSS) !== 0) recorder.lost(cpu, undefined)
    const task = this.#task(words, cpu)
    const payload = this.#payload
    payload.put(typeof words['payload'] === 'string' ? words['payload'] : '')
    recorder.event(
      at,
      cpu,
      task,
      flags & EVENT_CONTEXT,
      this.#recorder.builder.eventNamed(event.name),
      payload.bytes,
      0,
      payload.length,
    )
    if (typeof words['stack'] === 'string') recorder.stack(task, words['stack'])
  }

  #task(words: Readonly<Record<string, unknown>>, cpu: number): number {
    const { builder } = this.#recorder
    const pid = Math.trunc(Number(words['task']))
    const task = builder.task(pid >= 0 && pid < 2 ** 32 ? pid : 0, cpu)
    const comm = typeof words['comm'] === 'string' ? words['comm'] : pid === 0 ? undefined : this.#comms.get(pid)
    if (comm !== undefined) builder.nameTask(task, comm)
    const group = Number(words['group'])
    if (Number.isInteger(group) && group >= 0) builder.tasks[task].tgid = group
    return task
  }
}
