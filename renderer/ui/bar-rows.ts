/** Rows of stacked bars as data and as drawing: what BarRows.vue shows, without Vue. */

import type { Fill } from '../theme/kinds.ts'
import type { Tokens } from '../theme/tokens.ts'
import { fitText } from './canvas-text.ts'

export interface BarPart {
  /** In the unit of the row's scale. */
  readonly size: number
  readonly fill: Fill
  /** Token of the ink on the fill; with it and room, the label is drawn. */
  readonly ink?: string
  readonly label?: string
  /** Lines of the tip: what it is, what it means. */
  readonly tip: readonly [string, string]
}

export interface BarRow<Key> {
  readonly key: Key
  readonly name: string
  readonly mono?: boolean
  /** Grey, right-aligned after the name. */
  readonly detail?: string
  readonly parts: readonly BarPart[]
  readonly figure: string
}

export interface RowPlace {
  /** px where bars begin, and how many px the value `full` takes. */
  readonly left: number
  readonly width: number
  readonly full: number
  /** px of a bar. */
  readonly height: number
}

export function fillStyle(ctx: CanvasRenderingContext2D, tokens: Tokens, fill: Fill): string | CanvasPattern {
  return 'color' in fill ? tokens.color(fill.color) : tokens.pattern(ctx, fill.pattern)
}

export function barsEnd(row: BarRow<unknown>, place: RowPlace): number {
  const sum = row.parts.reduce((total, part) => total + part.size, 0)
  return place.left + Math.max(1, (sum / place.full) * place.width)
}

export function drawNames(
  ctx: CanvasRenderingContext2D,
  row: BarRow<unknown>,
  at: { readonly middle: number; readonly width: number },
  tokens: Tokens,
): void {
  const plain = ctx.font
  let room = at.width - 12 - 10
  if (row.detail !== undefined) {
    ctx.textAlign = 'right'
    ctx.fillStyle = tokens.color('text-3')
    ctx.fillText(row.detail, at.width - 10, at.middle)
    room -= ctx.measureText(row.detail).width + 8
  }
  ctx.textAlign = 'left'
  if (row.mono) ctx.font = `11px ${tokens.fontMono}`
  ctx.fillStyle = tokens.color('text')
  ctx.fillText(fitText(ctx, row.name, room), 12, at.middle)
  ctx.font = plain
}

/** Parts are 1 px apart; one that is thinner than that is drawn as thin as it is. */
export function drawBars(
  ctx: CanvasRenderingContext2D,
  row: BarRow<unknown>,
  middle: number,
  place: RowPlace,
  tokens: Tokens,
): void {
  const top = Math.round(middle - place.height / 2)
  let x = place.left
  ctx.font = `600 11px ${tokens.fontUi}`
  for (const part of row.parts) {
    const width = (part.size / place.full) * place.width
    if (width > 0) {
      ctx.fillStyle = fillStyle(ctx, tokens, part.fill)
      ctx.fillRect(x, top, width < 2 ? width : width - 1, place.height)
      const { label, ink } = part
      if (label !== undefined && ink !== undefined && ctx.measureText(label).width + 13 <= width) {
        ctx.fillStyle = tokens.color(ink)
        ctx.fillText(label, x + 6, middle)
      }
    }
    x += width
  }
}
