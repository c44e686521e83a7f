/**
 * What painters need from the theme: a token's value by name, without the dashes (`seq-3`, `text-2`). Passing it in
 * keeps painters free of the DOM, and a theme change is a repaint with another `Ink`.
 */

export type Ink = (token: string) => string

export const SEQUENCE = ['seq-0', 'seq-1', 'seq-2', 'seq-3', 'seq-4', 'seq-5', 'seq-6'] as const

/** The canvas font of chart text: 11 px, the smallest there is. */
export function chartFont(ink: Ink, weight: 400 | 600 = 400, px = 11): string {
  return `${weight} ${px}px ${ink('font-ui')}`
}

/** Ink that can be read on a step of the sequential ramp. On the upper half the surface colour is the readable one. */
export function inkOnLevel(ink: Ink, level: number): string {
  return level >= 4 ? ink('surface') : ink('text')
}
