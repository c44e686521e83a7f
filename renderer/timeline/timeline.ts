/**
 * The timeline's canvas: it holds the scene, draws it when something changed (at most once per frame), and asks for the
 * slices that are missing. It knows no Vue and no contract: data comes through `ViewSource`, what it shows is set from
 * outside, and what the pointer does is told by input.ts. One trace uses one of these; comparing uses two.
 */

import type { Tokens } from '../theme/tokens.ts'
import { AUTO } from '../ui/moments.ts'
import { rectBatch, type RectBatch } from './batch.ts'
import { edgeNear, hitAt, type At, type Hit } from './hit.ts'
import { ENTRY, entriesBetween, layoutOf, type Layout } from './layout.ts'
import { lookOfWord, lookTable } from './looks.ts'
import { paintBase } from './paint-base.ts'
import { paintOver } from './paint-over.ts'
import { brushes, palette, type Brushes } from './palette.ts'
import { pictures, type ViewSource } from './pictures.ts'
import { frameOf, scaleOf, scrollRoom, type Scene } from './scene.ts'
import { textMeasure, type TextMeasure } from './text.ts'
import { inTrace, nsAt, wholeTrace } from './window.ts'

/** Rows this far above and below what shows are fetched, too: scrolling finds them there. */
const NEAR_PX = 500

const EMPTY_LAYOUT: Layout = layoutOf([], { folded: new Set(), pinned: [], places: new Map() })

export interface TimelineOptions {
  readonly base: HTMLCanvasElement
  readonly over: HTMLCanvasElement
  readonly source: ViewSource
  readonly tokens: Tokens
  /** After every frame: is everything on the screen as sharp as it gets, and what went wrong, if anything. */
  readonly onPainted: (state: { readonly settled: boolean; readonly error: unknown }) => void
}

export interface Timeline {
  readonly scene: () => Scene
  /** Change parts of the scene; what is drawn follows in the next frame. */
  update(patch: Partial<Scene>, folded?: ReadonlySet<string>): void
  retheme(tokens: Tokens): void
  hit(at: At): Hit
  nsAt(x: number): number
  /** The span edge a marker set at this point snaps to. */
  edge(at: At): number | undefined
  /** Ask again for everything: rows or the trace changed. */
  refetch(): void
  /** The picture as it stands, both canvases on one. */
  picture(scale: number): HTMLCanvasElement | undefined
  close(): void
}

interface Surface {
  readonly canvas: HTMLCanvasElement
  readonly ctx: CanvasRenderingContext2D
}

function surface(canvas: HTMLCanvasElement, opaque: boolean): Surface | undefined {
  const ctx = canvas.getContext('2d', { alpha: !opaque })
  return ctx ? { canvas, ctx } : undefined
}

const START: Scene = {
  width: 0,
  height: 0,
  density: 1,
  gutter: 168,
  clock: 'ns',
  moments: AUTO,
  durationNs: 0,
  window: wholeTrace(0),
  scrollY: 0,
  layout: EMPTY_LAYOUT,
  overview: undefined,
  showOverview: true,
  area: undefined,
  selected: undefined,
  hovered: undefined,
  hoveredRow: undefined,
  focusedRow: undefined,
  marked: new Set(),
  cursorNs: undefined,
  snapped: false,
  marks: [],
  flows: [],
  wholeHits: undefined,
  windowHits: undefined,
  hitNs: undefined,
  dragging: undefined,
}

/** Changes of these alone leave the lower canvas as it is. */
const OVER_ONLY: ReadonlySet<keyof Scene> = new Set<keyof Scene>([
  'selected',
  'hovered',
  'hoveredRow',
  'cursorNs',
  'snapped',
  'marks',
  'flows',
  'wholeHits',
  'windowHits',
  'hitNs',
  'dragging',
])

interface Tools {
  tokens: Tokens
  brushes: Brushes
  batch: RectBatch
  measure: TextMeasure
  density: number
}

export function createTimeline(options: TimelineOptions): Timeline | undefined {
  const base = surface(options.base, true)
  const over = surface(options.over, false)
  if (!base || !over) return undefined
  let scene = START
  let folded: ReadonlySet<string> = new Set()
  let dirty: 'no' | 'over' | 'all' = 'no'
  let frame = 0
  const colours = palette()
  // what lies on top must be painted last: a path per look, in the order looks were first named
  for (const family of ['hold', 'blocking', 'wait', 'tick'] as const) colours.number(lookOfWord(family, ''))
  const looks = lookTable(colours)
  const kept = pictures({ source: options.source, onChange: () => schedule('all') })
  const madeOf = (tokens: Tokens, density: number): Tools => ({
    tokens,
    density,
    brushes: brushes(base.ctx, tokens),
    batch: rectBatch(colours, density),
    measure: textMeasure(base.ctx),
  })
  let tools = madeOf(options.tokens, 1)

  function schedule(what: 'over' | 'all'): void {
    if (dirty !== 'all') dirty = what
    if (frame === 0) frame = requestAnimationFrame(paint)
  }
  const paint = (): void => {
    frame = 0
    const all = dirty === 'all'
    dirty = 'no'
    if (scene.width <= 0 || scene.height <= 0) return
    if (tools.density !== scene.density) tools = madeOf(tools.tokens, scene.density)
    if (all) paintBase({ ...tools, ctx: base.ctx, palette: colours, looks, pictures: kept, folded }, scene)
    paintOver({ ctx: over.ctx, tokens: tools.tokens, measure: tools.measure, pictures: kept }, scene)
    if (all) {
      kept.want(wanted(scene))
      options.onPainted({ settled: kept.settled(), error: kept.error() })
    }
  }

  return {
    scene: () => scene,
    update(patch, nowFolded) {
      const sized = 'width' in patch || 'height' in patch || 'density' in patch
      scene = inBounds({ ...scene, ...patch })
      if (nowFolded) folded = nowFolded
      if (sized) fitTo(scene, [base, over])
      schedule(nowFolded === undefined && isSmall(patch) ? 'over' : 'all')
    },
    retheme(tokens) {
      tools = madeOf(tokens, scene.density)
      schedule('all')
    },
    hit: (at) => hitAt(scene, at, kept),
    nsAt: (x) => nsAt(scaleOf(scene), x),
    edge(at) {
      const hit = hitAt(scene, at, kept)
      return hit.kind === 'row' ? edgeNear(scene, hit.row, at.x, kept) : undefined
    },
    refetch() {
      kept.forget()
      schedule('all')
    },
    picture: (scale) => copyOf(scene, options, scale),
    close() {
      cancelAnimationFrame(frame)
      kept.close()
    },
  }
}

/** The window inside the trace, the rows not scrolled past their ends. */
function inBounds(scene: Scene): Scene {
  const window = inTrace(scene.window, scene.durationNs)
  const scrollY = Math.min(scrollRoom(scene), Math.max(0, Math.round(scene.scrollY)))
  return { ...scene, window, scrollY }
}

function isSmall(patch: Partial<Scene>): boolean {
  return Object.keys(patch).every((key) => OVER_ONLY.has(key as keyof Scene))
}

/** Both canvases as large and as sharp as the scene says. */
function fitTo(scene: Scene, surfaces: readonly Surface[]): void {
  for (const { canvas } of surfaces) {
    const width = Math.round(scene.width * scene.density)
    const height = Math.round(scene.height * scene.density)
    if (canvas.width !== width) canvas.width = width
    if (canvas.height !== height) canvas.height = height
    canvas.style.width = `${scene.width}px`
    canvas.style.height = `${scene.height}px`
  }
}

function copyOf(scene: Scene, { base, over }: TimelineOptions, scale: number): HTMLCanvasElement | undefined {
  const copy = document.createElement('canvas')
  copy.width = Math.round(scene.width * scale)
  copy.height = Math.round(scene.height * scale)
  const ctx = copy.getContext('2d')
  if (!ctx || scene.width <= 0) return undefined
  ctx.drawImage(base, 0, 0, copy.width, copy.height)
  ctx.drawImage(over, 0, 0, copy.width, copy.height)
  return copy
}

function wanted(scene: Scene) {
  const frame = frameOf(scene)
  const { layout } = scene
  const height = frame.rows.bottom - frame.rows.top
  const ids = (from: number, to: number): string[] => {
    const { first, end } = entriesBetween(layout, from, to)
    const out: string[] = []
    for (let entry = first; entry < end; entry++)
      if (layout.kind[entry] === ENTRY.row) out.push(layout.rows[layout.ref[entry]].id)
    return out
  }
  const shown = layout.length === 0 ? [] : ids(scene.scrollY, scene.scrollY + height)
  const around = layout.length === 0 ? [] : ids(scene.scrollY - NEAR_PX, scene.scrollY + height + NEAR_PX)
  const rows = [...layout.pinned.map(({ row }) => layout.rows[row].id), ...shown]
  const isShown = new Set(rows)
  return {
    window: scene.window,
    pixels: Math.max(1, Math.round((frame.right - frame.left) * scene.density)),
    durationNs: scene.durationNs,
    rows,
    near: around.filter((id) => !isShown.has(id)),
  }
}
