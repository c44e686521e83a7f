/**
 * What can be done on the timeline with a key, a button or the palette: one function each, so that all three do the same.
 * They act on the open trace's timeline and on the shared selection; where there is nothing to act on they do nothing.
 */

import { useSelectionStore } from './selection.ts'
import { useTimelineStore } from './timeline.ts'
import { GUTTER, type TimelineModel } from './timeline-model.ts'
import type { NewMark } from './timeline-marks.ts'
import { useTraceStore } from './trace.ts'
import { useClient } from '../api/client.ts'
import { kindLook } from '../theme/kinds.ts'
import type { Client } from '#shared/contract/methods.ts'
import type { SpanSpot } from '#shared/timeline/answers.ts'
import { namedSpan, spanAt } from './timeline-story.ts'
import type { Mark, SpanRef } from '../timeline/scene.ts'
import { spanOf, wholeTrace, type TimeWindow } from '../timeline/window.ts'

/** A key zooms by this, and pans by this share of the window. */
const KEY_ZOOM = 1.3
const KEY_PAN = 0.12
/** What a row is stepped through by when nothing in it is selected, first that exists. */
const MAIN = ['op', 'run', 'wait', 'hold'] as const

interface Parts {
  readonly client: Client
  readonly timeline: ReturnType<typeof useTimelineStore>
  readonly selection: ReturnType<typeof useSelectionStore>
  readonly trace: ReturnType<typeof useTraceStore>
}

export type TimelineActions = ReturnType<typeof useTimelineActions>

export function useTimelineActions() {
  const parts: Parts = {
    client: useClient(),
    timeline: useTimelineStore(),
    selection: useSelectionStore(),
    trace: useTraceStore(),
  }
  const chosen = selectingActions(parts)
  const steps = steppingActions(parts, chosen.goTo)
  const views = viewActions(parts)
  return {
    ...chosen,
    ...steps,
    ...views,
    ...clearingActions(parts, chosen.select),
    ...markingActions(parts),
    ...findingActions(parts),
    ...arrangingActions(parts),
    gridKey: gridKeys(parts, { step: steps.step, focus: views.focus, selectRow: chosen.selectRow }),
  }
}

function onModel({ timeline }: Parts, act: (model: TimelineModel) => void): () => void {
  return () => {
    if (timeline.model) act(timeline.model)
  }
}

function selectingActions({ timeline, selection }: Parts) {
  function select(span: SpanRef | undefined): void {
    const { model } = timeline
    if (!model) return
    model.selected.value = span
    if (span) model.focused.value = span.row
    const wait = span?.family === 'wait' && span.count === 1 ? span.id : undefined
    if (wait !== selection.current.wait) selection.select({ wait })
  }
  function selectRow(id: string): void {
    const [section, number] = id.split(':')
    const row = Number(number)
    if (section === 'task') selection.toggle({ task: row })
    else if (section === 'lock') selection.toggle({ lock: row })
    else if (section === 'inode') selection.toggle({ inode: row })
  }
  /** Select a span the engine named, on the row asked for or its own, and bring it into view. */
  function goTo(spot: SpanSpot, row?: string): void {
    const { model } = timeline
    if (!model) return
    const span = spanAt(spot, row)
    model.need(span.row)
    select(span)
    const { fromNs, toNs } = model.window.value
    if (span.startNs < fromNs || span.startNs > toNs) model.reveal(span.startNs)
  }
  return { select, selectRow, goTo }
}

function steppingActions({ client, timeline }: Parts, goTo: (spot: SpanSpot, row?: string) => void) {
  let stepping: AbortController | undefined

  /** The next or previous span of the row, of the same family as the selected one. */
  async function step(forward: boolean): Promise<void> {
    const { model } = timeline
    if (!model) return
    if (model.focused.value === undefined) model.stepRow(1)
    const row = model.focused.value
    if (row === undefined) return
    stepping?.abort()
    stepping = new AbortController()
    const now = model.selected.value?.row === row ? model.selected.value : undefined
    const named = namedSpan(now)
    const { fromNs, toNs } = model.window.value
    const found = await client
      .call(
        'timeline.step',
        {
          file: model.file,
          trace: model.info.id,
          row,
          direction: forward ? 'next' : 'previous',
          from: named ?? { ns: now?.startNs ?? (forward ? fromNs : toNs) },
          ...(named === undefined ? families(model, row) : { families: [named.family] }),
        },
        { signal: stepping.signal },
      )
      .catch(() => null)
    if (found) goTo(found, row)
  }
  /** Along the wait chain of the selected span: wait, hold, wait, hold … up to the root. */
  function chainStep(by: 1 | -1): void {
    const chain = timeline.story.chain.value
    const next = chain?.steps[chain.at + by]
    if (next) goTo(next)
  }

  return {
    step,
    chainStep,
    canChain: (by: 1 | -1): boolean => {
      const chain = timeline.story.chain.value
      return chain?.steps[chain.at + by] !== undefined
    },
  }
}

function families(model: TimelineModel, row: string) {
  const index = model.layout.value.indexOfId.get(row)
  const shape = index === undefined ? undefined : model.layout.value.rows[index].shape
  const main = MAIN.find((family) => shape?.track(family, 0) !== undefined)
  return main === undefined ? {} : { families: [main] }
}
function viewActions(parts: Parts) {
  const { timeline, selection, trace } = parts
  /** What is meant by "it": the selected span, else the chosen area. */
  function subject(): TimeWindow | undefined {
    const span = timeline.model?.selected.value
    return span ? { fromNs: span.startNs, toNs: span.endNs } : selection.range
  }
  function focus(): void {
    const { model } = timeline
    const what = subject()
    if (!model) return
    if (what === undefined) return model.fit()
    const before = model.window.value
    model.focusOn(what)
    // already there: F again shows everything
    if (Math.abs(spanOf(before) - spanOf(model.window.value)) < spanOf(before) * 1e-6) model.fit()
  }
  function toArea(): void {
    const what = subject()
    if (what && what.toNs > what.fromNs)
      selection.select({ range: { fromNs: Math.round(what.fromNs), toNs: Math.round(what.toNs) } })
  }
  const on = (act: (model: TimelineModel) => void) => onModel(parts, act)
  /** At the pointer where it is over the rows, else in the middle. */
  const about = (model: TimelineModel): number | undefined => model.cursorNs.value
  return {
    focus,
    toArea,
    fit: on((model) => model.fit()),
    zoomIn: on((model) => model.zoomBy(1 / KEY_ZOOM, about(model), 'zoom')),
    zoomOut: on((model) => model.zoomBy(KEY_ZOOM, about(model), 'zoom')),
    left: on((model) => model.panBy(-KEY_PAN * spanOf(model.window.value), 'pan')),
    right: on((model) => model.panBy(KEY_PAN * spanOf(model.window.value), 'pan')),
    isWhole: (): boolean =>
      timeline.model === undefined || spanOf(timeline.model.window.value) >= spanOf(wholeTrace(trace.durationNs)),
  }
}

function clearingActions({ timeline, selection }: Parts, select: (span: SpanRef | undefined) => void) {
  function clear(): void {
    const { model } = timeline
    if (timeline.finding.state.open) timeline.finding.state.open = false
    else if (model?.selected.value) select(undefined)
    else if (model && model.filter.value !== '') model.filter.value = ''
    else selection.clear()
  }
  const canClear = (): boolean =>
    timeline.finding.state.open ||
    timeline.model?.selected.value !== undefined ||
    (timeline.model?.filter.value ?? '') !== '' ||
    !selection.isEmpty

  return { clear, canClear }
}

function markingActions({ timeline, selection }: Parts) {
  /** The selection as a mark: the span, else the area, else the moment under the pointer, else the middle. */
  function markSubject(): NewMark | undefined {
    const { model } = timeline
    if (!model) return undefined
    const span = model.selected.value
    if (span) return { fromNs: span.startNs, toNs: span.endNs, text: spanName(span) }
    if (selection.range) return { ...selection.range, text: '' }
    const { fromNs, toNs } = model.window.value
    const ns = Math.round(model.cursorNs.value ?? (fromNs + toNs) / 2)
    return { fromNs: ns, toNs: ns, text: '' }
  }
  function mark(): void {
    const what = markSubject()
    if (what) timeline.marking.set(what)
  }
  async function keepMark(): Promise<void> {
    const temporary = timeline.marking.temporary.value
    const what = timeline.model?.selected.value || !temporary ? markSubject() : windowOfMark(temporary)
    if (!what) return
    await timeline.marking.keep(what)
    timeline.drawer = true
    timeline.tab = 'marks'
  }
  function showMark(mark: Mark): void {
    timeline.tab = 'marks'
    timeline.model?.focusOn({ fromNs: mark.startNs, toNs: mark.endNs ?? mark.startNs })
  }
  return { mark, markSubject, keepMark, showMark }
}

function findingActions({ timeline }: Parts) {
  function hit(direction: 'next' | 'previous'): void {
    timeline.finding.go(direction)
  }
  function findLike(): void {
    const span = timeline.model?.selected.value
    const named = namedSpan(span)
    if (span && named) timeline.finding.findLike(named, spanName(span))
  }
  return {
    hit,
    findLike,
    canFindLike: (): boolean => namedSpan(timeline.model?.selected.value) !== undefined,
    searching: (): boolean => timeline.finding.state.open,
    search: (): void => void (timeline.finding.state.open = true),
  }
}

function arrangingActions(parts: Parts) {
  const { timeline } = parts
  const on = (act: (model: TimelineModel) => void) => onModel(parts, act)
  return {
    drawerOpen: (): boolean => timeline.drawer,
    toggleDrawer: (): void => void (timeline.drawer = !timeline.drawer),
    hidesIdle: (): boolean => timeline.model?.hideIdle.value === true,
    hideIdle: on((model) => void (model.hideIdle.value = !model.hideIdle.value)),
    showsChain: (): boolean => timeline.model?.flows.value === 'chain',
    toggleChain: on((model) => void (model.flows.value = model.flows.value === 'chain' ? 'direct' : 'chain')),
    widen: (by: number): void => {
      const { model } = timeline
      if (model) model.gutter.value = Math.min(GUTTER.most, Math.max(GUTTER.least, model.gutter.value + by))
    },
    canCompare: (): boolean => timeline.others.length > 0,
    compareNext: (): void => {
      const at = timeline.others.findIndex(({ key }) => key === timeline.beside?.key)
      timeline.beside = timeline.others[at + 1]
    },
    pin: on((model) => model.focused.value !== undefined && model.togglePin(model.focused.value)),
  }
}

interface GridKeys {
  readonly step: (forward: boolean) => Promise<void>
  readonly focus: () => void
  readonly selectRow: (id: string) => void
}

function gridKeys({ timeline, trace }: Parts, { step, focus, selectRow }: GridKeys) {
  /** Keys of the grid itself; the others are commands. */
  function gridKey(event: KeyboardEvent): void {
    const { model } = timeline
    const onGrid = event.target instanceof Element && event.target.getAttribute('role') === 'grid'
    if (!model || !onGrid || event.ctrlKey || event.metaKey) return
    const act = gridActions(model)[`${event.altKey ? 'Alt+' : ''}${event.key}`]
    if (act === undefined) return
    act()
    event.preventDefault()
    event.stopPropagation()
  }
  function gridActions(model: TimelineModel): Readonly<Record<string, () => void>> {
    return {
      ArrowDown: () => model.stepRow(1),
      ArrowUp: () => model.stepRow(-1),
      PageDown: () => model.stepRow(8),
      PageUp: () => model.stepRow(-8),
      ArrowRight: () => void step(true),
      ArrowLeft: () => void step(false),
      Home: () => model.setWindow({ fromNs: 0, toNs: spanOf(model.window.value) }),
      End: () => model.setWindow({ fromNs: trace.durationNs - spanOf(model.window.value), toNs: trace.durationNs }),
      Enter: focus,
      ' ': () => model.focused.value !== undefined && selectRow(model.focused.value),
      'Alt+ArrowUp': () => model.shiftRow(-1),
      'Alt+ArrowDown': () => model.shiftRow(1),
    }
  }
  return gridKey
}

function spanName({ family, name }: SpanRef): string {
  return family === 'op' ? kindLook(name).label : family === 'wait' ? `waits for ${name}` : name
}
function windowOfMark({ startNs, endNs, text }: Mark): NewMark {
  return { fromNs: startNs, toNs: endNs ?? startNs, text }
}
