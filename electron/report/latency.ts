/**
 * How long operations took, kind by kind: the distributions overlaid with how far single runs lie apart, and a table of
 * percentiles with their intervals. The most frequent kind stands open, the others are one click away.
 */

import { formatCount, formatShare, UNKNOWN } from '#shared/base/time.ts'
import type { ComparedStrategy } from '#shared/contract/simulation.ts'
import { againstText, intervalText, mainOp, versusOf } from '#shared/whatif/words.ts'
import { cdfs } from './charts.ts'
import { html, section, table, type Html } from './html.ts'
import type { View } from './input.ts'
import { formatTime } from './words.ts'

/** Operation kinds with a chart of their own; the tables have all. */
const CHARTS = 6

export function latency({ strategies, baseline, recorded }: View): Html {
  const main = mainOp({ strategies })
  if (main === undefined) return html``
  const kinds = [...new Set([main, ...strategies.flatMap(({ ops }) => ops.map(({ op }) => op))])]
  const blocks = kinds.map((op, i) => {
    const rows = strategies.flatMap((strategy) =>
      strategy.ops.filter((row) => row.op === op).map((row) => ({ strategy, row })),
    )
    const series = strategies.flatMap(({ id, cdf }) =>
      cdf.filter((one) => one.op === op && one.ns.length > 0).map((one) => ({ id, cdf: one })),
    )
    const chart =
      i >= CHARTS || series.length === 0
        ? html``
        : cdfs(
            `Share of ${op} operations that took at most so long, on a logarithmic time axis`,
            series,
            recorded ? 'part of the recording' : 'single run',
          )
    const part = html`${chart}${latencyTable({ op, baseline, recorded }, rows)}`
    return i === 0
      ? part
      : html`<details>
          <summary>${op}</summary>
          ${part}
        </details> `
  })
  return section(`Latency of ${main}`, ...blocks)
}

function latencyTable(
  { op, baseline, recorded }: Pick<View, 'baseline' | 'recorded'> & { readonly op: string },
  rows: readonly { readonly strategy: ComparedStrategy; readonly row: ComparedStrategy['ops'][number] }[],
): Html {
  type Row = (typeof rows)[number]
  const time = (head: string, of: (row: Row['row']) => number | null) => ({
    head,
    number: true,
    cell: ({ row }: Row) => formatTime(of(row)),
    by: ({ row }: Row) => of(row),
  })
  const tail = ({ strategy }: Row) => versusOf(strategy, `${op}.p99Ns`)
  const interval = (percentile: 'p50Ns' | 'p99Ns' | 'p999Ns') => ({
    head: '95 %',
    number: true,
    cell: ({ row }: Row) => intervalText(row.ci95[percentile], (value) => formatTime(value)),
    by: ({ row }: Row) => row.ci95[percentile]?.[0],
  })
  const said = recorded
    ? 'percentiles are of the whole recording, intervals from how its parts differ.'
    : 'percentiles are means over the runs.'
  return table(`${op}: ${said}`, rows, [
    { head: 'strategy', cell: ({ strategy }) => strategy.id },
    { head: 'count', number: true, cell: ({ row }) => formatCount(row.count), by: ({ row }) => row.count },
    {
      head: 'failed',
      number: true,
      cell: ({ row }) => (row.failed === null ? UNKNOWN : formatCount(row.failed)),
      by: ({ row }) => row.failed,
    },
    time('p50', (row) => row.p50Ns),
    interval('p50Ns'),
    time('p99', (row) => row.p99Ns),
    interval('p99Ns'),
    time('p99.9', (row) => row.p999Ns),
    interval('p999Ns'),
    {
      head: `p99 against ${baseline}`,
      number: true,
      cell: (row) => againstText(row.strategy, baseline, `${op}.p99Ns`),
      by: (row) => (row.strategy.id === baseline ? 1 : tail(row)?.ratio),
    },
    time('max', (row) => row.maxNs),
    {
      head: 'waiting',
      number: true,
      cell: ({ row }) => (row.waitShare === null ? '–' : `${formatShare(row.waitShare)} %`),
      by: ({ row }) => row.waitShare,
    },
  ])
}
