/**
 * The fills of the timeline: every colour token and pattern that rows use has a small number, so that painting can collect
 * rectangles per number and fill each with one path. Patterns move with the time axis (they are glued to their spans, not
 * to the screen) and stand only where there is room for them; below that a span has the plain colour.
 */

import type { PatternName, Tokens } from '../theme/tokens.ts'
import type { Fill } from '../theme/kinds.ts'

export interface Look {
  readonly fill: Fill
  /** Token of text on it. */
  readonly ink: string
}

/** A pattern in less than this many px either way is noise. */
export const PATTERN_PX = 5
/** Plain colours of patterns, where they are too small. */
const GROUND: Readonly<Record<PatternName, string>> = {
  'lock-waiting': 'lock-waiting',
  'lock-contended': 'lock-contended',
  'task-d': 'task-d',
}

export interface Palette {
  /** The number of a look; the same look always has the same one. */
  number(look: Look): number
  look(number: number): Look
  readonly size: () => number
  hasPattern(number: number): boolean
}

export function palette(): Palette {
  const looks: Look[] = []
  const patterned: boolean[] = []
  const known = new Map<string, number>()
  return {
    number(look) {
      const key = `${'color' in look.fill ? look.fill.color : `#${look.fill.pattern}`}|${look.ink}`
      let at = known.get(key)
      if (at === undefined) {
        at = looks.length
        known.set(key, at)
        looks.push(look)
        patterned.push('pattern' in look.fill)
      }
      return at
    },
    look: (number) => looks[number],
    size: () => looks.length,
    hasPattern: (number) => patterned[number],
  }
}

/** Patterns made for one canvas in one theme. */
export interface Brushes {
  /** The fill of a look; `plain` where there is no room for its pattern. */
  style(look: Look, plain: boolean): string | CanvasPattern
  /** Glue patterns to content that starts at this point of the canvas. */
  shift(x: number, y: number): void
}

export function brushes(ctx: CanvasRenderingContext2D, tokens: Tokens): Brushes {
  const made = new Map<PatternName, { pattern: CanvasPattern | undefined; size: number }>()
  let offset = { x: 0, y: 0 }

  function pattern(name: PatternName): CanvasPattern | undefined {
    let entry = made.get(name)
    if (entry === undefined) {
      const tile = tokens.tile(name)
      // tiles are drawn at twice their size
      entry = { pattern: ctx.createPattern(tile, 'repeat') ?? undefined, size: tile.width / 2 }
      made.set(name, entry)
      place(entry)
    }
    return entry.pattern
  }
  function place({ pattern: one, size }: { pattern: CanvasPattern | undefined; size: number }): void {
    one?.setTransform(new DOMMatrix([0.5, 0, 0, 0.5, offset.x % size, offset.y % size]))
  }
  return {
    style({ fill }, plain) {
      if ('color' in fill) return tokens.color(fill.color)
      return (plain ? undefined : pattern(fill.pattern)) ?? tokens.color(GROUND[fill.pattern])
    },
    shift(x, y) {
      offset = { x, y }
      for (const entry of made.values()) place(entry)
    },
  }
}
