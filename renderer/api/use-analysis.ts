/**
 * An analysis as a reactive value: name it and give its parameters; the answer follows the parameters and the open trace.
 * The latest question wins and the one before is cancelled; the old answer stays on the screen until the new one is
 * there; answers are cached per (file, trace, analysis, parameters).
 */

import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { toWireError, type WireError } from '#shared/base/errors.ts'
import type { AnalysisId, AnalysisParams, AnalysisResult } from '#shared/analysis/index.ts'
import { useTraceStore } from '../stores/trace.ts'
import { useAnalysisCache } from './provide-analyses.ts'

export type LoadState = 'idle' | 'loading' | 'ready' | 'error'

export interface UsedAnalysis<Id extends AnalysisId> {
  readonly data: ShallowRef<AnalysisResult<Id> | undefined>
  readonly state: Ref<LoadState>
  readonly error: Ref<WireError | undefined>
  /** Ask again after an error. */
  readonly retry: () => void
}

/** `params` returning undefined means: ask nothing now (state `idle`, the last answer stays). */
export function useAnalysis<Id extends AnalysisId>(
  id: Id,
  params: () => AnalysisParams<Id> | undefined,
): UsedAnalysis<Id> {
  const cache = useAnalysisCache()
  const trace = useTraceStore()
  const data = shallowRef<AnalysisResult<Id>>()
  const state = ref<LoadState>('idle')
  const error = ref<WireError>()
  let release: (() => void) | undefined
  let asked = 0

  function ask(): void {
    release?.()
    release = undefined
    const turn = ++asked
    const given = params()
    const { file, traceId } = trace
    if (given === undefined || file === undefined || traceId === undefined) {
      state.value = 'idle'
      return
    }
    const question = { file, trace: traceId, id, params: given }
    const cached = cache.peek(question) as AnalysisResult<Id> | undefined
    error.value = undefined
    if (cached !== undefined) {
      data.value = cached
      state.value = 'ready'
      return
    }
    state.value = 'loading'
    const call = cache.ask(question)
    release = call.release
    call.answer.then(
      (answer) => {
        if (turn !== asked) return
        data.value = answer as AnalysisResult<Id>
        state.value = 'ready'
      },
      (thrown: unknown) => {
        if (turn !== asked) return
        error.value = toWireError(thrown)
        state.value = 'error'
      },
    )
  }

  watch(() => [trace.file, trace.traceId, JSON.stringify(params())] as const, ask, { immediate: true })
  watch(
    () => [trace.file, trace.traceId] as const,
    () => (data.value = undefined),
    { flush: 'sync' },
  )
  onScopeDispose(() => {
    asked++
    release?.()
  })
  return { data, state, error, retry: ask }
}
