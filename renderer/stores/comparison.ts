/**
 * Comparing: the strategies that are compared, the comparison that runs, and the last result with what it was asked for.
 * The result stays until the next one is complete. The first strategy is the baseline. A strategy's first run can be
 * recorded afterwards: the same workload and seed give the same run, this time with its trace.
 */

import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { toWireError, type WireError } from '#shared/base/errors.ts'
import type { MethodParams, Progress } from '#shared/contract/methods.ts'
import type { CompareResult, ParamInfo } from '#shared/contract/simulation.ts'
import { useClient } from '../api/client.ts'
import { badgesOf } from '../charts/run-look.ts'
import { chosenText, parseChosen, parseValues, problemsOf, type Chosen } from '../panels/simulate/form.ts'
import { useFilesStore, type OpenTab } from './files.ts'
import { useSimulationStore } from './simulation.ts'

export type CompareRequest = MethodParams<'sim.compare'>

export interface Compared {
  readonly request: CompareRequest
  readonly result: CompareResult
}

export interface RunningComparison {
  readonly request: CompareRequest
  readonly badges: readonly string[]
  readonly progress: Progress | undefined
}

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
/** A curve is about its shape; how sure the figures are stands in the table. */
const CURVE_SEEDS = 1
const CURVE_VALUES = '1, 2, 4, 8, 16'

export const useComparisonStore = defineStore('comparison', () => {
  const setup = useSetup()
  const runs = useRuns(setup.request, setup.badges)
  return { ...setup, ...runs, ...useRecorded(runs.compared) }
})

/** What is compared. */
function useSetup() {
  const simulation = useSimulationStore()
  const seeds = ref(String(SEEDS.default))
  const withCurve = ref(true)
  const curveText = ref(CURVE_VALUES)
  const chosenOf = ref<Readonly<Record<string, readonly Chosen[]>>>({})
  const chosen = computed<readonly Chosen[]>(
    () => chosenOf.value[simulation.scenario?.id ?? ''] ?? (simulation.scenario?.strategies ?? []).map(parseChosen),
  )
  const badges = computed(() => badgesOf(chosen.value.map(chosenText)))
  const curveParam = computed(() =>
    simulation.scenario?.params.find(({ name }) => name === simulation.scenario?.threadParam),
  )
  const curve = computed(() =>
    curveParam.value === undefined || !withCurve.value ? undefined : parseValues(curveText.value, curveParam.value),
  )

  function setChosen(list: readonly Chosen[]): void {
    const id = simulation.scenario?.id
    if (id !== undefined) chosenOf.value = { ...chosenOf.value, [id]: list }
  }
  const problems = computed(() => [
    ...simulation.problems,
    ...problemsOf([SEEDS], { seeds: seeds.value }),
    ...(curve.value?.problem === undefined ? [] : [`Curve: ${curve.value.problem}`]),
    ...(chosen.value.length < 2 ? ['Two strategies or more are needed to compare'] : []),
    ...twice(chosen.value.map(chosenText)),
  ])
  const request = computed<CompareRequest>(() => {
    const strategies = chosen.value.map(chosenText)
    const sweep =
      curveParam.value === undefined || curve.value === undefined
        ? {}
        : { sweep: { param: curveParam.value.name, values: [...curve.value.values], seeds: CURVE_SEEDS } }
    return {
      ...simulation.workload,
      strategies,
      ...(strategies[0] === undefined ? {} : { baseline: strategies[0] }),
      seeds: Number(seeds.value),
      seed: Number(simulation.seed),
      ...sweep,
    }
  })
  /** How many runs the comparison takes. */
  const planned = computed(
    () => chosen.value.length * (Number(seeds.value) + (curve.value?.values.length ?? 0) * CURVE_SEEDS),
  )

  return { seeds, withCurve, curveText, curveParam, curve, chosen, badges, setChosen, problems, request, planned }
}

interface Current<T> {
  readonly value: T
}

/** The comparison that runs, and the last one that is complete. */
function useRuns(request: Current<CompareRequest>, badges: Current<readonly string[]>) {
  const client = useClient()
  /** Which half of the page is on the screen. */
  const showing = ref<'setup' | 'result'>('setup')
  const running = shallowRef<RunningComparison>()
  const compared = shallowRef<Compared>()
  const error = ref<WireError>()
  let abort: AbortController | undefined

  /** True: there is a new result. */
  async function run(): Promise<boolean> {
    cancel()
    const mine = (abort = new AbortController())
    const asked = request.value
    error.value = undefined
    running.value = { request: asked, badges: badges.value, progress: undefined }
    try {
      const onProgress = (progress: Progress): void => {
        if (abort === mine && running.value !== undefined) running.value = { ...running.value, progress }
      }
      const result = await client.call('sim.compare', asked, { signal: mine.signal, onProgress })
      if (abort !== mine) return false
      compared.value = { request: asked, result }
      showing.value = 'result'
      return true
    } catch (thrown) {
      const wire = toWireError(thrown)
      if (abort === mine && wire.code !== 'cancelled') error.value = wire
      return false
    } finally {
      if (abort === mine) running.value = undefined
    }
  }
  function cancel(): void {
    abort?.abort()
    abort = undefined
    running.value = undefined
  }

  return { showing, running, compared, error, run, cancel }
}

function twice(texts: readonly string[]): string[] {
  const again = texts.find((text, i) => texts.indexOf(text) !== i)
  return again === undefined ? [] : [`${again} is there twice: change a slot of one, or leave it out`]
}

/** Recorded first runs of the shown result, by strategy; they are tabs, and forgotten when the tab is closed. */
function useRecorded(compared: { readonly value: Compared | undefined }) {
  const simulation = useSimulationStore()
  const files = useFilesStore()
  const names = shallowRef<ReadonlyMap<string, string>>(new Map())
  const busy = shallowRef<ReadonlySet<string>>(new Set())

  function keyOf(strategy: string): string {
    const { scenario, fs, set, seed } = compared.value?.request ?? {}
    return JSON.stringify([scenario, fs, set, seed, strategy])
  }
  function recorded(strategy: string): OpenTab | undefined {
    const name = names.value.get(keyOf(strategy))
    return name === undefined ? undefined : files.tabs.find((tab) => tab.name === name)
  }
  const recording = (strategy: string): boolean => busy.value.has(keyOf(strategy))

  async function record(strategy: string): Promise<OpenTab | undefined> {
    const there = recorded(strategy)
    if (there !== undefined || compared.value === undefined || recording(strategy)) return there
    const key = keyOf(strategy)
    const { scenario, fs, set } = compared.value.request
    const [seed] = compared.value.result.seeds
    busy.value = new Set([...busy.value, key])
    try {
      const ran = await simulation.start({
        scenario,
        ...(fs === undefined ? {} : { fs }),
        ...(set === undefined ? {} : { set }),
        strategy,
        ...(seed === undefined ? {} : { seed }),
        keep: true,
      })
      if (ran !== undefined) names.value = new Map([...names.value, [key, ran.tab.name]])
      return ran?.tab
    } finally {
      busy.value = new Set([...busy.value].filter((one) => one !== key))
    }
  }
  return { recorded, recording, record }
}
