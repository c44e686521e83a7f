/**
 * Sensitivity and scaling of what was compared: asked for when their view is opened and wanted, each with its progress, kept
 * per comparison and strategy. They run nothing by themselves, because each takes as long as a comparison.
 */

import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch, type ComputedRef } from 'vue'
import { toWireError, type WireError } from '#shared/base/errors.ts'
import type { MethodParams, Progress } from '#shared/contract/methods.ts'
import type { ScalingResult, SensitivityResult } from '#shared/contract/whatif.ts'
import { useClient } from '../api/client.ts'
import { useComparisonStore } from './comparison.ts'
import type { CompareRequest } from './comparison-setup.ts'

type Subject = MethodParams<'whatif.sensitivity'>['subject']

/** Seeds of a curve: enough for an interval, few enough to wait for. */
const SEEDS = 4

/** What an experiment can be about; recordings as they are cannot be run again. */
export function subjectOf(request: CompareRequest | undefined): Subject | undefined {
  if (request === undefined || request.kind === 'traces') return undefined
  if (request.kind === 'scenario') {
    const { scenario, slots, fs, set } = request.params
    return {
      kind: 'scenario',
      scenario,
      ...(slots === undefined ? {} : { slots }),
      ...(fs === undefined ? {} : { fs }),
      ...(set === undefined ? {} : { set }),
    }
  }
  const { file, trace, baseline, arrival } = request.params
  return {
    kind: 'trace',
    file,
    trace,
    ...(baseline === undefined ? {} : { baseline }),
    ...(arrival === undefined ? {} : { arrival }),
  }
}

export const useExperimentsStore = defineStore('experiments', () => {
  const comparison = useComparisonStore()
  const client = useClient()
  const subject = computed(() => subjectOf(comparison.compared?.request))
  const strategies = computed(() => comparison.compared?.result.strategies.map(({ id }) => id) ?? [])
  const chosen = ref<string>()
  const strategy = computed(() =>
    chosen.value !== undefined && strategies.value.includes(chosen.value) ? chosen.value : strategies.value[0],
  )
  const key = computed(() => JSON.stringify([subject.value, strategy.value]))

  const sensitivity = useExperiment<SensitivityResult>(key, (options) => {
    if (subject.value === undefined || strategy.value === undefined) return undefined
    const asked = { subject: subject.value, strategy: strategy.value, seeds: SEEDS }
    return client.call('whatif.sensitivity', asked, options)
  })
  const scaling = useExperiment<ScalingResult>(
    computed(() => JSON.stringify([subject.value, strategies.value])),
    (options) =>
      subject.value === undefined
        ? undefined
        : client.call('whatif.scaling', { subject: subject.value, strategies: [...strategies.value] }, options),
  )
  return { subject, strategies, strategy, choose: (id: string) => void (chosen.value = id), sensitivity, scaling }
})

interface CallOptions {
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

export interface Experiment<R> {
  readonly result: R | undefined
  readonly running: Progress | 'starting' | undefined
  readonly error: WireError | undefined
  readonly cancelled: boolean
  readonly run: () => Promise<void>
  readonly cancel: () => void
}

/** One question and its answers by key; another key shows what was answered for it. */
function useExperiment<R>(
  key: { readonly value: string },
  call: (options: CallOptions) => Promise<R> | undefined,
): ComputedRef<Experiment<R>> {
  const answers = shallowRef<ReadonlyMap<string, R>>(new Map())
  const running = shallowRef<Progress | 'starting'>()
  const error = ref<WireError>()
  const cancelled = ref(false)
  let abort: AbortController | undefined

  async function run(): Promise<void> {
    cancel()
    cancelled.value = false
    const mine = (abort = new AbortController())
    const asked = key.value
    error.value = undefined
    running.value = 'starting'
    try {
      const onProgress = (progress: Progress): void => void (abort === mine && (running.value = progress))
      const answer = await call({ signal: mine.signal, onProgress })
      if (answer !== undefined) answers.value = new Map([...answers.value, [asked, answer]])
    } catch (thrown) {
      const wire = toWireError(thrown)
      if (abort === mine && wire.code !== 'cancelled') error.value = wire
    } finally {
      if (abort === mine) running.value = undefined
    }
  }
  function cancel(): void {
    cancelled.value = running.value !== undefined
    abort?.abort()
    abort = undefined
    running.value = undefined
  }
  watch(
    () => key.value,
    () => {
      error.value = undefined
      cancel()
      cancelled.value = false
    },
  )
  return computed(() => ({
    result: answers.value.get(key.value),
    running: running.value,
    error: error.value,
    cancelled: cancelled.value,
    run,
    cancel,
  }))
}
