/**
 * `faultline contention`: which locks were waited for, most waited-for first, and with `--by phase` what was done while
 * they were held. The first line is the finding; the table below it is the evidence.
 */

import { CONTENTION_BY, type ContentionRow } from '#shared/analysis/contention.ts'
import type { HoldPhaseRow } from '#shared/analysis/hold-phases.ts'
import type { TraceInfo } from '#shared/contract/methods.ts'
import { choice, from, json, to, traceId, whole, windowOf } from '../options.ts'
import {
  count,
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
  type Column,
} from '../output.ts'
import type { OpenTrace } from '../session.ts'
import { verb } from './verb.ts'

const BY = [...CONTENTION_BY, 'phase'] as const

export const contention = verb({
  id: 'contention',
  about: 'which locks were waited for and held, how long, and what was done under them',
  args: [{ name: '<F>', about: 'a .faultline file' }],
  options: {
    by: choice({ what: '--by', of: BY, fallback: 'class', about: 'what a row stands for' }),
    from,
    to,
    top: whole({ value: 'N', min: 1, max: 10_000, fallback: 1000, about: 'at most N rows' }),
    trace: traceId,
    json,
  },
  async run(session, [path], options) {
    const scope = windowOf(options)
    const open = await session.openTrace(path, options.trace)
    if (options.by === 'phase') {
      const { rows, total } = await open.analyse('hold-phases', { scope, top: options.top })
      if (options.json) printJson({ trace: open.trace.id, by: options.by, total, rows })
      else printPhases(open, rows, total)
      return 0
    }
    const { rows, total } = await open.analyse('contention', { scope, by: options.by, top: options.top })
    if (options.json) printJson({ trace: open.trace.id, by: options.by, total, rows })
    else printContention(open, rows, total)
    return 0
  },
})

function printContention({ trace }: OpenTrace, rows: readonly ContentionRow[], total: number): void {
  print(contentionFinding(trace, rows))
  if (rows.length === 0) return
  print('')
  printTable(contentionColumns(rows))
  sayRest(rows.length, total)
}

/** One sentence: the lock that was waited for longest and what it was mostly held for. */
export function contentionFinding(trace: Pick<TraceInfo, 'shows'>, rows: readonly ContentionRow[]): string {
  const worst = rows[0]
  if (!trace.shows.waits)
    return 'This trace cannot show lock waits: it has no lock events. How to record them: lock:* or lock:contention_*.'
  if (worst === undefined || worst.contended === 0) return 'No task waited for a lock here.'
  const whose = [
    worst.address && `at ${worst.address}`,
    worst.op && `in ${worst.op}`,
    worst.task && `by ${worst.task.comm}-${worst.task.pid}`,
  ]
  const name = [worst.class, `(${worst.mode})`, ...whose.filter(Boolean)].join(' ')
  const waited = `${printable(name)} was waited for longest: ${duration(worst.waitTotalNs)} in ${plural(worst.contended, 'wait')}`
  const held = worst.mostlyIn
  return held === undefined
    ? `${waited}.`
    : `${waited}; ${percent(held.share)} of its hold time ${inPhase(held.phase)}.`
}

export function inPhase(phase: string): string {
  if (phase === 'other') return 'is outside any known phase'
  if (phase.startsWith('wait:')) return `went into waiting for ${printable(phase.slice('wait:'.length))}`
  return `is inside ${printable(phase)}`
}

type Figure = Extract<keyof ContentionRow, 'acquisitions' | 'contended' | `${'wait' | 'hold'}${string}Ns`>

function contentionColumns(rows: readonly ContentionRow[]): Column[] {
  const names = [
    nameColumn(
      'lock class',
      rows.map((row) => row.class),
    ),
  ]
  if (rows.some((row) => row.address !== undefined))
    names.push(
      nameColumn(
        'address',
        rows.map((row) => row.address),
      ),
    )
  if (rows.some((row) => row.op !== undefined))
    names.push(
      nameColumn(
        'op',
        rows.map((row) => row.op),
      ),
    )
  if (rows.some((row) => row.task !== undefined)) {
    names.push(
      nameColumn(
        'task',
        rows.map(({ task }) => task && `${task.comm}-${task.pid}`),
      ),
    )
  }
  const of = (key: Figure) => rows.map((row) => row[key])
  const phases = rows.some((row) => row.mostlyIn !== undefined)
    ? [
        {
          ...nameColumn(
            'mostly held in',
            rows.map(({ mostlyIn }) => mostlyIn && `${mostlyIn.phase} ${percent(mostlyIn.share)}`),
          ),
          dispensable: 1,
        },
      ]
    : []
  const inferred = rows.some((row) => row.inferred)
    ? [
        nameColumn(
          '',
          rows.map((row) => (row.inferred ? 'inferred' : ' ')),
        ),
      ]
    : []
  return [
    ...names,
    nameColumn(
      'mode',
      rows.map((row) => row.mode),
    ),
    countColumn('acquired', of('acquisitions'), 5),
    countColumn('contended', of('contended')),
    timeColumn('wait total', of('waitTotalNs')),
    timeColumn('mean', of('waitMeanNs'), 3),
    timeColumn('p50', of('waitP50Ns'), 7),
    timeColumn('p99', of('waitP99Ns'), 4),
    timeColumn('max', of('waitMaxNs'), 2),
    timeColumn('hold total', of('holdTotalNs'), 1),
    timeColumn('mean', of('holdMeanNs'), 6),
    timeColumn('p50', of('holdP50Ns'), 9),
    timeColumn('p99', of('holdP99Ns'), 8),
    timeColumn('max', of('holdMaxNs'), 6),
    ...phases,
    ...inferred,
  ]
}

function printPhases({ trace }: OpenTrace, rows: readonly HoldPhaseRow[], total: number): void {
  const first = rows[0]
  if (first === undefined) {
    print(
      trace.shows.holds
        ? 'No lock was held here.'
        : 'This trace cannot show how long locks were held: it has no lock:* events.',
    )
    return
  }
  const lock = `${printable(first.class)} (${first.mode})`
  print(
    `${lock} was held for ${duration(first.holdNs)} in ${first.phase}, ${percent(first.shareOfHold)} of its hold time.`,
  )
  print('')
  printTable([
    nameColumn(
      'lock class',
      rows.map((row) => row.class),
    ),
    nameColumn(
      'mode',
      rows.map((row) => row.mode),
    ),
    nameColumn(
      'phase',
      rows.map((row) => row.phase),
    ),
    nameColumn(
      'op',
      rows.map((row) => row.op),
    ),
    timeColumn(
      'held',
      rows.map((row) => row.holdNs),
    ),
    shareColumn(
      'of hold',
      rows.map((row) => row.shareOfHold),
    ),
    countColumn(
      'spans',
      rows.map((row) => row.spans),
      1,
    ),
  ])
  sayRest(rows.length, total)
}

export function sayRest(shown: number, total: number): void {
  if (shown < total) print(`${count(shown)} of ${count(total)} rows; --top N shows more`)
}
