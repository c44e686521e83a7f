/**
 * tracefs text: what `cat /sys/kernel/tracing/trace` and `trace_pipe` print, in every layout (irq-info on or off,
 * record-tgid, latency-format, verbose, any clock). Events and stacks are event-text.ts's; here are the header lines and
 * the ways this text speaks of lost events: `trace` only by the two figures of its header and `buffer started` lines,
 * `trace_pipe` by LOST lines. function_graph text has lines of another shape and is another format.
 */

import type { Recorder } from '../spans/recorder.ts'
import { LOST_EVENTS } from '../model/diagnostics.ts'
import { CARRIED_COMMENT } from './carried-meta.ts'
import { EventTextReader, type Dialect, type OtherLine } from './event-text.ts'
import type { StreamFormat } from './format.ts'
import { LatencyHeader } from './latency-header.ts'
import { sniffLines } from './sniff-lines.ts'

const dialect: Dialect = { what: 'tracefs text', padded: false, other }

function other(line: string, reader: EventTextReader): OtherLine {
  if (line.startsWith('#')) return header(line, reader)
  // kernel/trace/trace.c: print_trace_line, "CPU:%d [LOST %lu EVENTS]" or without a number.
  // ftrace_dump, when the kernel dies.
  if (line === 'Dumping ftrace buffer:' || /^-+$/.test(line)) return 'header'
  const lost = /^CPU:(\d+) \[LOST (?:(\d+) )?EVENTS\]$/.exec(line)
  if (lost === null) return 'unknown'
  reader.lostHere(Number(lost[1]), lost[2] === undefined ? undefined : Number(lost[2]))
  return 'loss'
}

/** Tracers whose lines are functions; without print-parent a function is all there is. */
const TRACERS = /^# tracer: (?:function|irqsoff|preemptoff|preemptirqsoff|wakeup|wakeup_rt|wakeup_dl)$/

function header(line: string, reader: EventTextReader): OtherLine {
  if (line.startsWith('# tracer:')) {
    reader.boundary()
    reader.traced = TRACERS.test(line)
  }
  if (line.startsWith(CARRIED_COMMENT)) reader.carry(line.slice(CARRIED_COMMENT.length))
  const started = /^##### CPU (\d+) buffer started ####/.exec(line)
  if (started !== null) {
    // What this CPU did before is gone, and the header's figures counted it.
    reader.recorder.lost(Number(started[1]), undefined)
    return 'loss'
  }
  const entries = /entries-in-buffer\/entries-written: (\d+)\/(\d+)/.exec(line) ?? /, #(\d+)\/(\d+), CPU#/.exec(line)
  if (entries !== null) {
    const lost = Math.max(0, Number(entries[2]) - Number(entries[1]))
    reader.lost = (reader.lost ?? 0) + lost
    if (lost > 0) {
      reader.diagnose('warning', LOST_EVENTS, `${lost} of ${entries[2]} events were overwritten before they were read`)
    }
  }
  const cpus = /#P:(\d+)/.exec(line)
  if (cpus !== null) reader.cpus = Math.max(reader.cpus ?? 0, Number(cpus[1]))
  const kernel = /^# \S+ latency trace v\S+ on (\S+)/.exec(line)
  if (kernel !== null) reader.kernel = kernel[1]
  return 'header'
}

export function ftraceReader(recorder: Recorder, options: { readonly columns?: boolean } = {}): EventTextReader {
  const latency = new LatencyHeader(recorder)
  const withLatency: Dialect = {
    ...dialect,
    other(line, reader) {
      if (line.startsWith('#')) latency.line(line, reader.lines + 1)
      return other(line, reader)
    },
    end: () => latency.end(false),
  }
  return new EventTextReader(recorder, withLatency, options)
}

export const ftrace: StreamFormat = {
  input: 'stream',
  id: 'ftrace',
  title: 'tracefs text (trace, trace_pipe)',
  extensions: ['txt', 'trace', 'ftrace', 'log'],
  sniff(head) {
    const seen = sniffLines(head)
    if (seen.tracer === 'function_graph') return 0
    if (seen.tracer !== '') return seen.content === 0 ? 0.9 : 0.5 + 0.45 * seen.events
    return seen.hasCpus ? 0 : 0.9 * Math.max(0, seen.events - seen.padded)
  },
  reader: ftraceReader,
}
