/**
 * Waiting over time of a recorded run, asked of the engine for the file and trace it is in (not for the open tab). The last
 * answer stays until the next is there.
 */

import { onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { ContentionOverTimeResult } from '#shared/analysis/contention-over-time.ts'
import { toWireError, type WireError } from '#shared/base/errors.ts'
import { useAnalysisCache } from '../../api/provide-analyses.ts'
import type { RecordedRun } from '../../stores/comparison.ts'

export interface TimeRange {
  readonly fromNs: number
  readonly toNs: number
}

const BINS = 240

export function useWaiting(run: () => RecordedRun | undefined, range: () => TimeRange | undefined) {
  const cache = useAnalysisCache()
  const data = shallowRef<ContentionOverTimeResult>()
  const error = ref<WireError>()
  let release: (() => void) | undefined
  let asked = 0

  function ask(): void {
    release?.()
    release = undefined
    const turn = ++asked
    const file = run()?.tab.file
    const trace = run()?.trace
    error.value = undefined
    if (file === undefined || trace === undefined) {
      data.value = undefined
      return
    }
    const question = { file, trace, id: 'contention-over-time', params: { scope: { ...range() }, bins: BINS } }
    const call = cache.ask(question)
    release = call.release
    call.answer.then(
      (answer) => {
        if (turn === asked) data.value = answer as ContentionOverTimeResult
      },
      (thrown: unknown) => {
        if (turn === asked) error.value = toWireError(thrown)
      },
    )
  }
  watch(() => [run()?.tab.file, run()?.trace, range()?.fromNs, range()?.toNs] as const, ask, { immediate: true })
  onScopeDispose(() => {
    asked++
    release?.()
  })
  return { data, error, retry: ask }
}
