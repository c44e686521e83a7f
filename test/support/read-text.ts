/**
 * Reads bytes with a text format's real reader and trace builder into a trace in memory, and keeps beside it what a
 * trace does not store but a reader decides: contexts, loss marks, boundaries. Events are not decoded into spans.
 * `summary` is the text goldens compare.
 */

import { createHash } from 'node:crypto'
import { decodeUtf8 } from '#shared/base/bytes.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import type { Trace } from '#shared/model/trace.ts'
import type { EventTextReader } from '#shared/formats/event-text.ts'
import { ftraceReader } from '#shared/formats/ftrace-text.ts'
import { traceCmdReportReader } from '#shared/formats/trace-cmd-report.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import type { EventChunk } from '#shared/model/trace.ts'

export const textReaders = { ftrace: ftraceReader, 'trace-cmd-report': traceCmdReportReader } as const
export type TextFormat = keyof typeof textReaders

export interface ReadOptions {
  /** Bytes per push; whole by default. */
  readonly chunk?: number
  /** false: the general parser only. */
  readonly columns?: boolean
}

export interface TextEvent {
  readonly ts: number
  readonly cpu: number
  readonly pid: number
  readonly comm: string
  readonly context: number
  readonly name: string
  readonly payload: string
  readonly stack: string | undefined
}

export interface ReadResult {
  readonly trace: Trace
  readonly chunks: readonly EventChunk[]
  readonly reader: EventTextReader
  readonly contexts: readonly number[]
  readonly lost: readonly { readonly cpu: number | undefined; readonly count: number | undefined }[]
  readonly boundaries: number
}

export function readText(format: TextFormat, bytes: Uint8Array, options: ReadOptions = {}): ReadResult {
  const collector = new TraceCollector()
  const recorder = new Recorder(new TraceBuilder(collector, 'test', format))
  const contexts: number[] = []
  const lost: { cpu: number | undefined; count: number | undefined }[] = []
  let boundaries = 0
  // The reader's own output is under test: nothing is decoded, so decoders cannot rename tasks or add diagnostics.
  recorder.event = (ts, cpu, task, context, name, source, from, to) => {
    contexts.push(context)
    recorder.builder.event(ts, cpu, task, name, source, from, to)
  }
  recorder.lost = (cpu, count) => {
    lost.push({ cpu, count })
  }
  recorder.boundary = () => {
    boundaries++
  }
  const reader = textReaders[format](recorder, { columns: options.columns ?? true })
  feed(reader, bytes, options.chunk)
  reader.end()
  recorder.end()
  return { trace: collector.trace(), chunks: collector.chunks, reader, contexts, lost, boundaries }
}

/** Pushes copies, as a stream would: nothing may rely on earlier chunks staying. */
export function feed(reader: { push(bytes: Uint8Array): void }, bytes: Uint8Array, chunk = bytes.length): void {
  const scratch = new Uint8Array(Math.max(1, chunk))
  for (let at = 0; at < bytes.length; at += chunk) {
    const part = bytes.subarray(at, at + chunk)
    scratch.set(part)
    reader.push(part.length === chunk ? scratch : scratch.subarray(0, part.length))
    scratch.fill(0xaa)
  }
}

/** Every event, in order. */
export function eventsOf(read: ReadResult): TextEvent[] {
  const out: TextEvent[] = []
  const { tasks, eventNames, stacks } = read.trace
  for (const chunk of read.chunks) {
    for (let row = 0; row < chunk.length; row++) {
      const task = tasks[chunk.task[row]]
      out.push({
        ts: chunk.ts[row],
        cpu: chunk.cpu[row],
        pid: task.pid,
        comm: task.comm,
        context: read.contexts[out.length],
        name: eventNames[chunk.name[row]],
        payload: decodeUtf8(chunk.args, row === 0 ? 0 : chunk.argsEnd[row - 1], chunk.argsEnd[row]),
        stack: chunk.stack[row] === -1 ? undefined : stacks[chunk.stack[row]],
      })
    }
  }
  return out
}

/** Everything two readings of the same input must agree on. */
export function fingerprint(read: ReadResult): string {
  const { reader, lost, boundaries, trace } = read
  const hash = createHash('sha256')
  for (const event of eventsOf(read)) hash.update(JSON.stringify(event))
  return JSON.stringify({
    events: hash.digest('hex'),
    lines: reader.lines,
    counted: reader.events,
    others: reader.others,
    skipped: reader.skipped,
    lost,
    boundaries,
    meta: trace.meta,
    diagnostics: trace.diagnostics,
    tasks: trace.tasks,
  })
}

/** A golden: what a person would check by hand against the file. */
export function summary(read: ReadResult): string {
  const { trace, reader } = read
  const events = eventsOf(read)
  const counts = new Map<string, number>()
  for (const { name } of events) counts.set(name, (counts.get(name) ?? 0) + 1)
  const contexts = [0, 1, 2, 3].map((context) => events.filter((event) => event.context === context).length)
  const lines = [
    `lines ${reader.lines} events ${events.length} others ${reader.others} skipped ${reader.skipped}`,
    `start ${trace.meta.startClock} ${trace.meta.clockUnit} duration ${trace.meta.durationNs} clock ${trace.meta.clock}`,
    `cpus ${trace.meta.cpus} kernel ${trace.meta.kernel} lost ${trace.meta.lostEvents}`,
    `contexts task ${contexts[0]} softirq ${contexts[1]} hardirq ${contexts[2]} nmi ${contexts[3]}`,
    `stacks ${events.filter((event) => event.stack !== undefined).length} of ${trace.stacks.length} kinds`,
    ...read.lost.map(({ cpu, count }) => `lost on cpu ${cpu}: ${count}`),
    ...trace.diagnostics.map((d) => `${d.severity} ${d.code} x${d.count} line ${d.firstLine}: ${d.message}`),
    '',
    ...trace.tasks.map((task) => `task ${task.pid} tgid ${task.tgid} ${JSON.stringify(task.comm)}`),
    '',
    ...[...counts].sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([name, count]) => `${count} ${name}`),
    '',
    ...[0, 1, 2, Math.floor(events.length / 2), events.length - 1].map((i) => JSON.stringify(events[i])),
  ]
  return `${lines.join('\n')}\n`
}
