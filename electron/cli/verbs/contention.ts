/**
 * `faultline contention`: which locks were waited for, most waited-for first, and with `--by phase` what was done while
 * they were held. The first line is the finding; the table below it is the evidence.
 */

import { CONTENTION_BY, type ContentionBy, type ContentionRow } from '#shared/analysis/parts/contention-row.ts'
import type { HoldPhaseRow } from '#shared/analysis/hold-phases.ts'
import { isTable } from '#shared/analysis/parts/shows.ts'
import { toldOfLock } from '#shared/analysis/parts/shown-percentiles.ts'
import { ApiError } from '#shared/base/errors.ts'
import type { TraceInfo } from '#shared/contract/files.ts'
import { choice, from, json, text, to, traceId, whole, windowOf } from '../options.ts'
import {
  columnsOf,
  count,
  duration,
  grouped,
  note,
  percent,
  plural,
  print,
  printable,
  printJson,
  printTable,
  type ClockUnit,
  type Column,
} from '../output.ts'
import type { OpenTrace } from '../session.ts'
import { printAgainst } from './contention-against.ts'
import { verb } from './verb.ts'

/** A screenful: what was waited for longest comes first. */
const SHOWN = 20
const ALL = 10_000
const BY = [...CONTENTION_BY, 'phase'] as const

export const contention = verb({
  id: 'contention',
  about: 'which locks were waited for and held, how long, and what was done under them',
  args: [{ name: '<F>', about: 'a .faultline file' }],
  options: {
    by: choice({ what: '--by', of: BY, fallback: 'class', about: 'what a row stands for' }),
    from,
    to,
    top: whole({
      value: 'N',
      min: 1,
      max: 10_000,
      fallback: undefined,
      about: `at most N rows (default ${SHOWN}, with --json all)`,
    }),
    against: text('LOCKSTAT', 'beside a /proc/lock_stat table of the same time: its text, or imported'),
    trace: traceId,
    json,
  },
  async run(session, [path], options) {
    const scope = windowOf(options)
    if (options.against !== undefined && options.by !== 'class') {
      const hint = 'a lock_stat table has lock classes and nothing else: leave --by out'
      throw new ApiError('bad-request', `--by ${options.by} does not go with --against`, hint)
    }
    const open = await session.openTrace(path, options.trace)
    const top = options.top ?? (options.json ? ALL : SHOWN)
    if (options.against !== undefined) {
      const { against: path, json: asJson } = options
      await printAgainst(session, open, { path, top, json: asJson, windowed: Object.keys(scope).length > 0 })
      return 0
    }
    if (options.by === 'phase') {
      const { rows, total } = await open.analyse('hold-phases', { scope, top })
      sayNoWindow(open.trace, scope)
      if (options.json) printJson({ trace: open.trace.id, by: options.by, total, rows })
      else printPhases(open, rows, total)
      return 0
    }
    const { rows, total } = await open.analyse('contention', { scope, by: options.by, top })
    sayNoWindow(open.trace, scope)
    if (options.json) printJson({ trace: open.trace.id, by: options.by, total, rows })
    else {
      printContention(open, { rows, total, by: options.by })
      if (options.by === 'site' && rows.length > 0 && rows.every(({ site }) => site === undefined)) print(NO_SITES)
    }
    return 0
  },
})

/** Said under a table by call site that has none. */
const NO_SITES = 'No call sites: no call stacks were recorded here. `faultline doctor F` says how to record them.'

function sayNoWindow(trace: TraceInfo, scope: object): void {
  if (isTable(trace) && Object.keys(scope).length > 0)
    note('This is a table, which has no times: --from and --to do not apply.')
}

interface Found {
  readonly rows: readonly ContentionRow[]
  readonly total: number
  readonly by: ContentionBy | undefined
}

function printContention({ trace }: OpenTrace, { rows, total, by }: Found): void {
  const apart = by === 'task' ? 'tasks' : 'operations'
  print(
    rows.length === 0 && isTable(trace) ? `A table of locks has no ${apart} in it.` : contentionFinding(trace, rows),
  )
  if (rows.length === 0) return
  print('')
  printTable(contentionColumns(rows, trace.clockUnit))
  if (rows.some(({ openWaits }) => openWaits > 0)) print(NOT_ENDED)
  sayRest(rows.length, total)
}

export const NO_CONTENTION =
  'This trace has lock events and no contention among them: nothing waited, or lock_contended was not recorded.'

const NOT_ENDED =
  'Waits not seen to end are in the total with the time until the trace or the range ended; mean, percentiles and max are of waits that ended.'

/** One sentence: the lock that was waited for longest and what it was mostly held for. */
export function contentionFinding(
  trace: Pick<TraceInfo, 'shows' | 'clockUnit' | 'lockSpans'>,
  rows: readonly ContentionRow[],
): string {
  const worst = rows[0]
  if (!trace.shows.waits && trace.lockSpans > 0) return NO_CONTENTION
  if (!trace.shows.waits)
    return 'This trace cannot show lock waits: it has no lock events. How to record them: lock:* or lock:contention_*.'
  if (worst === undefined || worst.contended === 0) return 'No task waited for a lock here.'
  const whose = [
    worst.address && `at ${worst.address}`,
    worst.op && `in ${worst.op}`,
    worst.site && `from ${worst.site}`,
    worst.task && `by ${worst.task.comm}-${worst.task.pid}`,
  ]
  const name = [worst.class, `(${worst.mode})`, ...whose.filter(Boolean)].join(' ')
  const waits = Number.isNaN(worst.contended) ? undefined : `${plural(worst.contended, 'wait')}${notEnded(worst)}`
  const total = Number.isNaN(worst.waitTotalNs) ? undefined : duration(worst.waitTotalNs, trace.clockUnit)
  const told = [total, waits].filter((word) => word !== undefined).join(' in ')
  const how = total === undefined ? 'most often' : 'longest'
  const waited = `${printable(name)} was waited for ${how}${told === '' ? '' : `: ${told}`}`
  const held = worst.mostlyIn
  return held === undefined
    ? `${waited}.`
    : `${waited}; ${percent(held.share)} of its hold time ${inPhase(held.phase)}.`
}

/** What is told of a wait without an end is only how long it went on at least. */
function notEnded({ contended, openWaits }: ContentionRow): string {
  if (openWaits === 0) return ''
  if (contended === 1) return ' that was not seen to end'
  return openWaits === contended ? ', none of them seen to end' : `, ${count(openWaits)} of them not seen to end`
}

function inPhase(phase: string): string {
  if (phase === 'other') return 'is outside any known phase'
  if (phase.startsWith('wait:')) return `went into waiting for ${printable(phase.slice('wait:'.length))}`
  return `is inside ${printable(phase)}`
}

function contentionColumns(rows: readonly ContentionRow[], clock: ClockUnit): Column[] {
  const { name, count: number, time } = columnsOf(rows, clock)
  const has = (key: keyof ContentionRow) => rows.some((row) => row[key] !== undefined)
  const phase = name('mostly held in', ({ mostlyIn: most }) => most && `${most.phase} ${percent(most.share)}`)
  return [
    name('lock class', (row) => row.class),
    ...(has('address') ? [name('address', (row) => row.address)] : []),
    ...(has('op') ? [name('op', (row) => row.op)] : []),
    ...(has('site') ? [name('call site', (row) => row.site)] : []),
    ...(has('task') ? [name('task', ({ task }) => task && `${task.comm}-${task.pid}`)] : []),
    name('mode', (row) => row.mode),
    number('acquired', (row) => (Number.isNaN(row.acquisitions) ? null : row.acquisitions), 5),
    number('contended', (row) => (Number.isNaN(row.contended) ? null : row.contended)),
    ...(rows.some((row) => row.openWaits > 0) ? [number('not ended', (row) => row.openWaits)] : []),
    ...grouped('waited', [
      time('total', (row) => (Number.isNaN(row.waitTotalNs) ? null : row.waitTotalNs)),
      time('mean', (row) => row.waitMeanNs, 3),
      time('p50', (row) => toldOfLock(row).waitP50, 7),
      time('p99', (row) => toldOfLock(row).waitP99, 4),
      time('max', (row) => row.waitMaxNs, 2),
    ]),
    ...grouped('held', [
      time('total', (row) => row.holdTotalNs, 1),
      time('mean', (row) => row.holdMeanNs, 6),
      time('p50', (row) => toldOfLock(row).holdP50, 9),
      time('p99', (row) => toldOfLock(row).holdP99, 8),
      time('max', (row) => row.holdMaxNs, 6),
    ]),
    ...(has('mostlyIn') ? [{ ...phase, dispensable: 3.5 }] : []),
    ...(rows.some((row) => row.inferred) ? [name('', (row) => (row.inferred ? 'inferred' : ' '))] : []),
  ]
}

function printPhases({ trace }: OpenTrace, rows: readonly HoldPhaseRow[], total: number): void {
  const first = rows[0]
  if (first === undefined) {
    print(
      isTable(trace)
        ? 'A table of locks does not say what was done while they were held.'
        : trace.shows.holds
          ? 'No lock was held here.'
          : 'This trace cannot show how long locks were held: it has no lock:* events.',
    )
    return
  }
  const lock = `${printable(first.class)} (${first.mode})`
  const share = `${percent(first.shareOfHold)} of its hold time ${inPhase(first.phase)}`
  print(
    `${lock} was held longest in one way: ${share} in ${printable(first.op)} (${duration(first.holdNs, trace.clockUnit)}).`,
  )
  print('')
  const { name, count: number, time, share: part } = columnsOf(rows, trace.clockUnit)
  printTable([
    name('lock class', (row) => row.class),
    name('mode', (row) => row.mode),
    name('phase', (row) => row.phase),
    name('op', (row) => row.op),
    time('held', (row) => row.holdNs),
    part('of hold', (row) => row.shareOfHold),
    number('spans', (row) => row.spans, 1),
  ])
  sayRest(rows.length, total)
}

export function sayRest(shown: number, total: number): void {
  if (shown < total) print(`${count(shown)} of ${count(total)} rows; --top N shows more, --json all`)
}
