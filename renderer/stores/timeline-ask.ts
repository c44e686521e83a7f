/**
 * An answer of the engine that follows what is shown: asked again when the question changes, the one before cancelled, the
 * old answer kept until the new one is there. For questions of the timeline that are no analyses.
 */

import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { toWireError, type WireError } from '#shared/base/errors.ts'
import type { LoadState } from '../api/use-analysis.ts'

export interface Answer<A> {
  readonly data: ShallowRef<A | undefined>
  readonly state: Ref<LoadState>
  readonly error: ShallowRef<WireError | undefined>
  readonly again: () => void
}

export interface AskOptions {
  /** Wait for a pause this long: questions that change with every move. */
  readonly afterMs?: number
  /** Nothing to ask: is the old answer wrong then? */
  readonly clear?: boolean
}

/** `question` returning undefined asks nothing. */
export function useAnswer<Q, A>(
  question: () => Q | undefined,
  ask: (question: Q, signal: AbortSignal) => Promise<A>,
  { afterMs = 0, clear = true }: AskOptions = {},
): Answer<A> {
  const data = shallowRef<A>()
  const state = ref<LoadState>('idle')
  const error = shallowRef<WireError>()
  let running: AbortController | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  async function run(): Promise<void> {
    const asked = question()
    running?.abort()
    running = undefined
    if (asked === undefined) {
      state.value = 'idle'
      if (clear) data.value = undefined
      return
    }
    const abort = new AbortController()
    running = abort
    state.value = 'loading'
    try {
      const answer = await ask(asked, abort.signal)
      if (running !== abort) return
      data.value = answer
      error.value = undefined
      state.value = 'ready'
    } catch (thrown) {
      if (running !== abort) return
      error.value = toWireError(thrown)
      state.value = 'error'
    }
  }
  const start = (): void => {
    clearTimeout(timer)
    if (afterMs === 0 || question() === undefined) void run()
    else timer = setTimeout(() => void run(), afterMs)
  }
  watch(() => JSON.stringify(question()), start, { immediate: true })
  onScopeDispose(() => {
    clearTimeout(timer)
    running?.abort()
    running = undefined
  })
  return { data, state, error, again: () => void run() }
}
