/**
 * Around the hooks of a strategy of the user's own, so that a mistake in them is a finding with its line (S1) and the run goes
 * on: an exception, a hook that is no generator, a pause nobody asked for or one left out, steps that never end, a lock released
 * that is not held, a reach for what is none of its business (view.ts). What a hook did before its mistake stays done; for the rest
 * it is as if the hook were not there. Each world has an instance of the file of its own: what hooks remember there, no other run sees.
 */

import { ApiError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Kernel } from '../sim/kernel.ts'
import type { OwnOptions } from '../sim/strategies/own.ts'
import type { Steps } from '../sim/task.ts'
import type { World } from '../sim/world.ts'
import { Refused, View } from './view.ts'

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

/** The one hook that is asked something. */
const ANSWERS = 'guard.moved'

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
  /** The line that is run, in its first element. */
  readonly place: Int32Array
  begin(where: string): void
  end(): void
}

/** A hook that had to be stopped from outside, in a run before: it is not called again. */
export interface StoppedBefore {
  readonly where: string
  readonly message: string
  readonly line: number | undefined
}

/** Thrown by a loop that has gone round too often. */
export class EndlessLoop extends Error {
  readonly line: number
  constructor(line: number) {
    super('loops without end')
    this.line = line
  }
}

/** What the strategy's statements and loops tell, with their lines. */
export class Ticks {
  /** The line that is run, 0 none: its statements write it here. */
  readonly place: Int32Array
  /** The last loop that went round, 0 none. */
  line = 0
  #rounds = 0
  #held = 0

  constructor(place: Int32Array = new Int32Array(1)) {
    this.place = place
  }

  readonly tick = (line: number): void => {
    this.line = line
    if (++this.#rounds > limits.strategyRounds) throw new EndlessLoop(line)
  }

  begin(): void {
    this.#rounds = 0
    this.place[0] = 0
  }

  /** Room for a buffer's bytes in the run; false: there is none. */
  allot(bytes: number): boolean {
    this.#held += bytes
    return this.#held <= limits.strategyHeldBytes
  }

  /** Another run begins. */
  anew(): void {
    this.#held = 0
  }

  /** Where it is, as far as that is known. */
  get here(): number | undefined {
    return this.place[0] === 0 ? undefined : this.place[0]
  }
}

type Hook = (...args: readonly unknown[]) => unknown
type Call = (w: World, args: readonly unknown[]) => unknown
/** By slot and name: `guard.enter`. */
type Hooks = ReadonlyMap<string, Hook>

export class Harness {
  readonly #blame: Blame
  readonly #ticks: Ticks
  readonly #said = new WeakMap<Kernel, Set<string>>()
  /** Hooks that threw or did not end: they are not called again in that world. */
  readonly #stuckIn = new WeakMap<Kernel, Set<string>>()
  /** The hook whose code runs now. */
  #running: string | undefined
  readonly #pulse: Pulse | undefined
  /** Hooks that are not called any more in any world. */
  readonly #stopped: Map<string, StoppedBefore>
  /** Of each world, and of the one whose hooks ran last. */
  readonly #instances = new WeakMap<Kernel, Hooks>()
  #last: { readonly k: Kernel; readonly hooks: Hooks } | undefined
  /** The kernel whose hook runs now, or ran last. */
  #kernel: Kernel | undefined
  /** How hooks see the kernel and what they import. */
  readonly view = new View((what) => {
    if (this.#running !== undefined && this.#kernel !== undefined)
      this.#mistake(this.#kernel, `${this.#running} ${what}`, stackHere())
  })

  constructor(
    blame: Blame,
    ticks: Ticks,
    outside: { readonly pulse?: Pulse; readonly stopped?: readonly StoppedBefore[] } = {},
  ) {
    this.#blame = blame
    this.#ticks = ticks
    this.#pulse = outside.pulse
    this.#stopped = new Map(outside.stopped?.map((one) => [one.where, one]))
  }

  /** The options with their hooks in their harness; `fresh` makes them again, as if nothing had run yet. */
  options(first: OwnOptions, fresh: () => OwnOptions): OwnOptions {
    const slots = Object.entries(first).map(([slot, option]) => [slot, this.#option(slot, option, fresh)] as const)
    return Object.fromEntries(slots)
  }

  #option(slot: string, option: object, fresh: () => OwnOptions): object {
    const dressed = Object.entries(option).map(([name, value]: [string, unknown]) => {
      if (typeof value !== 'function') return [name, value] as const
      // One of ours, spread from an option there is.
      if (this.view.isShown(value)) return [name, this.view.unwrap(value)] as const
      const where = `${slot}.${name}`
      const call: Call = (w, args) =>
        this.#hook(w.k, where, fresh)(this.view.wrap(w), ...args.map((arg) => this.view.wrap(arg)))
      return [name, STEPS.has(name) ? this.#steps(where, call) : this.#plain(where, call)] as const
    })
    return Object.fromEntries(dressed)
  }

  #hook(k: Kernel, where: string, fresh: () => OwnOptions): Hook {
    if (this.#last?.k !== k) {
      let hooks = this.#instances.get(k)
      if (hooks === undefined) this.#instances.set(k, (hooks = hooksIn(fresh())))
      this.#last = { k, hooks }
    }
    return this.#last.hooks.get(where) ?? gone(where)
  }

  #steps(where: string, call: Call): (w: World, ...args: readonly unknown[]) => Steps {
    const run = this.#run.bind(this)
    const say = this.#say.bind(this)
    const giveUp = this.#giveUp.bind(this)
    const endless = this.#endless.bind(this)
    const ticks = this.#ticks
    return function* (w, ...args) {
      const { k } = w
      const steps = run(w, where, () => stepsOf(call(w, args)))
      if (!isObject(steps)) {
        if (steps !== FAILED)
          say(k, `${where} gives no steps: write it as a generator, *${where.split('.')[1]}(…)`, ticks.here)
        return
      }
      ticks.line = 0
      for (let pauses = 0; ; pauses++) {
        const step = run(w, where, () => isOver((steps as Steps).next()))
        if (step !== false) {
          if (!mustWait(k)) return
          if (step !== FAILED) say(k, `${where} ${GOES_ON}: write \`if (…) yield\``, ticks.here)
          yield
          return
        }
        if (pauses === limits.strategyPauses) {
          const line = ticks.line === 0 ? ticks.here : ticks.line
          const loop = ticks.line === 0 ? '' : `, its loop in line ${line} going round`
          giveUp(k, where)
          endless(k, { where, message: `${where} has paused ${pauses} times and does not end${loop}`, line })
          return
        }
        if (k.timed && pausesForNothing(k)) {
          say(
            k,
            `${where} yields though nothing told it to wait: yield only where a call of the kernel said true`,
            ticks.here,
          )
          continue
        }
        yield
      }
    }
  }

  #plain(where: string, call: Call): (w: World, ...args: readonly unknown[]) => unknown {
    return (w, ...args) => {
      const waited = mustWait(w.k)
      const answer = this.#run(w, where, () => call(w, args))
      if (!waited && mustWait(w.k))
        this.#say(w.k, `${where} ${GOES_ON}, and it is no hook that can wait`, this.#ticks.here)
      if (where === ANSWERS && typeof answer !== 'boolean' && answer !== FAILED)
        this.#say(w.k, `${where} answers neither true nor false`, this.#ticks.here)
      return answer === FAILED ? undefined : answer
    }
  }

  #run(w: World, where: string, call: () => unknown): unknown {
    const { k } = w
    if (this.#stuckIn.get(k)?.has(where) === true) return FAILED
    const before = this.#stopped.get(where)
    if (before !== undefined) {
      this.#giveUp(k, where)
      this.#say(k, before.message, before.line)
      return FAILED
    }
    k.onFinding ??= (invariant, message) => {
      if (this.#running !== undefined && BLAMED.has(invariant)) this.#mistake(k, message, stackHere())
    }
    k.onFailure = (error) => this.#modelFailed(k, where, error)
    const outer = this.#running
    this.#running = where
    this.#kernel = k
    this.#pulse?.begin(where)
    this.#ticks.begin()
    try {
      return call()
    } catch (error) {
      this.#giveUp(k, where)
      if (error instanceof EndlessLoop)
        this.#endless(k, { where, message: `${where} loops without end`, line: error.line })
      else if (!(error instanceof Refused)) this.#mistake(k, `${where} throws ${describe(error)}`, stackOf(error))
      return FAILED
    } finally {
      this.#running = outer
      if (outer === undefined) this.#pulse?.end()
    }
  }

  /** What a hook left behind may be nothing the model can go on with: that is the hook's mistake, found late. */
  #modelFailed(k: Kernel, where: string, error: unknown): void {
    if (error instanceof ApiError) throw error
    this.#say(k, `after ${where} the kernel fails: ${describe(error)}`, this.#ticks.here)
  }

  /** To find that out takes seconds: a search has thousands of worlds, and asks the hook in none of them again. */
  #endless(k: Kernel, hook: StoppedBefore): void {
    this.#stopped.set(hook.where, hook)
    this.#say(k, hook.message, hook.line)
  }

  #giveUp(k: Kernel, where: string): void {
    let stuck = this.#stuckIn.get(k)
    if (stuck === undefined) this.#stuckIn.set(k, (stuck = new Set()))
    stuck.add(where)
  }

  #mistake(k: Kernel, message: string, stack: string): void {
    this.#say(k, message, this.#blame.lineIn(stack) ?? this.#ticks.here)
  }

  /** Once per world: a hook is called for every fault. */
  #say(k: Kernel, message: string, line: number | undefined): void {
    const text = `${this.#blame.file}${line === undefined ? '' : `:${line}`}: ${message}`
    let said = this.#said.get(k)
    if (said === undefined) this.#said.set(k, (said = new Set()))
    const key = text.replace(/\d+/g, '#')
    if (said.has(key)) return
    said.add(key)
    k.report('S1', () => ({ message: text, tasks: [], objects: [this.#blame.file] }))
  }
}

/** Bound, so that hooks may keep what they share in `this`. */
function hooksIn(options: OwnOptions): Hooks {
  return new Map(
    Object.entries(options).flatMap(([slot, option]) =>
      Object.entries(option).flatMap(([name, value]: [string, unknown]): [string, Hook][] =>
        typeof value === 'function'
          ? [[`${slot}.${name}`, (...args) => Reflect.apply(value as Hook, option, args)]]
          : [],
      ),
    ),
  )
}

function gone(where: string): never {
  throw new Error(`${where} was there when the file was loaded and is no more`)
}

/** Steps of a file's own making may answer anything. */
function isOver(step: unknown): boolean {
  if (!isObject(step)) throw new TypeError(`its steps answer ${String(step)}`)
  return 'done' in step && step.done === true
}

const FAILED = Symbol('failed')
const GOES_ON = 'goes on though a call of the kernel said that it must wait'

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** Undefined: they are none. */
function stepsOf(value: unknown): unknown {
  return isObject(value) && 'next' in value && typeof value.next === 'function' ? value : undefined
}

/** The kernel has said `true` to the running task, and nobody has yielded since. */
function mustWait(k: Kernel): boolean {
  const { waitingFor, leaf, state } = k.current
  return waitingFor !== undefined || leaf !== -1 || state === 'blocked' || state === 'sleeping'
}

/** In time order whoever pauses sleeps, waits for a lock or works: else nobody would ever resume it. */
function pausesForNothing(k: Kernel): boolean {
  const task = k.current
  return task.state === 'running' && task.leaf === -1 && task.waitingFor === undefined
}

/** In words; what was thrown may be anything, with fields that throw themselves. */
function describe(error: unknown): string {
  try {
    return briefly(isError(error) ? `${error.name}: ${error.message}` : String(error))
  } catch {
    return 'what cannot be told'
  }
}

/** Its first line, as much of it as fits into a sentence. */
export function briefly(text: string): string {
  const line = text.slice(0, limits.strategyTold + 1).split(/[\r\n]/, 1)[0]
  return line.length > limits.strategyTold ? `${line.slice(0, limits.strategyTold)}…` : line
}

function stackOf(error: unknown): string {
  try {
    return isError(error) ? String(error.stack) : ''
  } catch {
    return ''
  }
}

/** Errors of another realm are none of this one's. */
function isError(error: unknown): error is Error {
  return isObject(error) && 'message' in error && typeof error.message === 'string'
}

function stackHere(): string {
  return new Error().stack ?? ''
}
