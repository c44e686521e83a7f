/** `faultline compare --trace`: a recorded trace under other strategies, and how well the replay matches the recording. */

import { ApiError } from '#shared/base/errors.ts'
import type { Fidelity, WhatIfResult } from '#shared/contract/whatif.ts'
import { rateText, versusText } from '#shared/whatif/words.ts'
import { bold, columnsOf, dim, plural, print, printable, printJson, printTable } from '../output.ts'
import { writeReports, type ReportOptions } from '../reports.ts'
import type { Session } from '../session.ts'

interface Given extends ReportOptions {
  readonly trace: string
  readonly strategy: readonly string[]
  readonly baseline: string | undefined
  readonly seeds: number
  readonly seed: number
  readonly json: boolean | undefined
}

export async function compareTrace(session: Session, given: Given): Promise<void> {
  if (given.strategy.length === 0) {
    throw new ApiError('bad-request', '--strategy is missing', '`faultline list strategies` names them')
  }
  const { file, trace } = await session.openTrace(given.trace, undefined)
  const result = await session.call('whatif.compare', {
    file,
    trace: trace.id,
    strategies: [...given.strategy],
    seeds: given.seeds,
    seed: given.seed,
    ...(given.baseline === undefined ? {} : { baseline: given.baseline }),
  })
  if (await writeReports(session, given, { result, trace: { file, trace: trace.id } })) return
  if (given.json === true) {
    printJson({ ...result, strategies: result.strategies.map(({ cdf: _cdf, ...strategy }) => strategy) })
  } else printWhatIf(result)
}

function printWhatIf(result: WhatIfResult): void {
  const { workload, strategies, seeds, baseline } = result
  print(
    bold(printable(workload.trace)) +
      dim(
        ` replayed, ${plural(workload.ops, 'operation')}, ${plural(workload.cpus, 'CPU')}, ${plural(seeds.length, 'seed')}`,
      ),
  )
  print('')
  const rates = columnsOf(strategies)
  printTable([
    rates.name('strategy', ({ id }) => id),
    { ...rates.name('operations', ({ opsPerSecond }) => rateText(opsPerSecond.mean, ' ')), right: true },
    { ...rates.name('deadlocks', ({ deadlocks }) => String(deadlocks)), right: true },
  ])
  const rows = strategies.flatMap(({ id, versusBaseline }) => versusBaseline.map((versus) => ({ id, versus })))
  if (rows.length > 0) {
    print(`\n${bold(`Against ${baseline}`)}`)
    const { name } = columnsOf(rows)
    printTable([
      name('strategy', ({ id }) => id),
      name('metric', ({ versus }) => versus.metric),
      { ...name('ratio', ({ versus }) => versusText(versus)), right: true },
      name('95 %', ({ versus: { ci95 } }) => (ci95 === null ? '' : `${ci95[0].toFixed(2)} – ${ci95[1].toFixed(2)}`)),
      { ...name('p', ({ versus }) => versus.p.toFixed(3)), right: true },
    ])
  }
  printFidelity(result.fidelity, baseline)
  for (const [title, lines] of [
    ['From the trace', workload.fromTrace],
    ['Stayed default', workload.defaults],
    ['The trace cannot tell', workload.missing],
    ['Assumed', result.assumptions],
  ] as const) {
    if (lines.length === 0) continue
    print(`\n${bold(title)}`)
    for (const line of lines) print(printable(`  ${line}`))
  }
}

export function printFidelity({ rows, ...median }: Fidelity, baseline: string): void {
  print(`\n${bold(`Replay under ${baseline} against the trace itself`)}`)
  const { name, count, time } = columnsOf(rows)
  printTable([
    name('what', (row) => row.of),
    name('figure', (row) => row.figure),
    count('count', (row) => row.count),
    time('recorded', (row) => row.recordedNs),
    time('replayed', (row) => row.replayedNs),
    { ...name('error', (row) => percent(row.error)), right: true },
  ])
  const { medianErrorP50, medianErrorP99, medianErrorWaits } = median
  print(
    `median error: p50 ${percent(medianErrorP50)}, p99 ${percent(medianErrorP99)}, lock waits ${percent(medianErrorWaits)}`,
  )
}

export function percent(error: number | null): string {
  return error === null ? 'not known' : `${(error * 100).toFixed(1)} %`
}
