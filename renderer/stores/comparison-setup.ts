/**
 * What is to be compared: a scenario under strategies, a recorded trace replayed under strategies, or recordings beside
 * each other as they are. The first strategy, or the first recording, is the baseline.
 */

import { computed, ref } from 'vue'
import { limits } from '#shared/base/limits.ts'
import type { MethodParams } from '#shared/contract/methods.ts'
import type { ParamInfo } from '#shared/contract/simulation.ts'
import { parseArrivals } from '../panels/compare/arrivals.ts'
import { chosenText, parseChosen, parseValues, problemsOf, type Chosen } from '../panels/simulate/form.ts'
import { useFilesStore, type TraceChoice } from './files.ts'
import { useSimulationStore } from './simulation.ts'
import { useTraceStore } from './trace.ts'

/** Runs per strategy; below six no difference can be told from chance. */
export const SEEDS: ParamInfo = {
  name: 'seeds',
  title: 'Seeds',
  type: 'number',
  unit: null,
  min: 1,
  max: 100,
  default: 6,
  options: null,
  about: 'Runs per strategy, the same seeds for all. From six on a difference can be told from chance.',
}
/** How much is searched for the verdict of each. */
export const SCHEDULES: ParamInfo = {
  name: 'explore',
  title: 'Schedules searched',
  type: 'number',
  unit: null,
  min: 0,
  max: limits.exploreBudgetDefault,
  default: limits.compareSchedules,
  options: null,
  about: `Most schedules per strategy for its safety, and power cuts in ${limits.compareCuts} times as many; 0 searches none`,
}
/** A curve is about its shape; how sure the figures are stands in the table. */
const CURVE_SEEDS = 1
export const CURVE_VALUES = '1, 2, 4, 8, 16'
/** Today's kernels, and what one would like to know of a recording made on one. */
const TRACE_STRATEGIES = ['K', 'K,guardMode=exclusive', 'F']

export const SUBJECTS = [
  { id: 'scenario', label: 'Scenario', why: 'Run a scenario under several strategies' },
  { id: 'trace', label: 'Recorded trace', why: 'Replay a recorded trace under other strategies' },
  { id: 'traces', label: 'Two traces', why: 'Lay recordings beside each other as they are, before and after a patch' },
] as const
export type SubjectKind = (typeof SUBJECTS)[number]['id']

/** What the engine is asked, by what is compared. */
export type CompareRequest =
  | { readonly kind: 'scenario'; readonly params: MethodParams<'sim.compare'> }
  | { readonly kind: 'trace'; readonly params: MethodParams<'whatif.compare'> }
  | { readonly kind: 'traces'; readonly params: MethodParams<'whatif.traces'> }

export function useComparisonSetup() {
  const simulation = useSimulationStore()
  const kind = ref<SubjectKind>('scenario')
  const traces = useTraceChoices()
  const seeds = ref(String(SEEDS.default))
  const schedules = ref(String(SCHEDULES.default))
  const arrivalText = ref('')
  const arrivals = computed(() => parseArrivals(arrivalText.value))
  const { chosen, setChosen, usual } = useChosen(kind, traces)
  const curves = useCurve(kind)
  const problems = computed(() => [
    ...(kind.value === 'trace' && arrivals.value.problem !== undefined ? [arrivals.value.problem] : []),
    ...(kind.value === 'scenario'
      ? [...simulation.problems, ...curves.problems.value]
      : traces.problemsFor(kind.value)),
    ...(kind.value === 'traces'
      ? []
      : [
          ...problemsOf([SEEDS, SCHEDULES], { seeds: seeds.value, explore: schedules.value }),
          ...strategyProblems(chosen.value),
        ]),
  ])
  const request = computed<CompareRequest>(() => {
    const strategies = chosen.value.map(chosenText)
    const baseline = strategies[0] === undefined ? {} : { baseline: strategies[0] }
    const how = { seeds: Number(seeds.value), seed: Number(simulation.seed), explore: Number(schedules.value) }
    const runs = { strategies, ...baseline, ...how }
    const { first, second } = traces
    if (kind.value === 'traces') {
      return { kind: 'traces', params: { traces: [placeOf(first.value), placeOf(second.value)] } }
    }
    const { choice: arrival } = arrivals.value
    const asked = arrival === undefined ? {} : { arrival }
    if (kind.value === 'trace') return { kind: 'trace', params: { ...placeOf(first.value), ...runs, ...asked } }
    return { kind: 'scenario', params: { ...simulation.workload, ...runs, ...curves.sweep.value } }
  })
  /** How many runs the comparison takes. */
  const planned = computed(() =>
    kind.value === 'traces' ? 0 : chosen.value.length * (Number(seeds.value) + curves.runs.value),
  )
  const { problems: _problems, sweep: _sweep, runs: _runs, ...shownCurve } = curves
  const { problemsFor: _problemsFor, ...shownTraces } = traces
  return {
    kind,
    ...shownTraces,
    seeds,
    schedules,
    arrivalText,
    chosen,
    setChosen,
    usual,
    ...shownCurve,
    problems,
    request,
    planned,
  }
}

function placeOf(choice: TraceChoice | undefined): { readonly file: string; readonly trace: number } {
  return { file: choice?.file ?? '', trace: choice?.trace ?? 0 }
}

function strategyProblems(chosen: readonly Chosen[]): string[] {
  const texts = chosen.map(chosenText)
  const again = texts.find((text, i) => texts.indexOf(text) !== i)
  return [
    ...(chosen.length < 2 ? ['Two strategies or more are needed to compare'] : []),
    ...(again === undefined ? [] : [`${again} is there twice: change a slot of one, or leave it out`]),
  ]
}

/** Strategies are kept per scenario, and once for recorded traces. */
function useChosen(kind: { readonly value: SubjectKind }, traces: ReturnType<typeof useTraceChoices>) {
  const simulation = useSimulationStore()
  const chosenOf = ref<Readonly<Record<string, readonly Chosen[]>>>({})
  /** What it was made under comes first: that is what the others are measured against. */
  const ofTrace = computed(() => [
    ...new Set([traces.first.value?.info.strategy ?? TRACE_STRATEGIES[0], ...TRACE_STRATEGIES]),
  ])
  const key = computed(() => (kind.value === 'scenario' ? (simulation.scenario?.id ?? '') : 'a recorded trace'))
  const usual = computed(() => (kind.value === 'scenario' ? (simulation.scenario?.strategies ?? []) : ofTrace.value))
  const chosen = computed<readonly Chosen[]>(() => chosenOf.value[key.value] ?? usual.value.map(parseChosen))
  function setChosen(list: readonly Chosen[]): void {
    if (key.value !== '') chosenOf.value = { ...chosenOf.value, [key.value]: list }
  }
  return { chosen, setChosen, usual }
}

function useCurve(kind: { readonly value: SubjectKind }) {
  const simulation = useSimulationStore()
  const withCurve = ref(true)
  const curveText = ref(CURVE_VALUES)
  const curveParam = computed(() =>
    kind.value !== 'scenario'
      ? undefined
      : simulation.scenario?.params.find(({ name }) => name === simulation.scenario?.threadParam),
  )
  const curve = computed(() =>
    curveParam.value === undefined || !withCurve.value ? undefined : parseValues(curveText.value, curveParam.value),
  )
  const problems = computed(() => (curve.value?.problem === undefined ? [] : [`Curve: ${curve.value.problem}`]))
  const sweep = computed(() =>
    curveParam.value === undefined || curve.value === undefined
      ? {}
      : { sweep: { param: curveParam.value.name, values: [...curve.value.values], seeds: CURVE_SEEDS } },
  )
  const runs = computed(() => (curve.value?.values.length ?? 0) * CURVE_SEEDS)
  return { withCurve, curveText, curveParam, curve, problems, sweep, runs }
}

/** Traces of the open files: recorded and simulated ones alike. */
function useTraceChoices() {
  const files = useFilesStore()
  const looked = useTraceStore()
  const firstKey = ref<string>()
  const secondKey = ref<string>()
  const choices = computed(() => files.traces)
  /** Where nothing was chosen, the trace that is looked at. */
  const first = computed(
    () =>
      choices.value.find(({ key }) => key === firstKey.value) ??
      choices.value.find(({ file, trace }) => file === looked.file && trace === looked.traceId) ??
      choices.value[0],
  )
  /** A trace beside itself says nothing. */
  const others = computed(() => choices.value.filter(({ key }) => key !== first.value?.key))
  const second = computed(() => others.value.find(({ key }) => key === secondKey.value) ?? others.value[0])
  function problemsFor(kind: SubjectKind): string[] {
    if (first.value === undefined) return ['Open a trace first: its workload is replayed']
    if (kind === 'traces') return second.value === undefined ? ['Open another trace to lay beside this one'] : []
    if (first.value.info.ops === 0) {
      return ['This trace has no operations to replay: record exceptions, fs_dax and syscalls events as well']
    }
    return []
  }
  return { choices, others, first, second, firstKey, secondKey, problemsFor }
}
