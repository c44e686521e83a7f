/**
 * A search of schedules as plain functions: the fields of its form, what is sent, and what its answer says in words. Fields
 * that stand at their default are not sent. "Safe" is said only of a search that left nothing out.
 */

import { limits } from '#shared/base/limits.ts'
import type { CrashRunResult } from '#shared/contract/crash.ts'
import type { ExploreMode, ExploreResult } from '#shared/contract/exploration.ts'
import type { MethodParams } from '#shared/contract/methods.ts'
import type { RaceInfo } from '#shared/contract/races.ts'
import type { ParamInfo, ScenarioInfo, SimCatalog } from '#shared/contract/simulation.ts'
import { formatCount } from '../../ui/format.ts'
import { problemsOf, settingsOf, type Texts } from '../simulate/form.ts'
import type { Tone } from './words.ts'

export const MODES: readonly { readonly id: ExploreMode; readonly label: string; readonly why: string }[] = [
  {
    id: 'dfs',
    label: 'All schedules',
    why: 'Every order of moves within the bound; what differs in nothing is run once',
  },
  { id: 'random', label: 'Random', why: 'Each move is drawn by lot, as often as the budget says' },
  { id: 'pct', label: 'PCT', why: 'Random priorities with few changes: finds bugs of small depth with known odds' },
]

function field(part: Pick<ParamInfo, 'name' | 'title' | 'about' | 'default' | 'min' | 'max'>): ParamInfo {
  return { type: 'number', unit: null, options: null, ...part }
}
function yesNo(part: Pick<ParamInfo, 'name' | 'title' | 'about'>): ParamInfo {
  return { type: 'switch', unit: null, min: null, max: null, default: false, options: ['false', 'true'], ...part }
}

const PREEMPTIONS = field({
  name: 'preemptions',
  title: 'Preemptions',
  default: 2,
  min: 0,
  max: 20,
  about: 'Most switches away from a task that could go on; every catalogued race needs two at most',
})
const NO_BOUND = yesNo({ name: 'unbounded', title: 'No bound', about: 'Any number of preemptions' })
const BUDGET = field({
  name: 'budget',
  title: 'Budget, schedules',
  default: limits.exploreBudgetDefault,
  min: 1,
  max: limits.exploreBudget,
  about: 'The search stops after this many and says that it is not complete',
})
const ROUNDS = field({
  name: 'rounds',
  title: 'Rounds of each actor',
  default: 1,
  min: 1,
  max: 100,
  about: 'How often each actor of a scenario goes round its loop',
})
const SEED = field({
  name: 'seed',
  title: 'Seed',
  default: 1,
  min: 0,
  max: null,
  about: "Of the scenario's own choices, and of the lot",
})
const REDUCE = yesNo({
  name: 'all',
  title: 'Without reduction',
  about: 'Also schedules that differ in the order of independent moves only: slower, finds the same',
})
const EADR = yesNo({
  name: 'eadr',
  title: 'eADR',
  about: 'The power supply flushes the caches: every line survives a power cut',
})
const SUBSETS = field({
  name: 'subsets',
  title: 'Random subsets of lines',
  default: 4,
  min: 0,
  max: 1000,
  about: 'At each power cut, besides no line, all lines and each single line kept',
})
const CUT_BUDGET = field({
  name: 'cutBudget',
  title: 'Budget, moves',
  default: limits.crashSteps,
  min: 1,
  max: limits.crashStepsMost,
  about: 'Most moves of all schedules that are cut',
})

/** What is filled in, apart from the strategy. */
export interface ExploreForm {
  /** A scenario's or a race's id. */
  readonly subject: string
  readonly mode: ExploreMode
  /** Also cut the power, at every change of what is durable. */
  readonly cuts: boolean
  /** Of the search and of the power cuts, by name. */
  readonly texts: Texts
  /** Of the scenario's parameters, where they differ from its size for a search. */
  readonly set: Texts
}

export interface FormFields {
  readonly scenario: readonly ParamInfo[]
  readonly search: readonly ParamInfo[]
  readonly cuts: readonly ParamInfo[]
}

export function fieldsOf({ mode, cuts, texts }: ExploreForm, scenario: ScenarioInfo | undefined): FormFields {
  const unbounded = texts['unbounded'] === 'true'
  const bound = mode === 'random' ? [] : [...(unbounded ? [] : [PREEMPTIONS]), ...(mode === 'dfs' ? [NO_BOUND] : [])]
  return {
    scenario:
      scenario?.params.map((param) => ({ ...param, default: scenario.search[param.name] ?? param.default })) ?? [],
    search: [
      ...bound,
      BUDGET,
      ...(scenario === undefined ? [] : [ROUNDS]),
      ...(scenario === undefined && mode === 'dfs' ? [] : [SEED]),
      ...(mode === 'dfs' ? [REDUCE] : []),
    ],
    cuts: cuts ? [EADR, SUBSETS, CUT_BUDGET] : [],
  }
}

export function formProblems(form: ExploreForm, fields: FormFields): readonly string[] {
  return [
    ...problemsOf(fields.scenario, form.set),
    ...problemsOf(fields.search, form.texts),
    ...problemsOf(fields.cuts, form.texts),
  ]
}

export function exploreRequest(form: ExploreForm, fields: FormFields, strategy: string): MethodParams<'explore.run'> {
  const { unbounded, all, ...rest } = settingsOf(fields.search, form.texts)
  const numbers: Partial<Record<NumberName, number>> = {}
  for (const name of NUMBERS) if (typeof rest[name] === 'number') numbers[name] = rest[name]
  return {
    scenario: form.subject,
    strategy,
    mode: form.mode,
    set: settingsOf(fields.scenario, form.set),
    ...numbers,
    ...(unbounded === undefined ? {} : { preemptions: null }),
    ...(all === undefined ? {} : { reduce: false }),
  }
}

const NUMBERS = ['preemptions', 'budget', 'rounds', 'seed'] as const
type NumberName = (typeof NUMBERS)[number]

/** What may be at most, where a bound has to be named. */
const MOST_PREEMPTIONS = 20

export function crashRequest(
  form: ExploreForm,
  fields: FormFields,
  explored: Pick<ExploreResult, 'subject' | 'strategy' | 'bound'>,
): MethodParams<'crash.run'> {
  const { eadr, cutBudget, subsets } = settingsOf(fields.cuts, form.texts)
  return {
    subject: explored.subject,
    strategy: explored.strategy,
    preemptions: explored.bound.preemptions ?? MOST_PREEMPTIONS,
    ...(eadr === undefined ? {} : { eadr: true }),
    ...(cutBudget === undefined ? {} : { budget: Number(cutBudget) }),
    ...(subsets === undefined ? {} : { subsets: Number(subsets) }),
  }
}

/** What can be searched: scenarios, and races that are one race. */
export function subjectsOf(
  catalog: SimCatalog | undefined,
  races: readonly RaceInfo[] | undefined,
): readonly { readonly label: string; readonly items: readonly { readonly id: string; readonly title: string }[] }[] {
  return [
    { label: 'Scenarios, in a size for searching', items: catalog?.scenarios ?? [] },
    { label: 'Races', items: races?.filter(({ parts }) => parts === null) ?? [] },
  ]
}

export interface Verdict {
  readonly tone: Tone
  readonly mark: '✓' | '✕' | '?'
  readonly title: string
  readonly words: string
}

const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`

function bound(preemptions: number | null): string {
  return preemptions === null ? 'with any number of preemptions' : `with ${plural(preemptions, 'preemption')} or fewer`
}

export function searchVerdict(result: ExploreResult): Verdict {
  const { executions, redundant, steps, workers, wallMs, complete, incomplete, violationCount } = result
  const covered = redundant === 0 ? '' : `, ${formatCount(redundant)} of them cut short as covered`
  const effort = `${plural(executions, 'schedule')}${covered}, ${plural(steps, 'move')}, ${seconds(wallMs)} on ${plural(workers, 'thread')}`
  const how = complete
    ? `Complete: every schedule ${bound(result.bound.preemptions)}`
    : `Not complete: ${incomplete ?? ''}`
  const words = `${how}. ${effort}.`
  if (violationCount > 0) return { tone: 'bad', mark: '✕', title: plural(violationCount, 'violation'), words }
  if (complete) return { tone: 'ok', mark: '✓', title: 'Nothing is violated', words }
  return { tone: 'info', mark: '?', title: 'Nothing found so far, which does not mean safe', words }
}

export function crashVerdict(result: CrashRunResult, preemptions: number): Verdict {
  const { points, states, executions, complete, violations, wallMs } = result
  const how = complete
    ? `Complete: cut at every change of what is durable, in every schedule ${bound(preemptions)}`
    : 'Not complete: the budget of moves was used up first'
  const words = `${how}. ${plural(points, 'power cut')}, ${plural(states, 'recovered state')}, ${plural(executions, 'schedule')}, ${seconds(wallMs)}.`
  if (violations.length > 0)
    return { tone: 'bad', mark: '✕', title: `${plural(violations.length, 'violation')} after recovery`, words }
  if (complete) return { tone: 'ok', mark: '✓', title: 'Every power cut recovers', words }
  return { tone: 'info', mark: '?', title: 'Every power cut so far recovers, which does not mean all do', words }
}

function seconds(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`
}
