/**
 * `cat per_cpu/cpu?/trace > trace.txt`: the text of one trace, CPU after CPU. What began on one CPU and ended on another (a task
 * that moved, a lock another CPU released) would be cut where one CPU's part ends, so the parts are found here and read
 * beside each other, as if they were files. It takes a text for such a one only if every part is of one CPU, no two are of
 * the same, and their times overlap: several traces in a row are something else. It reads plain files, whole, but only
 * where what comes first is all of one CPU.
 */

import { closeSync, openSync, readSync } from 'node:fs'
import { limits } from '#shared/base/limits.ts'
import type { FilePart, Input } from './source.ts'

const HEADER = '# tracer: '
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
  const begin = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1')
  if (!begin.startsWith(HEADER)) return undefined
  const own = begin.split(`\n${HEADER}`, 1)[0]
  if (new Set(linesOf(own).map(({ cpu }) => cpu)).size > 1) return undefined
  const fd = openSync(plain, 'r')
  try {
    const starts = startsOf(fd, totalBytes, check)
    if (starts === undefined || starts.length === 1) return undefined
    const parts: Part[] = []
    for (const [i, from] of starts.entries()) {
      const part = partOf(fd, { path: plain, from, to: starts[i + 1] ?? totalBytes })
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

function partOf(fd: number, { path, from, to }: FilePart): Part | 'empty' | 'other' {
  const edge = (at: number): string => {
    const bytes = Buffer.allocUnsafe(Math.min(EDGE, to - from))
    return bytes.toString('latin1', 0, readSync(fd, bytes, 0, bytes.length, at))
  }
  const lines = [...linesOf(edge(from)), ...linesOf(edge(Math.max(from, to - EDGE)))]
  if (lines.length === 0) return to - from <= EDGE ? 'empty' : 'other'
  const [{ cpu, time: first }] = lines
  const { time: last } = lines[lines.length - 1]
  return lines.every((line) => line.cpu === cpu) ? { path, from, to, cpu, first, last } : 'other'
}

/** Lines with a CPU and a time: of events (`comm-1 [000] d..1. 12.345678: name: …`), and of calls (`12.345678 | 0) …`). */
function linesOf(text: string): readonly { readonly cpu: number; readonly time: number }[] {
  return text.split('\n').flatMap((line) => {
    const [, eventCpu, eventTime] = /^[^#].{0,64}?-\d+ .{0,24}?\[(\d+)\] (?:\S+ +)? *(\d+\.\d+): /.exec(line) ?? []
    const [, callTime, callCpu] = /^ *(\d+\.\d+) \| +(\d+)\) /.exec(line) ?? []
    const [cpu, time] = [eventCpu ?? callCpu, eventTime ?? callTime]
    return cpu === undefined ? [] : [{ cpu: Number(cpu), time: Number(time) }]
  })
}

/** Of as many CPUs, and at least one of the time of another. */
function areOne(parts: readonly Part[]): boolean {
  if (parts.length < 2 || new Set(parts.map(({ cpu }) => cpu)).size < parts.length) return false
  return parts.some((one) => parts.some((other) => one !== other && one.first <= other.last && other.first <= one.last))
}
