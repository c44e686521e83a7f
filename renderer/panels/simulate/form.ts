/**
 * The form of a simulation as plain functions: what a field shows, what is wrong with what was typed, what is sent. Fields
 * come from the catalogue's schema; nothing here knows a scenario, a strategy or a slot by name. Only values that differ
 * from their default are sent, so that a run says what was chosen and nothing else.
 */

import type { ParamInfo, SlotInfo, StrategyInfo } from '#shared/contract/simulation.ts'
import { formatCount } from '../../ui/format.ts'

/** What stands in changed fields, by parameter name. */
export type Texts = Readonly<Record<string, string>>

export function textOf(param: ParamInfo, texts: Texts): string {
  return texts[param.name] ?? String(param.default)
}

export function isChanged(param: ParamInfo, texts: Texts): boolean {
  return textOf(param, texts).trim() !== String(param.default)
}

/** What is wrong with what was typed, in words; undefined: nothing. */
export function problemOf(param: ParamInfo, text: string): string | undefined {
  if (param.type !== 'number') return undefined
  const typed = text.trim()
  const whole = Number.isInteger(param.default)
  if (typed === '') return 'needs a number'
  if (!/^-?\d+(\.\d+)?$/.test(typed)) return `“${typed.slice(0, 20)}” is not a number`
  const value = Number(typed)
  if (whole && !Number.isInteger(value)) return 'needs a whole number'
  const { min, max } = param
  if ((min !== null && value < min) || (max !== null && value > max)) return `must be ${rangeText(param)}`
  return undefined
}

/** `1 to 1 024 MiB` */
export function rangeText({ min, max, unit }: ParamInfo): string {
  const tail = unit === null ? '' : ` ${unit}`
  if (min !== null && max !== null) return `${figure(min)} to ${figure(max)}${tail}`
  if (min !== null) return `at least ${figure(min)}${tail}`
  return max === null ? `any number${tail}` : `at most ${figure(max)}${tail}`
}

function figure(value: number): string {
  return Number.isInteger(value) ? formatCount(value) : String(value)
}

export function problemsOf(params: readonly ParamInfo[], texts: Texts): string[] {
  return params.flatMap((param) => {
    const problem = problemOf(param, textOf(param, texts))
    return problem === undefined ? [] : [`${param.title} ${problem}`]
  })
}

/** What is sent: changed values, in their types. */
export function settingsOf(params: readonly ParamInfo[], texts: Texts): Record<string, number | string | boolean> {
  return Object.fromEntries(
    params
      .filter((param) => isChanged(param, texts))
      .map((param) => {
        const text = textOf(param, texts).trim()
        return [param.name, param.type === 'number' ? Number(text) : param.type === 'switch' ? text === 'true' : text]
      }),
  )
}

/** Ranges of more than two decades have a logarithmic slider: small values are where people look. */
const DECADES = 100
export const SLIDER_STEPS = 1_000

function isWide(min: number, max: number): boolean {
  return max > DECADES * Math.max(1, min)
}

/** Place of a value on the slider, 0 … SLIDER_STEPS. */
export function sliderAt({ min, max }: ParamInfo, value: number): number {
  if (min === null || max === null || max <= min || Number.isNaN(value)) return 0
  const inside = Math.min(max, Math.max(min, value))
  const share = isWide(min, max) ? Math.log(inside - min + 1) / Math.log(max - min + 1) : (inside - min) / (max - min)
  return Math.round(share * SLIDER_STEPS)
}

/** Value of a place on the slider, to two digits where the range is wide. */
export function valueAt({ min, max }: ParamInfo, place: number): number {
  if (min === null || max === null) return 0
  if (place >= SLIDER_STEPS) return max
  const share = place / SLIDER_STEPS
  if (!isWide(min, max)) return Math.round(min + share * (max - min))
  const exact = min + (max - min + 1) ** share - 1
  return Math.min(max, Math.max(min, exact < 100 ? Math.round(exact) : Number(exact.toPrecision(2))))
}

/** A strategy with slots and switches that replace its own. */
export interface Chosen {
  readonly id: string
  readonly overrides: Texts
}

/** `F,tx=tx-before-locks` */
export function chosenText({ id, overrides }: Chosen): string {
  return [id, ...Object.entries(overrides).map(([slot, option]) => `${slot}=${option}`)].join(',')
}

export function parseChosen(text: string): Chosen {
  const [id, ...rest] = text.split(',')
  const overrides = rest.flatMap((part) => {
    const at = part.indexOf('=')
    return at < 0 ? [] : [[part.slice(0, at).trim(), part.slice(at + 1).trim()] as const]
  })
  return { id: (id ?? '').trim(), overrides: Object.fromEntries(overrides) }
}

/** For narrow places: a strategy of the user's own without its digest. `mine.ts#1a2b3c4d,tx=…` → `mine.ts,tx=…` */
export function shortStrategy(text: string): string {
  return text.replace(/#[0-9a-f]{8}(?=,|$)/, '')
}

/** What the strategy itself has in a slot; a switch it does not set is at its default. */
export function ownOption(slot: SlotInfo, strategy: StrategyInfo): string {
  return strategy.slots[slot.id] ?? slot.default ?? ''
}

/** The same strategy with another option; its own option is no override. */
export function withOption(
  chosen: Chosen,
  choice: { readonly slot: SlotInfo; readonly strategy: StrategyInfo; readonly option: string },
): Chosen {
  const { slot, strategy, option } = choice
  const rest = Object.entries(chosen.overrides).filter(([name]) => name !== slot.id)
  const own = option === ownOption(slot, strategy)
  return { id: chosen.id, overrides: Object.fromEntries(own ? rest : [...rest, [slot.id, option]]) }
}

/** Overrides in words: `tx: tx-before-locks`. */
export function overrideWords({ overrides }: Chosen): string {
  return Object.entries(overrides)
    .map(([slot, option]) => `${slot}: ${option}`)
    .join(', ')
}

/** `1, 2, 4, 8` as numbers, or what is wrong with it. */
export function parseValues(
  text: string,
  param: ParamInfo,
): { readonly values: readonly number[]; readonly problem: string | undefined } {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== '')
  const values = [...new Set(parts.map(Number))].sort((a, b) => a - b)
  const wrong = parts.find((part) => problemOf(param, part) !== undefined)
  if (wrong !== undefined) return { values: [], problem: `${wrong}: ${problemOf(param, wrong) ?? ''}` }
  if (values.length < 2) return { values: [], problem: 'a curve needs two values or more' }
  if (values.length > MOST_POINTS) return { values: [], problem: `a curve has ${MOST_POINTS} values at most` }
  return { values, problem: undefined }
}
/** Of the contract's `sweep`. */
const MOST_POINTS = 32
