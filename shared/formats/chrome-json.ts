/**
 * Chrome trace JSON (the "Trace Event Format"): an array of events or an object with `traceEvents`, of Chrome, Node, clang,
 * Perfetto's converters and everybody else who writes it, and of Faultline. Slices become operations and steps
 * (shared/spans/slices.ts), the rest is kept as events; in Faultline's own the raw events are read and what was drawn from
 * them is passed over. Events are read one by one (json-events.ts) and put in order of time (event-buffer.ts).
 *
 * Times are microseconds; what is smaller than 1 ns is rounded. Not read: memory dumps' contents, object snapshots' links,
 * and text of `systemTraceEvents` (save it as a file of its own: it is ftrace text).
 */

import { decodeUtf8 } from '../base/bytes.ts'
import { ApiError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import * as code from '../model/diagnostics.ts'
import type { Recorder } from '../spans/recorder.ts'
import { CARRIED_KEY, applyCarried, expectCarried, readCarried } from './carried-meta.ts'
import { ChromeEvents, type ChromeEvent } from './chrome-events.ts'
import { EventBuffer } from './event-buffer.ts'
import type { FileFormat, FileReader } from './format.ts'
import { JsonEvents, type JsonHandler } from './json-events.ts'
import { OwnChromeEvents } from './own-chrome-events.ts'
import type { RandomFile } from './random-file.ts'

const PIECE = 512 * 1024
/** Events passed on per step. */
const PASS = 65_536

class ChromeJsonReader implements FileReader, JsonHandler {
  readonly #file: RandomFile
  readonly #recorder: Recorder
  readonly #json = new JsonEvents(this)
  readonly #buffer: EventBuffer
  readonly #foreign: ChromeEvents
  #own: OwnChromeEvents | undefined
  #carried: ReturnType<typeof readCarried>
  #events = 0
  #damaged = 0
  #reading = true
  done = 0

  constructor(file: RandomFile, recorder: Recorder) {
    this.#file = file
    this.#recorder = recorder
    this.#buffer = new EventBuffer(recorder)
    this.#foreign = new ChromeEvents(recorder.builder, this.#buffer)
  }

  step(): boolean {
    if (!this.#reading) return this.#own === undefined && this.#buffer.pass(PASS)
    const bytes = this.#file.read(this.done, PIECE)
    this.#json.push(bytes)
    this.done += bytes.length
    this.#reading = bytes.length > 0
    if (!this.#reading) this.#read()
    return this.#reading || this.#own === undefined
  }

  /** Everything was read. */
  #read(): void {
    const { builder } = this.#recorder
    if (this.#events === 0 && (this.#damaged > 0 || !this.#json.complete)) {
      throw new ApiError(
        'bad-input',
        'this is no Chrome trace JSON: no event could be read',
        'it is an array of events, or an object with "traceEvents"',
      )
    }
    if (!this.#json.complete) {
      const { openFrom } = this.#json
      // A quote too many or too few turns everything behind it inside out.
      const open = openFrom === undefined ? '' : `; what begins at byte ${openFrom} has no end`
      const read = `${this.#events} events were read up to byte ${this.done}`
      builder.diagnose('info', code.UNFINISHED_LINE, `the JSON ends early: ${read}${open}`)
    }
    if (this.#events === 0) builder.diagnose('warning', code.NO_EVENTS, 'Chrome trace JSON without a single event')
    this.#foreign.finish()
  }

  end(): void {
    const { meta } = this.#recorder.builder
    meta.clock = 'unknown'
    meta.clockUnit = 'ns'
    if (this.#own !== undefined) meta.startClock = this.#own.startClock
    else meta.startClock = String(BigInt(Math.round(this.#foreign.zeroUs * 1000)) + BigInt(this.#buffer.base))
    if (this.#carried !== undefined) applyCarried(this.#recorder, this.#carried)
  }

  event(bytes: Uint8Array, from: number, to: number): void {
    if (this.#own?.drawn(bytes, from) === true) return
    let event: unknown
    try {
      event = JSON.parse(decodeUtf8(bytes, from, to))
    } catch {
      this.damage('no-json', this.#json.offset + to)
      return
    }
    if (!isEvent(event)) {
      this.#skip(code.UNPARSED_LINE, 'objects among the events that have no phase `ph`')
      return
    }
    if (this.#own === undefined) this.#events += this.#foreign.event(event) ? 1 : 0
    else if (this.#own.event(event)) this.#events++
  }

  member(key: string, bytes: Uint8Array, from: number, to: number): void {
    if (key !== 'otherData' || this.#events > 0) return
    let found: unknown
    try {
      found = JSON.parse(decodeUtf8(bytes, from, to))
    } catch {
      return
    }
    if (typeof found !== 'object' || found === null || !(CARRIED_KEY in found)) return
    this.#carried = readCarried(String(found[CARRIED_KEY]))
    if (this.#carried === undefined) return
    const zero = 'zeroNs' in found && /^\d{1,16}$/.test(String(found.zeroNs)) ? Number(found.zeroNs) : 0
    this.#own = new OwnChromeEvents(this.#recorder, { zero, startClock: this.#carried.meta.startClock ?? String(zero) })
    expectCarried(this.#recorder, this.#carried)
  }

  damage(what: 'too-large' | 'too-deep' | 'no-json', at: number): void {
    this.#damaged++
    if (what === 'no-json') {
      this.#skip(code.DAMAGED_DATA, `what is no JSON, first at byte ${at}: ${this.#events} events were read before it`)
    } else {
      const limit =
        what === 'too-large' ? `larger than ${limits.jsonEventBytes} bytes` : `nested deeper than ${limits.jsonDepth}`
      this.#skip(code.LINE_TOO_LONG, `events ${limit} were skipped, first at byte ${at}`)
    }
  }

  #skip(reason: string, message: string): void {
    this.#recorder.builder.diagnose('warning', reason, message)
  }
}

function isEvent(event: unknown): event is ChromeEvent {
  return typeof event === 'object' && event !== null && 'ph' in event && typeof event.ph === 'string'
}

/** An array or object that speaks of phases near its beginning. */
function sniff(head: Uint8Array): number {
  const text = decodeUtf8(head, 0, Math.min(head.length, limits.sniffBytes))
    .replace(/^\ufeff/, '')
    .trimStart()
  if (!/^(\[\s*(\{|\]|$)|\{)/.test(text)) return 0
  if (/^\{[^]*"traceEvents"\s*:\s*\[/.test(text)) return 0.95
  if (/^\[\s*\]?\s*$/.test(text)) return text.includes(']') ? 0.3 : 0
  return /"ph"\s*:\s*"[A-Za-z(),]"/.test(text) ? 0.9 : 0
}

export const chromeJson: FileFormat = {
  input: 'file',
  id: 'chrome-json',
  title: 'Chrome trace JSON',
  extensions: ['json'],
  sniff,
  open: (file, recorder) => new ChromeJsonReader(file, recorder),
}
