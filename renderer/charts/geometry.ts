/**
 * Rectangles and axes shared by the canvas charts: boxes in CSS pixels, axis ticks, hit tests. Pure numbers: no DOM, no
 * Vue, no colour. Latency axes are logarithmic with a tick per decade (1, 10, 100 µs, 1, 10 ms), because latencies of
 * one operation differ by factors, not by sums.
 */

import { scaleLinear, scaleLog } from 'd3-scale'

export interface Box {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Scale {
  (value: number): number
  invert(px: number): number
}

export interface ScaleOptions {
  readonly from: number
  readonly to: number
  /** Pixel of `from` and of `to`. */
  readonly px: readonly [number, number]
}

export function linearScale({ from, to, px }: ScaleOptions): Scale {
  return scaleLinear()
    .domain([from, to > from ? to : from + 1])
    .range(px)
}

/** Logarithmic; `from` must be above 0. */
export function logScale({ from, to, px }: ScaleOptions): Scale {
  return scaleLog()
    .domain([from, to > from ? to : from * 10])
    .range(px)
}

export function inside(box: Box, point: Point): boolean {
  return point.x >= box.x && point.x < box.x + box.w && point.y >= box.y && point.y < box.y + box.h
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}

/** Powers of ten within [from, to]; where they are fewer than three also 3s, or 2s and 5s: an axis has at least three. */
export function logTicks(from: number, to: number): number[] {
  for (const factors of [[1], [1, 3]]) {
    const ticks = tensTimes(factors, from, to)
    if (ticks.length >= 3) return ticks
  }
  return tensTimes([1, 2, 5], from, to)
}

function tensTimes(factors: readonly number[], from: number, to: number): number[] {
  const out: number[] = []
  for (let exponent = Math.floor(Math.log10(from)); exponent <= Math.ceil(Math.log10(to)); exponent++) {
    for (const factor of factors) {
      // 10 ** -n is inexact below 1; ns are integers, so ticks below 1 ns are never asked for
      const tick = factor * 10 ** exponent
      if (tick >= from * (1 - 1e-9) && tick <= to * (1 + 1e-9)) out.push(tick)
    }
  }
  return out
}

/** 0 for nothing, else 1…6: the step of the sequential ramp, in log steps up to `max`. */
export function densityLevel(count: number, max: number): number {
  if (count <= 0) return 0
  return clamp(Math.ceil((6 * Math.log(count + 1)) / Math.log(max + 1)), 1, 6)
}

/** From this many on every step is some count's. */
const ALL_STEPS = 63

/** The steps that counts of 1 … `max` have: of few counts not all. */
export function densityLevels(max: number): number[] {
  if (max >= ALL_STEPS) return [1, 2, 3, 4, 5, 6]
  const counts = Array.from({ length: max }, (_, i) => i + 1)
  return [...new Set(counts.map((count) => densityLevel(count, max)))]
}

/** The same in square-root steps: for amounts (times), whose factors are less far apart than those of counts. */
export function amountLevel(amount: number, max: number): number {
  return amount <= 0 ? 0 : clamp(Math.round(6 * Math.sqrt(amount / max)), 1, 6)
}
