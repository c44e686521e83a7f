/**
 * What one timeline shows: window, rows and how they are arranged, what is selected and marked. Pages bind it to a canvas;
 * commands change it. Each open trace has one that stays while other pages are shown; comparing has two of its own. It does
 * no drawing.
 */

import { computed, effectScope, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { limits } from '#shared/base/limits.ts'
import type { Client } from '#shared/contract/methods.ts'
import type { TraceInfo } from '#shared/contract/files.ts'
import type { RowSort } from '#shared/contract/timeline.ts'
import type { RowSection } from '#shared/timeline/types.ts'
import { foldKey, layoutOf, placeBefore, rowOrder, type Layout } from '../timeline/layout.ts'
import type { ViewSource } from '../timeline/pictures.ts'
import type { SpanRef } from '../timeline/scene.ts'
import {
  focusedOn,
  inTrace,
  panned,
  sameWindow,
  spanOf,
  wholeTrace,
  withMoment,
  zoomed,
  type TimeWindow,
} from '../timeline/window.ts'
import { rowsLoader, type RowsLoader } from './timeline-rows.ts'

export const PRESETS = {
  work: { label: 'Tasks and locks', sections: ['task', 'lock', 'counter'] },
  cpus: { label: 'CPUs', sections: ['cpu', 'task', 'counter'] },
  files: { label: 'Files', sections: ['inode', 'task'] },
  all: { label: 'All', sections: ['task', 'cpu', 'lock', 'inode', 'counter'] },
} as const satisfies Record<string, { label: string; sections: readonly RowSection[] }>
export type PresetId = keyof typeof PRESETS

export type FlowMode = 'direct' | 'chain' | 'off'
export const GUTTER = { least: 120, first: 168, most: 480 } as const

/** A time axis has a length, of a table 0. */
export type TimedInfo = TraceInfo & { readonly durationNs: number }

export interface ModelOptions {
  readonly client: Client
  readonly file: string
  readonly info: TraceInfo
  /** The window has changed; wheel turns and held keys name their gesture, so that they become one step back. */
  readonly onWindow?: (before: TimeWindow, gesture: string | undefined) => void
}

export interface TimelineModel {
  readonly client: Client
  readonly file: string
  readonly info: TimedInfo
  readonly source: ViewSource
  readonly rows: RowsLoader
  readonly window: ShallowRef<TimeWindow>
  /** How far the window may go: the trace's end, or that of a longer one it is compared with. */
  readonly extentNs: Ref<number>
  readonly scrollY: Ref<number>
  readonly gutter: Ref<number>
  readonly preset: Ref<PresetId>
  readonly filter: Ref<string>
  readonly hideIdle: Ref<boolean>
  readonly sort: Ref<RowSort>
  readonly folded: ShallowRef<ReadonlySet<string>>
  readonly pinned: ShallowRef<readonly string[]>
  readonly places: ShallowRef<ReadonlyMap<string, number>>
  readonly always: ShallowRef<readonly string[]>
  readonly flows: Ref<FlowMode>
  readonly selected: ShallowRef<SpanRef | undefined>
  /** Row that has the keyboard, by id. */
  readonly focused: Ref<string | undefined>
  readonly cursorNs: Ref<number | undefined>
  readonly layout: Readonly<Ref<Layout>>
  setWindow(window: TimeWindow, gesture?: string): void
  zoomBy(factor: number, aboutNs?: number, gesture?: string): void
  panBy(ns: number, gesture?: string): void
  fit(): void
  focusOn(what: TimeWindow): void
  reveal(ns: number): void
  toggleFold(key: string): void
  togglePin(id: string): void
  /** Before another row of its group; undefined: last. */
  moveRow(id: string, before: string | undefined): void
  stepRow(by: number): void
  shiftRow(by: 1 | -1): void
  /** Have this row listed and not folded away. */
  need(id: string): void
  close(): void
}

const FILTER_WAIT_MS = 120

/** It lives until it is closed, not until the component that made it goes. */
export function timelineModel(options: ModelOptions): TimelineModel {
  const scope = effectScope(true)
  const model = scope.run(() => makeModel(options))
  if (!model) throw new Error('assertion failed: a scope that was just made is active')
  return {
    ...model,
    close() {
      model.close()
      scope.stop()
    },
  }
}

function makeModel({ client, file, info, onWindow }: ModelOptions): TimelineModel {
  const durationNs = info.durationNs ?? 0
  const state = modelState(durationNs)
  const { window, extentNs, folded, pinned, places, focused, always } = state
  const rows = rowsLoader(client)
  const layout = computed(() =>
    layoutOf(rows.loaded.value?.sections ?? [], {
      folded: folded.value,
      pinned: pinned.value,
      places: places.value,
    }),
  )
  const stopLoading = loadRows({ client, file, info }, state, rows)

  function setWindow(next: TimeWindow, gesture?: string): void {
    const before = window.value
    const now = inTrace(next, extentNs.value)
    if (sameWindow(before, now)) return
    window.value = now
    onWindow?.(before, gesture)
  }
  return {
    ...state,
    client,
    file,
    info: { ...info, durationNs },
    rows,
    layout,
    source: viewSource(client, file, info.id),
    setWindow,
    zoomBy(factor, aboutNs, gesture = 'zoom') {
      const { fromNs, toNs } = window.value
      const zoom = { aboutNs: aboutNs ?? (fromNs + toNs) / 2, factor, durationNs: extentNs.value }
      setWindow(zoomed(window.value, zoom), gesture)
    },
    panBy: (ns, gesture = 'pan') => setWindow(panned(window.value, ns, extentNs.value), gesture),
    fit: () => setWindow(wholeTrace(extentNs.value)),
    focusOn: (what) => setWindow(focusedOn(what, extentNs.value)),
    reveal: (ns) => setWindow(withMoment(window.value, ns, extentNs.value), 'reveal'),
    ...rowActions({ folded, pinned, places, focused, layout, always }),
    close() {
      stopLoading()
      rows.close()
    },
  }
}

function modelState(durationNs: number) {
  return {
    window: shallowRef<TimeWindow>(wholeTrace(durationNs)),
    extentNs: ref(durationNs),
    scrollY: ref(0),
    gutter: ref<number>(GUTTER.first),
    preset: ref<PresetId>('work'),
    filter: ref(''),
    hideIdle: ref(true),
    sort: ref<RowSort>('waited'),
    folded: shallowRef<ReadonlySet<string>>(new Set()),
    pinned: shallowRef<readonly string[]>([]),
    places: shallowRef<ReadonlyMap<string, number>>(new Map()),
    always: shallowRef<readonly string[]>([]),
    flows: ref<FlowMode>('direct'),
    selected: shallowRef<SpanRef>(),
    focused: ref<string>(),
    cursorNs: ref<number>(),
  }
}
type State = ReturnType<typeof modelState>

/** Ask for rows whenever what they depend on changes; typing in the filter waits for a pause. */
function loadRows({ file, info }: ModelOptions, state: State, rows: RowsLoader): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const question = () => ({
    file,
    trace: info.id,
    sections: PRESETS[state.preset.value].sections,
    text: state.filter.value.trim(),
    idle: !state.hideIdle.value,
    sort: state.sort.value,
    clock: info.clockUnit,
    always: [...new Set([...state.pinned.value, ...state.always.value])],
  })
  void rows.load(question())
  const stop = watch(
    () => JSON.stringify(question()),
    () => {
      clearTimeout(timer)
      timer = setTimeout(() => void rows.load(question()), FILTER_WAIT_MS)
    },
  )
  return () => {
    clearTimeout(timer)
    stop()
  }
}

function viewSource(client: Client, file: string, trace: number): ViewSource {
  return {
    view: ({ fromNs, toNs, pixels, rows, exact = false }, signal) =>
      client.call(
        'timeline.view',
        { file, trace, fromNs, toNs, pixels: Math.min(pixels, limits.timelinePixels), rows: [...rows], exact },
        { signal },
      ),
  }
}

type Arranged = Pick<State, 'folded' | 'pinned' | 'places' | 'focused' | 'always'> & {
  readonly layout: Readonly<Ref<Layout>>
}

function rowActions({ folded, pinned, places, focused, layout, always }: Arranged) {
  function moveRow(id: string, before: string | undefined): void {
    const { indexOfId } = layout.value
    const row = indexOfId.get(id)
    if (row === undefined || id === before) return
    const place = placeBefore(
      layout.value,
      { row, before: before === undefined ? undefined : indexOfId.get(before) },
      places.value,
    )
    places.value = new Map(places.value).set(id, place)
  }
  function unfold(id: string): void {
    const row = layout.value.indexOfId.get(id)
    if (row === undefined) return
    const { section, group } = layout.value.rows[row]
    const next = new Set(folded.value)
    if (next.delete(foldKey(section)) || next.delete(foldKey(section, group))) {
      next.delete(foldKey(section, group))
      folded.value = next
    }
  }
  return {
    moveRow,
    toggleFold(key: string): void {
      const next = new Set(folded.value)
      if (!next.delete(key)) next.add(key)
      folded.value = next
    },
    togglePin(id: string): void {
      pinned.value = pinned.value.includes(id) ? pinned.value.filter((one) => one !== id) : [...pinned.value, id]
    },
    stepRow(by: number): void {
      const order = rowOrder(layout.value)
      const now = focused.value === undefined ? undefined : layout.value.indexOfId.get(focused.value)
      const at = now === undefined ? -1 : order.indexOf(now)
      const next = order[Math.min(order.length - 1, Math.max(0, at < 0 ? 0 : at + by))]
      if (next !== undefined) focused.value = layout.value.rows[next].id
    },
    /** Among the rows of its group; pinned rows move among themselves. */
    shiftRow(by: 1 | -1): void {
      const id = focused.value
      const row = id === undefined ? undefined : layout.value.indexOfId.get(id)
      if (id === undefined || row === undefined) return
      if (pinned.value.includes(id)) {
        pinned.value = swapped(pinned.value, id, by)
        return
      }
      const { rows } = layout.value
      const order = rowOrder(layout.value).filter(
        (other) => rows[other].section === rows[row].section && rows[other].group === rows[row].group,
      )
      const at = order.indexOf(row)
      const before = by < 0 ? order[at - 1] : order[at + 2]
      if ((by < 0 && at === 0) || (by > 0 && at === order.length - 1)) return
      moveRow(id, before === undefined ? undefined : rows[before].id)
    },
    need(id: string): void {
      if (layout.value.indexOfId.has(id)) unfold(id)
      else if (!always.value.includes(id)) always.value = [...always.value, id].slice(-limits.timelineRows)
    },
  }
}

function swapped(list: readonly string[], id: string, by: 1 | -1): readonly string[] {
  const at = list.indexOf(id)
  const other = list[at + by]
  if (other === undefined) return list
  return list.map((one, i) => (i === at ? other : i === at + by ? id : one))
}

/** The span as a window; a moment has no width. */
export function windowOf(span: { readonly startNs: number; readonly endNs: number }): TimeWindow {
  return { fromNs: span.startNs, toNs: span.endNs }
}
export { spanOf, type TimeWindow }
