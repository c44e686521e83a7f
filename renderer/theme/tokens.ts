/**
 * The design tokens as canvas code sees them: the CSS custom properties of tokens.css, read once per theme, and the
 * patterns made from them (a lock state is never colour alone). Nothing here knows a colour; a name that tokens.css does
 * not have is a bug and throws.
 */

import { shallowRef, type ShallowRef } from 'vue'

export type Theme = 'light' | 'dark'
export type PatternName = 'lock-waiting' | 'lock-contended' | 'task-d'

export interface Tokens {
  readonly theme: Theme
  readonly fontUi: string
  readonly fontMono: string
  /** A colour by its token name without the dashes: `op-rf`, `lock-held`. */
  color(name: string): string
  /** A fill for a 2D context: hatched waits, dotted contended holds, hatched D state. */
  pattern(ctx: CanvasRenderingContext2D, name: PatternName): CanvasPattern | string
  /** The pattern as an image, for ECharts (`{ image, repeat: 'repeat' }`). */
  tile(name: PatternName): HTMLCanvasElement
}

/** Pattern tiles are drawn at twice their size, so that they stay sharp on dense screens. */
const SCALE = 2

const patterns: Record<
  PatternName,
  { size: number; ground: string; ink: string; mark: 'diagonal' | 'dots'; alpha: number }
> = {
  'lock-waiting': { size: 7, ground: 'lock-waiting', ink: 'lock-waiting-ink', mark: 'diagonal', alpha: 0.55 },
  'lock-contended': { size: 4, ground: 'lock-contended', ink: 'lock-contended-ink', mark: 'dots', alpha: 1 },
  'task-d': { size: 6, ground: 'task-d', ink: 'surface', mark: 'diagonal', alpha: 0.5 },
}

export function readTokens(theme: Theme, element: Element = document.documentElement): Tokens {
  const style = getComputedStyle(element)
  const known = new Map<string, string>()
  const tiles = new Map<PatternName, HTMLCanvasElement>()
  const color = (name: string): string => {
    let value = known.get(name)
    if (value === undefined) {
      value = style.getPropertyValue(`--${name}`).trim()
      if (value === '') throw new Error(`assertion failed: no token --${name} in tokens.css`)
      known.set(name, value)
    }
    return value
  }
  const tile = (name: PatternName): HTMLCanvasElement => {
    let canvas = tiles.get(name)
    if (!canvas) tiles.set(name, (canvas = drawTile(name, color)))
    return canvas
  }
  return {
    theme,
    fontUi: color('font-ui'),
    fontMono: color('font-mono'),
    color,
    tile,
    pattern(ctx, name) {
      const made = ctx.createPattern(tile(name), 'repeat')
      if (!made) return color(patterns[name].ground)
      made.setTransform(new DOMMatrix().scale(1 / SCALE))
      return made
    },
  }
}

function drawTile(name: PatternName, color: (name: string) => string): HTMLCanvasElement {
  const { size, ground, ink, mark, alpha } = patterns[name]
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = size * SCALE
  const ctx = canvas.getContext('2d')
  if (!ctx) return canvas
  ctx.scale(SCALE, SCALE)
  ctx.fillStyle = color(ground)
  ctx.fillRect(0, 0, size, size)
  ctx.globalAlpha = alpha
  ctx.fillStyle = ctx.strokeStyle = color(ink)
  if (mark === 'dots') {
    ctx.beginPath()
    ctx.arc(1.2, 1.2, 0.9, 0, 7)
    ctx.fill()
  } else {
    ctx.lineWidth = size / 4.4
    ctx.beginPath()
    for (const shift of [-size, 0, size]) {
      ctx.moveTo(shift - 1, size + 1)
      ctx.lineTo(shift + size + 1, -1)
    }
    ctx.stroke()
  }
  return canvas
}

const current: ShallowRef<Tokens | undefined> = shallowRef()

/** Put a theme on the page and read its tokens anew; charts redraw because they depend on `useTokens()`. */
export function applyTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme
  current.value = readTokens(theme)
}

/** The tokens of the theme that is on; changes with it. */
export function useTokens(): ShallowRef<Tokens> {
  if (!current.value) applyTheme('light')
  return current as ShallowRef<Tokens>
}
