/**
 * `cat per_cpu/cpu?/trace > trace.txt`: the text of one trace, CPU after CPU. What began on one CPU and ended on another (a task
 * that moved, a lock another CPU released) would be cut where one CPU's part ends, so the parts are found here and read
 * beside each other, as if they were files. It takes a text for such a one only if every part is of one CPU, no two are of
 * the same, and their times overlap: several traces in a row are something else. It reads plain files, whole, but only
 * where what comes first is all of one CPU.
 */

import { closeSync, openSync, readSync } from 'node:fs'
import { limits } from '#shared/base/limits.ts'
import { EventLine, TIME_MICROS } from '#shared/formats/event-line.ts'
import { GRAPH_CALL, GRAPH_COMMENT, GraphLine } from '#shared/formats/function-graph-line.ts'
import type { FilePart, Input } from './source.ts'

const HEADER = '# tracer: '
const GRAPH_HEADER = '# tracer: function_graph\n'
const NEWLINE = 10
const HASH = 35
const BLOCK = 1 << 20
/** Bytes at either end of a part that hold a line of an event. */
const EDGE = 8192

interface Part extends FilePart {
  readonly cpu: number
  readonly first: number
  readonly last: number
}

/** undefined: it is no such text. `check` throws when the import was cancelled. */
export function perCpuParts(
  { plain, head, totalBytes = 0 }: Input,
  check: () => void,
): readonly FilePart[] | undefined {
  // An event takes less memory than its line: what is larger might be refused, which is worse than told of.
  if (typeof plain !== 'string' || totalBytes > limits.sortedBytes) return undefined
  const begin = Buffer.from(head.buffer, head.byteOffset, head.byteLength)
  if (begin.indexOf(HEADER) !== 0) return undefined
  const graph = begin.indexOf(GRAPH_HEADER) === 0
  const next = begin.indexOf(`\n${HEADER}`)
  const own = next === -1 ? begin : begin.subarray(0, next)
  if (new Set(linesOf(own, graph).map(({ cpu }) => cpu)).size > 1) return undefined
  const fd = openSync(plain, 'r')
  try {
    const starts = startsOf(fd, totalBytes, check)
    if (starts === undefined || starts.length === 1) return undefined
    const parts: Part[] = []
    for (const [i, from] of starts.entries()) {
      check()
      const part = partOf(fd, { path: plain, from, to: starts[i + 1] ?? totalBytes }, graph)
      if (part === 'other') return undefined
      if (part !== 'empty') parts.push(part)
    }
    return areOne(parts) ? parts : undefined
  } finally {
    closeSync(fd)
  }
}

/** Where the parts begin; undefined: they are more than a machine has CPUs. */
function startsOf(fd: number, size: number, check: () => void): readonly number[] | undefined {
  const starts = [0]
  const mark = Buffer.from(`\n${HEADER}`)
  const block = Buffer.allocUnsafe(BLOCK + mark.length)
  for (let at = 0; at < size; at += BLOCK) {
    check()
    const length = readSync(fd, block, 0, block.length, at)
    // What begins in the bytes behind the block is found again as the next block's.
    for (let found = -1; (found = block.subarray(0, length).indexOf(mark, found + 1)) !== -1 && found < BLOCK;) {
      if (starts.length === limits.perCpuParts) return undefined
      starts.push(at + found + 1)
    }
  }
  return starts
}

function partOf(fd: number, { path, from, to }: FilePart, graph: boolean): Part | 'empty' | 'other' {
  const edge = (at: number): readonly Line[] => {
    const bytes = Buffer.allocUnsafe(Math.min(EDGE, to - from))
    return linesOf(bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, at)), graph)
  }
  const lines = [...edge(from), ...edge(Math.max(from, to - EDGE))]
  if (lines.length === 0) return to - from <= EDGE ? 'empty' : 'other'
  const [{ cpu, time: first }] = lines
  const { time: last } = lines[lines.length - 1]
  return lines.every((line) => line.cpu === cpu) ? { path, from, to, cpu, first, last } : 'other'
}

interface Line {
  readonly cpu: number
  /** In seconds, or in ticks. */
  readonly time: number
}

/** Lines that have a CPU and a time all parts have in common. */
function linesOf(bytes: Uint8Array, graph: boolean): readonly Line[] {
  const lines: Line[] = []
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, from)
    const to = end === -1 ? bytes.length : end
    const line = bytes[from] === HASH ? undefined : graph ? callAt(bytes, from, to) : eventAt(bytes, from, to)
    if (line !== undefined) lines.push(line)
    from = to + 1
  }
  return lines
}

const event = new EventLine()
function eventAt(bytes: Uint8Array, from: number, to: number): Line | undefined {
  // What a buffer's own beginning is 0 of says nothing of another's.
  if (!event.parse(bytes, from, to) || event.time === TIME_MICROS) return undefined
  return { cpu: event.cpu, time: event.hi + event.lo / 1e9 }
}

const call = new GraphLine()
function callAt(bytes: Uint8Array, from: number, to: number): Line | undefined {
  const kind = call.parse(bytes, from, to)
  if ((kind !== GRAPH_CALL && kind !== GRAPH_COMMENT) || !call.hasTime) return undefined
  return { cpu: call.cpu, time: call.hi + call.lo / 1e9 }
}

/** Of as many CPUs, and at least one of the time of another. */
function areOne(parts: readonly Part[]): boolean {
  if (parts.length < 2 || new Set(parts.map(({ cpu }) => cpu)).size < parts.length) return false
  // By their begins, two that overlap have neighbours that do.
  const ordered = parts.toSorted((a, b) => a.first - b.first)
  return ordered.some(({ last }, i) => i + 1 < ordered.length && ordered[i + 1].first <= last)
}
