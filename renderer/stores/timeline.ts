/**
 * The timelines of the open traces, and how other pages lead to them: `showSpan` and `showRow` bring a span or a row into
 * view. The window looked at is a part of the view's history: Ctrl+Z undoes it, sessions and links carry it. The chosen
 * time range is not kept here: it is the shared selection's.
 */

import { defineStore } from 'pinia'
import { computed, markRaw, ref, shallowReactive, watch, type Ref } from 'vue'
import type { Client } from '#shared/contract/methods.ts'
import { SLICE_CUT_LEFT, SLICE_CUT_RIGHT } from '#shared/timeline/types.ts'
import { useClient } from '../api/client.ts'
import { spanOf, wholeTrace, type TimeWindow } from '../timeline/window.ts'
import { useFilesStore, type TraceChoice } from './files.ts'
import { useHistoryStore } from './history.ts'
import { useSelectionStore } from './selection.ts'
import { timelineModel, windowOf, type TimelineModel } from './timeline-model.ts'
import { useTraceStore } from './trace.ts'
import { useViewStore } from './view.ts'
import type { SpanDetails, SpanRef as NamedSpan } from '#shared/timeline/answers.ts'
import { useTimelineFinding } from './timeline-finding.ts'
import { useTimelineMarks } from './timeline-marks.ts'
import { spanAt, useSpanStory } from './timeline-story.ts'

const CUT = SLICE_CUT_LEFT | SLICE_CUT_RIGHT

/** A row of the timeline by its id, or rows by their name (a lock class). */
export type RowTarget = { readonly id: string } | { readonly named: string }

export interface ShowTarget extends TimeWindow {
  /** `task:5`, `lock:7` */
  readonly row?: string
  /** The span itself: it is selected. */
  readonly span?: NamedSpan & { readonly name?: string }
}

export const DRAWER_TABS = ['area', 'list', 'events', 'marks'] as const
export type DrawerTab = (typeof DRAWER_TABS)[number]

export const useTimelineStore = defineStore('timeline', () => {
  const client = useClient()
  const trace = useTraceStore()
  const history = useHistoryStore()
  const models = shallowReactive(new Map<string, TimelineModel>())
  const key = computed(() => `${trace.file ?? ''}|${trace.traceId ?? ''}`)
  const drawer = ref(true)
  const { beside, others } = useBeside()
  /** A field of the head that is asked to take the keyboard. */
  const asked = ref<'rows' | 'time'>()
  const tab = ref<DrawerTab>('area')

  /** The open trace's timeline; made when it is first looked at. */
  const model = computed(() => models.get(key.value))
  // raw: their refs are refs, also from outside
  const story = markRaw(useSpanStory(client, model))
  const marking = markRaw(useTimelineMarks(client, model))
  const finding = markRaw(useTimelineFinding(client, model))
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
  keepEnds(model, story.details.data)
  closeWithFiles(models)
  const { show, showSpan, showRow } = useLeading(client, open)

  return { model, open, show, showSpan, showRow, drawer, tab, asked, beside, others, story, marking, finding }
})

/** The open trace that is shown below, on the same time axis, of those that can be. */
function useBeside() {
  const files = useFilesStore()
  const trace = useTraceStore()
  const key = ref<string>()
  const others = computed(() => files.traces.filter((one) => one.file !== trace.file || one.trace !== trace.traceId))
  const beside = computed({
    get: () => others.value.find((one) => one.key === key.value),
    set: (one: TraceChoice | undefined) => void (key.value = one?.key),
  })
  return { beside, others }
}

/** A slice that was cut at the view's edge, or only named, has its own ends and flags once the engine has told them. */
function keepEnds(model: Ref<TimelineModel | undefined>, told: Ref<SpanDetails | undefined>): void {
  watch(told, (details) => {
    const span = model.value?.selected.value
    if (!details || !model.value || span?.family !== details.family || span.id !== details.id) return
    // Of one that was not seen to end the canvas knows how far it is drawn, unless the view's edge cut it.
    const endNs = details.endNs ?? ((span.flags & CUT) === 0 ? Math.min(span.endNs, details.untilNs) : details.untilNs)
    const { startNs, flags } = details
    if (span.startNs === startNs && span.endNs === endNs && span.flags === flags) return
    model.value.selected.value = { ...span, startNs, endNs, flags }
  })
}

/** A timeline goes with its file. */
function closeWithFiles(models: Map<string, TimelineModel>): void {
  const files = useFilesStore()
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
}

/** How other pages lead to the timeline. */
function useLeading(client: Client, open: () => TimelineModel | undefined) {
  const view = useViewStore()
  const selection = useSelectionStore()

  /** Lead there from anywhere: the span is selected and in view. */
  async function showSpan(span: NamedSpan): Promise<void> {
    const shown = open()
    if (!shown) return
    view.goTo('timeline')
    const spot = await client.call('timeline.span', { file: shown.file, trace: shown.info.id, span })
    const found = spanAt(spot)
    shown.need(found.row)
    shown.focused.value = found.row
    shown.selected.value = found
    shown.focusOn({ fromNs: found.startNs, toNs: found.endNs })
    if (span.family === 'wait' && selection.current.wait !== span.id) selection.select({ wait: span.id })
  }
  /** A time, and the row it is about where that is known. */
  function show({ row, span, ...times }: ShowTarget): void {
    if (span) return void showSpan({ family: span.family, id: span.id })
    const shown = open()
    if (!shown) return
    view.goTo('timeline')
    shown.focusOn(times)
    if (row === undefined) return
    shown.need(row)
    shown.focused.value = row
  }
  function showRow(target: RowTarget): void {
    const shown = open()
    if (!shown) return
    view.goTo('timeline')
    if ('named' in target) {
      shown.filter.value = target.named
      return
    }
    shown.filter.value = ''
    shown.need(target.id)
    shown.focused.value = target.id
  }
  return { show, showSpan, showRow }
}

function parseWindow(value: unknown): TimeWindow | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { fromNs, toNs } = value as Partial<Record<keyof TimeWindow, unknown>>
  if (typeof fromNs !== 'number' || typeof toNs !== 'number' || !(fromNs >= 0) || !(toNs > fromNs)) return undefined
  return Number.isFinite(toNs) ? { fromNs, toNs } : undefined
}
export { windowOf }
