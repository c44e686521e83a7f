/**
 * The film that is on the screen: which race under which strategy, where it stands, how finely it is cut, whether it plays,
 * and the other strategy beside it. Films are run by the engine when they are asked for and kept while the window is open;
 * the last one stays until the next is there.
 */

import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { toWireError, type WireError } from '#shared/base/errors.ts'
import type { RaceResult } from '#shared/contract/races.ts'
import { useClient } from '../api/client.ts'
import { actorsOf, firstViolation, frameOfStep, framesOf, lockStates, type Grain } from '../panels/races/film.ts'
import { cellKey } from '../panels/races/matrix.ts'
import { replayedFilm } from '../panels/races/replayed.ts'
import { useRacesStore } from './races.ts'
import { useToastStore } from './toasts.ts'

/** Films that are kept. */
const KEPT = 200
const FRAME_MS = 1100

export const useFilmStore = defineStore('races-film', () => {
  const films = useFilms()
  const toasts = useToastStore()
  const races = useRacesStore()
  const main = films.screen()
  const other = films.screen()
  const grain = ref<Grain>('scene')
  const cut = useCut(main.film, grain)
  const { at, frames } = cut
  const player = usePlayer(at, () => frames.value.length)
  /** The strategy that is shown beside it; undefined: the model's own fix. */
  const besideChoice = ref<string>()
  const beside = computed(() => besideChoice.value ?? fixFor(main.film.value?.strategy))

  watch(main.film, () => {
    player.stop()
    at.value = firstViolation(frames.value) ?? 0
  })
  watch([main.film, beside], ([film, strategy]) => {
    if (film && races.list?.some(({ id }) => id === film.race)) void other.show(sameScript(film, strategy))
    else other.clear()
  })
  function recut(next: Grain): void {
    const step = frames.value[at.value]?.from ?? 0
    grain.value = next
    at.value = frameOfStep(frames.value, step)
  }
  async function copySchedule(): Promise<void> {
    const schedule = main.film.value?.schedule
    if (schedule === null || schedule === undefined) return
    await navigator.clipboard.writeText(schedule)
    toasts.show({ level: 'done', title: 'The schedule is copied', detail: schedule })
  }

  return {
    film: main.film,
    asked: main.asked,
    state: main.state,
    error: main.error,
    open: main.show,
    replay: main.replay,
    retry: main.retry,
    other: other.film,
    otherState: other.state,
    otherError: other.error,
    retryOther: other.retry,
    beside,
    setBeside: (strategy: string) => void (besideChoice.value = strategy),
    grain,
    recut,
    ...cut,
    ...useMoves(main.film, cut, player),
    copySchedule,
    playing: player.playing,
    togglePlay: player.toggle,
  }
})

/** K is the kernel as it is; its own films stand beside F's, the mainline before it. */
function fixFor(strategy: string | undefined): string {
  return strategy === 'K' ? 'F' : 'K'
}

export interface FilmName {
  readonly race: string
  readonly strategy: string
  /** Film this script, whatever decided. */
  readonly script?: number
}

/** What is shown beside a film: the script that led to it, driven as far as the other strategy lets it. */
function sameScript(film: RaceResult, strategy: string): FilmName {
  return { race: film.decidedBy, strategy, ...(film.script === null ? {} : { script: film.script }) }
}

const keyOf = ({ race, strategy, script }: FilmName): string => `${cellKey(race, strategy)} ${script ?? ''}`

function useFilms() {
  const client = useClient()
  const races = useRacesStore()
  const kept = new Map<string, RaceResult>()

  /** One place where a film is shown: the latest question wins. */
  function screen() {
    const film = shallowRef<RaceResult>()
    const asked = ref<FilmName>()
    const state = ref<'idle' | 'loading' | 'ready' | 'error'>('idle')
    const error = ref<WireError>()
    let turn = 0

    /** The answer is shown unless something else is asked for meanwhile; it is kept all the same: it takes under a second. */
    async function ask(name: FilmName | undefined, call: Promise<RaceResult>): Promise<void> {
      const mine = ++turn
      asked.value = name
      error.value = undefined
      state.value = 'loading'
      races.giveWayTo(call)
      try {
        const result = await call
        if (turn !== mine) return
        film.value = result
        state.value = 'ready'
      } catch (thrown) {
        if (turn !== mine) return
        error.value = toWireError(thrown)
        state.value = 'error'
      }
    }
    const show = (name: FilmName): Promise<void> => ask(name, filmOf(name))
    /** Plays a schedule that somebody sent; what is wrong with it is said where the film would be. */
    const replay = (schedule: string): Promise<void> => ask(undefined, played(schedule))
    function clear(): void {
      turn++
      film.value = undefined
      state.value = 'idle'
    }
    return { film, asked, state, error, show, replay, clear, retry: () => void (asked.value && show(asked.value)) }
  }
  async function filmOf(name: FilmName): Promise<RaceResult> {
    const known = kept.get(keyOf(name))
    if (known !== undefined) return known
    const result = await client.call('race.run', { ...name, slots: {} })
    kept.set(keyOf(name), result)
    if (kept.size > KEPT) kept.delete(kept.keys().next().value ?? '')
    races.put([result])
    return result
  }
  async function played(schedule: string): Promise<RaceResult> {
    const result = await client.call('schedule.replay', { schedule: schedule.trim() })
    return replayedFilm(result, races.list?.find(({ id }) => id === result.scenario)?.title)
  }
  return { screen }
}

type Cut = ReturnType<typeof useCut>
type Player = ReturnType<typeof usePlayer>

/** What moves the film; playing stops. */
function useMoves(film: { readonly value: RaceResult | undefined }, { at, frames }: Cut, player: Player) {
  function goTo(frame: number): void {
    at.value = Math.max(0, Math.min(frames.value.length - 1, frame))
  }
  return {
    goTo,
    step(by: number) {
      player.stop()
      goTo(at.value + by)
    },
    violation: computed(() => firstViolation(frames.value)),
    /** The next one after where it stands, or the first again. */
    toViolation() {
      player.stop()
      const next = frames.value.findIndex(({ violated }, i) => i > at.value && violated.length > 0)
      goTo(next < 0 ? (firstViolation(frames.value) ?? at.value) : next)
    },
    goToMove(move: number) {
      player.stop()
      const step = film.value?.steps.findIndex((one) => one.move === move) ?? -1
      if (step >= 0) goTo(frameOfStep(frames.value, step))
    },
  }
}

function useCut(film: { readonly value: RaceResult | undefined }, grain: { readonly value: Grain }) {
  const at = ref(0)
  const frames = computed(() => (film.value ? framesOf(film.value, grain.value) : []))
  const actors = computed(() => actorsOf(film.value?.steps ?? []))
  const locks = computed(() => (film.value ? lockStates(film.value, frames.value, actors.value) : []))
  return { at, frames, actors, locks, frame: computed(() => frames.value[at.value]) }
}

function usePlayer(at: { value: number }, length: () => number) {
  const playing = ref(false)
  let timer: ReturnType<typeof setInterval> | undefined
  function stop(): void {
    clearInterval(timer)
    playing.value = false
  }
  function start(): void {
    if (at.value >= length() - 1) at.value = 0
    playing.value = true
    timer = setInterval(() => {
      if (at.value >= length() - 1) stop()
      else at.value++
    }, FRAME_MS)
  }
  onScopeDispose(stop)
  return { playing, stop, toggle: () => (playing.value ? stop() : start()) }
}
