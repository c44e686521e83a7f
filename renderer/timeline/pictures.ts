/**
 * The slices rows are drawn from, and when new ones are asked for. Every row keeps two pictures: a coarse one of the whole
 * trace and a sharp one around the window. Where the sharp one is missing or too coarse, what is there is drawn stretched
 * until the better one has come, so nothing ever turns grey. One sharp view is under way at a time; what is asked for next
 * is decided when it arrives, from the window there is then.
 */

import { limits } from '#shared/base/limits.ts'
import type { TimelineTrack, TimelineView } from '#shared/timeline/types.ts'
import { inTrace, spanOf, wholeTrace, type TimeWindow } from './window.ts'

export interface ViewQuestion extends TimeWindow {
  readonly pixels: number
  readonly rows: readonly string[]
  /** Times for a table, not for a picture. */
  readonly exact?: boolean
}

export interface ViewSource {
  view(question: ViewQuestion, signal: AbortSignal): Promise<TimelineView>
}

/** One row of an answer. */
export interface RowPicture {
  readonly view: TimelineView
  readonly tracks: readonly TimelineTrack[]
  readonly nsPerPixel: number
  /** It was asked for by itself: it cannot be finer. */
  readonly alone: boolean
}

export interface Wanted {
  readonly window: TimeWindow
  /** Device pixels of the window's width. */
  readonly pixels: number
  readonly durationNs: number
  /** Row ids on the screen, and those just above and below it. */
  readonly rows: readonly string[]
  readonly near: readonly string[]
}

export interface Pictures {
  /** What to draw a row from: sharp where it covers, coarse elsewhere. */
  sharp(row: string): RowPicture | undefined
  coarse(row: string): RowPicture | undefined
  /** Ask for what is missing; cheap when nothing is. */
  want(wanted: Wanted): void
  /** Is everything on the screen as sharp as it gets? */
  readonly settled: () => boolean
  readonly error: () => unknown
  forget(): void
  close(): void
}

/** Around the window, in windows: that far a pan shows sharp slices at once. */
const MARGIN = 0.5
/** Ask for more when less than this is left. */
const LEAST_MARGIN = 0.15
/** A picture this much coarser than the screen is replaced. */
const COARSER = 1.3
/** Events are indexed while views are asked for: look again after this. */
const AGAIN_MS = 300
/** Rows whose pictures are kept; the ones not drawn for longest go first. */
const KEPT_ROWS = 3_000

/** `sharp`: the window. `finer`: one row of it again. `coarse`: the whole trace. */
type Kind = 'sharp' | 'finer' | 'coarse'

interface Kept {
  sharp: RowPicture | undefined
  coarse: RowPicture | undefined
}

export interface PicturesOptions {
  readonly source: ViewSource
  /** New slices are there, or asking failed. */
  readonly onChange: () => void
}

export function pictures({ source, onChange }: PicturesOptions): Pictures {
  const { kept, keep } = keptPictures()
  let running: { abort: AbortController; kind: Kind } | undefined
  let latest: Wanted | undefined
  let failed: { error: unknown; wanted: Wanted } | undefined
  let isSettled = false
  /** Some pictures were made while the engine still reads the events, and it is time to look again. */
  let due = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const unripe = (picture: RowPicture | undefined): boolean => due && picture !== undefined && picture.view.indexed < 1

  function ask(kind: Kind, question: ViewQuestion): void {
    const abort = new AbortController()
    running = { abort, kind }
    due = false
    source.view(question, abort.signal).then(
      (view) => {
        if (running?.abort !== abort) return
        running = undefined
        failed = undefined
        keep({ kind, question, view, durationNs: latest?.durationNs ?? Infinity })
        if (view.indexed < 1) ripen()
        onChange()
      },
      (error: unknown) => {
        if (running?.abort !== abort) return
        running = undefined
        if (latest) failed = { error, wanted: latest }
        onChange()
      },
    )
  }
  function ripen(): void {
    clearTimeout(timer)
    timer = setTimeout(() => {
      due = true
      onChange()
    }, AGAIN_MS)
  }
  function want(wanted: Wanted): void {
    latest = wanted
    const lacking = wanted.rows.some((row) => !isSharp(kept.get(row)?.sharp, wanted, 0))
    isSettled = !lacking
    if (running?.kind === 'sharp' || stillFailing(failed, wanted)) return
    const next = nextQuestion(wanted, { kept, unripe, lacking })
    if (next === undefined || (running && !next.urgent)) return
    running?.abort.abort()
    ask(next.kind, next.question)
  }

  return {
    sharp: (row) => kept.get(row)?.sharp,
    coarse: (row) => kept.get(row)?.coarse,
    want,
    settled: () => isSettled,
    error: () => failed?.error,
    forget() {
      kept.clear()
      failed = undefined
    },
    close() {
      clearTimeout(timer)
      running?.abort.abort()
      running = undefined
      kept.clear()
    },
  }
}

interface Answered {
  readonly kind: Kind
  readonly question: ViewQuestion
  readonly view: TimelineView
  readonly durationNs: number
}

function keptPictures() {
  const kept = new Map<string, Kept>()
  const entry = (row: string): Kept => {
    let found = kept.get(row)
    if (found === undefined) found = { sharp: undefined, coarse: undefined }
    else kept.delete(row)
    kept.set(row, found) // last in the map: used most recently
    return found
  }
  function keep({ kind, question, view, durationNs }: Answered): void {
    const nsPerPixel = spanOf(question) / question.pixels
    const tracks: TimelineTrack[][] = question.rows.map(() => [])
    for (const track of view.tracks) tracks[track.row]?.push(track)
    const whole = coversAll(view, durationNs)
    question.rows.forEach((row, i) => {
      const picture: RowPicture = { view, tracks: tracks[i], nsPerPixel, alone: question.rows.length === 1 }
      const into = entry(row)
      if (kind !== 'coarse') into.sharp = picture
      if (kind === 'coarse' || whole) into.coarse = picture
    })
    for (const row of kept.keys()) {
      if (kept.size <= KEPT_ROWS) break
      kept.delete(row)
    }
  }
  return { kept, keep }
}

interface Known {
  readonly kept: ReadonlyMap<string, Kept>
  readonly unripe: (picture: RowPicture | undefined) => boolean
  /** Something on the screen is not sharp. */
  readonly lacking: boolean
}

interface Next {
  readonly kind: Kind
  readonly question: ViewQuestion
  /** Worth giving up what is under way. */
  readonly urgent: boolean
}

/** What to ask for: the screen first, then what is next to it, then finer rows, then the whole trace. */
function nextQuestion(wanted: Wanted, { kept, unripe, lacking }: Known): Next | undefined {
  const poor = (row: string): boolean =>
    !isSharp(kept.get(row)?.sharp, wanted, LEAST_MARGIN) || unripe(kept.get(row)?.sharp)
  const sharp = sharpQuestion(wanted)
  if (lacking || wanted.rows.some(poor)) return { kind: 'sharp', question: sharp, urgent: true }
  const near = wanted.near.filter(poor)
  if (near.length > 0) {
    return { kind: 'sharp', question: { ...sharp, rows: near.slice(0, limits.timelineRows) }, urgent: false }
  }
  // many rows share one answer's size: what came out coarser than the screen is asked for row by row
  const blurred = wanted.rows.find((row) => {
    const picture = kept.get(row)?.sharp
    return picture !== undefined && picture.view.coarse && !picture.alone
  })
  if (blurred !== undefined) return { kind: 'finer', question: { ...sharp, rows: [blurred] }, urgent: false }
  const rows = [...wanted.rows, ...wanted.near].filter((row) => {
    const coarse = kept.get(row)?.coarse
    return coarse === undefined || unripe(coarse)
  })
  if (rows.length === 0) return undefined
  const question = { ...wholeTrace(wanted.durationNs), pixels: wanted.pixels, rows: rows.slice(0, limits.timelineRows) }
  return { kind: 'coarse', question, urgent: false }
}

function coversAll(view: TimeWindow, durationNs: number): boolean {
  return view.fromNs <= 0 && view.toNs >= durationNs
}

/** Asking again for the very thing that failed would fail again: the next move asks anew. */
function stillFailing(failed: { readonly wanted: Wanted } | undefined, wanted: Wanted): boolean {
  return (
    failed !== undefined &&
    failed.wanted.window.fromNs === wanted.window.fromNs &&
    failed.wanted.window.toNs === wanted.window.toNs &&
    failed.wanted.rows.join() === wanted.rows.join()
  )
}

/** Does a picture cover the window and `margin` windows around it, as sharp as the screen or exact? */
function isSharp(picture: RowPicture | undefined, wanted: Wanted, margin: number): boolean {
  if (picture === undefined) return false
  const { window, durationNs, pixels } = wanted
  const extra = spanOf(window) * margin
  const from = Math.max(0, window.fromNs - extra)
  const to = Math.min(wholeTrace(durationNs).toNs, window.toNs + extra)
  const { view, nsPerPixel } = picture
  // half a pixel of slack: windows are not whole numbers of ns, what was asked for is
  const slack = spanOf(window) / pixels
  if (view.fromNs > from + slack || view.toNs < to - slack) return false
  return view.mergedNs === 0 || nsPerPixel <= (spanOf(window) / pixels) * COARSER
}

function sharpQuestion({ window, pixels, durationNs, rows }: Wanted): ViewQuestion {
  const extra = spanOf(window) * MARGIN
  const wide = inTrace({ fromNs: window.fromNs - extra, toNs: window.toNs + extra }, durationNs)
  const fromNs = Math.floor(wide.fromNs)
  const toNs = Math.ceil(wide.toNs)
  const share = (toNs - fromNs) / spanOf(window)
  return {
    fromNs,
    toNs,
    pixels: Math.max(1, Math.min(limits.timelinePixels, Math.ceil(pixels * share))),
    rows: rows.slice(0, limits.timelineRows),
  }
}
