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
import { EndlessLoop, Harness, Ticks, type Blame } from '#shared/strategy/harness.ts'
import * as library from '#shared/strategy/index.ts'
import { pulseOf } from './pulse.ts'
import { stoppedHooks } from './shelf.ts'
import { NAMES, toScript } from './transform.ts'

/** What a strategy is loaded from: its text as it was when it was chosen. */
export interface StrategySource {
  readonly id: string
  /** As people know it: `mine.ts`. */
  readonly file: string
  readonly text: string
}

/** Its options, hooks in their harness. */
export function optionsOf(source: StrategySource): OwnOptions {
  const pulse = pulseOf(source)
  const ticks = new Ticks(pulse?.place)
  const { options } = evaluate(source, ticks)
  const outside = { stopped: stoppedHooks(source.id), ...(pulse === undefined ? {} : { pulse }) }
  const harness = new Harness(blameOf(source.file), ticks, outside)
  const dressed = Object.entries(options).map(([slot, option]) => [slot, harness.option(slot, option)] as const)
  return Object.fromEntries(dressed)
}

/** Runs its top level and checks what it exports. */
export function evaluate({ id, file, text }: StrategySource, ticks: Ticks): CheckedStrategy {
  const script = toScript(text, file)
  const exports: { default?: unknown } = {}
  const realm = vm.createContext(
    {
      [NAMES.library]: library,
      [NAMES.tick]: ticks.tick,
      [NAMES.place]: ticks.place,
      [NAMES.exports]: exports,
      console: CONSOLE,
    },
    { codeGeneration: { strings: false, wasm: false }, microtaskMode: 'afterEvaluate' },
  )
  vm.runInContext(TIMELESS, realm)
  ticks.begin()
  try {
    vm.runInContext(wrapped(script), realm, { filename: scriptName(file), timeout: limits.strategyLoadMs })
  } catch (error) {
    throw atLoading(file, error, ticks)
  }
  try {
    return checkDefinition(exports.default, id)
  } catch (error) {
    if (error instanceof ApiError) throw new ApiError('bad-input', `${file}: ${error.message}`, error.hint)
    throw atLoading(file, error, ticks)
  }
}

/** What it is given is its own by parameters: a realm's globals are slow to look up. */
function wrapped(script: string): string {
  const names = Object.values(NAMES).join()
  return `((${names})=>{'use strict';${script}\n})(${names})`
}

const TIMELESS = `
  delete globalThis.Date
  Math.random = () => { throw new Error('a strategy has no random numbers: a run must come out the same each time') }
  for (const name of ['WeakRef', 'FinalizationRegistry', 'Atomics', 'SharedArrayBuffer']) delete globalThis[name]
`

/** For an author who looks for something; standard output belongs to results. */
const CONSOLE = Object.fromEntries(
  ['log', 'info', 'warn', 'error', 'debug'].map((name) => [
    name,
    (...what: unknown[]) => process.stderr.write(`${format(...what)}\n`),
  ]),
)

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
  const { message, name, stack, code } = error as Error & { readonly code?: string }
  if (code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
    const why = `its top level did not end within ${limits.strategyLoadMs} ms`
    return new ApiError('bad-input', `${file}${ticks.here === undefined ? '' : `:${ticks.here}`}: ${why}`, hint)
  }
  const line = lineIn(stack ?? '', scriptName(file)) ?? ticks.here
  return new ApiError('bad-input', `${file}${line === undefined ? '' : `:${line}`}: ${name}: ${message}`, hint)
}
