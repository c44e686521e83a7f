/**
 * Simulating: the catalogue of what there is, what is filled in, and the runs that were started. The workload (scenario,
 * parameters, costs, file system, seed) is one for the Simulate and the Compare page, so that going from one to the other
 * loses nothing. What was filled in is kept per scenario while the window is open.
 */

import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { toWireError, type WireError } from '#shared/base/errors.ts'
import type { MethodParams, Progress } from '#shared/contract/methods.ts'
import type { ParamInfo, RunResult, ScenarioInfo, SimCatalog, StrategyInfo } from '#shared/contract/simulation.ts'
import { useClient } from '../api/client.ts'
import { chosenText, parseChosen, problemsOf, settingsOf, type Chosen, type Texts } from '../panels/simulate/form.ts'
import { useFilesStore, type OpenTab } from './files.ts'
import { useOwnStrategyStore } from './own-strategies.ts'

export type RunRequest = MethodParams<'sim.run'>

export interface SimJob {
  readonly id: number
  readonly request: RunRequest
  readonly startedAt: number
  readonly progress: Progress | undefined
  readonly error: WireError | undefined
  readonly result: RunResult | undefined
}

/** Finished runs that stay listed. */
const LISTED = 20

export const SEED: ParamInfo = {
  name: 'seed',
  title: 'Seed',
  type: 'number',
  unit: null,
  min: 0,
  max: null,
  default: 1,
  options: null,
  about: 'The same seed gives the same run, bit for bit',
}

export const useSimulationStore = defineStore('simulation', () => {
  const client = useClient()
  const { catalog, error, load } = useCatalog()

  const form = useForm(catalog)
  const { workload, strategy, seed } = form
  const own = useOwnStrategyStore()
  /** Presets, then those of the user's own. */
  const strategies = computed<readonly StrategyInfo[]>(() => [...(catalog.value?.strategies ?? []), ...own.asInfos])
  const strategyInfo = (id: string): StrategyInfo | undefined => strategies.value.find((one) => one.id === id)

  const { jobs, start, dismiss } = useRuns(client)
  /** What is filled in, as a run that is kept. */
  const request = computed<RunRequest>(() => ({
    ...workload.value,
    strategy: chosenText(strategy.value),
    seed: Number(seed.value),
    keep: true,
  }))

  return {
    catalog,
    error,
    load,
    ...form,
    strategies,
    strategyInfo,
    request,
    jobs,
    start,
    dismiss,
  }
})

/** What is filled in. */
function useForm(catalog: { readonly value: SimCatalog | undefined }) {
  const chosenScenario = ref<string>()
  const scenario = computed<ScenarioInfo | undefined>(
    () => catalog.value?.scenarios.find(({ id }) => id === chosenScenario.value) ?? catalog.value?.scenarios[0],
  )
  const textsOf = ref<Readonly<Record<string, Texts>>>({})
  const texts = computed(() => textsOf.value[scenario.value?.id ?? ''] ?? {})
  const costs = ref<Texts>({})
  const filesystem = ref('')
  const seed = ref('1')
  const picked = ref<Readonly<Record<string, Chosen>>>({})
  const strategy = computed<Chosen>(
    () => picked.value[scenario.value?.id ?? ''] ?? parseChosen(scenario.value?.strategies[0] ?? ''),
  )

  /** A file system the scenario does not have is not sent. */
  const fs = computed(() => (scenario.value?.filesystems.includes(filesystem.value) ? filesystem.value : ''))
  const problems = computed(() => [
    ...problemsOf(scenario.value?.params ?? [], texts.value),
    ...problemsOf(catalog.value?.costs ?? [], costs.value),
    ...problemsOf([SEED], { seed: seed.value }),
  ])
  const workload = computed(() => ({
    scenario: scenario.value?.id ?? '',
    ...(fs.value === '' ? {} : { fs: fs.value }),
    set: {
      ...settingsOf(scenario.value?.params ?? [], texts.value),
      ...settingsOf(catalog.value?.costs ?? [], costs.value),
    },
  }))

  function setText(name: string, text: string): void {
    const id = scenario.value?.id
    if (id !== undefined) textsOf.value = { ...textsOf.value, [id]: { ...texts.value, [name]: text } }
  }
  function setCost(name: string, text: string): void {
    costs.value = { ...costs.value, [name]: text }
  }
  function reset(): void {
    const id = scenario.value?.id
    if (id !== undefined) textsOf.value = { ...textsOf.value, [id]: {} }
    costs.value = {}
  }
  function pick(chosen: Chosen): void {
    const id = scenario.value?.id
    if (id !== undefined) picked.value = { ...picked.value, [id]: chosen }
  }
  return {
    scenario,
    choose: (id: string) => void (chosenScenario.value = id),
    texts,
    setText,
    costs,
    setCost,
    reset,
    fs,
    filesystem,
    seed,
    problems,
    workload,
    strategy,
    pick,
  }
}

/** Asked for once; an error stays until it is asked for again. */
function useCatalog() {
  const client = useClient()
  const catalog = shallowRef<SimCatalog>()
  const error = ref<WireError>()
  let asked: Promise<void> | undefined
  function load(): Promise<void> {
    error.value = undefined
    asked ??= client
      .call('sim.catalog', {})
      .then((answer) => void (catalog.value = answer))
      .catch((thrown: unknown) => {
        asked = undefined
        error.value = toWireError(thrown)
      })
    return asked
  }
  return { catalog, error, load }
}

function useRuns(client: ReturnType<typeof useClient>) {
  const files = useFilesStore()
  const jobs = shallowRef<readonly SimJob[]>([])
  const aborts = new Map<number, AbortController>()
  let next = 1

  function change(id: number, part: Partial<SimJob>): void {
    jobs.value = jobs.value.map((job) => (job.id === id ? { ...job, ...part } : job))
  }
  /** Runs and opens what was recorded as a tab; undefined when it failed (see `jobs`) or was cancelled. */
  async function start(request: RunRequest): Promise<{ result: RunResult; tab: OpenTab } | undefined> {
    const id = next++
    const abort = new AbortController()
    aborts.set(id, abort)
    const begun = { id, request, startedAt: performance.now() }
    jobs.value = [{ ...begun, progress: undefined, error: undefined, result: undefined }, ...jobs.value].slice(
      0,
      LISTED,
    )
    try {
      const onProgress = (progress: Progress): void => change(id, { progress })
      const result = await client.call('sim.run', request, { signal: abort.signal, onProgress })
      change(id, { result })
      return result.opened === null ? undefined : { result, tab: await files.adopt(result.opened) }
    } catch (thrown) {
      const error = toWireError(thrown)
      if (error.code === 'cancelled') dismiss(id)
      else change(id, { error })
      return undefined
    } finally {
      aborts.delete(id)
    }
  }
  /** Cancels what still runs. */
  function dismiss(id: number): void {
    aborts.get(id)?.abort()
    aborts.delete(id)
    jobs.value = jobs.value.filter((job) => job.id !== id)
  }
  return { jobs, start, dismiss }
}
