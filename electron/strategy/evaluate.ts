/**
 * Runs a strategy file: as a script in a realm of its own, without Node's and the browser's globals, clock or random numbers,
 * because a run must come out the same everywhere. That keeps mistakes in, it is no wall against malice: loading a strategy is
 * running code, and whoever offers it asks first. Only worker threads come here.
 */

import { format } from 'node:util'
import vm from 'node:vm'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { OwnOptions } from '#shared/sim/strategies/own.ts'
import { checkDefinition, type CheckedStrategy } from '#shared/strategy/define.ts'
import { briefly, EndlessLoop, Harness, Ticks, type Blame } from '#shared/strategy/harness.ts'
import * as library from '#shared/strategy/index.ts'
import { View } from '#shared/strategy/view.ts'
import { pulseOf } from './pulse.ts'
import { newRealm } from './realm.ts'
import { stoppedHooks, type StrategySource } from './shelf.ts'
import { NAMES, toScript } from './transform.ts'

/** Its options, hooks in their harness. */
export function optionsOf(source: StrategySource): OwnOptions {
  const pulse = pulseOf(source)
  const ticks = new Ticks(pulse?.place)
  const outside = { stopped: stoppedHooks(source.id), ...(pulse === undefined ? {} : { pulse }) }
  const harness = new Harness(blameOf(source.file), ticks, outside)
  const { options, again } = evaluate(source, { ticks, view: harness.view })
  return harness.options(options, again)
}

export interface Evaluated extends CheckedStrategy {
  /** Its options from a run of its top level anew: nothing that hooks have remembered is left. */
  readonly again: () => OwnOptions
}

/** Runs its top level and checks what it exports. */
export function evaluate(
  { id, file, text }: StrategySource,
  { ticks, view }: { readonly ticks: Ticks; readonly view: View } = {
    ticks: new Ticks(),
    view: new View(() => undefined),
  },
): Evaluated {
  const script = toScript(text, file)
  const { realm, fits } = newRealm((bytes) => ticks.allot(bytes))
  let body: (given: Readonly<Record<string, unknown>>) => void
  let quiet = false
  const given = {
    [NAMES.library]: importsOf(view),
    [NAMES.tick]: ticks.tick,
    [NAMES.place]: ticks.place,
    [NAMES.fits]: fits,
    console: view.wrap(consoleFor(() => !quiet)),
    globalThis: NOTHING,
  }
  const run = (): CheckedStrategy => {
    const exports: { default?: unknown } = {}
    body({ ...given, [NAMES.exports]: exports })
    return checkDefinition(exports.default, id)
  }
  ticks.begin()
  try {
    body = vm.runInContext(wrapped(script), realm, { filename: scriptName(file) }) as typeof body
    realm[FIRST] = run
    const first = vm.runInContext(`${FIRST}()`, realm, { timeout: limits.strategyLoadMs }) as CheckedStrategy
    realm[FIRST] = undefined
    const again = () => {
      quiet = true
      ticks.anew()
      const { options } = run()
      quiet = false
      return options
    }
    return { ...first, again }
  } catch (error) {
    if (error instanceof ApiError) throw new ApiError('bad-input', `${file}: ${error.message}`, error.hint)
    throw atLoading(file, error, ticks)
  }
}

/** What it is given is its own by parameters: a realm's globals are slow to look up, and one could keep things there. */
function wrapped(script: string): string {
  return `'use strict';(({${Object.values(NAMES).join()},console,globalThis})=>{{${script}\n}})`
}

const FIRST = '__faultline_first'
const NOTHING = Object.freeze({ __proto__: null })

/** What `faultline/strategy` is to the file. */
function importsOf(view: View): object {
  const shown = Object.entries(library).map(([name, value]) => [name, view.wrap(value)] as const)
  return Object.freeze({ __proto__: null, ...Object.fromEntries(shown), defineStrategy: library.defineStrategy })
}

/** For an author who looks for something; standard output belongs to results. */
function consoleFor(speaks: () => boolean): object {
  const print = (...what: unknown[]) => void (speaks() && process.stderr.write(`${format(...what)}\n`))
  return Object.fromEntries(['log', 'info', 'warn', 'error', 'debug'].map((name) => [name, print]))
}

function scriptName(file: string): string {
  return `strategy:${file}`
}

function blameOf(file: string): Blame {
  const name = scriptName(file)
  return { file, lineIn: (stack) => lineIn(stack, name) }
}

function lineIn(stack: string, name: string): number | undefined {
  const at = stack.indexOf(`${name}:`)
  if (at === -1) return undefined
  const line = Number.parseInt(stack.slice(at + name.length + 1), 10)
  return Number.isNaN(line) ? undefined : line
}

function atLoading(file: string, error: unknown, ticks: Ticks): ApiError {
  const hint = 'correct the file and load it again'
  if (error instanceof EndlessLoop) return new ApiError('bad-input', `${file}:${error.line}: loops without end`, hint)
  const { what, stack, code } = told(error)
  if (code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
    const why = `its top level did not end within ${limits.strategyLoadMs} ms`
    return new ApiError('bad-input', `${file}${ticks.here === undefined ? '' : `:${ticks.here}`}: ${why}`, hint)
  }
  const line = lineIn(stack, scriptName(file)) ?? ticks.here
  return new ApiError('bad-input', `${file}${line === undefined ? '' : `:${line}`}: ${what}`, hint)
}

/** A file may throw anything, and to look at it may run code of the file. */
function told(error: unknown): { readonly what: string; readonly stack: string; readonly code?: unknown } {
  const other = { what: 'throws what is no error', stack: '' }
  if (typeof error !== 'object' || error === null) return { ...other, what: `throws ${briefly(String(error))}` }
  try {
    const { message, name, stack, code } = error as Readonly<Record<string, unknown>>
    if (typeof message !== 'string' || typeof name !== 'string') return other
    return { what: briefly(`${name}: ${message}`), stack: typeof stack === 'string' ? stack : '', code }
  } catch {
    return other
  }
}
