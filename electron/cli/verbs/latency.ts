/** `faultline latency`: how long operations took, and how much of it was waiting for locks. */

import { LATENCY_BY, type LatencyRow } from '#shared/analysis/latency.ts'
import { toldOf } from '#shared/analysis/parts/shown-percentiles.ts'
import type { TraceInfo } from '#shared/contract/files.ts'
import { choice, from, json, to, traceId, windowOf } from '../options.ts'
import { columnsOf, count, duration, percent, plural, print, printable, printJson, printTable } from '../output.ts'
import { sayRest } from './contention.ts'
import { verb } from './verb.ts'

export const latency = verb({
  id: 'latency',
  about: 'how long operations took, in percentiles, and how much of it was waiting',
  args: [{ name: '<F>', about: 'a .faultline file' }],
  options: {
    by: choice({ what: '--by', of: LATENCY_BY, fallback: 'op', about: 'what a row stands for' }),
    from,
    to,
    trace: traceId,
    json,
  },
  async run(session, [path], options) {
    const scope = windowOf(options)
    const { trace, analyse } = await session.openTrace(path, options.trace)
    const { rows, total } = await analyse('latency', { scope, by: options.by })
    if (options.json) {
      printJson({ trace: trace.id, by: options.by, total, rows })
      return 0
    }
    print(latencyFinding(trace, rows))
    if (rows.length === 0) return 0
    print('')
    const { name, count: number, time, share } = columnsOf(rows, trace.clockUnit)
    printTable([
      name('op', (row) => row.op),
      ...(options.by === 'task' ? [name('task', ({ task }) => task && `${task.comm}-${task.pid}`)] : []),
      ...(options.by === 'inode' ? [name('inode', ({ inode }) => inode?.name)] : []),
      number('count', (row) => row.count),
      ...(rows.some(({ unfinished }) => unfinished > 0) ? [number('not ended', (row) => row.unfinished)] : []),
      number('failed', (row) => row.failed, 4),
      time('total', (row) => row.totalNs, 1),
      time('min', (row) => row.minNs, 7),
      time('mean', (row) => row.meanNs, 3),
      time('p50', (row) => toldOf(row).p50),
      time('p90', (row) => toldOf(row).p90, 6),
      time('p99', (row) => toldOf(row).p99),
      time('p99.9', (row) => toldOf(row).p999, 8),
      time('max', (row) => row.maxNs, 2),
      time('waiting', (row) => row.waitNs, 5),
      share('of time', (row) => row.waitShare),
    ])
    sayRest(rows.length, total)
    return 0
  },
})

/** One sentence: where most time went, and how much of it was waiting. */
function latencyFinding(
  { shows, clockUnit: clock }: Pick<TraceInfo, 'shows' | 'clockUnit'>,
  rows: readonly LatencyRow[],
): string {
  const most = rows.reduce<LatencyRow | undefined>(
    (a, b) => (a === undefined || (b.totalNs ?? -1) > (a.totalNs ?? -1) ? b : a),
    undefined,
  )
  if (most === undefined && shows.ops) return 'No operation went on in this range of time.'
  if (most === undefined)
    return 'There are no operations here: the trace has no system call, page fault or file system events that mark them.'
  if (most.totalNs === null) return 'Not one operation here was seen to end: no duration is known.'
  const who = most.task ? ` of ${most.task.comm}-${most.task.pid}` : most.inode ? ` on ${most.inode.name}` : ''
  const waiting = most.waitShare === null ? '' : `, ${percent(most.waitShare)} of it waiting for locks`
  const { p50: half, p99 } = toldOf(most)
  const longest =
    p99 === null ? `all at most ${duration(most.maxNs ?? 0, clock)}` : `99 % at most ${duration(p99, clock)}`
  const tail = half === null ? '' : `; half took at most ${duration(half, clock)}, ${longest}`
  const open = most.unfinished === 0 ? '' : ` (${count(most.unfinished)} more were not seen to end)`
  const told = plural(most.count - most.unfinished, 'operation')
  return `Most time went into ${printable(most.op + who)}: ${duration(most.totalNs, clock)} in ${told}${open}${waiting}${tail}.`
}
