/**
 * Events of programs that trace themselves, in the words they have in the event table. A payload is `name="…"`, then what
 * else is known as `key=value`, and arguments as `args={…}`: JSON in one line, with `=` only between keys and values.
 *
 *     slice_begin, slice_end    a slice's two ends        instant    a moment
 *     slice                     both in one, `dur=` ns    counter    a value
 *     flow                      an arrow's end            mark       anything else
 */

import { limits } from '../base/limits.ts'

export const SLICE_BEGIN = 'slice_begin'
export const SLICE_END = 'slice_end'
export const SLICE = 'slice'
export const INSTANT = 'instant'
export const COUNTER = 'counter'
export const FLOW = 'flow'
export const MARK = 'mark'

export interface SliceWords {
  readonly name: string
  readonly durNs?: number | undefined
  readonly fields?: Readonly<Record<string, string | number | undefined>>
  readonly args?: unknown
}

/** Characters of a name that are kept, and of arguments. */
const NAME = 1000
const ARGS = 20_000

export function slicePayload({ name, durNs, fields, args }: SliceWords): string {
  let out = `name=${quoted(name.slice(0, NAME))}`
  if (durNs !== undefined) out += ` dur=${durNs}`
  for (const [key, value] of Object.entries(fields ?? {})) {
    if (value === undefined || value === '') continue
    out += ` ${key}=${typeof value === 'number' ? value : word(value)}`
  }
  if (args !== undefined) {
    const text = JSON.stringify(args)
    if (text !== '{}' && text !== undefined) {
      out += text.length <= ARGS ? ` args=${withoutEquals(text)}` : ` args=${quoted(`(${text.length} characters)`)}`
    }
  }
  return out.length > limits.eventArgsBytes ? out.slice(0, limits.eventArgsBytes) : out
}

/** As it is if it is one word, else quoted. */
function word(value: string): string {
  return /^[\w.:,/+-]+$/.test(value) ? value : quoted(value.slice(0, NAME))
}

function quoted(text: string): string {
  return withoutEquals(JSON.stringify(text))
}

/** JSON has another way to write it, and only strings contain it. */
function withoutEquals(json: string): string {
  return json.replaceAll('=', '\\u003d')
}
