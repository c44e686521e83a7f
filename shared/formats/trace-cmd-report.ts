/**
 * What `trace-cmd report` prints, with any of -t, -l, -R, -w, --ts-diff: the event lines of tracefs without (or, with -l,
 * with glued) flags, event names padded to a column, system calls under their event names, `CPU:1 [12 EVENTS DROPPED]`
 * where a buffer was overwritten, the name of the buffer or file before each line where there are several. Events and stacks are event-text.ts's; here is everything that is neither.
 */

import { RAW_TIMES } from '../model/diagnostics.ts'
import type { Recorder } from '../spans/recorder.ts'
import { EventTextReader, type Dialect, type OtherLine } from './event-text.ts'
import type { StreamFormat } from './format.ts'
import { sniffLines } from './sniff-lines.ts'

const dialect: Dialect = { what: 'trace-cmd report text', padded: true, other, ticks }

/** --raw-ts prints nanoseconds as clocks of ticks are printed anyway (trace-cmd's trace-read.c: `%12d:`). */
function ticks(reader: EventTextReader): void {
  const what = 'times without a unit are taken for ticks of the clock; if --raw-ts printed them, report without it'
  reader.recorder.builder.diagnose('info', RAW_TIMES, what)
}

/** Lines of `report` around the events, and the statistics -w prints after them (trace-cmd's trace-read.c). */
const HEADERS =
  /^(?: *\S.*: )?(version = \d|CPU \d+ is empty|RT task timings:|Average wakeup latency:|Maximum Latency:|Minimum Latency:|#)/

function other(line: string, reader: EventTextReader): OtherLine {
  const cpus = /^(?: *\S.*: )?cpus=(\d+)$/.exec(line)
  if (cpus !== null) {
    reader.boundary()
    reader.cpus = Math.max(reader.cpus ?? 0, Number(cpus[1]))
    // From here on, report says so where events were lost.
    reader.lost ??= 0
    return 'header'
  }
  const dropped = /^(?: *\S.*: | *)CPU:(\d+) \[(?:(\d+) )?EVENTS DROPPED\]$/.exec(line)
  if (dropped !== null) {
    reader.lostHere(Number(dropped[1]), dropped[2] === undefined ? undefined : Number(dropped[2]))
    return 'loss'
  }
  return HEADERS.test(line) ? 'header' : 'unknown'
}

export function traceCmdReportReader(
  recorder: Recorder,
  options: { readonly columns?: boolean } = {},
): EventTextReader {
  return new EventTextReader(recorder, dialect, options)
}

export const traceCmdReport: StreamFormat = {
  input: 'stream',
  id: 'trace-cmd-report',
  title: 'trace-cmd report text',
  extensions: ['txt', 'report', 'log'],
  sniff(head) {
    const seen = sniffLines(head)
    if (seen.tracer !== '') return 0
    if (seen.hasCpus) return seen.content === 0 ? 0.6 : 0.6 + 0.35 * seen.events
    return 0.9 * Math.min(seen.events, 2 * seen.padded)
  },
  reader: (recorder) => traceCmdReportReader(recorder),
}
