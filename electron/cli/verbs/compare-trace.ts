/** `faultline compare --trace`: a recorded trace under other strategies, and how well the replay matches the recording. */

import { resolve } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import { UNKNOWN } from '#shared/base/time.ts'
import type { Fidelity, FidelityRow, WhatIfResult } from '#shared/contract/whatif.ts'
import { toldFidelity } from '#shared/whatif/told.ts'
import { againWords, errorWords, safetyNote } from '#shared/whatif/words.ts'
import { pairs } from '../options.ts'
import { bold, columnsOf, dim, duration, plural, print, printable, printJson, printTable } from '../output.ts'
import { printDeltas, printFigures, printLines } from './compare-print.ts'
import { writeReports, type ReportOptions } from '../reports.ts'
import type { Session } from '../session.ts'

interface Given extends ReportOptions {
  readonly trace: string
  readonly 'trace-id': number | undefined
  readonly strategy: readonly string[]
  readonly baseline: string | undefined
  readonly seeds: number
  readonly seed: number
  readonly explore: number
  readonly out: string | undefined
  readonly arrival: readonly string[]
  readonly set: readonly string[]
  readonly force: boolean
  readonly json: boolean | undefined
}

export async function compareTrace(session: Session, given: Given): Promise<void> {
  if (given.strategy.length === 0) {
    throw new ApiError('bad-request', '--strategy is missing', '`faultline list strategies` names them')
  }
  const { file, trace } = await session.openTrace(given.trace, given['trace-id'])
  const result = await session.call('whatif.compare', {
    file,
    trace: trace.id,
    strategies: [...given.strategy],
    seeds: given.seeds,
    seed: given.seed,
    explore: given.explore,
    set: pricesOf(given.set),
    ...(given.arrival.length === 0 ? {} : { arrival: arrivalsOf(given.arrival) }),
    force: given.force,
    ...(given.out === undefined ? {} : { out: resolve(given.out) }),
    ...(given.baseline === undefined ? {} : { baseline: given.baseline }),
  })
  if (await writeReports(session, given, { result, traces: [{ file, trace: trace.id }] })) return
  if (given.json === true) {
    printJson({ ...result, strategies: result.strategies.map(({ cdf: _cdf, ...strategy }) => strategy) })
  } else printWhatIf(result)
}

/** `--set PRICE=NS` of a replay. */
export function pricesOf(set: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    Object.entries(pairs(set, '--set')).map(([id, ns]) => {
      if (!/^\d+$/.test(ns)) throw new ApiError('bad-request', `--set: ${id}=${ns} is no time in whole ns`)
      return [id, Number(ns)]
    }),
  )
}

function arrivalsOf(given: readonly string[]): Record<string, 'open' | 'closed'> {
  return Object.fromEntries(
    Object.entries(pairs(given, '--arrival')).map(([task, mode]) => {
      if (mode === 'open' || mode === 'closed') return [task, mode]
      throw new ApiError('bad-request', `--arrival: ${task}=${mode} is neither open nor closed`)
    }),
  )
}

function printWhatIf(result: WhatIfResult): void {
  const { workload, strategies, seeds, baseline } = result
  print(
    bold(printable(workload.trace)) +
      dim(
        ` replayed, ${plural(workload.ops, 'operation')}, ${plural(workload.cpus, 'CPU')}, ${plural(seeds.length, 'seed')}`,
      ),
  )
  printFigures(result)
  printDeltas(result)
  print(`\n${safetyNote(strategies)}`)
  printFidelity(result.fidelity, baseline)
  printLines('From the trace', workload.fromTrace)
  printLines('Stayed default', workload.defaults)
  printLines('The trace cannot tell', workload.missing)
  printLines('Assumed', result.assumptions)
}

export function printFidelity({ rows: all, ...found }: Fidelity, baseline: string): void {
  const rows = toldFidelity(all)
  print(`\n${bold(`Replay under ${baseline} against the trace itself`)}`)
  const { name, count } = columnsOf(rows)
  // Each with its own unit: what is compared stands side by side, and rows differ by thousands.
  const time = (head: string, of: (row: FidelityRow) => number | null) => ({
    ...name(head, (row) => duration(of(row))),
    right: true,
  })
  printTable([
    name('what', (row) => row.of),
    name('figure', (row) => row.figure),
    count('count', (row) => row.count),
    time('recorded', (row) => row.recordedNs),
    time('replayed', (row) => row.replayedNs),
    {
      ...name('of one seed', ({ seedsNs }) => seedsNs?.map((ns) => duration(ns)).join(' to ') ?? UNKNOWN),
      right: true,
    },
    { ...name('error', errorOf), right: true },
  ])
  print(`median error: ${errorWords(found)}`)
  if (found.again !== undefined) print(printable(againWords(found.again)))
}

function errorOf({ recordedNs, replayedNs, error }: FidelityRow): string {
  return recordedNs !== null && replayedNs === null ? 'not replayed' : percent(error)
}

export function percent(error: number | null): string {
  return error === null ? 'not known' : `${(error * 100).toFixed(1)} %`
}
