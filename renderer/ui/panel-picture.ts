/**
 * A panel as one picture: title, note and source, the key to its colours, its charts, on the surface colour, so that it
 * stands by itself.
 */

import type { Fill } from '../theme/kinds.ts'
import type { Tokens } from '../theme/tokens.ts'
import { fillStyle } from './bar-rows.ts'
import { EXPORT_SCALE } from './panel-export.ts'

export interface LegendEntry {
  readonly label: string
  readonly fill: Fill
}

export interface PanelWords {
  readonly title: string
  readonly note: string
  readonly source: string
  readonly legend: readonly LegendEntry[]
}

const HEAD = 36
const MARGIN = 12
const LEGEND_ROW = 18

export function composePanel(
  pictures: readonly HTMLCanvasElement[],
  words: PanelWords,
  tokens: Tokens,
): HTMLCanvasElement {
  const out = document.createElement('canvas')
  const ctx = out.getContext('2d')
  if (!ctx) return out
  const width = Math.max(...pictures.map((picture) => picture.width))
  const height = pictures.reduce((sum, picture) => sum + picture.height, 0)
  ctx.font = `11px ${tokens.fontUi}`
  const legend = placeLegend(ctx, words.legend, width / EXPORT_SCALE)
  const top = HEAD + legend.height
  out.width = width
  out.height = height + (top + MARGIN) * EXPORT_SCALE
  ctx.fillStyle = tokens.color('surface')
  ctx.fillRect(0, 0, out.width, out.height)
  ctx.scale(EXPORT_SCALE, EXPORT_SCALE)
  ctx.textBaseline = 'middle'
  drawHead(ctx, words, width / EXPORT_SCALE, tokens)
  for (const { entry, x, y } of legend.places) {
    ctx.fillStyle = fillStyle(ctx, tokens, entry.fill)
    ctx.fillRect(x, HEAD + y - 5, 10, 10)
    ctx.fillStyle = tokens.color('text-2')
    ctx.fillText(entry.label, x + 15, HEAD + y)
  }
  ctx.setTransform(1, 0, 0, 1, 0, 0)
  let y = top * EXPORT_SCALE
  for (const picture of pictures) {
    ctx.drawImage(picture, 0, y)
    y += picture.height
  }
  return out
}

function drawHead(ctx: CanvasRenderingContext2D, words: PanelWords, width: number, tokens: Tokens): void {
  const middle = HEAD / 2
  ctx.fillStyle = tokens.color('text')
  ctx.font = `600 12px ${tokens.fontUi}`
  ctx.fillText(words.title, MARGIN, middle)
  const after = MARGIN + ctx.measureText(words.title).width + 8
  ctx.fillStyle = tokens.color('text-3')
  ctx.font = `11px ${tokens.fontUi}`
  ctx.fillText(words.note, after, middle)
  if (after + ctx.measureText(words.note).width + 24 + ctx.measureText(words.source).width > width) return
  ctx.textAlign = 'right'
  ctx.fillText(words.source, width - MARGIN, middle)
  ctx.textAlign = 'left'
}

/** Entries in rows, as many as fit. `ctx` measures in the legend's font. */
function placeLegend(
  ctx: CanvasRenderingContext2D,
  entries: readonly LegendEntry[],
  width: number,
): { places: readonly { entry: LegendEntry; x: number; y: number }[]; height: number } {
  let x = MARGIN
  let row = 0
  const places = entries.map((entry) => {
    const size = ctx.measureText(entry.label).width + 15
    if (x > MARGIN && x + size > width - MARGIN) {
      x = MARGIN
      row++
    }
    const place = { entry, x, y: row * LEGEND_ROW + LEGEND_ROW / 2 - 4 }
    x += size + 14
    return place
  })
  return { places, height: entries.length === 0 ? 0 : (row + 1) * LEGEND_ROW }
}
