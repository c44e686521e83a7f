/**
 * The one selection of a file: a time range, a lock class with mode or an instance, a task, an operation kind, a wait.
 * Every page shows the part of the trace it names. Each file has its own; steps can be undone and done again.
 */

import { defineStore } from 'pinia'
import { computed, shallowReactive } from 'vue'
import { limits } from '#shared/base/limits.ts'
import type { Scope } from '#shared/analysis/analysis.ts'
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

interface History {
  readonly past: readonly Selection[]
  readonly now: Selection
  readonly future: readonly Selection[]
}
const NOTHING: History = { past: [], now: {}, future: [] }

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
  const histories = shallowReactive(new Map<string, History>())
  const key = computed(() => `${trace.file ?? ''}|${trace.traceId ?? ''}`)
  const history = computed(() => histories.get(key.value) ?? NOTHING)
  const current = computed(() => history.value.now)

  /** Change some parts, keep the rest. */
  function select(patch: SelectionPatch): void {
    const { past, now } = history.value
    const next = patched(now, patch)
    if (same(now, next)) return
    histories.set(key.value, { past: [...past, now].slice(-limits.selectionHistory), now: next, future: [] })
  }
  /** Select it, or take it away where it is what is selected. */
  function toggle(patch: SelectionPatch): void {
    if (!same(current.value, patched(current.value, patch))) select(patch)
    else select(Object.fromEntries(Object.keys(patch).map((dimension) => [dimension, undefined])))
  }
  function clear(): void {
    select(Object.fromEntries(Object.keys(current.value).map((dimension) => [dimension, undefined])))
  }
  function undo(): void {
    const { past, now, future } = history.value
    const before = past.at(-1)
    if (before) histories.set(key.value, { past: past.slice(0, -1), now: before, future: [now, ...future] })
  }
  function redo(): void {
    const { past, now, future } = history.value
    const after = future[0]
    if (after) histories.set(key.value, { past: [...past, now], now: after, future: future.slice(1) })
  }

  return {
    current,
    range: computed(() => current.value.range),
    scope: computed(() => scopeOf(current.value)),
    /** A panel that lists a dimension asks without it: it marks what is chosen and still shows the rest. */
    scopeWithout: (...without: Dimension[]): Scope => scopeOf(current.value, without),
    isEmpty: computed(() => Object.keys(current.value).length === 0),
    canUndo: computed(() => history.value.past.length > 0),
    canRedo: computed(() => history.value.future.length > 0),
    select,
    toggle,
    clear,
    undo,
    redo,
  }
})
