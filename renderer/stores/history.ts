/**
 * The view of a trace in parts (the selection, the timeline's window, …) and what was done to it, step by step. The store
 * that owns a part registers it once; from then on Ctrl+Z undoes its changes in the order all parts were changed, the
 * session keeps its value, and links carry it. It remembers values; only the owner knows what they mean.
 *
 *     const part = history.part({ id: 'timeline', page: 'timeline', read, write, parse })
 *     part.changed(before)                  // after a change; equal values are no step
 *     part.changed(before, 'zoom')          // wheel turns that follow each other become one step
 */

import { defineStore } from 'pinia'
import { computed, shallowReactive, watch, type Ref } from 'vue'
import { limits } from '#shared/base/limits.ts'
import type { PageId } from '../pages/page-ids.ts'
import { useTraceStore } from './trace.ts'
import { useViewStore } from './view.ts'

/** A value that survives JSON; undefined is "as it is at first". */
export interface ViewPart<T> {
  readonly id: string
  /** Of the trace that is open. Reads reactively. */
  readonly read: () => T | undefined
  readonly write: (value: T | undefined) => void
  /** What came from a link or a saved session, checked; undefined where it is none. */
  readonly parse: (value: unknown) => T | undefined
  /** The page it is seen on: undoing goes there. Left out: on every page. */
  readonly page?: PageId
}

export interface OwnedPart<T> {
  /** It was `before` and has been changed. Changes with the same `gesture` shortly after each other are one step. */
  changed(before: T | undefined, gesture?: string): void
}

interface Step {
  readonly part: string
  readonly before: unknown
  readonly after: unknown
}
interface Steps {
  readonly past: readonly Step[]
  readonly future: readonly Step[]
}
const NONE: Steps = { past: [], future: [] }

/** Changes of one gesture that are no further apart than this are one step. */
const SAME_GESTURE_MS = 600

export type ViewValues = Readonly<Record<string, unknown>>

export const useHistoryStore = defineStore('history', () => {
  const trace = useTraceStore()
  const view = useViewStore()
  const parts = shallowReactive(new Map<string, ViewPart<unknown>>())
  const key = computed(() => `${trace.file ?? ''}|${trace.traceId ?? ''}`)
  const steps = stepsOf(key)
  const waiting = valuesInWaiting()

  function part<T>(owned: ViewPart<T>): OwnedPart<T> {
    const known = owned as ViewPart<unknown>
    parts.set(owned.id, known)
    restore(known)
    return { changed: (before, gesture) => steps.record({ part: owned.id, before, after: owned.read() }, gesture) }
  }
  function undo(): void {
    const step = steps.back()
    if (step) show(step.part, step.before)
  }
  function redo(): void {
    const step = steps.forth()
    if (step) show(step.part, step.after)
  }
  function show(id: string, value: unknown): void {
    const owner = parts.get(id)
    if (!owner) return
    owner.write(value)
    if (owner.page !== undefined && view.page !== owner.page) view.goTo(owner.page)
  }

  /** All parts of the open trace's view that are not as they are at first. */
  function values(): ViewValues {
    return Object.fromEntries(
      [...parts.values()].map(({ id, read }) => [id, read()] as const).filter(([, value]) => value !== undefined),
    )
  }
  /** Show a trace as it was left; parts that are not there yet get their value when they are. Makes no steps. */
  function restoreValues(file: string | undefined, traceId: number | undefined, saved: ViewValues): void {
    const at = `${file ?? ''}|${traceId ?? ''}`
    waiting.put(at, saved)
    if (at === key.value) for (const { id, write } of parts.values()) if (saved[id] === undefined) write(undefined)
    for (const owner of parts.values()) restore(owner)
  }
  function restore(owner: ViewPart<unknown>): void {
    const saved = waiting.take(key.value, owner.id)
    const value = saved === undefined ? undefined : owner.parse(saved)
    if (value !== undefined) owner.write(value)
  }
  watch(key, () => [...parts.values()].forEach(restore), { flush: 'sync' })

  return { part, undo, redo, canUndo: steps.canUndo, canRedo: steps.canRedo, values, restoreValues }
})

/** What was done, per trace, and what was undone of it. */
function stepsOf(key: Ref<string>) {
  const byTrace = shallowReactive(new Map<string, Steps>())
  const current = computed(() => byTrace.get(key.value) ?? NONE)
  let last: { key: string; part: string; gesture: string; at: number } | undefined

  /** Does it go on with what the last step did? */
  function joins(part: string, gesture: string | undefined, at: number): boolean {
    if (!last || gesture === undefined || current.value.past.at(-1)?.part !== part) return false
    return last.key === key.value && last.part === part && last.gesture === gesture && at - last.at < SAME_GESTURE_MS
  }
  function record({ part, before, after }: Step, gesture: string | undefined): void {
    const at = performance.now()
    const { past } = current.value
    const goesOn = joins(part, gesture, at)
    last = gesture === undefined ? undefined : { key: key.value, part, gesture, at }
    const first = goesOn ? past.at(-1)?.before : before
    const kept = goesOn ? past.slice(0, -1) : past
    if (!same(first, after)) {
      const step = { part, before: first, after }
      byTrace.set(key.value, { past: [...kept, step].slice(-limits.selectionHistory), future: [] })
    } else if (goesOn) byTrace.set(key.value, { past: kept, future: [] })
  }
  function back(): Step | undefined {
    const { past, future } = current.value
    const step = past.at(-1)
    if (step) byTrace.set(key.value, { past: past.slice(0, -1), future: [step, ...future] })
    last = undefined
    return step
  }
  function forth(): Step | undefined {
    const { past, future } = current.value
    const step = future[0]
    if (step) byTrace.set(key.value, { past: [...past, step], future: future.slice(1) })
    last = undefined
    return step
  }
  return {
    record,
    back,
    forth,
    canUndo: computed(() => current.value.past.length > 0),
    canRedo: computed(() => current.value.future.length > 0),
  }
}

/** Values of parts that are not registered, or of traces that are not shown, yet. */
function valuesInWaiting() {
  const byTrace = new Map<string, Map<string, unknown>>()
  return {
    put: (trace: string, values: ViewValues): void => void byTrace.set(trace, new Map(Object.entries(values))),
    take(trace: string, part: string): unknown {
      const values = byTrace.get(trace)
      const value = values?.get(part)
      values?.delete(part)
      return value
    },
  }
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
}
