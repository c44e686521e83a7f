/**
 * The simulated kernel as hooks of a user's own strategy see it: everything can be looked at, what rules.ts names can be called and
 * set, and nothing else can be changed. So a slip of a hook (a size that is no number, a list emptied, a function replaced) is
 * refused where it stands, with its line, and no run after it is another one. Behind it are the real objects; what goes out is
 * wrapped, what comes back is unwrapped. It is no wall against malice.
 */

import { callable, CALLS, outOfSight, setter, type Check } from './rules.ts'

/** A hook has reached for what is none of its business. */
export class Refused extends Error {}

const LOOK_ONLY = ', which hooks may only look at'

type Real = object
type Callable = (...args: readonly unknown[]) => unknown

export class View {
  readonly #shown = new WeakMap<Real, object>()
  readonly #real = new WeakMap<object, Real>()
  readonly #refused: (what: string) => void
  readonly #handler: ProxyHandler<Real>

  /** `refused` is told of what was refused even where the hook catches what it is thrown. */
  constructor(refused: (what: string) => void) {
    this.#refused = refused
    const kept = (what: string) => (target: Real, key?: PropertyKey | object | null) =>
      this.#refuse(`${what}${typeof key === 'string' ? ` ${key}` : ''} of ${nameOf(target)}${LOOK_ONLY}`)
    this.#handler = {
      get: (target, key) => this.#get(target, key),
      set: (target, key, value) => this.#set(target, key, value),
      apply: (target, self, args: unknown[]) => this.#call(target as Callable, this.unwrap(self), args),
      getPrototypeOf: () => null,
      getOwnPropertyDescriptor: (target, key) => this.#described(target, key),
      deleteProperty: kept('deletes'),
      defineProperty: kept('redefines'),
      setPrototypeOf: kept('replaces the prototype'),
      preventExtensions: kept('freezes the fields'),
    }
  }

  /** A real value as hooks see it. */
  wrap(value: unknown): unknown {
    if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return value
    if (this.#real.has(value)) return value
    const known = this.#shown.get(value)
    if (known !== undefined) return known
    const shown = new Proxy(value, this.#handler)
    this.#shown.set(value, shown)
    this.#real.set(shown, value)
    return shown
  }

  /** The real value behind one that a hook gives; a list, object or function of its own is made into one of ours. */
  unwrap(value: unknown): unknown {
    if (typeof value === 'function') return this.#real.get(value) ?? this.#callback(value as Callable)
    if (typeof value !== 'object' || value === null) return value
    const real = this.#real.get(value)
    if (real !== undefined) return real
    if (Array.isArray(value)) return value.map((one) => this.unwrap(one))
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.#real.get(one as object) ?? one]))
  }

  /** Is it ours, as it was shown? */
  isShown(value: unknown): boolean {
    return (typeof value === 'object' || typeof value === 'function') && value !== null && this.#real.has(value)
  }

  #get(target: Real, key: PropertyKey): unknown {
    if (key === 'constructor' || key === '__proto__') return undefined
    const value: unknown = Reflect.get(target, key, target)
    const shows = typeof value === 'function' ? callable(target, key, value) : !outOfSight(target, key)
    if (!shows) this.#refuse(`reaches for ${String(key)} of ${nameOf(target)}, which is none of its calls`)
    return this.wrap(value)
  }

  #set(target: Real, key: PropertyKey, value: unknown): boolean {
    const check = setter(target, key)
    if (check === undefined) return this.#refuse(`sets ${String(key)} of ${nameOf(target)}${LOOK_ONLY}`)
    const real = this.unwrap(value)
    if (!check.is(real, target))
      return this.#refuse(`sets ${String(key)} of ${nameOf(target)} to what is no ${check.what}`)
    return Reflect.set(target, key, real)
  }

  #call(real: Callable, self: unknown, given: readonly unknown[]): unknown {
    const args = given.map((one) => this.unwrap(one))
    const checks = CALLS.get(real)
    if (checks !== undefined) this.#check(real, checks, [self, ...args])
    return this.wrap(Reflect.apply(real, self, args))
  }

  /** `given`: whose call it is, then what it is given; a number counts in what stands before it. */
  #check({ name }: Callable, checks: readonly Check[], given: readonly unknown[]): void {
    for (const [i, { is, what }] of checks.entries())
      if (!is(given[i + 1], given[i])) this.#refuse(`calls ${name} with what is no ${what}`)
  }

  #callback(hook: Callable): Callable {
    return (...args) => this.unwrap(hook(...args.map((one) => this.wrap(one))))
  }

  #described(target: Real, key: PropertyKey): PropertyDescriptor | undefined {
    const found = Reflect.getOwnPropertyDescriptor(target, key)
    if (found === undefined) return undefined
    const { enumerable = false, configurable = false, writable = false } = found
    return { value: this.wrap(Reflect.get(target, key, target)), enumerable, configurable, writable }
  }

  #refuse(what: string): never {
    this.#refused(what)
    throw new Refused(what)
  }
}

/** As a sentence names the thing: its class, or what it is made of. */
function nameOf(target: Real): string {
  if (typeof target === 'function') return 'a function'
  if ('mmLock' in target) return 'a fault'
  const made = Object.getPrototypeOf(target) as { readonly constructor?: { readonly name: string } } | null
  const name = made?.constructor?.name
  return name === undefined || name === 'Object' ? "the kernel's object" : `the kernel's ${name}`
}
