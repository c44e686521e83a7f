/**
 * Comparing: what is compared (a scenario, a recorded trace replayed, or recordings as they are), the comparison that runs,
 * and the last result with what it was asked for. The result stays until the first runs of the next one are there; those
 * are shown as they come. A strategy's first run can be recorded afterwards: the same workload and seed give the same run.
 */

import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { ApiError, toWireError, type WireError } from '#shared/base/errors.ts'
import type { Progress } from '#shared/contract/methods.ts'
import type { PartialComparison } from '#shared/contract/simulation.ts'
import type { AnyComparison } from '#shared/contract/whatif.ts'
import { useClient } from '../api/client.ts'
import { badgesOf } from '../charts/run-look.ts'
import { chosenText } from '../panels/simulate/form.ts'
import { inATask } from '../ui/frames.ts'
import { useComparisonPart } from './comparison-part.ts'
import { useComparisonSetup, type CompareRequest } from './comparison-setup.ts'
import { useFilesStore, type OpenTab } from './files.ts'
import { useSimulationStore } from './simulation.ts'

export { SCHEDULES, SEEDS } from './comparison-setup.ts'

export interface Compared {
  readonly request: CompareRequest
  readonly result: AnyComparison
}

export interface RunningComparison {
  readonly request: CompareRequest
  readonly badges: readonly string[]
  readonly progress: Progress | undefined
  readonly partial: PartialComparison | undefined
}

/** Which part of the page is on the screen. */
export const VIEWS = [
  { id: 'setup', label: 'Set up' },
  { id: 'result', label: 'Result' },
  { id: 'deltas', label: 'Deltas' },
  { id: 'sensitivity', label: 'Sensitivity' },
  { id: 'scaling', label: 'Scaling' },
] as const
export type CompareView = (typeof VIEWS)[number]['id']

export const useComparisonStore = defineStore('comparison', () => {
  const setup = useComparisonSetup()
  useComparisonPart(setup)
  const badges = computed(() => badgesOf(setup.chosen.value.map(chosenText)))
  const runs = useRuns(setup.request, badges)
  return { ...setup, badges, ...runs, ...useRecorded(runs.compared) }
})

interface Current<T> {
  readonly value: T
}

/** The comparison that runs, and the last one that is complete. */
function useRuns(request: Current<CompareRequest>, badges: Current<readonly string[]>) {
  const client = useClient()
  const showing = ref<CompareView>('setup')
  const running = shallowRef<RunningComparison>()
  const compared = shallowRef<Compared>()
  const error = ref<WireError>()
  /** What became of a comparison that was cancelled, in a sentence. */
  const cancelled = ref('')
  let abort: AbortController | undefined

  function ask({ kind, params }: CompareRequest, options: Parameters<typeof client.call>[2]): Promise<AnyComparison> {
    if (kind === 'scenario') return client.call('sim.compare', params, options)
    if (kind === 'trace') return client.call('whatif.compare', params, options)
    return client.call('whatif.traces', params, options)
  }

  /** True: there is a new result. */
  async function run(): Promise<boolean> {
    cancel()
    cancelled.value = ''
    const mine = (abort = new AbortController())
    const asked = request.value
    error.value = undefined
    running.value = { request: asked, badges: badges.value, progress: undefined, partial: undefined }
    try {
      const onProgress = async (progress: Progress): Promise<void> => {
        await inATask()
        if (abort !== mine || running.value === undefined) return
        const first = running.value.partial === undefined && progress.partial !== undefined
        running.value = { ...running.value, progress, partial: progress.partial ?? running.value.partial }
        if (first && showing.value === 'setup') showing.value = 'result'
      }
      const result = await ask(asked, { signal: mine.signal, onProgress: (progress) => void onProgress(progress) })
      await inATask()
      if (abort !== mine) return false
      compared.value = { request: asked, result }
      if (showing.value === 'setup') showing.value = 'result'
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
    if (running.value !== undefined) {
      const rest = compared.value === undefined ? 'nothing of it is kept' : 'the result before it is shown'
      cancelled.value = `Cancelled: ${rest}`
    }
    abort?.abort()
    abort = undefined
    running.value = undefined
    if (compared.value === undefined) showing.value = 'setup'
  }

  return { showing, running, compared, error, cancelled, run, cancel }
}

/** A run as a trace one can look at: the file it is in, and which of its traces it is. */
export interface RecordedRun {
  readonly tab: OpenTab
  readonly trace: number
}

/** Recorded first runs of the shown result, by strategy; they are tabs, and forgotten when the tab is closed. */
function useRecorded(compared: Current<Compared | undefined>) {
  const files = useFilesStore()
  const recordNow = useRecording()
  const places = shallowRef<ReadonlyMap<string, { readonly name: string; readonly trace: number }>>(new Map())
  const busy = shallowRef<ReadonlySet<string>>(new Set())
  const errors = shallowRef<ReadonlyMap<string, WireError>>(new Map())

  function keyOf(strategy: string): string {
    const request = compared.value?.request
    if (request === undefined) return ''
    if (request.kind !== 'scenario') return JSON.stringify([request.params, strategy])
    const { scenario, fs, set, seed } = request.params
    return JSON.stringify([scenario, fs, set, seed, strategy])
  }
  function recorded(strategy: string): RecordedRun | undefined {
    const { request, result } = compared.value ?? {}
    // Recordings are open already.
    const at = result?.strategies.findIndex(({ id }) => id === strategy) ?? -1
    const asItIs = request?.kind === 'traces' ? request.params.traces[at] : undefined
    const place = places.value.get(keyOf(strategy))
    const tab = files.tabs.find(({ file, name }) => (asItIs ? file === asItIs.file : name === place?.name))
    const trace = asItIs?.trace ?? place?.trace
    return tab === undefined || trace === undefined ? undefined : { tab, trace }
  }
  const recording = (strategy: string): boolean => busy.value.has(keyOf(strategy))
  const recordError = (strategy: string): WireError | undefined => errors.value.get(keyOf(strategy))

  async function record(strategy: string): Promise<RecordedRun | undefined> {
    const there = recorded(strategy)
    if (there !== undefined || compared.value === undefined || recording(strategy)) return there
    const key = keyOf(strategy)
    busy.value = new Set([...busy.value, key])
    errors.value = new Map([...errors.value].filter(([one]) => one !== key))
    try {
      const run = await recordNow(compared.value, strategy)
      if (run !== undefined) places.value = new Map([...places.value, [key, { name: run.tab.name, trace: run.trace }]])
      return run
    } catch (thrown) {
      errors.value = new Map([...errors.value, [key, toWireError(thrown)]])
      return undefined
    } finally {
      busy.value = new Set([...busy.value].filter((one) => one !== key))
    }
  }
  return { recorded, recording, record, recordError }
}

/** A scenario's run alone in a file; a replay in one with the trace it comes from, whose child it is. */
function useRecording() {
  const simulation = useSimulationStore()
  const files = useFilesStore()
  const client = useClient()
  return async ({ request, result }: Compared, strategy: string): Promise<RecordedRun | undefined> => {
    const seed = result.seeds[0] === undefined ? {} : { seed: result.seeds[0] }
    if (request.kind === 'traces') return undefined
    if (request.kind === 'scenario') {
      const { scenario, fs, set } = request.params
      const asked = {
        scenario,
        ...(fs === undefined ? {} : { fs }),
        ...(set === undefined ? {} : { set }),
        strategy,
        ...seed,
        keep: true,
      }
      const ran = await simulation.start(asked)
      const why = simulation.jobs.find((job) => job.request === asked)?.error
      if (why !== undefined) throw new ApiError(why.code, why.message, why.hint)
      return ran === undefined ? undefined : runIn(ran.tab, ran.tab.traces[0]?.id)
    }
    const { file, trace, baseline = 'K', arrival } = request.params
    const asked = arrival === undefined ? {} : { arrival }
    const once = { file, trace, baseline, ...asked, strategies: [strategy], seeds: 1, explore: 0, keep: true, ...seed }
    const { opened, strategies } = await client.call('whatif.compare', once)
    const id = strategies.find((one) => one.id === strategy)?.trace
    return opened === null ? undefined : runIn(await files.adopt(opened), id)
  }
}

function runIn(tab: OpenTab, trace: number | null | undefined): RecordedRun | undefined {
  return trace === null || trace === undefined ? undefined : { tab, trace }
}
