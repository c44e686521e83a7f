/**
 * What the first lines of a text look like to the event-line formats: how many are event lines, and which of the two
 * spellings they have (trace-cmd report pads event names, tracefs does not). Sniffing uses the parsers themselves, so it
 * cannot disagree with them.
 */

import { decodeUtf8 } from '../base/bytes.ts'
import { limits } from '../base/limits.ts'
import { BODY_NAMED, BODY_NONE, BODY_STACK, EventBody, behindDifference } from './event-body.ts'
import { EventLine } from './event-line.ts'
import { LineSplitter } from './lines.ts'
import { isFrame } from './stack-lines.ts'

export interface LookOfLines {
  /** Lines that are neither headers, blank, loss markers nor stack frames. */
  readonly content: number
  /** Shares of `content`. */
  readonly events: number
  readonly padded: number
  /** The name in `# tracer: NAME`, or ''. */
  readonly tracer: string
  /** trace-cmd's first line, `cpus=N`. */
  readonly hasCpus: boolean
}

/** Lines looked at: damage at the start of a file must not decide. */
const LINES = 400

export function sniffLines(head: Uint8Array): LookOfLines {
  const line = new EventLine()
  const body = new EventBody()
  let content = 0
  let events = 0
  let padded = 0
  let tracer = ''
  let hasCpus = false
  let seen = 0
  const splitter = new LineSplitter(
    {
      fast: () => -1,
      tooLong() {
        content++
      },
      line(bytes, from, to) {
        if (++seen > LINES || from === to || isFrame(bytes, from, to)) return
        if (line.parse(bytes, from, to)) {
          const bodyFrom = behindDifference(bytes, line.bodyFrom, to)
          const kind = body.parse(bytes, bodyFrom, to, false)
          if (kind === BODY_STACK) return
          content++
          if (kind === BODY_NONE) return
          events++
          const blanks = body.payloadFrom < to && bytes[body.payloadFrom] === 32
          if (kind === BODY_NAMED && (blanks || bodyFrom !== line.bodyFrom)) padded++
          return
        }
        const text = decodeUtf8(bytes, from, Math.min(to, from + 256))
        const named = /^# tracer: (\S+)/.exec(text)
        if (named !== null && tracer === '') tracer = named[1]
        if (/^cpus=\d+$/.test(text)) hasCpus = true
        else if (!/^#|^CPU:\d+ \[|^(version = |CPU \d+ is empty)/.test(text)) content++
      },
    },
    { logs: true },
  )
  splitter.push(head.length > limits.sniffBytes ? head.subarray(0, limits.sniffBytes) : head)
  // A last line that the head cut is not looked at, unless there is no other.
  if (seen === 0) splitter.end()
  return {
    content,
    events: content === 0 ? 0 : events / content,
    padded: content === 0 ? 0 : padded / content,
    tracer,
    hasCpus,
  }
}
