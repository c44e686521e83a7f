/**
 * The part of a trace that is in view, in ns since the trace's start, and how wheel, keys and buttons change it: zoom about
 * a point, pan, fit, focus. Pure numbers. A window never leaves the trace and is never narrower than MIN_SPAN_NS, so that
 * a pixel never means less than the clock can tell.
 */

export interface TimeWindow {
  readonly fromNs: number
  readonly toNs: number
}

/** Narrowest window: below it every pixel would be a fraction of the clock's step. */
export const MIN_SPAN_NS = 100
/** A focused span gets this share of the width on either side. */
const FOCUS_MARGIN = 0.15

export function spanOf(window: TimeWindow): number {
  return window.toNs - window.fromNs
}

/** The whole trace; an empty one still has a window that can be drawn. */
export function wholeTrace(durationNs: number): TimeWindow {
  return { fromNs: 0, toNs: Math.max(durationNs, MIN_SPAN_NS) }
}

/** The same span, moved or narrowed so that it lies inside the trace. */
export function inTrace(window: TimeWindow, durationNs: number): TimeWindow {
  const whole = wholeTrace(durationNs)
  const span = Math.min(whole.toNs, Math.max(MIN_SPAN_NS, spanOf(window)))
  const from = Math.min(whole.toNs - span, Math.max(0, window.fromNs))
  return { fromNs: from, toNs: from + span }
}

export interface Zoom {
  /** The moment that stays where it is. */
  readonly aboutNs: number
  /** Above 1 shows more. */
  readonly factor: number
  readonly durationNs: number
}

export function zoomed(window: TimeWindow, { aboutNs, factor, durationNs }: Zoom): TimeWindow {
  const whole = spanOf(wholeTrace(durationNs))
  const span = Math.min(whole, Math.max(MIN_SPAN_NS, spanOf(window) * factor))
  const share = Math.min(1, Math.max(0, (aboutNs - window.fromNs) / spanOf(window)))
  const from = aboutNs - share * span
  return inTrace({ fromNs: from, toNs: from + span }, durationNs)
}

export function panned(window: TimeWindow, byNs: number, durationNs: number): TimeWindow {
  return inTrace({ fromNs: window.fromNs + byNs, toNs: window.toNs + byNs }, durationNs)
}

/** A window in which `what` fills most of the width; a moment gets `aroundNs` on both sides. */
export function focusedOn(what: TimeWindow, durationNs: number, aroundNs = 10_000): TimeWindow {
  const margin = what.toNs > what.fromNs ? spanOf(what) * FOCUS_MARGIN : aroundNs
  return inTrace({ fromNs: what.fromNs - margin, toNs: what.toNs + margin }, durationNs)
}

/** Moved just as far as needed to have the moment in view, with a tenth of the width to spare. */
export function withMoment(window: TimeWindow, ns: number, durationNs: number): TimeWindow {
  const margin = spanOf(window) / 10
  if (ns < window.fromNs + margin) return panned(window, ns - margin - window.fromNs, durationNs)
  if (ns > window.toNs - margin) return panned(window, ns + margin - window.toNs, durationNs)
  return window
}

export function sameWindow(a: TimeWindow, b: TimeWindow): boolean {
  return a.fromNs === b.fromNs && a.toNs === b.toNs
}

export interface TimeScale {
  readonly window: TimeWindow
  /** Pixel of the window's start, and how many pixels it has. */
  readonly left: number
  readonly width: number
}

export function xOf(scale: TimeScale, ns: number): number {
  return scale.left + ((ns - scale.window.fromNs) / spanOf(scale.window)) * scale.width
}

export function nsAt(scale: TimeScale, x: number): number {
  return scale.window.fromNs + ((x - scale.left) / scale.width) * spanOf(scale.window)
}
