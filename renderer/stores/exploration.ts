/**
 * Searching schedules: what is filled in, the search that runs (with progress and cancel) and what it found, which stays
 * until the next one has something else to say. Power cuts are a second question about the same subject. The lock order it
 * found is what the Lock order page shows beside the trace's.
 */

import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { toWireError, type WireError } from '#shared/base/errors.ts'
import type { CrashRunResult } from '#shared/contract/crash.ts'
import type { ExploreMode, ExploreResult } from '#shared/contract/exploration.ts'
import type { Progress } from '#shared/contract/methods.ts'
import type { ScenarioInfo } from '#shared/contract/simulation.ts'
import { useClient } from '../api/client.ts'
import { crashRequest, exploreRequest, fieldsOf, formProblems, type ExploreForm } from '../panels/races/exploring.ts'
import { chosenText, parseChosen, type Chosen } from '../panels/simulate/form.ts'
import { useRacesStore } from './races.ts'
import { useSimulationStore } from './simulation.ts'

export interface Exploring {
  readonly what: 'schedules' | 'power cuts'
  /** `SC3 under F` */
  readonly name: string
  readonly progress: Progress | undefined
}

export interface Explored {
  readonly result: ExploreResult
  readonly crash: CrashRunResult | undefined
  /** Bound of the power cuts. */
  readonly crashPreemptions: number
}

export const useExplorationStore = defineStore('exploration', () => {
  const form = useExploreForm()
  const client = useClient()
  const races = useRacesStore()
  const running = shallowRef<Exploring>()
  const explored = shallowRef<Explored>()
  const error = ref<WireError>()
  /** The search that was stopped before it had an answer. */
  const cancelled = ref<string>()
  /** The Lock order page is about to be shown with this search's order. */
  const showOrder = ref(false)
  let abort: AbortController | undefined

  async function run(): Promise<void> {
    if (form.problems.value.length > 0) return
    abort?.abort()
    const mine = (abort = new AbortController())
    const { signal } = mine
    const [filled, fields] = [form.form.value, form.fields.value]
    const name = `${filled.subject} under ${form.strategyText.value}`
    const say = (what: Exploring['what'], progress?: Progress): void => {
      if (abort === mine) running.value = { what, name, progress }
    }
    error.value = cancelled.value = undefined
    say('schedules')
    const over = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    races.giveWayTo(over)
    try {
      const request = exploreRequest(filled, fields, form.strategyText.value)
      const result = await client.call('explore.run', request, { signal, onProgress: (one) => say('schedules', one) })
      explored.value = { result, crash: undefined, crashPreemptions: 0 }
      if (filled.cuts) {
        say('power cuts')
        const cutting = crashRequest(filled, fields, result)
        const crash = await client.call('crash.run', cutting, { signal, onProgress: (one) => say('power cuts', one) })
        explored.value = { result, crash, crashPreemptions: cutting.preemptions ?? 0 }
      }
    } catch (thrown) {
      if (abort === mine && !signal.aborted) error.value = toWireError(thrown)
    } finally {
      if (abort === mine) running.value = undefined
      mine.abort() // the matrix goes on
    }
  }
  function cancel(): void {
    cancelled.value = running.value?.name
    abort?.abort()
    abort = undefined
    running.value = undefined
  }
  return { ...form, run, cancel, cancelled, running, explored, error, showOrder }
})

/** What is filled in; parameters and strategy are kept per subject while the window is open. */
function useExploreForm() {
  const simulation = useSimulationStore()
  const races = useRacesStore()
  const subject = ref('')
  const mode = ref<ExploreMode>('dfs')
  const cuts = ref(false)
  const texts = ref<ExploreForm['texts']>({})
  const settings = ref<Readonly<Record<string, ExploreForm['set']>>>({})
  const picked = ref<Chosen>()

  const current = computed(() => subject.value || (simulation.catalog?.scenarios[0]?.id ?? ''))
  const scenario = computed<ScenarioInfo | undefined>(() =>
    simulation.catalog?.scenarios.find(({ id }) => id === current.value),
  )
  const race = computed(() => races.list?.find(({ id }) => id === current.value))
  const strategy = computed<Chosen>(() => picked.value ?? parseChosen(scenario.value?.strategies[0] ?? 'K'))
  const form = computed<ExploreForm>(() => ({
    subject: current.value,
    mode: mode.value,
    cuts: cuts.value,
    texts: texts.value,
    set: settings.value[current.value] ?? {},
  }))
  const fields = computed(() => fieldsOf(form.value, scenario.value))
  return {
    form,
    fields,
    problems: computed(() => formProblems(form.value, fields.value)),
    scenario,
    race,
    strategy,
    strategyText: computed(() => chosenText(strategy.value)),
    mode,
    cuts,
    choose: (id: string) => void (subject.value = id),
    pick: (chosen: Chosen) => void (picked.value = chosen),
    setText: (name: string, text: string) => void (texts.value = { ...texts.value, [name]: text }),
    setParam(name: string, text: string) {
      settings.value = { ...settings.value, [current.value]: { ...form.value.set, [name]: text } }
    },
  }
}
