/**
 * A film as lanes, for small places: a row per task, frames from left to right, what a task does as a block (green while it
 * holds locks, neutral otherwise), waiting hatched. Layout and painter; nothing is fetched here.
 */

import { fitText } from '../../ui/canvas-text.ts'
import type { Tokens } from '../../theme/tokens.ts'
import { actorsOf, framesOf, lockStates, type FilmSource, type Frame } from './film.ts'
import { lockName, shortAction } from './words.ts'

export interface LaneBlock {
  /** In frames. */
  readonly from: number
  readonly to: number
  readonly look: 'held' | 'waiting' | 'plain' | 'violated'
  readonly label: string
}

export interface Lane {
  readonly name: string
  readonly blocks: readonly LaneBlock[]
}

export interface Lanes {
  readonly rows: readonly Lane[]
  readonly frames: number
}

export function lanesOf(film: FilmSource): Lanes {
  const frames = framesOf(film, 'scene')
  const actors = actorsOf(film.steps)
  const locks = lockStates(film, frames, actors)
  const rows = actors.map(({ name }, actor): Lane => {
    const blocks: LaneBlock[] = []
    frames.forEach((frame, at) => {
      const state = locks[at][actor]
      const acts = frame.actor === actor
      if (!acts && (state.state !== 'going' || (state.wants === undefined && state.holds.length === 0))) return
      const look =
        acts && frame.violated.length > 0
          ? 'violated'
          : acts
            ? state.holds.length > 0
              ? 'held'
              : 'plain'
            : state.wants !== undefined
              ? 'waiting'
              : 'held'
      const label = acts ? blockLabel(frame) : look === 'waiting' ? `waits for ${lockName(state.wants ?? '')}` : ''
      const last = blocks.at(-1)
      if (last?.to === at && last.look === look)
        blocks[blocks.length - 1] = { ...last, to: at + 1, label: last.label || label }
      else blocks.push({ from: at, to: at + 1, look, label })
    })
    return { name, blocks }
  })
  return { rows, frames: frames.length }
}

/** What it is about: the operation it begins, else the phase it is in. */
function blockLabel({ title, phase }: Frame): string {
  const begins = /^begins (\w+)(.*)/.exec(title)
  if (begins) return shortAction(`${begins[1]}${begins[2]}`)
  return title.startsWith('waits for') || phase === undefined ? shortAction(title) : phase
}

interface LanesPicture {
  readonly lanes: Lanes
  readonly width: number
  readonly height: number
  readonly tokens: Tokens
}

const GUTTER = 92
const RIGHT = 12
const MOST_ROW = 26

export function paintLanes(ctx: CanvasRenderingContext2D, { lanes, width, height, tokens }: LanesPicture): void {
  const rowH = Math.min(MOST_ROW, (height - 8) / Math.max(1, lanes.rows.length))
  const unit = (width - GUTTER - RIGHT) / Math.max(1, lanes.frames)
  lanes.rows.forEach((lane, row) => {
    const y = 2 + row * rowH
    const h = Math.max(4, rowH - 5)
    ctx.fillStyle = tokens.color('text-2')
    ctx.textAlign = 'left'
    ctx.fillText(fitText(ctx, lane.name, GUTTER - 18), 12, y + h / 2)
    for (const block of lane.blocks) {
      const x = GUTTER + block.from * unit
      const w = Math.max(2, (block.to - block.from) * unit - 2)
      const ink = fillBlock(ctx, block.look, { x, y, w, h }, tokens)
      const text = block.label
      if (h < 11 || text === '' || ctx.measureText(text).width > w - 10) continue
      if (block.look === 'waiting') {
        ctx.fillStyle = tokens.color('surface')
        ctx.fillRect(x + 3, y + 2, ctx.measureText(text).width + 4, h - 4)
      }
      ctx.fillStyle = ink
      ctx.fillText(text, x + 5, y + h / 2)
    }
  })
}

function fillBlock(
  ctx: CanvasRenderingContext2D,
  look: LaneBlock['look'],
  { x, y, w, h }: { readonly x: number; readonly y: number; readonly w: number; readonly h: number },
  tokens: Tokens,
): string {
  const [fill, ink] = {
    held: [tokens.color('lock-held'), tokens.color('text-on-light-fill')],
    waiting: [tokens.pattern(ctx, 'lock-waiting'), tokens.color('text')],
    plain: [tokens.color('ph-1'), tokens.color('ph-1-on')],
    violated: [tokens.color('bad-fill'), tokens.color('bad-fill-on')],
  }[look] as [string | CanvasPattern, string]
  ctx.fillStyle = fill
  ctx.beginPath()
  ctx.roundRect(x, y, w, h, 2)
  ctx.fill()
  return ink
}
