/**
 * The matrix of races and strategies: the catalogue, the cells that have been computed, and the computing of the rest, race
 * by race, so that the picture fills while it goes on. What is on the screen is never from a table: `expected` stands beside
 * it. Computing goes on while another page is shown, and what was computed stays for the life of the window.
 */

import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { toWireError, type WireError } from '#shared/base/errors.ts'
import type { RaceInfo, VerdictRow } from '#shared/contract/races.ts'
import { useClient } from '../api/client.ts'
import { cellKey, type MatrixFilter } from '../panels/races/matrix.ts'
import { useSimulationStore } from './simulation.ts'

/** Questions at a time: the engine has about that many threads. */
const AT_ONCE = 2
/** Strategies per question: short questions, so that a film that is asked for does not wait for long. */
const CHUNK = 4
/** Answers that come sooner after one another are put on the screen together, ms: each draws the whole matrix anew. */
const TOGETHER_MS = 80

/** Of the cells that were asked about, those that are there: gone on with, a matrix is as far as it was. */
export interface ComputingCells {
  readonly done: number
  readonly total: number
}

export const useRacesStore = defineStore('races', () => {
  const simulation = useSimulationStore()
  const { list, error, load } = useRaceList()
  const cells = shallowRef<ReadonlyMap<string, VerdictRow>>(new Map())
  const filter = ref<MatrixFilter>({ text: '', severity: '', show: 'all', variants: false })
  /** What stands beside the film. */
  const view = ref<'matrix' | 'search'>('matrix')
  const ofMatrix = useColumns(() => void compute())
  const { columns } = ofMatrix
  /** Strategies that other pages want judged. */
  const wanted = ref<readonly string[]>([])
  const judged = computed(() => [...new Set([...wanted.value, ...columns.value])])
  const missing = computed(
    () =>
      computing.running.value === undefined &&
      (list.value ?? []).some(({ id }) => columns.value.some((strategy) => !cells.value.has(cellKey(id, strategy)))),
  )
  /** A value that is a function: an action would be watched, at every one of hundreds of cells that are drawn. */
  const cell = computed(() => {
    const known = cells.value
    return (race: string, strategy: string): VerdictRow | undefined => known.get(cellKey(race, strategy))
  })

  function put(rows: readonly VerdictRow[]): void {
    const next = new Map(cells.value)
    for (const row of rows) next.set(cellKey(row.race, row.strategy), row)
    cells.value = next
  }
  const computing = useComputing(cells, put)

  /** What has not been computed yet: of some strategies, or of all that anybody asked about. */
  async function compute(only?: readonly string[]): Promise<void> {
    await Promise.all([load(), simulation.load()])
    if (list.value !== undefined)
      await computing.compute(
        list.value.map(({ id }) => id),
        only ?? judged.value,
      )
  }
  /** Every race under these, in the background; they come before the rest. */
  function judge(strategies: readonly string[]): void {
    wanted.value = strategies
    void compute(strategies)
  }
  return {
    list,
    error,
    load,
    cells,
    cell,
    put,
    ...ofMatrix,
    filter,
    view,
    running: computing.running,
    missing,
    failed: computing.failed,
    cancel: computing.cancel,
    giveWayTo: computing.giveWayTo,
    compute,
    judge,
  }
})

/** The strategies of the matrix. */
function useColumns(changed: () => void) {
  const simulation = useSimulationStore()
  /** Columns that were taken away, and strategies with overrides that were added. */
  const hidden = ref<ReadonlySet<string>>(new Set())
  const added = ref<readonly string[]>([])
  const presets = computed(() => simulation.catalog?.strategies.map(({ id }) => id) ?? [])
  const columns = computed(() => [...presets.value, ...added.value])
  const shownColumns = computed(() => columns.value.filter((id) => !hidden.value.has(id)))

  function toggleColumn(id: string): void {
    const next = new Set(hidden.value)
    if (!next.delete(id)) next.add(id)
    if (next.size < columns.value.length) hidden.value = next
  }
  /** Has a column that is shown. */
  function show(strategy: string): void {
    add(strategy)
    hidden.value = new Set([...hidden.value].filter((one) => one !== strategy))
  }
  function add(strategy: string): void {
    if (columns.value.includes(strategy)) return
    added.value = [...added.value, strategy]
    changed()
  }
  function remove(strategy: string): void {
    added.value = added.value.filter((one) => one !== strategy)
  }
  return { columns, shownColumns, hidden, toggleColumn, added, add, show, remove }
}

/** Asked for once; an error stays until it is asked for again. */
function useRaceList() {
  const client = useClient()
  const list = shallowRef<readonly RaceInfo[]>()
  const error = ref<WireError>()
  let asked: Promise<void> | undefined
  function load(): Promise<void> {
    error.value = undefined
    asked ??= client
      .call('race.list', {})
      .then((answer) => void (list.value = answer))
      .catch((thrown: unknown) => {
        asked = undefined
        error.value = toWireError(thrown)
      })
    return asked
  }
  return { list, error, load }
}

interface Chunk {
  readonly race: string
  readonly strategies: readonly string[]
}

const cellsIn = (chunks: readonly Chunk[]): number => chunks.reduce((sum, { strategies }) => sum + strategies.length, 0)

interface AnsweredChunk extends Chunk {
  readonly rows: readonly VerdictRow[]
}

/** Answers wait for each other for a moment, and are put together. */
function useTogether(put: (answers: readonly AnsweredChunk[]) => void) {
  let waiting: AnsweredChunk[] = []
  let timer: ReturnType<typeof setTimeout> | undefined

  function putAll(): void {
    clearTimeout(timer)
    timer = undefined
    const came = waiting
    waiting = []
    if (came.length > 0) put(came)
  }
  function add(answer: AnsweredChunk): void {
    waiting.push(answer)
    timer ??= setTimeout(putAll, TOGETHER_MS)
  }
  return { add, putAll }
}

/**
 * A list of what is to be asked, and a few who work it off. Stopping empties the list; what is being asked still comes in (it is
 * short, and worth keeping).
 */
function useComputing(
  cells: { readonly value: ReadonlyMap<string, VerdictRow> },
  put: (rows: readonly VerdictRow[]) => void,
) {
  const client = useClient()
  const running = shallowRef<ComputingCells>()
  const failed = ref<WireError>()
  const asked = new Set<string>()
  let list: Chunk[] = []
  const answers = useTogether((came) => {
    put(came.flatMap(({ rows }) => rows))
    for (const { race, strategies } of came) for (const one of strategies) asked.delete(cellKey(race, one))
    if (running.value) running.value = { ...running.value, done: running.value.done + cellsIn(came) }
  })
  let working = 0
  let pressing: Promise<unknown> = Promise.resolve()

  /** Ends when everything on the list has been computed. */
  async function compute(races: readonly string[], strategies: readonly string[]): Promise<void> {
    failed.value = undefined
    const chunks = races.flatMap((race) => {
      const missing = strategies.filter((one) => !cells.value.has(cellKey(race, one)) && !asked.has(cellKey(race, one)))
      for (const one of missing) asked.add(cellKey(race, one))
      return Array.from({ length: Math.ceil(missing.length / CHUNK) }, (_, i) => ({
        race,
        strategies: missing.slice(i * CHUNK, (i + 1) * CHUNK),
      }))
    })
    if (chunks.length === 0) return
    list.push(...chunks)
    const { value: now } = running
    running.value = now === undefined ? soFar(races, strategies) : { ...now, total: now.total + cellsIn(chunks) }
    await Promise.all(Array.from({ length: Math.max(0, AT_ONCE - working) }, worker))
  }
  function soFar(races: readonly string[], strategies: readonly string[]): ComputingCells {
    const there = races.flatMap((race) => strategies.filter((one) => cells.value.has(cellKey(race, one))))
    return { done: there.length, total: races.length * strategies.length }
  }
  async function worker(): Promise<void> {
    working++
    for (let next = list.shift(); next !== undefined; next = list.shift()) {
      await pressing
      await ask(next)
    }
    if (--working > 0) return
    answers.putAll()
    running.value = undefined
  }
  async function ask({ race, strategies }: Chunk): Promise<void> {
    try {
      const { rows } = await client.call('verdicts.run', { races: [race], strategies: [...strategies] })
      answers.add({ race, strategies, rows })
    } catch (thrown) {
      for (const one of strategies) asked.delete(cellKey(race, one))
      failed.value = toWireError(thrown)
      cancel()
    }
  }
  function cancel(): void {
    for (const { race, strategies } of list) for (const one of strategies) asked.delete(cellKey(race, one))
    list = []
    running.value = undefined
  }
  /** Somebody waits for this: the matrix asks nothing new until it is there. */
  function giveWayTo(call: Promise<unknown>): void {
    pressing = Promise.allSettled([pressing, call])
  }
  return { running, failed, compute, cancel, giveWayTo }
}
