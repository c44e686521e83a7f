/** `faultline explore`: all schedules of a scenario under a strategy within a bound, and what goes wrong in any of them. */

import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import {
  DEFAULT_PREEMPTIONS,
  EXPLORE_MODES,
  type ExploreResult,
  type ExploreViolation,
} from '#shared/contract/exploration.ts'
import type { CrashRunResult } from '#shared/contract/crash.ts'
import { choice, flag, json, many, pairs, text, whole } from '../options.ts'
import { bold, count, duration, note, plural, print, printable, printJson } from '../output.ts'
import type { Session } from '../session.ts'
import { printTurns } from '../turns.ts'
import { verb } from './verb.ts'

export const explore = verb({
  id: 'explore',
  about: 'every schedule of a scenario under a strategy, within a bound',
  args: [],
  options: {
    scenario: text('ID', 'which scenario, in its size for a search; or a race (`faultline list scenarios`)'),
    strategy: text('S', "which strategy, with overrides where wanted (default: the scenario's first)"),
    slot: many('NAME=OPTION', 'replace a slot or switch of the strategy (`faultline list slots`)'),
    fs: text('ID', "filesystem (default: the strategy's)"),
    set: many('PARAM=VALUE', "a parameter of the scenario, instead of its search's"),
    rounds: whole({ value: 'N', min: 1, max: 100, fallback: 1, about: 'how often each actor goes round its loop' }),
    seed: whole({
      value: 'N',
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      fallback: 1,
      about: 'of what the actors choose, and of the random modes',
    }),
    mode: choice({
      what: 'mode',
      of: EXPLORE_MODES,
      fallback: 'dfs',
      about: 'all in order, each move drawn, or priorities with few changes',
    }),
    bound: whole({
      value: 'N',
      min: 0,
      max: 20,
      fallback: undefined,
      about: `most preemptions of a schedule (default ${DEFAULT_PREEMPTIONS})`,
    }),
    exhaustive: flag('no bound on preemptions'),
    budget: whole({
      value: 'N',
      min: 1,
      max: limits.exploreBudget,
      fallback: limits.exploreBudgetDefault,
      about: 'most schedules',
    }),
    workers: whole({
      value: 'N',
      min: 1,
      max: 64,
      fallback: undefined,
      about: 'threads (default: as many as there are CPUs; within a bound all but one join when it takes longer)',
    }),
    'no-reduction': flag('go through schedules that differ in the order of independent moves only, too'),
    crash: flag('judge power cuts too, in as many schedules'),
    eadr: flag('with --crash: the power supply flushes the caches, every line survives'),
    subsets: whole({
      value: 'N',
      min: 0,
      max: 1000,
      fallback: undefined,
      about:
        'with --crash: random subsets of unflushed lines at each place, besides none, all and each single one (default 4)',
    }),
    expect: choice({
      what: 'expectation',
      of: ['safe', 'unsafe'],
      fallback: undefined,
      about: 'exit with 3 if it is not so; safe is what a complete search found nothing in',
    }),
    json,
  },
  async run(session, _, options) {
    if (options.scenario === undefined) {
      throw new ApiError('bad-request', '--scenario is missing', '`faultline list scenarios` names them')
    }
    if (options.exhaustive && options.bound !== undefined) {
      throw new ApiError(
        'bad-request',
        '--exhaustive is without a bound, and --bound gives one',
        'leave one of them out',
      )
    }
    if (!options.crash && (options.eadr || options.subsets !== undefined)) {
      throw new ApiError(
        'bad-request',
        `--${options.eadr ? 'eadr' : 'subsets'} is about power cuts`,
        'give --crash too',
      )
    }
    const result = await session.call('explore.run', {
      scenario: options.scenario,
      ...(options.strategy === undefined ? {} : { strategy: options.strategy }),
      slots: pairs(options.slot, '--slot'),
      ...(options.fs === undefined ? {} : { fs: options.fs }),
      set: pairs(options.set, '--set'),
      rounds: options.rounds,
      seed: options.seed,
      mode: options.mode,
      preemptions: options.exhaustive ? null : (options.bound ?? DEFAULT_PREEMPTIONS),
      budget: options.budget,
      reduce: !options['no-reduction'],
      ...(options.workers === undefined ? {} : { workers: options.workers }),
    })
    const cuts = { eadr: options.eadr, ...(options.subsets === undefined ? {} : { subsets: options.subsets }) }
    const crash = options.crash ? await powerCuts(session, result, { ...cuts, seed: options.seed }) : null
    if (options.json) printJson({ ...result, crash })
    else {
      describe(result)
      if (crash !== null) describeCuts(crash)
    }
    const why = options.expect === undefined ? undefined : notAsExpected(options.expect, result, crash)
    if (why === undefined) return 0
    note(why)
    return 3
  },
})

/** Why it is not so; undefined: it is. What was not looked at is not safe: a search that its budget ended shows nothing. */
function notAsExpected(
  expected: 'safe' | 'unsafe',
  { safe, complete, incomplete, executions, mode, bound }: ExploreResult,
  crash: CrashRunResult | null,
): string | undefined {
  const found = !safe || (crash !== null && crash.violations.length > 0)
  const all = complete && crash?.complete !== false
  if (expected === 'unsafe') return found ? undefined : `no violation was found${all ? '' : ' so far'}`
  if (found) return 'not safe'
  if (all) return undefined
  const left = incomplete ?? 'the budget was used up before all power cuts were judged'
  const more = executions >= bound.budget || incomplete === null ? `; ${goFurther(bound.budget)}` : ''
  return `not shown to be safe: ${left}${mode === 'dfs' ? more : '; --mode dfs goes through all'}`
}

function goFurther(budget: number): string {
  return `go further: --budget ${Math.min(budget * 10, limits.exploreBudget)}`
}

/** The same subject, cut at every change of what is durable; the budget holds for these schedules too. */
async function powerCuts(
  session: Session,
  { subject, strategy, bound }: ExploreResult,
  options: { readonly eadr: boolean; readonly subsets?: number; readonly seed: number },
): Promise<CrashRunResult> {
  return session.call('crash.run', {
    subject,
    strategy,
    preemptions: bound.preemptions,
    schedules: bound.budget,
    budget: limits.crashStepsMost,
    ...options,
  })
}

function describeCuts({ points, states, complete, violations }: CrashRunResult): void {
  const found = violations.length === 0 ? 'nothing is shown that must not be' : plural(violations.length, 'violation')
  const all = complete ? '' : ', not all there are: the budget was used up'
  print(`  power cuts: ${bold(found)} in ${plural(states, 'recovered state')} at ${plural(points, 'place')}${all}`)
  for (const { invariant, severity, message, schedule } of violations) {
    print(`\n${bold(invariant)} (${severity}) ${printable(message)}`)
    note(`there: ${schedule}`)
  }
}

function describe(result: ExploreResult): void {
  const { subject, strategy, fs, executions, steps, wallMs, violations, violationCount, lockOrder } = result
  const { preemptions } = result.bound
  const within = preemptions === null ? 'whatever the preemptions' : `within ${plural(preemptions, 'preemption')}`
  const verdict = result.safe ? 'nothing went wrong' : plural(violationCount, 'violation')
  print(
    `${bold(result.scenario)} under ${strategy} on ${fs}: ${bold(verdict)} in ${plural(executions, 'schedule')} ${within}`,
  )
  print(`  ${subject}: ${result.tasks.join(', ')}`)
  print(result.incomplete === null ? '  these are all there are' : `  not all: ${result.incomplete}`)
  if (result.mode === 'dfs' && !result.complete && executions >= result.bound.budget) {
    note(goFurther(result.bound.budget))
  }
  const cycles = lockOrder.cycles.length
  print(
    `  lock order: ${plural(lockOrder.edges.length, 'edge')}, ${cycles === 0 ? 'no circle' : plural(cycles, 'circle')}`,
  )
  for (const cycle of lockOrder.cycles) print(`    ${[...cycle, cycle[0]].join(' → ')}`)
  for (const violation of violations) describeViolation(violation)
  if (violations.length < violationCount) note(`${violationCount - violations.length} more violations have no film`)
  const rate = wallMs === 0 ? '' : `, ${count(Math.round((steps / wallMs) * 1000))} steps/s`
  note(`${count(steps)} steps in ${duration(wallMs * 1e6)} on ${plural(result.workers, 'thread')}${rate}`)
}

function describeViolation({ invariant, severity, message, preemptions, schedule, steps }: ExploreViolation): void {
  print(`\n${bold(invariant)} (${severity}) ${printable(message)}`)
  print(`  with ${plural(preemptions, 'preemption')}:`)
  printTurns(steps)
  note(`again: faultline replay '${schedule}'`)
}
