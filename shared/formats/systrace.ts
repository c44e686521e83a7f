/**
 * The web page systrace and Chrome's tools make of an Android trace: megabytes of the viewer's program, then tracefs text in
 * a `<script class="trace-data">`. There may be several (lists of processes, Chrome's own events): those that do not look
 * like tracefs text are passed over, as is everything around, where it comes by. Lines keep the page's numbers.
 */

import { decodeUtf8 } from '../base/bytes.ts'
import { ApiError } from '../base/errors.ts'
import type { Recorder } from '../spans/recorder.ts'
import type { FormatReader, StreamFormat } from './format.ts'
import { ftraceReader } from './ftrace-text.ts'
import { sniffLines } from './sniff-lines.ts'

const BEGIN = '<script class="trace-data"'
const END = '</script>'
/** Of a block, what is looked at to see what it is. */
const LOOK = 4096
/** Most blanks before a block's end that are none of its text; so a last line this short waits for what follows. */
const INDENT = 64
const LF = 10
const BLANK = 32

type Where = 'around' | 'tag' | 'block' | 'trace'

class SystraceReader implements FormatReader {
  readonly #text: ReturnType<typeof ftraceReader>
  #where: Where = 'around'
  /** What was pushed and not used: a mark or a line may go on in the next piece. */
  #rest: Uint8Array = new Uint8Array(0)
  #found = false

  constructor(recorder: Recorder) {
    this.#text = ftraceReader(recorder)
  }

  get lines(): number {
    return this.#text.lines
  }

  push(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#rest.length + bytes.length)
    all.set(this.#rest)
    all.set(bytes, this.#rest.length)
    this.#rest = all.slice(this.#use(all, false))
  }

  end(): void {
    const rest = this.#rest
    this.#rest = new Uint8Array(0)
    this.#use(rest, true)
    if (!this.#found) {
      throw new ApiError(
        'bad-input',
        'no script of this page has tracefs text: it is cut off, or has a trace of another kind',
        'record text: adb shell "cat /sys/kernel/tracing/trace" > trace.txt',
      )
    }
    this.#text.end()
  }

  /** Returns how much of it is done with. */
  #use(all: Uint8Array, last: boolean): number {
    let at = 0
    for (;;) {
      const next = this.#step(all, at, last)
      if (next === -1) return last ? all.length : at
      at = next
      if (at === all.length) return at
    }
  }

  /** One step from `at` on; -1: more bytes are needed. */
  #step(all: Uint8Array, at: number, last: boolean): number {
    switch (this.#where) {
      case 'around':
        return this.#passTo(BEGIN, 'tag', all, at)
      case 'tag':
        return this.#passTo('>', 'block', all, at)
      case 'block':
        return this.#look(all, at, last)
      case 'trace':
        return this.#read(all, at, last)
    }
  }

  /** Behind a mark, or as far as none of it can be. */
  #passTo(mark: string, then: Where, all: Uint8Array, from: number): number {
    const found = find(all, mark, from)
    const to = found === -1 ? Math.max(from, all.length - mark.length + 1) : found + mark.length
    this.#blank(all, from, to)
    if (found !== -1) this.#where = then
    return found === -1 && to === from ? -1 : to
  }

  /** What is in this block? */
  #look(all: Uint8Array, at: number, last: boolean): number {
    const found = find(all, END, at)
    if (found === -1 && all.length - at < LOOK + END.length && !last) return -1
    const to = Math.min(at + LOOK, found === -1 ? all.length : found)
    const { tracer, events } = sniffLines(all.subarray(at, to))
    this.#where = tracer !== '' || events > 0.5 ? 'trace' : 'around'
    if (this.#where === 'trace') this.#found = true
    return at
  }

  #read(all: Uint8Array, at: number, last: boolean): number {
    const found = find(all, END, at)
    const newline = all.lastIndexOf(LF, found === -1 ? all.length - 1 : found)
    if (found === -1) {
      const short = all.length - newline <= INDENT + END.length
      const to = last ? all.length : Math.max(at, short ? newline : all.length - END.length)
      this.#text.push(all.subarray(at, to))
      return to === at ? -1 : to
    }
    this.#where = 'around'
    const indented = newline >= at && found - newline <= INDENT && isBlank(all, newline + 1, found)
    this.#text.push(all.subarray(at, indented ? newline + 1 : found))
    return found + END.length
  }

  /** Lines of the page: the reader counts them as blank ones. */
  #blank(all: Uint8Array, from: number, to: number): void {
    let lines = 0
    for (let at = all.indexOf(LF, from); at !== -1 && at < to; at = all.indexOf(LF, at + 1)) lines++
    if (lines > 0) this.#text.push(new Uint8Array(lines).fill(LF))
  }
}

function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== BLANK) return false
  return true
}

/** Where `mark` (ASCII) begins at or after `from`; -1: nowhere. */
function find(bytes: Uint8Array, mark: string, from: number): number {
  const first = mark.charCodeAt(0)
  for (let at = bytes.indexOf(first, from); at !== -1; at = bytes.indexOf(first, at + 1)) {
    let i = 1
    while (i < mark.length && bytes[at + i] === mark.charCodeAt(i)) i++
    if (i === mark.length) return at
  }
  return -1
}

export const systrace: StreamFormat = {
  input: 'stream',
  id: 'systrace',
  title: 'Android systrace (HTML)',
  extensions: ['html'],
  sniff(head) {
    const text = decodeUtf8(head)
    const page = /^\s*<(?:!doctype html|html)/i.test(text)
    return page && (text.includes(BEGIN) || text.includes('<title>Android System Trace</title>')) ? 0.95 : 0
  },
  reader: (recorder) => new SystraceReader(recorder),
}
