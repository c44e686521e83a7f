/**
 * `faultline compare`: strategies side by side on one scenario over several seeds. The first lines are the finding, the
 * tables the evidence: speed and safety in one row, latency, and the locks that were waited for.
 */

import { resolve } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { CompareResult } from '#shared/contract/simulation.ts'
import { force, json, many, refuse, target, text, traceId, whole } from '../options.ts'
import { note, printJson } from '../output.ts'
import { refuseReportPlaces, reportOptions, writeReports, type ReportOptions } from '../reports.ts'
import { quoted, type Session } from '../session.ts'
import { printCompare } from './compare-print.ts'
import { compareRecorded } from './compare-recorded.ts'
import { compareTrace } from './compare-trace.ts'
import { noSubject } from './experiment.ts'
import { workloadOf, workloadOptions } from './simulate.ts'
import { verb } from './verb.ts'

export const compare = verb({
  id: 'compare',
  about: 'strategies side by side on a scenario or a recorded trace: speed, latency, lock waits, and what was violated',
  args: [],
  options: {
    ...workloadOptions,
    trace: text('F', 'a recorded trace (.faultline) instead of a scenario: replayed under each strategy'),
    'trace-id': traceId,
    arrival: many('TASK=MODE', 'with --trace: a task (name or pid) arrives open or closed, whatever the evidence says'),
    against: many('F', 'with --trace: another recording, laid beside the first as it is; nothing is replayed'),
    'against-id': many('ID', 'which trace of each --against, in their order (default: its first)'),
    strategy: many('S', "a strategy, with overrides where wanted: F,tx=tx-before-locks (default: the scenario's own)"),
    baseline: text(
      'S',
      'the strategy the others are measured against (default: the first; of a trace, what it was made under)',
    ),
    seeds: whole({ value: 'N', min: 1, max: 100, fallback: 8, about: 'runs per strategy, all with the same seeds' }),
    explore: whole({
      value: 'N',
      min: 0,
      max: limits.exploreBudget,
      fallback: limits.compareSchedules,
      about: `most schedules searched per strategy for its verdict, power cut in ${limits.compareCuts} times as many; 0 searches none`,
    }),
    sweep: text('PARAM=V,V…', 'also run with each of these values of a parameter (SC1: threads=1,2,4,8)'),
    out: target('F.faultline', "record each strategy's first run into this file, with --trace beside the trace itself"),
    ...reportOptions,
    force,
    json,
  },
  async run(session, _, options, given) {
    const { trace, against } = options
    refuseIdle(options, given)
    await refuseReportPlaces(options)
    if (against.length > 0) {
      await compareRecorded(session, { ...options, trace })
      return 0
    }
    if (trace !== undefined) {
      refuseScenarioOptions(options)
      await compareTrace(session, { ...options, trace })
      return 0
    }
    if (options.scenario === undefined) throw noSubject()
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

function refuseIdle({ trace, against, html, text: plain }: Given, given: ReadonlySet<string>): void {
  if (trace === undefined) refuse(given, ['trace-id', 'arrival'], 'goes with --trace')
  if (against.length === 0) refuse(given, ['against-id'], 'goes with --against')
  else refuse(given, NOT_REPLAYED, 'does not go with --against', 'recordings are compared as they are')
  if (html === undefined && plain === undefined) refuse(given, ['film'], 'is of a report', 'give --html or --text too')
}

/** What is about runs, where nothing is run. */
const NOT_REPLAYED: readonly (keyof Given)[] = [
  ...(['scenario', 'strategy', 'slot', 'fs', 'set', 'seed', 'seeds', 'arrival'] as const),
  ...(['baseline', 'explore', 'sweep', 'out'] as const),
]

/** What a replay does not take, rather than silently ignoring it. */
function refuseScenarioOptions(options: Given): void {
  const { scenario, sweep, slot, fs } = options
  const given = Object.entries({ scenario, sweep, fs }).find(([, value]) => value !== undefined)?.[0]
  const name = given ?? (slot.length > 0 ? 'slot' : undefined)
  if (name === undefined) return
  throw new ApiError(
    'bad-request',
    `--${name} does not go with --trace`,
    'give overrides with the strategy: K,guardMode=exclusive',
  )
}

interface Given extends ReportOptions {
  readonly trace: string | undefined
  readonly against: readonly string[]
  readonly arrival: readonly string[]
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
  const [param, list, ...rest] = given.split('=')
  const values = (list ?? '').split(',')
  // An empty word would be a number too: 0.
  const numbers = values.every((value) => /^\d+(\.\d+)?$/.test(value))
  const again = values.find((value, i) => values.indexOf(value) !== i)
  if (again !== undefined) {
    throw new ApiError('bad-request', `--sweep: ${param}=${again} is there twice`, 'name each value once')
  }
  if (param !== '' && numbers && rest.length === 0) return { param, values: values.map(Number) }
  throw new ApiError('bad-request', `--sweep: '${given}' is not PARAM=VALUE,VALUE…`)
}

/** The document scripts rely on; latency spreads are the report's and the window's. */
function asJson({ opened: _, strategies, ...result }: CompareResult) {
  return { ...result, strategies: strategies.map(({ cdf: _cdf, ...strategy }) => strategy) }
}
