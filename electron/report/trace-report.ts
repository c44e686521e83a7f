/**
 * A trace as a page that stands alone: what it is, which locks were waited for, under what their holders held them, how long
 * operations took, the worst chains of waiting, and what the trace cannot answer. The figures are the analyses' own rows.
 */

import type { ContentionRow } from '#shared/analysis/parts/contention-row.ts'
import type { HoldPhaseRow } from '#shared/analysis/hold-phases.ts'
import type { LatencyRow } from '#shared/analysis/latency.ts'
import { toldOf, toldOfLock } from '#shared/analysis/parts/shown-percentiles.ts'
import type { WaitChain } from '#shared/analysis/wait-chains.ts'
import { formatCount, formatShare, timeText, UNKNOWN } from '#shared/base/time.ts'
import { diagnosticWords } from '#shared/model/diagnostics.ts'
import type { Trace } from '#shared/model/trace.ts'
import { html, page, section, table, type Html } from './html.ts'

/** The first rows of an analysis, and of how many. */
interface Rows<T> {
  readonly rows: readonly T[]
  readonly total: number
}

export interface TraceReport {
  readonly trace: Trace
  /** The part of it that is reported on. */
  readonly window: { readonly fromNs: number; readonly toNs: number }
  readonly contention: Rows<ContentionRow>
  readonly holdPhases: Rows<HoldPhaseRow>
  readonly latency: Rows<LatencyRow>
  readonly chains: Rows<WaitChain>
}

/** Times of a trace's clock: of one that counts something else they are ticks. */
type Clock = Trace['meta']['clockUnit']

const share = (value: number | null) => (value === null ? UNKNOWN : `${formatShare(value)} %`)

export function traceReport(input: TraceReport): string {
  const { trace, window, contention, holdPhases, latency, chains } = input
  const { meta } = trace
  const clock = meta.clockUnit
  const part = window.fromNs > 0 || window.toNs < meta.durationNs
  const body = html`<h1>${meta.name}</h1>
    ${facts(trace)} ${part ? html`<p>${partOf(input)}</p>` : html``} ${locks(contention, clock)}
    ${phases(holdPhases, clock)} ${operations(latency, clock)} ${waits(chains, clock)} ${remarks(trace)}`
  return page(`${meta.name} · Faultline`, body)
}

function partOf({ trace, window: { fromNs, toNs } }: TraceReport): string {
  const { durationNs, clockUnit } = trace.meta
  const text = (ns: number) => timeText(ns, clockUnit)
  if (fromNs > durationNs)
    return `Only what is later than ${text(fromNs)} is reported on; the trace ends at ${text(durationNs)}.`
  return `Only ${text(fromNs)} to ${text(Math.min(toNs, durationNs))} of it is reported on.`
}

/** A caption, and how many rows there are where not all are on the page. */
function captioned<T>(caption: string, { rows, total }: Rows<T>): string {
  return rows.length < total ? `${caption} ${formatCount(rows.length)} of ${formatCount(total)} rows.` : caption
}

function facts({ meta, op, lockSpan, tasks, locks: all }: Trace): Html {
  const rows: readonly (readonly [string, string])[] = [
    ['format', meta.sourceFormat],
    ['length', timeText(meta.durationNs, meta.clockUnit)],
    ['events', formatCount(meta.eventCount)],
    ['lost while recording', meta.lostEvents === undefined ? 'not known' : formatCount(meta.lostEvents)],
    ['operations', formatCount(op.length)],
    ['lock spans', `${formatCount(lockSpan.length)} of ${formatCount(all.length)} locks`],
    ['tasks', formatCount(tasks.length)],
    ['CPUs', meta.cpus === undefined ? 'not known' : formatCount(meta.cpus)],
    ['kernel', meta.kernel ?? 'not known'],
    ...(meta.scenario === undefined
      ? []
      : [['simulated', `${meta.scenario} under ${meta.strategy ?? UNKNOWN}`] as const]),
  ]
  return table('The trace.', rows, [
    { head: 'what', cell: ([what]) => what },
    { head: 'figure', cell: ([, figure]) => figure },
  ])
}

function timesOf(clock: Clock) {
  return <T>(head: string, of: (row: T) => number | null) => {
    const cell = (row: T) => {
      const ns = of(row)
      return ns === null ? UNKNOWN : timeText(ns, clock)
    }
    return { head, number: true, cell, by: of }
  }
}

function count<T>(head: string, of: (row: T) => number | null) {
  const cell = (row: T) => {
    const n = of(row)
    return n === null || Number.isNaN(n) ? UNKNOWN : formatCount(n)
  }
  return { head, number: true, cell, by: of }
}

const LOCKS_ABOUT =
  'Waits and holds by class and mode; a dash is what the trace cannot show, or too few to tell. Inferred: the name, who or when was deduced for some of them.'

const OPEN_ABOUT = ' Waits not seen to end are in what was waited with the time until the trace or the part ended.'

function locks(given: Rows<ContentionRow>, clock: Clock): Html {
  const { rows } = given
  const time = timesOf(clock)
  const open = rows.some(({ openWaits }) => openWaits > 0)
  if (rows.length === 0) return section('Locks', html`<p>The trace shows no locks here.</p>`)
  return section(
    'Locks, the most waited for first',
    table(captioned(`${LOCKS_ABOUT}${open ? OPEN_ABOUT : ''}`, given), rows, [
      { head: 'lock', cell: (row) => html`<code class="w">${row.class}</code>` },
      { head: 'mode', cell: (row) => (row.inferred ? `${row.mode}, inferred` : row.mode) },
      count('acquired', (row) => row.acquisitions),
      count('contended', (row) => row.contended),
      ...(open ? [count<ContentionRow>('not ended', (row) => row.openWaits)] : []),
      time('waited', (row) => row.waitTotalNs),
      time('wait p50', (row) => toldOfLock(row).waitP50),
      time('wait p99', (row) => toldOfLock(row).waitP99),
      time('longest wait', (row) => row.waitMaxNs),
      time('held', (row) => row.holdTotalNs),
      time('hold p50', (row) => toldOfLock(row).holdP50),
      time('hold p99', (row) => toldOfLock(row).holdP99),
      {
        head: 'mostly in',
        cell: ({ mostlyIn }) => (mostlyIn === undefined ? UNKNOWN : `${mostlyIn.phase} (${share(mostlyIn.share)})`),
      },
    ]),
  )
}

function phases(given: Rows<HoldPhaseRow>, clock: Clock): Html {
  const { rows } = given
  const time = timesOf(clock)
  if (rows.length === 0) return html``
  return section(
    'What was done under them',
    table(captioned('Hold time by the phase it was spent in, the longest first.', given), rows, [
      { head: 'lock', cell: (row) => html`<code class="w">${row.class}</code>` },
      { head: 'mode', cell: (row) => row.mode },
      { head: 'operation', cell: (row) => row.op },
      { head: 'phase', cell: (row) => row.phase },
      time('held', (row) => row.holdNs),
      { head: 'share', number: true, cell: (row) => share(row.shareOfHold), by: (row) => row.shareOfHold },
      count('holds', (row) => row.spans),
    ]),
  )
}

function operations(given: Rows<LatencyRow>, clock: Clock): Html {
  const { rows } = given
  const time = timesOf(clock)
  if (rows.length === 0) return section('Operations', html`<p>The trace shows no operations here.</p>`)
  return section(
    'Operations',
    table(captioned('How long each kind took, and how much of it was waiting for locks.', given), rows, [
      { head: 'operation', cell: (row) => row.op },
      count('count', (row) => row.count),
      ...(rows.some((row) => row.unfinished > 0) ? [count<LatencyRow>('not ended', (row) => row.unfinished)] : []),
      count('failed', (row) => row.failed),
      time('p50', (row) => toldOf(row).p50),
      time('p90', (row) => toldOf(row).p90),
      time('p99', (row) => toldOf(row).p99),
      time('p99.9', (row) => toldOf(row).p999),
      time('longest', (row) => row.maxNs),
      time('waited', (row) => row.waitNs),
      { head: 'share', number: true, cell: (row) => share(row.waitShare), by: (row) => row.waitShare },
    ]),
  )
}

function waits(given: Rows<WaitChain>, clock: Clock): Html {
  const { rows: chains, total } = given
  if (chains.length === 0) return html``
  const lasted = ({ open, waitNs }: WaitChain) => `${open ? 'at least ' : ''}${timeText(waitNs, clock)}`
  return section(
    'The longest waits, and who was in the way',
    table(
      `From the waiter through each holder to the root; ${formatCount(chains.length)} of ${formatCount(total)} waits.`,
      chains,
      [
        { head: 'task', cell: (chain) => `${chain.task}-${chain.pid}` },
        { head: 'lock', cell: (chain) => html`<code class="w">${chain.class}</code>` },
        { head: 'waited', number: true, cell: lasted, by: ({ waitNs }) => waitNs },
        {
          head: 'behind',
          cell: ({ links }) =>
            links.map(({ task, pid, phase, op }) => `${task}-${pid} in ${phase ?? op ?? 'user code'}`).join(' ← ') ||
            UNKNOWN,
        },
      ],
    ),
  )
}

function remarks({ meta, diagnostics }: Trace): Html {
  if (diagnostics.length === 0) return html``
  const simulated = meta.scenario !== undefined
  const about = simulated
    ? 'What was run, what it violated, and what has no end.'
    : 'What was lost, skipped or deduced.'
  return section(
    simulated ? 'Remarks of the run' : 'Remarks of the import',
    table(about, diagnostics, [{ head: 'what', cell: diagnosticWords }, count('times', (one) => one.count)]),
  )
}
