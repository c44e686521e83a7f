/** `faultline scaling`: the same workload on 1 to 512 CPUs under each strategy, and where more CPUs stop paying. */

import { ApiError } from '#shared/base/errors.ts'
import type { ScalabilityFit, ScalingPoint, ScalingResult } from '#shared/contract/whatif.ts'
import { decimalText, rateText } from '#shared/whatif/words.ts'
import { bar } from '../bars.ts'
import { json, many, text } from '../options.ts'
import { bold, columnsOf, dim, plural, print, printable, printJson, printTable } from '../output.ts'
import { printLines } from './compare-print.ts'
import { experimentOptions, printMistakes, seedsOption, subjectOf } from './experiment.ts'
import { verb } from './verb.ts'

export const scaling = verb({
  id: 'scaling',
  about: 'throughput of the same workload on 1 to 512 CPUs, per strategy, with the knee and how sure it is',
  args: [],
  options: {
    ...experimentOptions,
    strategy: many('S', "a strategy, with overrides where wanted (default: the scenario's own)"),
    cpus: text('N,N…', 'numbers of CPUs (default: 1,2,4 … 512)'),
    seeds: seedsOption(6),
    json,
  },
  async run(session, _, options) {
    const { strategy, cpus, seeds, seed } = options
    const subject = await subjectOf(session, options)
    const result = await session.call('whatif.scaling', {
      subject,
      strategies: [...strategy],
      seeds,
      seed,
      ...(cpus === undefined ? {} : { cpus: cpusOf(cpus) }),
    })
    if (options.json) printJson(result)
    else printScaling(result)
    return 0
  },
})

function cpusOf(given: string): number[] {
  const cpus = given.split(',').map(Number)
  if (cpus.length >= 3 && cpus.every((n) => Number.isInteger(n) && n >= 1 && n <= 512)) return cpus
  throw new ApiError('bad-request', `--cpus: '${given}' is not three or more whole numbers from 1 to 512`)
}

function printScaling(result: ScalingResult): void {
  const { subject, strategies, cpus, seeds, method, assumptions } = result
  print(bold(printable(subject)) + dim(` on ${cpus[0]} to ${cpus.at(-1) ?? ''} CPUs, ${plural(seeds.length, 'seed')}`))
  printMistakes(result)
  print('')
  for (const { words } of strategies) print(printable(words))
  const rows = cpus.map((n, i) => ({ n, points: strategies.map(({ points }) => points[i]) }))
  const most = Math.max(...strategies.flatMap(({ points }) => points.map((one) => (one.stuck ? 0 : one.opsPerSecond))))
  const { name } = columnsOf(rows)
  print(`\n${bold('Operations per second by CPUs')}`)
  printTable([
    { ...name('CPUs', ({ n }) => String(n)), right: true },
    { ...name('tasks', ({ points }) => String(points[0].tasks)), right: true, dispensable: 2 },
    ...strategies.flatMap(({ id }, s) => [
      {
        ...name(id, ({ points }) => pointText(points[s])),
        right: true,
      },
      { ...name('', ({ points }) => barOf(points[s], most)), dispensable: 1 },
    ]),
  ])
  print(`\n${bold('Universal scalability law')}`)
  const laws = columnsOf(strategies)
  const share = (value: number | undefined) => (value === undefined ? undefined : `${decimalText(value * 100, 3)} %`)
  printTable([
    laws.name('strategy', ({ id }) => id),
    { ...laws.name('knee', ({ knee }) => (knee === null ? 'none' : decimalText(knee, 1))), right: true },
    { ...laws.name('contention', ({ fit }) => share(fit?.contention)), right: true },
    { ...laws.name('coherency', ({ fit }) => share(fit?.coherency)), right: true },
    { ...laws.name('peak', ({ fit }) => peakText(fit)), right: true },
    { ...laws.name('off by', ({ fit }) => share(fit?.error)), right: true },
  ])
  printLines('Assumed', [method, ...assumptions])
}

function pointText({ opsPerSecond, whole, stuck }: ScalingPoint): string {
  if (stuck) return 'deadlocked'
  return `${whole ? '' : 'begun: '}${rateText(opsPerSecond, ' ')}`
}

function barOf({ opsPerSecond, stuck }: ScalingPoint, most: number): string {
  return (stuck ? '' : bar(opsPerSecond / most, 10)) || ' '
}

function peakText(fit: ScalabilityFit | null): string {
  const peak = fit?.peak ?? null
  return peak === null ? '' : decimalText(peak, 0)
}
