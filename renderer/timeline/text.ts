/**
 * Text on the timeline's canvas. Widths are measured once per text and font. Text in bars is written whole or not at all;
 * names in the gutter are cut in the middle, because the ends of kernel names tell them apart; the whole name is in the
 * tooltip, the drawer and the table behind the canvas.
 */

import type { Tokens } from '../theme/tokens.ts'

export interface Fonts {
  readonly text: string
  readonly name: string
  readonly small: string
}

export function fontsOf(tokens: Tokens): Fonts {
  return { text: `11px ${tokens.fontUi}`, name: `600 11px ${tokens.fontUi}`, small: `10px ${tokens.fontUi}` }
}

export interface TextMeasure {
  width(text: string, font: string): number
  /** Whole, or cut in the middle to the width. */
  cut(text: string, font: string, px: number): string
}

/** Texts remembered before all are forgotten: a session on huge traces must not keep every name it ever drew. */
const REMEMBERED = 20_000

export function textMeasure(ctx: CanvasRenderingContext2D): TextMeasure {
  const widths = new Map<string, number>()
  const cuts = new Map<string, string>()

  function width(text: string, font: string): number {
    const key = `${font}|${text}`
    let known = widths.get(key)
    if (known === undefined) {
      if (widths.size > REMEMBERED) widths.clear()
      const before = ctx.font
      ctx.font = font
      known = ctx.measureText(text).width
      ctx.font = before
      widths.set(key, known)
    }
    return known
  }
  function shortened(text: string, font: string, px: number): string {
    let low = 0
    let high = text.length
    while (low < high) {
      const keep = (low + high + 1) >> 1
      if (width(middleCut(text, keep), font) <= px) low = keep
      else high = keep - 1
    }
    return low === 0 ? '' : middleCut(text, low)
  }
  return {
    width,
    cut(text, font, px) {
      if (width(text, font) <= px) return text
      const key = `${px}|${font}|${text}`
      let known = cuts.get(key)
      if (known === undefined) {
        if (cuts.size > REMEMBERED) cuts.clear()
        known = shortened(text, font, px)
        cuts.set(key, known)
      }
      return known
    },
  }
}

function middleCut(text: string, keep: number): string {
  const head = Math.ceil(keep / 2)
  return `${text.slice(0, head)}…${text.slice(text.length - (keep - head))}`
}
