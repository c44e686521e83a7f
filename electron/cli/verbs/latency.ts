/** `faultline latency`: how long operations took, and how much of it was waiting for locks, most total time first. */

import { LATENCY_BY, type LatencyRow } from '#shared/analysis/latency.ts'
import { choice, from, json, to, traceId, windowOf } from '../options.ts'
import {
  countColumn,
  duration,
  nameColumn,
  percent,
  plural,
  print,
  printable,
  printJson,
  printTable,
  shareColumn,
  timeColumn,
} from '../output.ts'
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
    print(latencyFinding(rows))
    if (rows.length === 0) return 0
    print('')
    printTable([
      nameColumn(
        'op',
        rows.map((row) => row.op),
      ),
      ...(options.by === 'task'
        ? [
            nameColumn(
              'task',
              rows.map(({ task }) => task && `${task.comm}-${task.pid}`),
            ),
          ]
        : []),
      ...(options.by === 'inode'
        ? [
            nameColumn(
              'inode',
              rows.map(({ inode }) => inode?.name),
            ),
          ]
        : []),
      countColumn(
        'count',
        rows.map((row) => row.count),
      ),
      countColumn(
        'failed',
        rows.map((row) => row.failed),
        4,
      ),
      timeColumn(
        'min',
        rows.map((row) => row.minNs),
        6,
      ),
      timeColumn(
        'mean',
        rows.map((row) => row.meanNs),
        3,
      ),
      timeColumn(
        'p50',
        rows.map((row) => row.p50Ns),
      ),
      timeColumn(
        'p90',
        rows.map((row) => row.p90Ns),
        5,
      ),
      timeColumn(
        'p99',
        rows.map((row) => row.p99Ns),
      ),
      timeColumn(
        'p99.9',
        rows.map((row) => row.p999Ns),
        7,
      ),
      timeColumn(
        'max',
        rows.map((row) => row.maxNs),
        2,
      ),
      timeColumn(
        'waiting',
        rows.map((row) => row.waitNs),
        1,
      ),
      shareColumn(
        'of time',
        rows.map((row) => row.waitShare),
      ),
    ])
    sayRest(rows.length, total)
    return 0
  },
})

/** One sentence: where most time went, and how much of it was waiting. */
function latencyFinding(rows: readonly LatencyRow[]): string {
  const most = rows[0]
  if (most === undefined)
    return 'There are no operations here: the trace has no system call, page fault or file system events that mark them.'
  const who = most.task ? ` of ${most.task.comm}-${most.task.pid}` : most.inode ? ` on ${most.inode.name}` : ''
  const waiting = most.waitShare === null ? '' : `, ${percent(most.waitShare)} of it waiting for locks`
  const tail =
    most.p50Ns === null || most.p99Ns === null
      ? ''
      : `; half took at most ${duration(most.p50Ns)}, 99 % at most ${duration(most.p99Ns)}`
  return `Most time went into ${printable(most.op + who)}: ${duration(most.totalNs)} in ${plural(most.count, 'operation')}${waiting}${tail}.`
}
