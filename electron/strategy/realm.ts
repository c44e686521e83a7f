/**
 * The realm a strategy file runs in: JavaScript without the clock, the locale and random numbers, in which nothing can be kept that one run would
 * change for the next, and nothing made that ends more than a thread. Lists, buffers and texts have a longest: beyond some 2^27 elements
 * V8 ends the process (crbug.com/1201626), and the bytes of buffers count towards no thread's memory.
 */

import vm from 'node:vm'
import { limits } from '#shared/base/limits.ts'

export interface Realm {
  readonly realm: vm.Context
  /** Throws where a list would be too long; else the length. */
  readonly fits: (length: unknown) => unknown
}

/** `allot` is asked for room for the bytes of a buffer. */
export function newRealm(allot: (bytes: number) => boolean): Realm {
  const realm = vm.createContext(
    { allot },
    { codeGeneration: { strings: false, wasm: false }, microtaskMode: 'afterEvaluate' },
  )
  const fits = vm.runInContext(
    `'use strict';(() => {${TIMELESS}${SIZED}${FROZEN}return fits})()`,
    realm,
  ) as Realm['fits']
  return { realm, fits }
}

const TIMELESS = `
  Math.random = () => { throw new Error('a strategy has no random numbers: a run must come out the same each time') }
  const foreign = ['Date', 'Intl', 'Temporal', 'WeakRef', 'FinalizationRegistry', 'Atomics', 'SharedArrayBuffer', 'WebAssembly']
  for (const name of foreign) delete globalThis[name]
  const here = () => { throw new Error('a strategy has no locale: a run must come out the same everywhere') }
  for (const { prototype } of [Number, BigInt, String]) {
    for (const name of Object.getOwnPropertyNames(prototype)) if (name.includes('ocale')) prototype[name] = here
  }
`

/** The constructors that literals know stay what they are: V8 is fast only where nobody has touched them. */
const SIZED = `
  const { allot } = globalThis
  delete globalThis.allot
  const fits = (length) => {
    if (!(length > ${limits.strategyLength})) return length
    throw new RangeError('room for ' + length + ' elements in one list or text, where a strategy has ${limits.strategyLength}')
  }
  const room = (length, bytes) => {
    if (fits(length) > 0 && bytes > 0 && !allot(length * bytes))
      throw new RangeError('more than ${limits.strategyHeldBytes} bytes of buffers in one run')
  }
  const sized = (name, bytes) => {
    const kind = globalThis[name]
    globalThis[name] = new Proxy(kind, {
      apply: (_kind, _self, given) => Reflect.construct(globalThis[name], given),
      construct(_kind, given, target) {
        const [first, options] = given
        room(typeof first === 'object' ? first?.length : Number(first), bytes)
        room(options?.maxByteLength, 1)
        return Reflect.construct(kind, given, target)
      },
    })
  }
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const bytes = globalThis[name]?.BYTES_PER_ELEMENT
    if (bytes > 0) sized(name, bytes)
  }
  sized('Array', 0)
  sized('ArrayBuffer', 1)
  const copying = (kind, names) => {
    for (const name of names) {
      const real = kind[name]
      kind[name] = function (...given) {
        const copy = Reflect.apply(real, this, given)
        room(copy.length ?? copy.byteLength, copy.BYTES_PER_ELEMENT ?? 1)
        return copy
      }
    }
  }
  copying(Object.getPrototypeOf(Int8Array.prototype), ['slice', 'map', 'filter', 'toReversed', 'toSorted', 'with'])
  copying(ArrayBuffer.prototype, ['slice'])
  for (const name of ['transfer', 'transferToFixedLength']) {
    const real = ArrayBuffer.prototype[name]
    ArrayBuffer.prototype[name] = function (...given) {
      room(Number(given[0]), 1)
      return Reflect.apply(real, this, given)
    }
  }
  const guarded = (kind, names, lengthOf) => {
    for (const name of names) {
      const real = kind[name]
      kind[name] = function (...given) {
        fits(lengthOf(this, given))
        return Reflect.apply(real, this, given)
      }
    }
  }
  guarded(Array, ['from'], (_self, [list]) => list?.length)
  guarded(String.prototype, ['repeat'], (self, [times]) => String(self).length * times)
  guarded(String.prototype, ['padStart', 'padEnd'], (_self, [length]) => length)
  guarded(String.prototype, ['split', Symbol.iterator], (self) => String(self).length)
`

/** What errors and objects may have of their own under an inherited name (`this.name = …`) stays assignable. */
const FROZEN = `
  const own = (kind, name) => {
    const value = kind[name]
    const set = function (other) {
      Object.defineProperty(this, name, { value: other, writable: true, enumerable: true, configurable: true })
    }
    Object.defineProperty(kind, name, { get: () => value, set })
  }
  for (const name of ['name', 'message', 'toString']) own(Error.prototype, name)
  for (const name of ['toString', 'valueOf']) own(Object.prototype, name)
  const done = new Set([globalThis])
  const freeze = (one) => {
    if ((typeof one !== 'object' && typeof one !== 'function') || one === null || done.has(one)) return
    done.add(one)
    Object.freeze(one)
    freeze(Object.getPrototypeOf(one))
    for (const { value, get, set } of Object.values(Object.getOwnPropertyDescriptors(one))) [value, get, set].forEach(freeze)
  }
  const steps = (function* () {})()
  for (const one of [steps, [].values(), new Map().values(), new Set().values(), ''.matchAll(/x/g), ''[Symbol.iterator]()])
    freeze(Object.getPrototypeOf(one))
  for (const name of Object.getOwnPropertyNames(globalThis)) freeze(globalThis[name])
`
