/**
 * Rectangles collected per fill and painted with one path each: thousands of spans cost a handful of fills. Edges are put
 * on whole device pixels (nothing blurs while panning) and nothing is thinner than one, so that no span is ever lost.
 */

import { PATTERN_PX, type Brushes, type Palette } from './palette.ts'

export interface RectBatch {
  /** In CSS pixels; `look` is a palette number. */
  add(look: number, x0: number, x1: number, y: number, height: number): void
  paint(ctx: CanvasRenderingContext2D, brushes: Brushes): void
  readonly count: () => number
}

interface Bucket {
  rects: Float32Array
  length: number
}

const START = 256

export function rectBatch(palette: Palette, density: number): RectBatch {
  /** Two per look: with its pattern, and plain where that has no room. */
  const buckets: (Bucket | undefined)[] = []
  let count = 0

  function push(at: number, x: number, y: number, w: number, h: number): void {
    let bucket = buckets[at]
    if (bucket === undefined) bucket = buckets[at] = { rects: new Float32Array(START * 4), length: 0 }
    else if (bucket.length === bucket.rects.length) {
      const grown = new Float32Array(bucket.rects.length * 2)
      grown.set(bucket.rects)
      bucket.rects = grown
    }
    const { rects } = bucket
    const i = bucket.length
    rects[i] = x
    rects[i + 1] = y
    rects[i + 2] = w
    rects[i + 3] = h
    bucket.length = i + 4
    count++
  }

  return {
    add(look, x0, x1, y, height) {
      const left = Math.round(x0 * density) / density
      const width = Math.max(1, Math.round(x1 * density) - Math.round(x0 * density)) / density
      const plain = palette.hasPattern(look) && (width < PATTERN_PX || height < 2)
      push(look * 2 + (plain ? 1 : 0), left, y, width, height)
    },
    paint(ctx, brushes) {
      for (let at = 0; at < buckets.length; at++) {
        const bucket = buckets[at]
        if (bucket === undefined || bucket.length === 0) continue
        const { rects, length } = bucket
        ctx.fillStyle = brushes.style(palette.look(at >> 1), (at & 1) === 1)
        ctx.beginPath()
        for (let i = 0; i < length; i += 4) ctx.rect(rects[i], rects[i + 1], rects[i + 2], rects[i + 3])
        ctx.fill()
        bucket.length = 0
      }
      count = 0
    },
    count: () => count,
  }
}
