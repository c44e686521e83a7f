/**
 * `faultline backtest`: predicts trace B from trace A under B's strategy and prints the error per figure, beside how much
 * recordings of one kernel differ among themselves: those named, else those that lie beside and differ in the last number
 * of their name (`run.A1.faultline`, `run.A2.faultline`).
 */

import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import type { BacktestRatio, BacktestResult } from '#shared/contract/whatif.ts'
import { json, many, text, whole } from '../options.ts'
import { bold, columnsOf, dim, plural, print, printable, printJson, printTable } from '../output.ts'
import type { Session } from '../session.ts'
import { percent, pricesOf, printFidelity } from './compare-trace.ts'
import { printMistakes } from './experiment.ts'
import { verb } from './verb.ts'

export const backtest = verb({
  id: 'backtest',
  about: 'predict one recorded trace from another and say how far off the prediction is',
  args: [],
  options: {
    from: text('A.faultline', 'the trace to predict from'),
    to: text('B.faultline', 'the same workload under the other lock'),
    strategy: text('S', "B's strategy (default: what it was simulated under; recorded: K,guardMode=exclusive)"),
    baseline: text('S', "A's strategy (default: what it was simulated under; recorded: K, today's kernels)"),
    repeat: many('FILE', "another recording of A's or B's kernel, for the noise (default: files beside A and B)"),
    set: many('PRICE=NS', 'a price of the machine (spinHandoff, wake …) or of a step, instead of the calibrated one'),
    seeds: whole({ value: 'N', min: 1, max: 100, fallback: 8, about: 'replays per strategy, all with the same seeds' }),
    json,
  },
  async run(session, _, { from, to, strategy, baseline, repeat, set, seeds, json: asJson }) {
    if (from === undefined || to === undefined) {
      const flag = from === undefined ? '--from' : '--to'
      throw new ApiError('bad-request', `${flag} is missing`, 'faultline backtest --from A.faultline --to B.faultline')
    }
    const repeats = await repeatsOf({ from, to, repeat })
    const result = await session.call('whatif.backtest', {
      from: await recorded(session, from),
      to: await recorded(session, to),
      seeds,
      repeats: { from: await allRecorded(session, repeats.from), to: await allRecorded(session, repeats.to) },
      set: pricesOf(set),
      ...(strategy === undefined ? {} : { strategy }),
      ...(baseline === undefined ? {} : { baseline }),
    })
    if (asJson) printJson(result)
    else printBacktest(result)
    return 0
  },
})

async function recorded(session: Session, path: string) {
  const { file, trace } = await session.openTrace(path, undefined)
  return { file, trace: trace.id }
}

async function allRecorded(session: Session, paths: readonly string[]) {
  const all: { file: string; trace: number }[] = []
  for (const path of paths) all.push(await recorded(session, path))
  return all
}

interface Given {
  readonly from: string
  readonly to: string
  readonly repeat: readonly string[]
}

/** Who belongs to A and who to B, by their names; the n-th of either belong together. */
async function repeatsOf({ from, to, repeat }: Given) {
  const found = repeat.length > 0 ? repeat : [...(await beside(from)), ...(await beside(to))]
  const of = (path: string) =>
    found.filter((one) => one !== path && seriesOf(one) === seriesOf(path)).sort((a, b) => numberOf(a) - numberOf(b))
  const lost = found.find((one) => seriesOf(one) !== seriesOf(from) && seriesOf(one) !== seriesOf(to))
  if (lost !== undefined) {
    const hint = 'names of repetitions differ in their last number only: run.A1.faultline, run.A2.faultline'
    throw new ApiError('bad-request', `${lost} is a repetition neither of ${from} nor of ${to}`, hint)
  }
  return { from: of(from), to: of(to) }
}

async function beside(path: string): Promise<string[]> {
  const folder = dirname(path)
  const names = await readdir(folder).catch((): string[] => [])
  return names
    .filter((name) => name.endsWith('.faultline') && name !== basename(path))
    .map((name) => join(folder, name))
    .filter((one) => seriesOf(one) === seriesOf(path))
}

/** The name without its last number: what repetitions share. */
function seriesOf(path: string): string {
  return basename(path).replace(/\d+(?=\D*$)/, '#')
}

function numberOf(path: string): number {
  return Number(/\d+(?=\D*$)/.exec(basename(path))?.[0] ?? 0)
}

function printBacktest(result: BacktestResult): void {
  const { rows, throughput, repeats, seeds } = result
  const names = `${printable(result.to)} predicted from ${printable(result.from)}`
  print(bold(names) + dim(`, ${plural(seeds.length, 'seed')}`))
  printMistakes(result)
  const { name, time } = columnsOf(rows)
  printTable([
    name('op', (row) => (row.op === '' ? 'all of it' : row.op)),
    name('figure', (row) => row.percentile),
    time('A', (row) => row.beforeNs),
    time('B predicted', (row) => row.predictedNs),
    time('B recorded', (row) => row.actualNs),
    ...ratioColumns<(typeof rows)[number]>(name),
  ])
  if (throughput.length > 0) {
    print(`\n${bold('Operations per second')}`)
    const rates = columnsOf(throughput)
    printTable([
      rates.name('op', (row) => row.op),
      rates.count('A', (row) => Math.round(row.beforePerSecond)),
      rates.count('B predicted', (row) => Math.round(row.predictedPerSecond)),
      rates.count('B recorded', (row) => Math.round(row.actualPerSecond)),
      ...ratioColumns<(typeof throughput)[number]>(rates.name),
    ])
  }
  const recordings = repeats.from.length + repeats.to.length
  print(
    recordings === 0
      ? '\nno repetitions: how much of an error is noise is not known (--repeat)'
      : dim(
          `\nnoise: standard deviation over mean of ${repeats.from.length + 1} recordings of A and ${repeats.to.length + 1} of B`,
        ),
  )
  printFidelity(result.fidelity, result.baseline)
  for (const [title, lines] of [
    ['From the trace', result.workload.fromTrace],
    ['Stayed default', result.workload.defaults],
    ['The trace cannot tell', result.workload.missing],
    ['Assumed', result.assumptions],
  ] as const) {
    if (lines.length > 0) print(`\n${bold(title)}`)
    for (const line of lines) print(printable(`  ${line}`))
  }
}

function ratioColumns<R extends BacktestRatio>(name: ReturnType<typeof columnsOf<R>>['name']) {
  const range = (ends: readonly [number, number] | null, of: (value: number) => string) =>
    ends === null ? '' : `${of(ends[0])} – ${of(ends[1])}`
  const two = (value: number) => value.toFixed(2)
  return [
    { ...name('error', (row: R) => percent(row.error)), right: true },
    name('95 %', (row: R) => range(row.errorCi95, percent)),
    { ...name('ratio predicted', (row: R) => two(row.predictedRatio)), right: true },
    { ...name('recorded', (row: R) => two(row.actualRatio)), right: true },
    name('repetitions', ({ noise }: R) => range(noise === null ? null : [noise.ratioLow, noise.ratioHigh], two)),
    name('inside', ({ inside }: R) => (inside === null ? '' : inside ? 'yes' : 'no')),
    name('noise', ({ noise }: R) => (noise === null ? '' : `${percent(noise.before)} / ${percent(noise.actual)}`)),
  ]
}
