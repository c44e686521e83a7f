/**
 * The one selection of a file: a time range, a lock class with mode or an instance, a task, an operation kind, a wait.
 * Every page shows the part of the trace it names. Each trace has its own; its steps are in the history of the view.
 */

import { defineStore } from 'pinia'
import { computed, shallowReactive } from 'vue'
import type { Scope } from '#shared/analysis/analysis.ts'
import { useHistoryStore } from './history.ts'
import { useTraceStore } from './trace.ts'

export interface TimeRange {
  readonly fromNs: number
  readonly toNs: number
}

export interface Selection {
  readonly range?: TimeRange
  /** Row number of a lock class, with its mode where one is meant. */
  readonly lockClass?: number
  readonly mode?: 'exclusive' | 'shared'
  /** Row number of a lock instance. */
  readonly lock?: number
  readonly task?: number
  /** Operation kind. */
  readonly op?: string
  /** Row number of an inode: one file. */
  readonly inode?: number
  /** A wait (row number of its lock span): what the wait chain shows. Filters nothing. */
  readonly wait?: number
}
export type Dimension = keyof Selection
/** What to change; undefined takes a part of the selection away. */
export type SelectionPatch = { readonly [K in Dimension]?: Selection[K] | undefined }

const NOTHING: Selection = {}

function patched(now: Selection, patch: SelectionPatch): Selection {
  const entries = Object.entries({ ...now, ...patch }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries)
}

function same(a: Selection, b: Selection): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}
function sorted(selection: Selection): unknown {
  return Object.entries(selection).sort(([a], [b]) => (a < b ? -1 : 1))
}

const NUMBERS = ['lockClass', 'lock', 'task', 'inode', 'wait'] as const

/** What a link or a saved session says was selected; parts that make no sense are left out. */
export function parseSelection(value: unknown): Selection | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const from = value as Readonly<Record<string, unknown>>
  const { range, mode, op } = from
  const { fromNs, toNs } = (typeof range === 'object' && range !== null ? range : {}) as Partial<TimeRange>
  const numbers = NUMBERS.map((name) => [name, from[name]] as const).filter(
    ([, number]) => typeof number === 'number' && Number.isSafeInteger(number) && number >= 0,
  )
  return {
    ...(Number.isFinite(fromNs) && Number.isFinite(toNs) && Number(fromNs) < Number(toNs)
      ? { range: { fromNs: Number(fromNs), toNs: Number(toNs) } }
      : {}),
    ...(mode === 'exclusive' || mode === 'shared' ? { mode } : {}),
    ...(typeof op === 'string' && op.length <= 200 ? { op } : {}),
    ...(Object.fromEntries(numbers) as Partial<Record<(typeof NUMBERS)[number], number>>),
  }
}

/** The scope of analyses that a selection means, less some of its parts. */
export function scopeOf(selection: Selection, without: readonly Dimension[] = []): Scope {
  const use = (dimension: Dimension): boolean => selection[dimension] !== undefined && !without.includes(dimension)
  const { range, lockClass, mode, lock, task, op, inode } = selection
  return {
    ...(use('range') && range ? { fromNs: range.fromNs, toNs: range.toNs } : {}),
    ...(use('lockClass') && lockClass !== undefined ? { lockClass } : {}),
    ...(use('mode') && mode !== undefined ? { mode } : {}),
    ...(use('lock') && lock !== undefined ? { lock } : {}),
    ...(use('task') && task !== undefined ? { task } : {}),
    ...(use('inode') && inode !== undefined ? { inode } : {}),
    ...(use('op') && op !== undefined ? { op } : {}),
  }
}

export const useSelectionStore = defineStore('selection', () => {
  const trace = useTraceStore()
  const selections = shallowReactive(new Map<string, Selection>())
  const key = computed(() => `${trace.file ?? ''}|${trace.traceId ?? ''}`)
  const current = computed(() => selections.get(key.value) ?? NOTHING)
  const value = (): Selection | undefined => (Object.keys(current.value).length === 0 ? undefined : current.value)
  const part = useHistoryStore().part<Selection>({
    id: 'selection',
    read: value,
    write: (selection) => void selections.set(key.value, selection ?? NOTHING),
    parse: parseSelection,
  })

  /** Change some parts, keep the rest. */
  function select(patch: SelectionPatch): void {
    const before = value()
    const next = patched(current.value, patch)
    if (same(current.value, next)) return
    selections.set(key.value, next)
    part.changed(before)
  }
  /** Select it, or take it away where it is what is selected. */
  function toggle(patch: SelectionPatch): void {
    if (!same(current.value, patched(current.value, patch))) select(patch)
    else select(Object.fromEntries(Object.keys(patch).map((dimension) => [dimension, undefined])))
  }
  function clear(): void {
    select(Object.fromEntries(Object.keys(current.value).map((dimension) => [dimension, undefined])))
  }

  return {
    current,
    range: computed(() => current.value.range),
    scope: computed(() => scopeOf(current.value)),
    /** A panel that lists a dimension asks without it: it marks what is chosen and still shows the rest. */
    scopeWithout: (...without: Dimension[]): Scope => scopeOf(current.value, without),
    isEmpty: computed(() => Object.keys(current.value).length === 0),
    select,
    toggle,
    clear,
  }
})
