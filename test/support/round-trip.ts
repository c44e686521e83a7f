/**
 * A trace written by an export writer and read again, and a comparison of two traces in words: ids, dictionaries and their
 * order may differ, what happened may not.
 */

import { waitEnds } from '#shared/analysis/parts/wait-ends.ts'
import { writeFtraceText } from '#shared/export/ftrace-text.ts'
import { writeChromeJson } from '#shared/export/chrome-json.ts'
import { writePerfetto } from '#shared/export/perfetto.ts'
import { ByteOut } from '#shared/export/out.ts'
import type { Exported, TraceWriter, Window } from '#shared/export/writer.ts'
import { formats } from '#shared/formats/index.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { assertTrace } from '#shared/model/check.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import type { EventChunk, Trace } from '#shared/model/trace.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import { randomFile } from './trace-dat.ts'

export interface Whole {
  readonly trace: Trace
  readonly chunks: readonly EventChunk[]
}

/** Real traces that hold what is hard to carry: stacks, thread groups, losses, a clock of ticks, other tools' spelling. */
export const CARRIED: readonly (readonly [format: string, file: string])[] = [
  ['function-graph', 'dax/fg-dax-ext4-default.trace.txt'],
  ['ftrace', 'nolockdep/nl-dax-ext4-small.trace.txt'],
  ['ftrace', 'host/small-xfs.trace.txt'],
  ['ftrace', 'host/small-ext4-stacktrace.trace.txt'],
  ['ftrace', 'host/small-ext4-tgid.trace.txt'],
  ['ftrace', 'host/small-ext4-trace_pipe-lost.txt'],
  ['ftrace', 'host/small-ext4-clock-tsc.trace.txt'],
  ['trace-dat', 'dax/dax-ext2-small.v7.dat'],
  ['perf-script', 'host/tiny-ext4-callgraph.perf-script.txt'],
]

/** Traces whose exports must hold the rules of a published format, a reader of every kind among them. */
export const PUBLISHED: readonly (readonly [format: string, file: string])[] = [
  ...CARRIED,
  ['ftrace', 'dax/dax-xfs-small.trace.txt'],
  ['function-graph', 'dax/fg-dax-ext4-with-events.trace.txt'],
  ['trace-dat', 'dax/tc-dax-ext4-lost.v7.dat'],
  ['perf-data', 'host/ext4.perf-lock.data'],
  ['trace-cmd-report', 'host/small2-ext4.report-t.txt'],
]

/** The middle third: what is cut at both ends. */
export function middleOf({ trace }: Whole): Window {
  const { durationNs } = trace.meta
  return { from: Math.floor(durationNs / 3), to: Math.floor((2 * durationNs) / 3) }
}

/** A trace without what a carrier does not carry: where it came from. */
export function metaOf({ trace }: Whole): object {
  return { ...trace.meta, name: '', sourceFormat: '' }
}

export const WHOLE: Window = { from: 0, to: Infinity }

/** Any bytes with the reader of a format. */
export function readBytes(format: string, bytes: Uint8Array, piece = 1 << 20): Whole {
  const collector = new TraceCollector()
  const recorder = new Recorder(new TraceBuilder(collector, 'test', format))
  const chosen = formats.get(format)
  if (chosen.input === 'file') {
    const reader = chosen.open(randomFile(bytes), recorder)
    while (reader.step());
    reader.end()
  } else {
    const reader = chosen.reader(recorder)
    for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.subarray(at, at + piece))
    reader.end()
  }
  recorder.end()
  const trace = collector.trace()
  assertTrace(trace)
  return { trace, chunks: collector.chunks }
}

export function written(writer: TraceWriter, { trace, chunks }: Whole, window: Window = WHOLE): Uint8Array {
  const source: Exported = { trace, events: () => chunks, window, waitEnds: waitEnds(trace) }
  const out = new ByteOut()
  const pieces: Uint8Array[] = []
  for (const rows of writer(source, out)) {
    pieces.push(out.take().slice())
    if (rows < 0) throw new Error('a piece of fewer than no rows')
  }
  pieces.push(out.take().slice())
  return Buffer.concat(pieces)
}

export function asFtraceText(whole: Whole, window?: Window): Uint8Array {
  return written(writeFtraceText, whole, window)
}

export function asChromeJson(whole: Whole, window?: Window): Uint8Array {
  return written(writeChromeJson, whole, window)
}

export function asPerfetto(whole: Whole, window?: Window): Uint8Array {
  return written(writePerfetto, whole, window)
}

/** Every event: when (since the first), where, who, in what context, what, and the call stack. */
export function eventWords({ trace, chunks }: Whole): string[] {
  const first = chunks.at(0)?.ts[0] ?? 0
  return chunks.flatMap((chunk) =>
    Array.from({ length: chunk.length }, (_, row) => {
      const task = trace.tasks[chunk.task[row]]
      const payload = Buffer.from(chunk.args.subarray(row === 0 ? 0 : chunk.argsEnd[row - 1], chunk.argsEnd[row]))
      const stack = chunk.stack[row] < 0 ? '' : trace.stacks[chunk.stack[row]]
      const what = `${trace.eventNames[chunk.name[row]]}: ${payload.toString('latin1').trim()}`
      return `${chunk.ts[row] - first} ${chunk.cpu[row]} ${task.pid} ${chunk.flags?.[row] ?? 0} ${what} ${stack}`
    }),
  )
}

/** Every span, in words. */
export function spanWords({ trace }: Whole): Record<'op' | 'phase' | 'lockSpan' | 'waitEdge' | 'taskState', string[]> {
  const who = (task: number) => `${trace.tasks[task].pid}`
  const { op, phase, lockSpan, waitEdge, taskState } = trace
  const rows = (length: number, word: (row: number) => unknown[]) =>
    Array.from({ length }, (_, row) => word(row).map(String).join(' '))
  return {
    op: rows(op.length, (i) => {
      const c = op.cols
      const inode = c.inode[i] < 0 ? '-' : trace.inodes[c.inode[i]]
      const place = [inode, c.offset[i], c.length[i], c.result[i], c.cpu[i], c.inferred[i]]
      return [who(c.task[i]), trace.opKinds[c.kind[i]], c.startNs[i], c.durationNs[i], c.waitNs[i], ...place]
    }),
    phase: rows(phase.length, (i) => {
      const c = phase.cols
      return [who(c.task[i]), c.op[i], trace.phaseNames[c.name[i]], c.startNs[i], c.durationNs[i], c.depth[i]]
    }),
    lockSpan: rows(lockSpan.length, (i) => {
      const c = lockSpan.cols
      const lock = trace.locks[c.lock[i]]
      const times = [c.requestedNs[i], c.acquiredNs[i], c.releasedNs[i]]
      const name = trace.lockClasses[lock.lockClass].name
      return [who(c.task[i]), c.op[i], name, lock.address, c.mode[i], c.flags[i], ...times]
    }),
    waitEdge: rows(waitEdge.length, (i) => {
      const c = waitEdge.cols
      const doing = c.phase[i] < 0 ? '-' : trace.phaseNames[c.phase[i]]
      return [c.waiter[i], c.holder[i], c.overlapNs[i], doing, c.kind[i]]
    }),
    taskState: rows(taskState.length, (i) => {
      const c = taskState.cols
      return [who(c.task[i]), c.state[i], c.startNs[i], c.durationNs[i], c.cpu[i]]
    }),
  }
}

/**
 * The first differences of the spans of two readings of one buffer, one of which rounds times: the same spans, times within
 * `slack` ns. Addresses are values in one and hashes in the other, and spans that begin in one microsecond may be numbered
 * the other way round, so each is told by what it is. Without kernel symbols locks have no names either.
 */
export function spanDifferences(
  a: Whole,
  b: Whole,
  { slack, named = true }: { slack: number; named?: boolean },
): string[] {
  const [left, right] = [toldSpans(a, named), toldSpans(b, named)]
  return (['op', 'phase', 'lockSpan', 'taskState'] as const).flatMap((table) => {
    const [one, other] = [left[table], right[table]]
    if (one.length !== other.length) return [`${table}: ${one.length} rows, then ${other.length}`]
    const at = one.findIndex(
      ({ what, times }, row) =>
        what !== other[row].what || !times.every((time, i) => near(time, other[row].times[i], slack)),
    )
    return at < 0 ? [] : [`${table} ${at}: ${JSON.stringify([one[at], other[at]])}`]
  })
}

const near = (a: number, b: number, slack: number) => Object.is(a, b) || Math.abs(a - b) <= slack

interface Told {
  readonly what: string
  readonly times: readonly number[]
}

/** Every span: what it is, and its times apart; those that are alike in order of time. */
function toldSpans({ trace }: Whole, named: boolean): Record<'op' | 'phase' | 'lockSpan' | 'taskState', Told[]> {
  const { op, phase, lockSpan, taskState } = trace
  // The idle tasks of all CPUs have one number.
  const who = (task: number) => `${trace.tasks[task].pid}/${trace.tasks[task].pid === 0 ? task : ''}`
  const rows = (length: number, of: (row: number) => Told) =>
    Array.from({ length }, (_, row) => of(row)).sort((a, b) =>
      a.what === b.what ? a.times[0] - b.times[0] : a.what < b.what ? -1 : 1,
    )
  const told = (what: readonly unknown[], ...times: readonly number[]): Told => ({ what: what.join(' '), times })
  return {
    op: rows(op.length, (i) => {
      const c = op.cols
      const inode = c.inode[i] < 0 ? '-' : trace.inodes[c.inode[i]]
      const what = [inode, c.offset[i], c.length[i], c.result[i], c.cpu[i], c.inferred[i]]
      return told([who(c.task[i]), trace.opKinds[c.kind[i]], ...what], c.startNs[i], c.startNs[i] + c.durationNs[i])
    }),
    phase: rows(phase.length, (i) => {
      const c = phase.cols
      const what = [
        who(c.task[i]),
        c.op[i] < 0 ? '-' : trace.opKinds[op.cols.kind[c.op[i]]],
        trace.phaseNames[c.name[i]],
      ]
      return told([...what, c.depth[i]], c.startNs[i], c.startNs[i] + c.durationNs[i])
    }),
    lockSpan: rows(lockSpan.length, (i) => {
      const c = lockSpan.cols
      const { name } = trace.lockClasses[trace.locks[c.lock[i]].lockClass]
      const what = [who(c.task[i]), c.op[i] < 0 ? '-' : trace.opKinds[op.cols.kind[c.op[i]]], c.mode[i]]
      return told([...what, ...(named ? [name, c.flags[i]] : [])], c.requestedNs[i], c.acquiredNs[i], c.releasedNs[i])
    }),
    taskState: rows(taskState.length, (i) => {
      const c = taskState.cols
      return told([who(c.task[i]), c.state[i], c.cpu[i]], c.startNs[i], c.startNs[i] + c.durationNs[i])
    }),
  }
}

/** Overlaps of waits with holds, by waiter and holder, that are longer than rounding could make or lose. */
export function overlaps({ trace }: Whole, least: number): Map<string, number> {
  const { waitEdge, lockSpan, tasks, locks, lockClasses } = trace
  const out = new Map<string, number>()
  const { waiter, holder, overlapNs, kind } = waitEdge.cols
  for (let i = 0; i < waitEdge.length; i++) {
    if (overlapNs[i] <= least) continue
    const of = (span: number) => {
      const { name } = lockClasses[locks[lockSpan.cols.lock[span]].lockClass]
      return `${tasks[lockSpan.cols.task[span]].pid} ${name} ${lockSpan.cols.mode[span]}`
    }
    const key = `${of(waiter[i])} < ${of(holder[i])} ${kind[i]}`
    out.set(key, (out.get(key) ?? 0) + overlapNs[i])
  }
  return out
}

/** Every task that something happened in, by its number and name. */
function taskWords({ trace, chunks }: Whole): string[] {
  const seen = new Set(chunks.flatMap((chunk) => [...chunk.task.subarray(0, chunk.length)]))
  return [...seen].map((task) => `${trace.tasks[task].pid} ${trace.tasks[task].comm}`).sort()
}

/** The first differences of two traces' events and spans; none: they tell the same. */
export function differences(a: Whole, b: Whole): string[] {
  const out: string[] = []
  const compare = (what: string, left: readonly string[], right: readonly string[]) => {
    if (left.length !== right.length) out.push(`${what}: ${left.length} rows, then ${right.length}`)
    const at = left.findIndex((word, row) => word !== right[row])
    if (at >= 0) out.push(`${what} ${at}: ${left[at]}\n  then: ${right[at]}`)
  }
  compare('event', eventWords(a), eventWords(b))
  compare('task', taskWords(a), taskWords(b))
  const [left, right] = [spanWords(a), spanWords(b)]
  for (const table of ['op', 'phase', 'lockSpan', 'waitEdge', 'taskState'] as const) {
    // States that last until the end are told task by task, and tasks are numbered as they turn up.
    if (table === 'taskState') compare(table, left[table].sort(), right[table].sort())
    else compare(table, left[table], right[table])
  }
  return out
}
