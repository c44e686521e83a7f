/** `faultline simulate`: one run of a scenario under one strategy, as a trace like any other or just for its figures. */

import { resolve } from 'node:path'
import { told } from '#shared/analysis/parts/shown-percentiles.ts'
import { ApiError } from '#shared/base/errors.ts'
import type { RunSummary } from '#shared/contract/simulation.ts'
import { rateText } from '#shared/whatif/words.ts'
import { force, json, many, pairs, target, text, whole } from '../options.ts'
import { columnsOf, count, duration, note, plural, print, printable, printJson, printTable } from '../output.ts'
import { naming, quoted } from '../session.ts'
import { verb } from './verb.ts'

/** What `simulate` and `compare` both take. */
export const workloadOptions = {
  scenario: text('ID', 'which scenario (`faultline list scenarios`)'),
  slot: many('NAME=OPTION', 'replace a slot or switch of the strategy (`faultline list slots`)'),
  fs: text('ID', 'ext2, ext4 or xfs (default: the scenario says)'),
  set: many('PARAM=VALUE', "a parameter of the scenario, or one of the model's costs in ns"),
  seed: whole({
    value: 'N',
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    fallback: 1,
    about: 'the random numbers of the run',
  }),
} as const

export function workloadOf(options: {
  readonly scenario: string | undefined
  readonly slot: readonly string[]
  readonly fs: string | undefined
  readonly set: readonly string[]
}) {
  return {
    scenario: required(options.scenario, '--scenario'),
    slots: pairs(options.slot, '--slot'),
    set: pairs(options.set, '--set'),
    ...(options.fs === undefined ? {} : { fs: options.fs }),
  }
}

function required(value: string | undefined, flag: string): string {
  if (value !== undefined) return value
  throw new ApiError('bad-request', `${flag} is missing`, '`faultline list scenarios` names them')
}

export const simulate = verb({
  id: 'simulate',
  about: 'run a scenario in the simulated kernel, the same on every machine for the same seed',
  args: [],
  options: {
    ...workloadOptions,
    strategy: text(
      'S',
      "which strategy, with overrides where wanted: F,tx=tx-before-locks (default: the scenario's first)",
    ),
    out: target('F.faultline', 'record the run into this file (default: not recorded)'),
    force,
    json,
  },
  async run(session, _, options) {
    const { out, strategy, seed } = options
    const result = await session
      .call('sim.run', {
        ...workloadOf(options),
        seed,
        ...(strategy === undefined ? {} : { strategy }),
        ...(out === undefined ? {} : { out: resolve(out), force: options.force }),
      })
      .catch(out === undefined ? rethrow : naming(out))
    const { opened: _opened, ...summary } = result
    if (options.json) {
      printJson(summary)
      return 0
    }
    print(describeRun(summary))
    printOps(summary)
    if (out === undefined) note('not recorded; --out F.faultline keeps every event')
    else note(`next: faultline contention ${quoted(out)}`)
    return 0
  },
})

function rethrow(error: unknown): never {
  throw error
}

function describeRun(run: RunSummary): string {
  const perSecond = run.simulatedNs > 0 ? (run.ops * 1e9) / run.simulatedNs : 0
  const events = run.wallMs > 0 ? ` (${count((run.events / run.wallMs) * 1000)} events/s)` : ''
  const lines = [
    `${run.scenario} under ${run.strategy} on ${run.fs}, seed ${run.seed}: ${plural(run.ops, 'operation')} in ${duration(run.simulatedNs)} of simulated time, ${rateText(perSecond, ' ')}`,
    `  ${plural(run.events, 'event')} in ${duration(run.wallMs * 1e6)}${events}, digest ${run.digest}`,
    ...run.violations.map(
      ({ invariant, count: times, message, atNs }) =>
        `  ${invariant} violated ${times === 1 ? 'once' : `${count(times)} times`}, first at ${duration(atNs)}: ${message}`,
    ),
    ...(run.violations.length === 0 ? ['  nothing was violated in this run, which proves nothing about others'] : []),
    ...(run.truncated === true ? ['  it used up its budget of happenings and stopped before its end'] : []),
    ...(run.deadlock === null
      ? []
      : [`  it ended in a deadlock at ${duration(run.deadlock.atNs)}: ${run.deadlock.cycle}`]),
  ]
  return lines.map(printable).join('\n')
}

function printOps({ opCounts }: RunSummary): void {
  if (opCounts.length === 0) return
  print('')
  const { name, count: number, time } = columnsOf(opCounts)
  printTable([
    name('op', (row) => row.op),
    number('count', (row) => row.count),
    number('failed', (row) => row.failed),
    time('mean', (row) => row.meanNs),
    time('p50', (row) => told(0.5, row.count, row.p50Ns)),
    time('p99', (row) => told(0.99, row.count, row.p99Ns)),
    time('max', (row) => row.maxNs),
  ])
}
