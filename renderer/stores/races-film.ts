/**
 * The film that is on the screen: which race under which strategy, where it stands, how finely it is cut, whether it plays,
 * and the other strategy beside it. Films are run by the engine when they are asked for and kept while the window is open;
 * the last one stays until the next is there.
 */

import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { toWireError, type WireError } from '#shared/base/errors.ts'
import { useClient } from '../api/client.ts'
import { actorsOf, firstViolation, frameOfStep, framesOf, lockStates, type Grain } from '../panels/races/film.ts'
import { cellKey } from '../panels/races/matrix.ts'
import { playedFilm, searchedFilm, type ShownFilm } from '../panels/races/replayed.ts'
import { useFilesStore } from './files.ts'
import { useRacesStore } from './races.ts'
import { useSimulationStore } from './simulation.ts'
import { useToastStore } from './toasts.ts'
import { useViewStore } from './view.ts'

/** Films that are kept. */
const KEPT = 200
const FRAME_MS = 1100

export const useFilmStore = defineStore('races-film', () => {
  const films = useFilms()
  const toasts = useToastStore()
  const main = films.screen()
  const other = films.screen()
  const grain = ref<Grain>('scene')
  const cut = useCut(main.film, grain)
  const { at, frames } = cut
  const player = usePlayer(at, () => frames.value.length)
  /** The strategy that is shown beside it; undefined: the model's own fix. */
  const besideChoice = ref<string>()
  const beside = computed(() => besideChoice.value ?? fixFor(main.film.value?.strategy))

  /** What is violated, where a schedule shows more than one thing. */
  const about = ref<string>()
  watch(main.film, (film) => {
    player.stop()
    const finding = film?.findings.find(({ message }) => message === about.value) ?? film?.findings[0]
    const step = film?.steps.findIndex(({ move }) => move === finding?.move) ?? -1
    at.value = firstViolation(frames.value) ?? (step < 0 ? 0 : frameOfStep(frames.value, step))
  })
  watch([main.film, beside], ([film, strategy]) => {
    const same = film && sameFilm(film, strategy)
    if (same) void other.show(same)
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
    open(name: FilmName): Promise<void> {
      about.value = undefined
      return main.show(name)
    },
    /** `message`: which of its violations it is about. */
    replay(schedule: string, message?: string): Promise<void> {
      about.value = message
      return main.replay(schedule)
    },
    about,
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
    ...useOpenAsTrace(main.film),
    playing: player.playing,
    togglePlay: player.toggle,
  }
})

/** The shown schedule as a trace, in the timeline. */
function useOpenAsTrace(film: { readonly value: ShownFilm | undefined }) {
  const client = useClient()
  const files = useFilesStore()
  const view = useViewStore()
  const toasts = useToastStore()
  const opening = ref(false)
  async function openAsTrace(): Promise<void> {
    const schedule = film.value?.schedule
    if (schedule === null || schedule === undefined || opening.value) return
    opening.value = true
    try {
      const { opened } = await client.call('schedule.record', { schedule })
      const tab = await files.adopt(opened)
      view.leaveOn(tab.file, 'timeline')
      view.showFile(tab.file)
    } catch (thrown) {
      const { message, hint } = toWireError(thrown)
      toasts.show({ level: 'error', title: message, ...(hint === undefined ? {} : { detail: hint }) })
    } finally {
      opening.value = false
    }
  }
  return { opening, openAsTrace }
}

/** K is the kernel as it is; its own films stand beside F's, the mainline before it. */
function fixFor(strategy: string | undefined): string {
  return strategy === 'K' ? 'F' : 'K'
}

export interface FilmName {
  readonly race: string
  readonly strategy: string
  /** Film this script, whatever decided. */
  readonly script?: number
  /** Play this schedule under the strategy, as far as its moves can be made; '' under its own: exactly. */
  readonly schedule?: string
}

/** What is shown beside a film: the script or the schedule that led to it, driven as far as the other strategy lets it. */
function sameFilm(film: ShownFilm, strategy: string): FilmName | undefined {
  if (film.script !== null) return { race: film.decidedBy, strategy, script: film.script }
  if (film.schedule !== null) return { race: film.decidedBy, strategy, schedule: film.schedule }
  return film.played ? undefined : { race: film.decidedBy, strategy }
}

const keyOf = ({ race, strategy, script, schedule }: FilmName): string =>
  `${cellKey(race, strategy)} ${script ?? ''} ${schedule ?? ''}`

function useFilms() {
  const client = useClient()
  const races = useRacesStore()
  const simulation = useSimulationStore()
  const kept = new Map<string, ShownFilm>()

  /** One place where a film is shown: the latest question wins. */
  function screen() {
    const film = shallowRef<ShownFilm>()
    const asked = ref<FilmName>()
    const state = ref<'idle' | 'loading' | 'ready' | 'error'>('idle')
    const error = ref<WireError>()
    let turn = 0

    /** The answer is shown unless something else is asked for meanwhile; it is kept all the same: it takes under a second. */
    async function ask(name: FilmName, call: Promise<ShownFilm>): Promise<void> {
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
    /** Plays a schedule under its own strategy; what is wrong with it is said where the film would be. */
    const replay = (schedule: string): Promise<void> => show({ race: '', strategy: '', schedule: schedule.trim() })
    function clear(): void {
      turn++
      film.value = undefined
      state.value = 'idle'
    }
    return { film, asked, state, error, show, replay, clear, retry: () => void (asked.value && show(asked.value)) }
  }
  async function filmOf(name: FilmName): Promise<ShownFilm> {
    const known = kept.get(keyOf(name))
    if (known !== undefined) return known
    const { schedule } = name
    const result = schedule === undefined ? await searched(name) : await played(schedule, name.strategy)
    kept.set(keyOf(name), result)
    if (kept.size > KEPT) kept.delete(kept.keys().next().value ?? '')
    return result
  }
  async function searched(name: FilmName): Promise<ShownFilm> {
    const result = await client.call('race.run', { ...name, slots: {} })
    races.put([result])
    return searchedFilm(result)
  }
  async function played(schedule: string, strategy: string): Promise<ShownFilm> {
    const under = strategy === '' ? {} : { strategy }
    return playedFilm(await client.call('schedule.replay', { schedule, ...under }), titleOf)
  }
  const titleOf = (subject: string): string | undefined =>
    races.list?.find(({ id }) => id === subject)?.title ??
    simulation.catalog?.scenarios.find(({ id }) => id === subject)?.title
  return { screen }
}

type Cut = ReturnType<typeof useCut>
type Player = ReturnType<typeof usePlayer>

/** What moves the film; playing stops. */
function useMoves(film: { readonly value: ShownFilm | undefined }, { at, frames }: Cut, player: Player) {
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

function useCut(film: { readonly value: ShownFilm | undefined }, grain: { readonly value: Grain }) {
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
