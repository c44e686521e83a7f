/**
 * The timelines of the open traces, and how other pages lead to them: `show` brings a time, a row, a span or a wait into
 * view. The window looked at is a part of the view's history: Ctrl+Z undoes it, sessions and links carry it. The chosen
 * time range is not kept here: it is the shared selection's.
 */

import { defineStore } from 'pinia'
import { computed, markRaw, ref, shallowReactive, watch } from 'vue'
import { useClient } from '../api/client.ts'
import { spanOf, wholeTrace, type TimeWindow } from '../timeline/window.ts'
import { useFilesStore } from './files.ts'
import { useHistoryStore } from './history.ts'
import { timelineModel, windowOf, type TimelineModel } from './timeline-model.ts'
import { useTraceStore } from './trace.ts'
import { useViewStore } from './view.ts'
import type { Mark, SpanRef } from '../timeline/scene.ts'
import { useSpanStory } from './timeline-story.ts'

/** What a table row knows of a moment in the trace. */
export interface ShowTarget extends TimeWindow {
  /** `task:5`, `lock:7` */
  readonly row?: string
  /** Make it the selected span, where the row of its table is known. */
  readonly span?: Pick<SpanRef, 'family' | 'name'> & { readonly id: number }
}

export const DRAWER_TABS = ['area', 'marks', 'list'] as const
export type DrawerTab = (typeof DRAWER_TABS)[number]

export const useTimelineStore = defineStore('timeline', () => {
  const client = useClient()
  const trace = useTraceStore()
  const view = useViewStore()
  const history = useHistoryStore()
  const files = useFilesStore()
  const models = shallowReactive(new Map<string, TimelineModel>())
  const key = computed(() => `${trace.file ?? ''}|${trace.traceId ?? ''}`)
  const drawer = ref(true)
  /** A field of the head that is asked to take the keyboard. */
  const asked = ref<'rows' | 'time'>()
  const tab = ref<DrawerTab>('area')
  const marks = computed<readonly Mark[]>(() => [])
  const finding = shallowReactive({ open: false, text: '', times: new Float64Array(0), at: -1 })

  /** The open trace's timeline; made when it is first looked at. */
  const model = computed(() => models.get(key.value))
  const story = markRaw(useSpanStory(client, model))
  function open(): TimelineModel | undefined {
    const { file, info } = trace
    if (file === undefined || info === undefined) return undefined
    let found = models.get(key.value)
    if (found === undefined) {
      found = markRaw(
        timelineModel({ client, file, info, onWindow: (before, gesture) => part.changed(kept(before), gesture) }),
      )
      models.set(key.value, found)
      const early = unread.get(key.value)
      if (early) found.window.value = early
      unread.delete(key.value)
    }
    return found
  }
  const kept = (window: TimeWindow): TimeWindow | undefined =>
    spanOf(window) >= spanOf(wholeTrace(trace.durationNs)) ? undefined : window
  /** Windows of traces whose timeline has not been looked at yet. */
  const unread = new Map<string, TimeWindow>()
  const part = history.part<TimeWindow>({
    id: 'timeline',
    page: 'timeline',
    read: () => (model.value === undefined ? unread.get(key.value) : kept(model.value.window.value)),
    write(window) {
      if (model.value) model.value.window.value = window ?? wholeTrace(trace.durationNs)
      else if (window) unread.set(key.value, window)
    },
    parse: parseWindow,
  })
  watch(
    () => files.tabs.map(({ file }) => file),
    (open) => {
      for (const [at, one] of models) {
        if (open.includes(one.file)) continue
        one.close()
        models.delete(at)
      }
    },
  )

  /** Lead there from anywhere. */
  function show(target: ShowTarget): void {
    const shown = open()
    if (!shown) return
    view.goTo('timeline')
    shown.focusOn(target)
    if (target.row !== undefined) {
      shown.need(target.row)
      shown.focused.value = target.row
      if (target.span)
        shown.selected.value = {
          row: target.row,
          family: target.span.family,
          lane: 0,
          id: target.span.id,
          startNs: target.fromNs,
          endNs: target.toNs,
          name: target.span.name,
          count: 1,
          flags: 0,
        }
    }
  }

  return { model, open, show, drawer, tab, asked, marks, story, finding }
})

function parseWindow(value: unknown): TimeWindow | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { fromNs, toNs } = value as Partial<Record<keyof TimeWindow, unknown>>
  if (typeof fromNs !== 'number' || typeof toNs !== 'number' || !(fromNs >= 0) || !(toNs > fromNs)) return undefined
  return Number.isFinite(toNs) ? { fromNs, toNs } : undefined
}
export { windowOf }
