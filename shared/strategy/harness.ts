/**
 * Around the hooks of a strategy of the user's own, so that a mistake in them is a finding with its line (S1) and the run goes
 * on: an exception, a hook that is no generator, a pause nobody asked for, steps that never end, a lock released that is not
 * held. What a hook did before its mistake stays done; for the rest it is as if the hook were not there.
 */

import { limits } from '../base/limits.ts'
import type { Kernel } from '../sim/kernel.ts'
import type { Steps } from '../sim/task.ts'
import type { World } from '../sim/world.ts'

/** Its hooks are steps: the kernel's clock may go on inside them. */
const STEPS: ReadonlySet<string> = new Set([
  'sample',
  'enter',
  'beforeLookup',
  'beforeInsert',
  'removeEnter',
  'unmapEnter',
  'fillEnter',
  'before',
  'after',
  'beforeLink',
])

/** Findings that say something about the code that made them, where user code made them. */
const BLAMED: ReadonlySet<string> = new Set(['V10', 'V12'])

export interface Blame {
  /** As people know the file: `mine.ts`. */
  readonly file: string
  /** Line of the strategy's file that is innermost in a stack, if any is. */
  readonly lineIn: (stack: string) => number | undefined
}

/** Is told when a hook's code runs, so that somebody outside can see one that does not come back. */
export interface Pulse {
  begin(where: string): void
  end(): void
}

/** Thrown by a loop that has gone round too often. */
export class EndlessLoop extends Error {
  readonly line: number
  constructor(line: number) {
    super('loops without end')
    this.line = line
  }
}

/** What the strategy's loops tell, with their lines. */
export class Ticks {
  /** The last loop that went round, 0 none. */
  line = 0
  #rounds = 0

  readonly tick = (line: number): void => {
    this.line = line
    if (++this.#rounds > limits.strategyRounds) throw new EndlessLoop(line)
  }

  begin(): void {
    this.#rounds = 0
  }
}

type Hook = (...args: readonly unknown[]) => unknown

export class Harness {
  readonly #blame: Blame
  readonly #ticks: Ticks
  readonly #said = new WeakMap<Kernel, Set<string>>()
  /** Hooks that threw or did not end: they are not called again in that world. */
  readonly #stuckIn = new WeakMap<Kernel, Set<string>>()
  /** The hook whose code runs now. */
  #running: string | undefined
  readonly #pulse: Pulse | undefined

  constructor(blame: Blame, ticks: Ticks, pulse?: Pulse) {
    this.#blame = blame
    this.#ticks = ticks
    this.#pulse = pulse
  }

  /** The option with its hooks in their harness. */
  option<T extends object>(slot: string, option: T): T {
    const dressed = Object.entries(option).map(([name, value]: [string, unknown]) => {
      if (typeof value !== 'function') return [name, value] as const
      const where = `${slot}.${name}`
      // Bound, so that hooks may keep what they share in `this`.
      const hook = (value as Hook).bind(option)
      return [name, STEPS.has(name) ? this.#steps(where, hook) : this.#plain(where, hook)] as const
    })
    return Object.fromEntries(dressed) as T
  }

  #steps(where: string, hook: Hook): (w: World, ...args: readonly unknown[]) => Steps {
    const run = this.#run.bind(this)
    const stuck = this.#stuck.bind(this)
    const giveUp = this.#giveUp.bind(this)
    const ticks = this.#ticks
    return function* (w, ...args) {
      const steps = run(w, where, () => hook(w, ...args))
      if (!isSteps(steps)) {
        if (steps !== FAILED) stuck(w, `${where} gives no steps: write it as a generator, *${where.split('.')[1]}(…)`)
        return
      }
      ticks.line = 0
      for (let pauses = 0; ; pauses++) {
        const step = run(w, where, () => steps.next())
        if (step === FAILED || (step as IteratorResult<unknown>).done === true) return
        if (pauses === limits.strategyPauses) {
          const line = ticks.line === 0 ? '' : `, its loop in line ${ticks.line} going round`
          giveUp(w.k, where)
          stuck(w, `${where} has paused ${pauses} times and does not end${line}`, ticks.line)
          return
        }
        if (w.k.timed && pausesForNothing(w.k)) {
          stuck(w, `${where} yields though nothing told it to wait: yield only where a call of the kernel said true`)
          continue
        }
        yield
      }
    }
  }

  #plain(where: string, hook: Hook): (w: World, ...args: readonly unknown[]) => unknown {
    return (w, ...args) => {
      const answer = this.#run(w, where, () => hook(w, ...args))
      return answer === FAILED ? undefined : answer
    }
  }

  #run(w: World, where: string, call: () => unknown): unknown {
    const { k } = w
    if (this.#stuckIn.get(k)?.has(where) === true) return FAILED
    k.onFinding ??= (invariant, message) => {
      if (this.#running !== undefined && BLAMED.has(invariant)) this.#mistake(k, message, stackHere())
    }
    const outer = this.#running
    this.#running = where
    this.#pulse?.begin(where)
    this.#ticks.begin()
    try {
      return call()
    } catch (error) {
      this.#giveUp(k, where)
      if (error instanceof EndlessLoop) this.#say(k, `${where} loops without end`, error.line)
      else this.#mistake(k, `${where} throws ${describe(error)}`, stackOf(error))
      return FAILED
    } finally {
      this.#running = outer
      if (outer === undefined) this.#pulse?.end()
    }
  }

  #giveUp(k: Kernel, where: string): void {
    let stuck = this.#stuckIn.get(k)
    if (stuck === undefined) this.#stuckIn.set(k, (stuck = new Set()))
    stuck.add(where)
  }

  #stuck(w: World, message: string, line?: number): void {
    this.#say(w.k, message, line === 0 ? undefined : line)
  }

  #mistake(k: Kernel, message: string, stack: string): void {
    this.#say(k, message, this.#blame.lineIn(stack))
  }

  /** Once per world: a hook is called for every fault. */
  #say(k: Kernel, message: string, line: number | undefined): void {
    const text = `${this.#blame.file}${line === undefined ? '' : `:${line}`}: ${message}`
    let said = this.#said.get(k)
    if (said === undefined) this.#said.set(k, (said = new Set()))
    const key = text.replace(/\d+/g, '#')
    if (said.has(key)) return
    said.add(key)
    k.report('S1', text)
  }
}

const FAILED = Symbol('failed')

function isSteps(value: unknown): value is Steps {
  return typeof value === 'object' && value !== null && 'next' in value && typeof value.next === 'function'
}

/** In time order whoever pauses sleeps, waits for a lock or works: else nobody would ever resume it. */
function pausesForNothing(k: Kernel): boolean {
  const task = k.current
  return task.state === 'running' && task.leaf === -1 && task.waitingFor === undefined
}

function describe(error: unknown): string {
  return isError(error) ? `${error.name}: ${error.message.split('\n')[0]}` : String(error)
}

function stackOf(error: unknown): string {
  return isError(error) ? (error.stack ?? '') : ''
}

/** Errors of another realm are none of this one's. */
function isError(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string'
}

function stackHere(): string {
  return new Error().stack ?? ''
}
