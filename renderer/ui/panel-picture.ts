/** A panel as one picture: title, note and source above its charts, on the surface colour, so that it stands by itself. */

import type { Tokens } from '../theme/tokens.ts'
import { EXPORT_SCALE } from './panel-export.ts'

const HEAD = 36
const MARGIN = 12

export function composePanel(
  pictures: readonly HTMLCanvasElement[],
  words: { readonly title: string; readonly note: string; readonly source: string },
  tokens: Tokens,
): HTMLCanvasElement {
  const out = document.createElement('canvas')
  const width = Math.max(...pictures.map((picture) => picture.width))
  const height = pictures.reduce((sum, picture) => sum + picture.height, 0)
  const scale = EXPORT_SCALE
  out.width = width
  out.height = height + (HEAD + MARGIN) * scale
  const ctx = out.getContext('2d')
  if (!ctx) return out
  ctx.fillStyle = tokens.color('surface')
  ctx.fillRect(0, 0, out.width, out.height)
  ctx.scale(scale, scale)
  ctx.textBaseline = 'middle'
  ctx.fillStyle = tokens.color('text')
  ctx.font = `600 12px ${tokens.fontUi}`
  ctx.fillText(words.title, MARGIN, HEAD / 2)
  const after = MARGIN + ctx.measureText(words.title).width + 8
  ctx.fillStyle = tokens.color('text-3')
  ctx.font = `11px ${tokens.fontUi}`
  ctx.fillText(words.note, after, HEAD / 2)
  ctx.textAlign = 'right'
  if (after + ctx.measureText(words.note).width + 24 + ctx.measureText(words.source).width < width / scale) {
    ctx.fillText(words.source, width / scale - MARGIN, HEAD / 2)
  }
  ctx.setTransform(1, 0, 0, 1, 0, 0)
  let y = HEAD * scale
  for (const picture of pictures) {
    ctx.drawImage(picture, 0, y)
    y += picture.height
  }
  return out
}
