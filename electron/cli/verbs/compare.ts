/**
 * `faultline compare`: strategies side by side on one scenario over several seeds. The first lines are the finding, the
 * tables the evidence: speed and safety in one row, latency, and the locks that were waited for.
 */

import { resolve } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { ComparedStrategy, CompareResult } from '#shared/contract/simulation.ts'
import {
  counterNames,
  counterText,
  findings,
  mainOp,
  rateText,
  ratioInterval,
  safetyNote,
  spreadText,
  verdictText,
  versusOf,
  versusText,
  worstWait,
} from '#shared/whatif/words.ts'
import { bar } from '../bars.ts'
import { force, json, many, text, whole } from '../options.ts'
import {
  bold,
  columnsOf,
  dim,
  duration,
  grouped,
  note,
  plural,
  print,
  printable,
  printJson,
  printTable,
} from '../output.ts'
import { reportOptions, writeReports } from '../reports.ts'
import { quoted, type Session } from '../session.ts'
import { compareTrace } from './compare-trace.ts'
import { workloadOf, workloadOptions } from './simulate.ts'
import { verb } from './verb.ts'

const BAR = 24
const LOCKS = 3

export const compare = verb({
  id: 'compare',
  about: 'strategies side by side on one scenario: speed, latency, lock waits, and what was violated',
  args: [],
  options: {
    ...workloadOptions,
    trace: text('F', 'a recorded trace (.faultline) instead of a scenario: replayed under each strategy'),
    strategy: many('S', "a strategy, with overrides where wanted: F,tx=tx-before-locks (default: the scenario's own)"),
    baseline: text('S', 'the strategy the others are measured against (default: the first)'),
    seeds: whole({ value: 'N', min: 1, max: 100, fallback: 8, about: 'runs per strategy, all with the same seeds' }),
    explore: whole({
      value: 'N',
      min: 0,
      max: limits.exploreBudget,
      fallback: limits.compareSchedules,
      about: 'most schedules searched per strategy for its verdict; 0 searches none',
    }),
    sweep: text('PARAM=V,V…', 'also run with each of these values of a parameter (SC1: threads=1,2,4,8)'),
    out: text('F.faultline', "record each strategy's first run into this file"),
    ...reportOptions,
    force,
    json,
  },
  async run(session, _, options) {
    const { trace } = options
    if (trace !== undefined) {
      refuseScenarioOptions(options)
      await compareTrace(session, { ...options, trace })
      return 0
    }
    const result = await runCompare(session, options)
    if (await writeReports(session, options, { result })) return 0
    if (options.json) {
      printJson(asJson(result))
      return 0
    }
    printCompare(result)
    if (options.out !== undefined) note(`recorded: faultline info ${quoted(options.out)}`)
    return 0
  },
})

/** What a replay does not take, rather than silently ignoring it. */
function refuseScenarioOptions(options: Given): void {
  const { scenario, sweep, out, slot, set, fs } = options
  const given = Object.entries({ scenario, sweep, out, fs }).find(([, value]) => value !== undefined)?.[0]
  const name = given ?? (slot.length > 0 ? 'slot' : set.length > 0 ? 'set' : undefined)
  if (name === undefined) return
  throw new ApiError(
    'bad-request',
    `--${name} does not go with --trace`,
    'give overrides with the strategy: K,guardMode=exclusive',
  )
}

interface Given {
  readonly scenario: string | undefined
  readonly slot: readonly string[]
  readonly fs: string | undefined
  readonly set: readonly string[]
  readonly seed: number
  readonly strategy: readonly string[]
  readonly baseline: string | undefined
  readonly seeds: number
  readonly sweep: string | undefined
  readonly explore: number
  readonly out: string | undefined
  readonly force: boolean
}

async function runCompare(session: Session, given: Given): Promise<CompareResult> {
  const { baseline, seeds, seed, out, sweep, explore } = given
  const workload = workloadOf(given)
  return session.call('sim.compare', {
    ...workload,
    strategies: [...given.strategy],
    seeds,
    seed,
    explore,
    force: given.force,
    ...(baseline === undefined ? {} : { baseline }),
    ...(out === undefined ? {} : { out: resolve(out) }),
    ...(sweep === undefined ? {} : { sweep: sweepOf(sweep) }),
  })
}

function sweepOf(given: string): { param: string; values: number[] } {
  const [param, list] = given.split('=')
  const values = (list ?? '').split(',').map(Number)
  if (param !== '' && values.every((value) => Number.isFinite(value)) && list) return { param, values }
  throw new ApiError('bad-request', `--sweep: '${given}' is not PARAM=VALUE,VALUE…`)
}

/** The document scripts rely on; latency spreads are the report's and the window's. */
function asJson({ opened: _, strategies, ...result }: CompareResult) {
  return { ...result, strategies: strategies.map(({ cdf: _cdf, ...strategy }) => strategy) }
}

export function printCompare(result: CompareResult): void {
  const { workload, strategies, seeds, baseline } = result
  print(bold(`${workload.scenario} ${workload.title}`) + dim(` on ${workload.fs}, ${plural(seeds.length, 'seed')}`))
  print(printable(workload.question))
  print('')
  for (const sentence of findings(result, ' ')) print(printable(sentence))
  print('')
  printSpeed(strategies, baseline)
  print('')
  printLatency(strategies, mainOp(result), baseline)
  printLocks(strategies)
  printCounters(strategies)
  if (result.curve !== null) printCurve(result.curve)
  print(`\n${safetyNote(strategies)}`)
}

function printSpeed(strategies: readonly ComparedStrategy[], baseline: string): void {
  const most = Math.max(...strategies.map(({ opsPerSecond }) => opsPerSecond.mean))
  const { name } = columnsOf(strategies)
  const right = (head: string, of: (row: ComparedStrategy) => string) => ({ ...name(head, of), right: true })
  const speed = (row: ComparedStrategy) => versusOf(row, 'opsPerSecond')
  printTable([
    name('strategy', (row) => row.id),
    { ...name('speed', (row) => bar(row.opsPerSecond.mean / most, BAR)), dispensable: 2 },
    right('operations', (row) => rateText(row.opsPerSecond.mean, ' ')),
    right('95 %', (row) => spreadText(row.opsPerSecond.mean, row.opsPerSecond.ci95)),
    right(`against ${baseline}`, (row) => (row.id === baseline ? 'baseline' : versusText(speed(row)))),
    {
      ...right('95 % interval', (row) => {
        const found = speed(row)
        return found === undefined ? '' : ratioInterval(found.ci95)
      }),
      dispensable: 1,
    },
    name('safety', (row) => verdictText(row.verdict)),
    ...(strategies.some(({ deadlocks }) => deadlocks > 0)
      ? [right('deadlocks', (row) => `${row.deadlocks} of ${row.runs}`)]
      : []),
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
      ...name(`against ${baseline}`, ({ strategy }) =>
        strategy.id === baseline ? 'baseline' : versusText(versusOf(strategy, `${op}.p99Ns`)),
      ),
      right: true,
    },
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

function printCurve({ param, values, strategies }: NonNullable<CompareResult['curve']>): void {
  const rows = values.map((value, i) => ({ value, points: strategies.map(({ points }) => points[i]) }))
  const most = Math.max(...strategies.flatMap(({ points }) => points.map(({ mean }) => mean)))
  const { name } = columnsOf(rows)
  print(`\n${bold(`Operations per second by ${param}`)}`)
  printTable([
    { ...name(param, ({ value }) => String(value)), right: true },
    ...strategies.flatMap(({ id }, s) => [
      { ...name(id, ({ points }) => rateText(points[s].mean, ' ')), right: true },
      { ...name('', ({ points }) => bar(points[s].mean / most, 10) || ' '), dispensable: 1 },
    ]),
  ])
}
