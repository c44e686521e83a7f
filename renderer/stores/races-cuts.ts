/**
 * Power cuts of the film that is shown: at every change of what is durable the power fails in thought and recovery runs. Which
 * cut is looked at goes with the film: moving one moves the other. Asked for only while somebody looks.
 */

import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { toWireError, type WireError } from '#shared/base/errors.ts'
import type { CrashPoint, CrashPointsResult, CrashState } from '#shared/contract/crash.ts'
import type { MethodParams } from '#shared/contract/methods.ts'
import { useClient } from '../api/client.ts'
import { useFilmStore } from './races-film.ts'

export const useCutStore = defineStore('races-cuts', () => {
  const film = useFilmStore()
  /** Somebody looks at them. */
  const on = ref(false)
  const eadr = ref(false)
  const { result, state, error, ask } = useAnswer()
  const at = ref(0)
  /** Which lines survive, by name. */
  const lines = ref('none')

  const points = computed<readonly CrashPoint[]>(() => result.value?.points ?? [])
  const point = computed<CrashPoint | undefined>(() => points.value[at.value])
  const shown = computed<CrashState | undefined>(
    () => point.value?.states.find((one) => one.lines === lines.value) ?? point.value?.states[0],
  )

  /** At the cut the schedule names, else at the first that does not recover, else where the film stands. */
  function start({ points: all, replay }: CrashPointsResult): void {
    const named = replay === null ? -1 : all.findIndex((one) => one.point === replay.point)
    const bad = all.findIndex(({ violations }) => violations.length > 0)
    const to = named >= 0 ? named : bad
    lines.value = named >= 0 && replay !== null ? replay.lines : (all[bad]?.violations[0]?.lines ?? 'none')
    if (to >= 0) goTo(to)
    else follow()
  }
  function goTo(index: number): void {
    at.value = Math.max(0, Math.min(points.value.length - 1, index))
    const here = point.value
    if (here === undefined) return
    if (!here.states.some((one) => one.lines === lines.value))
      lines.value = (here.states.find(({ violations }) => violations.length > 0) ?? here.states[0])?.lines ?? 'none'
    film.goToMove(here.move)
  }
  /** The last cut that lies in the frame that is shown, or before it. */
  function follow(): void {
    const { frame, film: source } = film
    if (frame === undefined || source === undefined || points.value.length === 0) return
    const [from, to] = [source.steps[frame.from]?.move ?? 0, source.steps[frame.to - 1]?.move ?? 0]
    const move = point.value?.move ?? -1
    if (move >= from && move <= to) return
    const last = points.value.findLastIndex((one) => one.move <= to)
    at.value = Math.max(0, last)
  }
  const question = computed(() => {
    const schedule = film.film?.schedule
    return !on.value || schedule === null || schedule === undefined ? undefined : { schedule, eadr: eadr.value }
  })
  const look = (): Promise<void> => ask(question.value, start)
  watch(question, look)
  watch(() => film.frame, follow)

  return { on, eadr, state, error, retry: () => void look(), points, at, point, shown, lines, goTo }
})

/** The latest question's answer. */
function useAnswer() {
  const client = useClient()
  const result = shallowRef<CrashPointsResult>()
  const state = ref<'idle' | 'loading' | 'ready' | 'error'>('idle')
  const error = ref<WireError>()
  let turn = 0
  let asked = ''

  async function ask(
    question: MethodParams<'crash.points'> | undefined,
    then: (answer: CrashPointsResult) => void,
  ): Promise<void> {
    const mine = ++turn
    error.value = undefined
    if (question === undefined) {
      state.value = 'idle'
      result.value = undefined
      return
    }
    state.value = 'loading'
    // Cuts of another film say nothing about this one; with eADR on or off they are the same places.
    if (question.schedule !== asked) result.value = undefined
    asked = question.schedule
    try {
      const answer = await client.call('crash.points', question)
      if (mine !== turn) return
      result.value = answer
      state.value = 'ready'
      then(answer)
    } catch (thrown) {
      if (mine !== turn) return
      error.value = toWireError(thrown)
      state.value = 'error'
    }
  }
  return { result, state, error, ask }
}
