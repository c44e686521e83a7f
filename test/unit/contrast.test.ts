/**
 * Text can be read in both themes: the contrast of every pair of tokens that stands on each other, as WCAG 2.2 counts it.
 * AA asks for 4.5 for text (everything here is under 18 px) and 3 for marks that carry meaning.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PROJECT } from '../support/engine.ts'

const css = readFileSync(join(PROJECT, 'renderer/theme/tokens.css'), 'utf8')
const dark = css.indexOf(':root[data-theme="dark"]')
const declared = (text: string): Map<string, string> =>
  new Map([...text.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(([, name, value]) => [name ?? '', (value ?? '').trim()]))
const light = declared(css.slice(0, dark))
const themes = { light, dark: new Map([...light, ...declared(css.slice(dark))]) } as const

interface Rgb {
  readonly channels: readonly number[]
  readonly alpha: number
}
function parse(value: string): Rgb {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(value)?.[1]
  if (hex !== undefined) {
    const long = hex.length === 3 ? [...hex].map((digit) => digit + digit).join('') : hex
    return { channels: [0, 2, 4].map((at) => Number.parseInt(long.slice(at, at + 2), 16)), alpha: 1 }
  }
  const [, r, g, b, a] = /^rgb\((\d+) (\d+) (\d+) \/ ([\d.]+)\)$/.exec(value) ?? []
  if (r === undefined) throw new Error(`${value} is no colour`)
  return { channels: [Number(r), Number(g), Number(b)], alpha: Number(a) }
}
function over(top: Rgb, ground: Rgb): Rgb {
  return {
    channels: top.channels.map((value, i) => value * top.alpha + (ground.channels[i] ?? 0) * (1 - top.alpha)),
    alpha: 1,
  }
}
function luminance({ channels }: Rgb): number {
  const [r = 0, g = 0, b = 0] = channels
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
function contrast(a: Rgb, b: Rgb): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (high + 0.05) / (low + 0.05)
}

describe.each(Object.entries(themes))('in the %s theme', (_, tokens) => {
  const color = (name: string): Rgb => {
    const value = tokens.get(name)
    if (value === undefined) throw new Error(`there is no token --${name}`)
    return parse(value)
  }
  const low = (pairs: readonly (readonly [string, string])[], least: number) =>
    pairs
      .map(([ink, ground]) => ({
        pair: `${ink} on ${ground}`,
        ratio: contrast(over(color(ink), color(ground)), color(ground)),
      }))
      .filter(({ ratio }) => ratio < least)
      .map(({ pair, ratio }) => `${pair}: ${ratio.toFixed(2)}`)
  const cross = (inks: readonly string[], grounds: readonly string[]) =>
    inks.flatMap((ink) => grounds.map((ground) => [ink, ground] as const))

  it('text can be read on every surface', () => {
    const surfaces = ['bg', 'surface', 'surface-2', 'overlay']
    expect(low(cross(['text', 'text-2', 'text-3'], surfaces), 4.5)).toEqual([])
    expect(
      low(cross(['text', 'text-2', 'text-3'], ['surface-3', 'accent-soft', 'warn-soft', 'bad-soft']), 4.5),
    ).toEqual([])
  })

  it('so can links, severities and code', () => {
    expect(
      low(cross(['accent-text', 'ok', 'warn', 'bad', 'info'], ['surface', 'surface-2', 'overlay', 'bg']), 4.5),
    ).toEqual([])
    expect(
      low(
        ['ok', 'warn', 'bad', 'sec', 'info'].map((name) => [name, `${name}-soft`] as const),
        4.5,
      ),
    ).toEqual([])
    expect(
      low(cross(['code-kw', 'code-fn', 'code-str', 'code-num', 'code-com'], ['surface', 'surface-2']), 4.5),
    ).toEqual([])
    expect(low([['accent-on', 'accent']], 4.5)).toEqual([])
  })

  it('labels can be read on the fills they stand on', () => {
    const fills = [...tokens.keys()].filter((name) => name.endsWith('-on') && name !== 'accent-on')
    const pairs = fills.map((ink) => [ink, ink.slice(0, -'-on'.length)] as const)
    expect(pairs.length).toBeGreaterThan(20)
    expect(low(pairs, 4.5)).toEqual([])
  })

  it('marks that carry meaning stand out from what they lie on, with their edge or by themselves', () => {
    expect(low(cross(['accent', 'lock-waiting', 'bad-fill'], ['surface', 'bg']), 3)).toEqual([])
  })

  it('what is selected can still be read', () => {
    const ground = over(color('select-fill'), color('surface'))
    expect(contrast(color('text'), ground)).toBeGreaterThan(4.5)
    expect(contrast(color('text-2'), ground)).toBeGreaterThan(4.5)
  })
})
