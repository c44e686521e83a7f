/**
 * The command line's options as values: each says its flag, its help and how its text becomes a typed value. A verb lists
 * the ones it takes and gets them back typed. Wrong text is wrong usage (exit 2) and is answered with what is known.
 */

import { Option } from 'commander'
import { ApiError } from '#shared/base/errors.ts'
import { unknownId } from '#shared/base/registry.ts'

export interface OptionSpec<T> {
  readonly about: string
  /** Placeholder of the value in the help; undefined: a switch. */
  readonly value: string | undefined
  readonly fallback: T
  parse(text: string): T
  /** May be given again; the values are joined. */
  readonly many?: true
  /** All values it can have, where they are few: what a shell completes. */
  readonly known?: readonly string[]
}

export type OptionSpecs = Readonly<Record<string, OptionSpec<unknown>>>
export type OptionValues<O extends OptionSpecs> = {
  readonly [K in keyof O]: O[K] extends OptionSpec<infer T> ? T : never
}

export function flag(about: string): OptionSpec<boolean> {
  return { about, value: undefined, fallback: false, parse: () => true }
}

export function text(value: string, about: string): OptionSpec<string | undefined> {
  return { about, value, fallback: undefined, parse: (given) => given }
}

/** A file that is written. Other programs mean standard output by `-`; a file of that name is what nobody means. */
export function target(value: string, about: string): OptionSpec<string | undefined> {
  const parse = (given: string): string => {
    if (given !== '-') return given
    throw new ApiError('bad-request', 'it is written into a file, not to standard output', 'name one')
  }
  return { ...text(value, about), parse }
}

/** An option that may be given again. */
export function many(value: string, about: string): OptionSpec<readonly string[]> {
  return { about: `${about} (may be given again)`, value, fallback: [], parse: (given) => [given], many: true }
}

/** `NAME=VALUE` pairs of a repeated option. Of two values for a name nobody knows whether both are meant, or which. */
export function pairs(given: readonly string[], flag: string, hint = 'give it once'): Record<string, string> {
  const found = new Map<string, string>()
  for (const pair of given) {
    const at = pair.indexOf('=')
    if (at <= 0) throw new ApiError('bad-request', `${flag}: '${pair}' is not NAME=VALUE`)
    const name = pair.slice(0, at).trim()
    const value = pair.slice(at + 1).trim()
    if (found.has(name) && found.get(name) !== value) {
      throw new ApiError('bad-request', `${flag} ${name} is there twice`, hint)
    }
    found.set(name, value)
  }
  return Object.fromEntries(found)
}

/** One of a fixed list. `what` names the list in the answer to an unknown one. */
export function choice<const T extends string, F extends T | undefined>(definition: {
  readonly what: string
  readonly of: readonly T[]
  readonly fallback: F
  readonly about: string
}): OptionSpec<T | F> {
  const { what, of, fallback, about } = definition
  const shown = of.map((id) => (id === fallback ? `${id} (default)` : id)).join(', ')
  return {
    about: `${about}: ${shown}`,
    value: 'ID',
    fallback,
    known: of,
    parse(given) {
      const found = of.find((id) => id === given)
      if (found === undefined) throw unknownId(what, given, of)
      return found
    },
  }
}

/** A whole number; `what` names it when it is not one. */
export function whole<F extends number | undefined>(definition: {
  readonly value: string
  readonly min: number
  readonly max: number
  readonly fallback: F
  readonly about: string
}): OptionSpec<number | F> {
  const { value, min, max, fallback, about } = definition
  return {
    about: fallback === undefined ? about : `${about} (default ${fallback})`,
    value,
    fallback,
    parse(given) {
      const number = /^\d{1,16}$/.test(given) ? Number(given) : NaN
      if (number >= min && number <= max) return number
      throw new ApiError('bad-request', `'${given}' is not a whole number from ${min} to ${max}`)
    },
  }
}

export const json = flag('print exactly one JSON document on standard output')
export const force = flag('replace the file if it exists')
export const traceId = whole({
  value: 'ID',
  min: 1,
  max: Number.MAX_SAFE_INTEGER,
  fallback: undefined,
  about: 'which trace of the file (default: the first; `faultline info` lists them)',
})
const since = { value: 'NS', min: 0, max: Number.MAX_SAFE_INTEGER, fallback: undefined } as const
export const from = whole({ ...since, about: "start of the window, ns since the trace's start" })
export const to = whole({ ...since, about: "end of the window, ns since the trace's start" })

/** The window of `--from` and `--to` as a scope, refused when it is empty. */
export function windowOf(range: { readonly from: number | undefined; readonly to: number | undefined }): {
  fromNs?: number
  toNs?: number
} {
  if (range.from !== undefined && range.to !== undefined && range.from >= range.to) {
    throw new ApiError(
      'bad-request',
      `--from ${range.from} is not before --to ${range.to}`,
      'swap them or leave one out',
    )
  }
  return {
    ...(range.from === undefined ? {} : { fromNs: range.from }),
    ...(range.to === undefined ? {} : { toNs: range.to }),
  }
}

/**
 * Options that would do nothing where they stand: who gives one believes that it does something. `rule` says of the first
 * of them what it goes with or not.
 */
export function refuse(given: ReadonlySet<string>, idle: readonly string[], rule: string, hint = 'leave it out'): void {
  const found = idle.find((name) => given.has(name))
  if (found !== undefined) throw new ApiError('bad-request', `--${found} ${rule}`, hint)
}

/** The commander option of a spec; errors name the flag. */
export function commanderOption(name: string, spec: OptionSpec<unknown>): Option {
  const long = `--${name}`
  const option = new Option(spec.value === undefined ? long : `${long} <${spec.value}>`, spec.about)
  if (spec.value === undefined) return option
  return option.argParser((given: string, before: unknown) => {
    try {
      const value = spec.parse(given)
      if (spec.many === true) return [...((before as unknown[] | undefined) ?? []), ...(value as unknown[])]
      // One of the two would do nothing, and who gives `--trace A --trace B` means both.
      if (before !== undefined && before !== value)
        throw new ApiError('bad-request', 'it is there twice', 'give it once')
      return value
    } catch (error) {
      if (error instanceof ApiError && error.code === 'bad-request')
        throw new ApiError(error.code, `${long}: ${error.message}`, error.hint)
      throw error
    }
  })
}
