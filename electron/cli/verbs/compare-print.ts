/**
 * A comparison on the terminal: the finding first, then the tables it rests on. Scenarios and replayed traces are printed
 * by the same functions, so that they read the same.
 */

import type { ComparedStrategy, CompareResult } from '#shared/contract/simulation.ts'
import { toldStrategies } from '#shared/whatif/told.ts'
import {
  againstText,
  chainWords,
  counterNames,
  counterText,
  curveSeedsText,
  failedShare,
  findings,
  mainOp,
  rateText,
  ratioInterval,
  ratioText,
  reservation,
  safetyNote,
  speedInterval,
  spreadText,
  verdictText,
  worstWait,
  type CompareWords,
} from '#shared/whatif/words.ts'
import { bar } from '../bars.ts'
import { bold, columnsOf, dim, duration, grouped, plural, print, printable, printTable } from '../output.ts'

const BAR = 24
const LOCKS = 3

export function printCompare(result: CompareResult): void {
  const { workload, strategies, seeds } = result
  print(bold(`${workload.scenario} ${workload.title}`) + dim(` on ${workload.fs}, ${plural(seeds.length, 'seed')}`))
  print(printable(workload.question))
  printFigures(result)
  printCounters(strategies)
  if (result.curve !== null) printCurve(result.curve, seeds.length)
  print(`\n${safetyNote(strategies)}`)
}

/** What every comparison has, whatever is compared: the finding, speed and safety, latency, locks and the longest waits. */
export function printFigures(result: CompareWords): void {
  const { baseline, seeds } = result
  const strategies = toldStrategies(result)
  const shown = { strategies, baseline, seeds }
  print('')
  for (const sentence of findings(shown, ' ')) print(printable(sentence))
  print('')
  printSpeed(shown)
  print('')
  printLatency(strategies, mainOp(shown), baseline)
  printLocks(strategies)
  printLongestWaits(strategies, seeds.length > 0)
}

/** Sentences under a head; nothing where there are none. */
export function printLines(title: string, lines: readonly string[]): void {
  if (lines.length === 0) return
  print(`\n${bold(title)}`)
  for (const line of lines) print(printable(`  ${line}`))
}

function printLongestWaits(strategies: readonly ComparedStrategy[], seeded: boolean): void {
  const waits = strategies.flatMap((one) =>
    one.worstChain === null ? [] : [`${one.id}: ${duration(one.worstChain.waitNs)}, ${chainWords(one, seeded)}`],
  )
  printLines('Longest wait of each', waits)
}

/** Recordings show speed, not safety: they have no seeds and no verdict. */
function printSpeed({ strategies, baseline, seeds }: CompareWords): void {
  const most = Math.max(...strategies.map(({ opsPerSecond }) => opsPerSecond.mean))
  const { name } = columnsOf(strategies)
  const right = (head: string, of: (row: ComparedStrategy) => string) => ({ ...name(head, of), right: true })
  printTable([
    name('strategy', (row) => row.id),
    { ...name('speed', (row) => bar(row.opsPerSecond.mean / most, BAR)), dispensable: 2 },
    right('operations', (row) => rateText(row.opsPerSecond.mean, ' ')),
    right('95 %', (row) => spreadText(row.opsPerSecond.mean, row.opsPerSecond.ci95)),
    right(`against ${baseline}`, (row) => againstText(row, baseline, 'opsPerSecond')),
    { ...right('95 % interval', speedInterval), dispensable: 1 },
    ...(seeds.length === 0 ? [] : [name('safety', (row: ComparedStrategy) => verdictText(row.verdict))]),
    ...(strategies.some(({ deadlocks }) => deadlocks > 0)
      ? [right('deadlocks', (row) => `${row.deadlocks} of ${row.runs}`)]
      : []),
    ...(strategies.some(({ failed }) => failed !== null && failed > 0) ? [right('failed', failedShare)] : []),
  ])
}

function printLatency(strategies: readonly ComparedStrategy[], op: string | undefined, baseline: string): void {
  if (op === undefined) return
  const rows = strategies.flatMap((strategy) => {
    const row = strategy.ops.find((one) => one.op === op)
    return row === undefined ? [] : [{ strategy, row, worst: worstWait(strategy, op) }]
  })
  const longest = Math.max(...rows.map(({ row }) => row.p99Ns ?? 0))
  const { name, time, share } = columnsOf(rows)
  print(bold(`${op}: latency`))
  printTable([
    name('strategy', ({ strategy }) => strategy.id),
    { ...name('p99', ({ row }) => bar((row.p99Ns ?? 0) / longest, BAR)), dispensable: 4 },
    time('p50', ({ row }) => row.p50Ns),
    time('p99', ({ row }) => row.p99Ns),
    {
      ...name(`against ${baseline}`, ({ strategy }) => againstText(strategy, baseline, `${op}.p99Ns`)),
      right: true,
    },
    time('p99.9', ({ row }) => row.p999Ns, 3),
    time('max', ({ row }) => row.maxNs, 3),
    share('waiting', ({ row }) => row.waitShare, 2),
    name('mostly for', ({ worst }) => worst && `${worst.class} (${duration(worst.ns)})`),
  ])
}

function printLocks(strategies: readonly ComparedStrategy[]): void {
  const rows = strategies.flatMap(({ id, locks }) =>
    locks
      .filter(({ contended }) => contended > 0)
      .slice(0, LOCKS)
      .map((lock) => ({ id, lock })),
  )
  if (rows.length === 0) {
    print('\nNo task waited for a lock in any run.')
    return
  }
  print(`\n${bold('Locks waited for longest')}`)
  const { name, count, time } = columnsOf(rows)
  printTable([
    name('strategy', ({ id }) => id),
    name('lock class', ({ lock }) => lock.class),
    name('mode', ({ lock }) => lock.mode),
    count('waits', ({ lock }) => lock.contended, 2),
    ...grouped('waited', [
      time('mean', ({ lock }) => lock.waitMeanNs),
      time('p99', ({ lock }) => lock.waitP99Ns, 1),
      time('max', ({ lock }) => lock.waitMaxNs),
    ]),
    ...grouped('held', [
      time('mean', ({ lock }) => lock.holdMeanNs),
      time('p99', ({ lock }) => lock.holdP99Ns, 3),
      time('max', ({ lock }) => lock.holdMaxNs, 1),
    ]),
  ])
}

/** What the model counts beside operations, where anything was counted. */
function printCounters(strategies: readonly ComparedStrategy[]): void {
  const names = counterNames(strategies)
  if (names.length === 0) return
  print(`\n${bold('Counted per run')}`)
  const { name } = columnsOf(names)
  printTable([
    name('what', (counter) => counter),
    ...strategies.map(({ id, counters }) => ({
      ...name(id, (counter) => counterText(counters[counter] ?? 0)),
      right: true,
    })),
  ])
}

function printCurve({ param, values, strategies, ...of }: NonNullable<CompareResult['curve']>, all: number): void {
  const rows = values.map((value, i) => ({ value, points: strategies.map(({ points }) => points[i]) }))
  const most = Math.max(...strategies.flatMap(({ points }) => points.map(({ mean }) => mean)))
  const { name } = columnsOf(rows)
  print(`\n${bold(`Operations per second by ${param}`)}\n${curveSeedsText(of.seeds, all)}`)
  printTable([
    { ...name(param, ({ value }) => String(value)), right: true },
    ...strategies.flatMap(({ id }, s) => [
      { ...name(id, ({ points }) => rateText(points[s].mean, ' ')), right: true },
      { ...name('', ({ points }) => bar(points[s].mean / most, 10) || ' '), dispensable: 1 },
    ]),
  ])
}

/** Every metric against the baseline: how much, how sure, and whether the sample can tell at all. */
export function printDeltas(result: CompareWords): void {
  const { baseline } = result
  const rows = toldStrategies(result).flatMap((strategy) =>
    strategy.versusBaseline.map((versus) => ({ id: strategy.id, versus, but: reservation(strategy, versus) })),
  )
  if (rows.length === 0) return
  print(`\n${bold(`Against ${printable(baseline)}`)}`)
  const { name } = columnsOf(rows)
  const right = (head: string, of: (row: (typeof rows)[number]) => string) => ({ ...name(head, of), right: true })
  printTable([
    name('what', ({ id }) => id),
    name('metric', ({ versus }) => versus.metric),
    right('ratio', ({ versus }) => ratioText(versus.ratio)),
    right('95 % interval', ({ versus }) => ratioInterval(versus.ci95)),
    right('p', ({ versus }) => versus.p.toFixed(3)),
    right('effect', ({ versus }) => versus.effect.toFixed(2)),
    name('', ({ but }) => but || ' '),
  ])
}
