/**
 * Pointer and wheel over the timeline, translated into what the user means: zoom at the pointer, scroll, pan, choose an
 * area, move A or B, fold, move a row, make names wider. Which of wheel and drag does what follows the settings. It changes
 * nothing itself: it tells `Intents`.
 */

import type { At, Hit } from './hit.ts'
import { ENTRY } from './layout.ts'
import { frameOf, overviewScale, rowTop } from './scene.ts'
import type { Timeline } from './timeline.ts'
import { nsAt, spanOf, type TimeWindow } from './window.ts'

export interface Habits {
  readonly wheel: 'ask' | 'scroll' | 'zoom'
  readonly drag: 'select' | 'pan'
}

export interface Intents {
  habits(): Habits
  /** A wheel turned and nobody has said yet what it should do. */
  askWheel(): void
  zoom(aboutNs: number, factor: number): void
  pan(byNs: number): void
  scroll(byPx: number): void
  look(window: TimeWindow): void
  hover(hit: Hit | undefined, at: At | undefined): void
  cursor(ns: number | undefined, snapped: boolean): void
  /** While dragging and, with `done`, at the end. */
  area(area: TimeWindow, done: boolean): void
  click(hit: Hit, at: At): void
  activate(hit: Hit): void
  menu(hit: Hit, at: At): void
  gutter(px: number): void
  /** A row is dragged over this height; with `done` it is dropped there. */
  drag(row: number, y: number, done: boolean): void
}

type Gesture =
  | { readonly kind: 'area'; readonly fromNs: number }
  | { readonly kind: 'pan'; lastX: number; lastY: number }
  | { readonly kind: 'overview'; readonly grabNs: number }
  | { readonly kind: 'gutter' }
  | { readonly kind: 'row'; readonly row: number }

const CLICK_PX = 4
/** Wheel steps of one notch make the window this much wider. */
const NOTCH = 1.2

interface Parts {
  readonly timeline: Timeline
  readonly intents: Intents
}
interface Pressed {
  readonly at: At
  readonly hit: Hit
  readonly gesture: Gesture | undefined
  moved: boolean
}

export function attachInput(host: HTMLElement, timeline: Timeline, intents: Intents): () => void {
  const parts = { timeline, intents }
  let pressed: Pressed | undefined

  const pointOf = (event: MouseEvent): At => {
    const box = host.getBoundingClientRect()
    return { x: event.clientX - box.left, y: event.clientY - box.top }
  }
  function onDown(event: PointerEvent): void {
    const onControl = event.target instanceof Element && event.target.closest('button, input, label') !== null
    if (onControl || (event.button !== 0 && event.button !== 1)) return
    const at = pointOf(event)
    const hit = timeline.hit(at)
    host.setPointerCapture(event.pointerId)
    pressed = { at, hit, gesture: gestureFor(parts, event, at, hit), moved: false }
    if (event.button === 1) event.preventDefault()
  }
  function onMove(event: PointerEvent): void {
    const at = pointOf(event)
    if (pressed === undefined) {
      const hit = timeline.hit(at)
      intents.hover(hit, at)
      const inPlot = at.x >= frameOf(timeline.scene()).left
      const overTime = inPlot && (hit.kind === 'row' || hit.kind === 'ruler' || hit.kind === 'nothing')
      const { ns, snapped } = overTime ? snappedNs(parts, at) : { ns: undefined, snapped: false }
      intents.cursor(ns, snapped)
      host.style.cursor = cursorFor(hit)
      return
    }
    if (!pressed.moved && Math.hypot(at.x - pressed.at.x, at.y - pressed.at.y) < CLICK_PX) return
    pressed.moved = true
    perform(parts, pressed.gesture, at, false)
  }
  function onUp(event: PointerEvent): void {
    if (pressed === undefined) return
    const { hit, moved, gesture } = pressed
    const at = pointOf(event)
    pressed = undefined
    if (moved) perform(parts, gesture, at, true)
    else if (event.button === 0) intents.click(hit, at)
  }
  const listeners: readonly (readonly [string, EventListener, AddEventListenerOptions?])[] = [
    ['wheel', (event) => turned(parts, event as WheelEvent, pointOf(event as WheelEvent)), { passive: false }],
    ['pointerdown', onDown as EventListener],
    ['pointermove', onMove as EventListener],
    ['pointerup', onUp as EventListener],
    ['pointercancel', () => (pressed = undefined)],
    ['pointerleave', () => !pressed && left(intents)],
    ['dblclick', (event) => intents.activate(timeline.hit(pointOf(event as MouseEvent)))],
    [
      'contextmenu',
      (event) => {
        event.preventDefault()
        const at = pointOf(event as MouseEvent)
        intents.menu(timeline.hit(at), at)
      },
    ],
  ]
  for (const [name, listener, how] of listeners) host.addEventListener(name, listener, how)
  return () => {
    for (const [name, listener, how] of listeners) host.removeEventListener(name, listener, how)
  }
}

/** The pointer is not over the timeline any more. */
function left(intents: Intents): void {
  intents.hover(undefined, undefined)
  intents.cursor(undefined, false)
}

function snappedNs({ timeline }: Parts, at: At): { ns: number; snapped: boolean } {
  const edge = timeline.edge(at)
  return { ns: edge ?? Math.round(timeline.nsAt(at.x)), snapped: edge !== undefined }
}

function turned({ timeline, intents }: Parts, event: WheelEvent, at: At): void {
  event.preventDefault()
  const { wheel } = intents.habits()
  const scene = timeline.scene()
  const lines = event.deltaMode === 1 ? 16 : 1
  const dx = event.deltaX * lines
  const dy = event.deltaY * lines
  const nsPerPx = spanOf(scene.window) / Math.max(1, frameOf(scene).right - frameOf(scene).left)
  // a pinch arrives as a wheel with Ctrl; it always zooms
  const zooms = event.ctrlKey || event.metaKey ? wheel !== 'zoom' || !Number.isInteger(event.deltaY) : wheel === 'zoom'
  if (event.shiftKey) intents.pan((dy === 0 ? dx : dy) * nsPerPx)
  else if (zooms) intents.zoom(timeline.nsAt(at.x), NOTCH ** (dy / 100))
  else {
    if (wheel === 'ask' && !event.ctrlKey && Math.abs(dy) > Math.abs(dx)) intents.askWheel()
    if (Math.abs(dx) > Math.abs(dy)) intents.pan(dx * nsPerPx)
    else intents.scroll(dy)
  }
  intents.hover(timeline.hit(at), at)
}

function gestureFor(parts: Parts, event: PointerEvent, at: At, hit: Hit): Gesture | undefined {
  const { timeline, intents } = parts
  const scene = timeline.scene()
  switch (hit.kind) {
    case 'overview': {
      const ns = nsAt(overviewScale(scene), at.x)
      const inside = ns >= scene.window.fromNs && ns <= scene.window.toNs
      const middle = (scene.window.fromNs + scene.window.toNs) / 2
      if (!inside) moveTo(parts, ns)
      return { kind: 'overview', grabNs: inside ? ns - middle : 0 }
    }
    case 'gutter-edge':
      return { kind: 'gutter' }
    case 'name':
      return { kind: 'row', row: hit.row }
    case 'flag':
      return scene.area && { kind: 'area', fromNs: hit.which === 'a' ? scene.area.toNs : scene.area.fromNs }
    case 'ruler':
      return { kind: 'area', fromNs: Math.round(timeline.nsAt(at.x)) }
    case 'row':
    case 'nothing': {
      const selects = (intents.habits().drag === 'select') !== event.shiftKey && event.button === 0
      return selects ? { kind: 'area', fromNs: snappedNs(parts, at).ns } : { kind: 'pan', lastX: at.x, lastY: at.y }
    }
    case 'mark':
    case 'head':
    case 'group':
    case 'more':
      return undefined
  }
}
function moveTo({ timeline, intents }: Parts, middleNs: number): void {
  const span = spanOf(timeline.scene().window)
  intents.look({ fromNs: middleNs - span / 2, toNs: middleNs + span / 2 })
}

function perform(parts: Parts, gesture: Gesture | undefined, at: At, done: boolean): void {
  const { timeline, intents } = parts
  const scene = timeline.scene()
  switch (gesture?.kind) {
    case 'area': {
      const { ns, snapped } = snappedNs(parts, clampedToPlot(parts, at))
      intents.cursor(ns, snapped)
      intents.area({ fromNs: Math.min(gesture.fromNs, ns), toNs: Math.max(gesture.fromNs, ns) }, done)
      return
    }
    case 'pan': {
      const { left, right } = frameOf(scene)
      intents.pan(((gesture.lastX - at.x) * spanOf(scene.window)) / (right - left))
      intents.scroll(gesture.lastY - at.y)
      gesture.lastX = at.x
      gesture.lastY = at.y
      return
    }
    case 'overview':
      return moveTo(parts, nsAt(overviewScale(scene), at.x) - gesture.grabNs)
    case 'gutter':
      return intents.gutter(at.x)
    case 'row':
      return intents.drag(gesture.row, at.y, done)
    case undefined:
      return
  }
}
function clampedToPlot({ timeline }: Parts, at: At): At {
  const { left, right } = frameOf(timeline.scene())
  return { x: Math.min(right, Math.max(left, at.x)), y: at.y }
}

function cursorFor(hit: Hit): string {
  switch (hit.kind) {
    case 'gutter-edge':
    case 'flag':
      return 'ew-resize'
    case 'head':
    case 'group':
    case 'mark':
      return 'pointer'
    case 'overview':
      return 'grab'
    case 'row':
      return hit.span ? 'default' : 'crosshair'
    case 'ruler':
      return 'crosshair'
    case 'name':
    case 'more':
    case 'nothing':
      return 'default'
  }
}

/** The row a dragged row would stand before, when dropped at this height; undefined: last. */
export function dropTarget(timeline: Timeline, row: number, y: number): number | undefined {
  const scene = timeline.scene()
  const { layout } = scene
  const { section, group } = layout.rows[row]
  for (let entry = 0; entry < layout.length; entry++) {
    if (layout.kind[entry] !== ENTRY.row) continue
    const other = layout.ref[entry]
    if (layout.rows[other].section !== section || layout.rows[other].group !== group) continue
    const top = rowTop(scene, other) ?? 0
    if (y < top + layout.rows[other].shape.height / 2) return other
  }
  return undefined
}
