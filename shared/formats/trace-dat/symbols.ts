/**
 * Names of kernel addresses: kallsyms as the recorder saved it, and the constant strings of printk_formats. Both are parsed
 * at first use: most events need neither. Kernel addresses lie in the top 128 TiB, so that as signed 64-bit numbers they
 * are exact doubles.
 */

import { decodeUtf8, encodeUtf8 } from '../../base/bytes.ts'
import type { ByteWriter } from './byte-writer.ts'

const TWO32 = 4_294_967_296
/** Lookups that are remembered. */
const KNOWN = 65_536

function signed(high: number, low: number): number {
  return (high | 0) * TWO32 + low
}

function parseAddress(hex: string): number {
  const digits = hex.padStart(16, '0')
  return signed(Number.parseInt(digits.slice(-16, -8), 16) >>> 0, Number.parseInt(digits.slice(-8), 16) >>> 0)
}

export class Symbols {
  readonly #kallsyms: Uint8Array
  readonly #printk: Uint8Array
  #addresses: Float64Array | undefined
  #names: readonly Uint8Array[] = []
  #constants: ReadonlyMap<number, Uint8Array> | undefined
  /** Lookups repeat: a trace has few call sites. */
  readonly #knownNames = new Map<number, Uint8Array>()
  readonly #knownPlaces = new Map<number, Uint8Array>()

  constructor(kallsyms: Uint8Array, printk: Uint8Array) {
    this.#kallsyms = kallsyms
    this.#printk = printk
  }

  /** Writes `function` or `function+0x12`; false if the address belongs to none. */
  write(to: ByteWriter, high: number, low: number, withOffset: boolean): boolean {
    const address = signed(high, low)
    // User space has no symbols here.
    if (address >= 0) return false
    const known = withOffset ? this.#knownPlaces : this.#knownNames
    let text = known.get(address)
    if (text === undefined) {
      text = this.#find(address, withOffset)
      if (text === undefined) return false
      if (known.size < KNOWN) known.set(address, text)
    }
    to.copy(text)
    return true
  }

  name(high: number, low: number): string | undefined {
    const found = this.#find(signed(high, low), false)
    return found === undefined ? undefined : decodeUtf8(found, 0, found.length)
  }

  /** `function+0x12`, or the bare address. */
  place(high: number, low: number): string {
    const found = high >>> 31 === 1 ? this.#find(signed(high, low), true) : undefined
    if (found !== undefined) return decodeUtf8(found, 0, found.length)
    return high === 0 ? low.toString(16) : high.toString(16) + low.toString(16).padStart(8, '0')
  }

  /** The text of a constant string at an address. */
  constant(high: number, low: number): Uint8Array | undefined {
    this.#constants ??= parsePrintk(this.#printk)
    return this.#constants.get(signed(high, low))
  }

  #find(address: number, withOffset: boolean): Uint8Array | undefined {
    const addresses = this.#load()
    let from = 0
    let to = addresses.length
    while (from < to) {
      const middle = (from + to) >>> 1
      if (addresses[middle] <= address) from = middle + 1
      else to = middle
    }
    if (from === 0 || from === addresses.length) return undefined
    const name = this.#names[from - 1]
    const offset = address - addresses[from - 1]
    if (!withOffset) return name
    return encodeUtf8(`${decodeUtf8(name, 0, name.length)}+0x${offset.toString(16)}`)
  }

  #load(): Float64Array {
    if (this.#addresses !== undefined) return this.#addresses
    const found: { readonly at: number; readonly name: Uint8Array }[] = []
    const bytes = this.#kallsyms
    let from = 0
    while (from < bytes.length) {
      let end = bytes.indexOf(10, from)
      if (end === -1) end = bytes.length
      const match = /^([0-9a-fA-F]{1,16}) \S ([^\s]+)/.exec(decodeUtf8(bytes, from, Math.min(end, from + 512)))
      if (match !== null && !match[2].startsWith('$'))
        found.push({ at: parseAddress(match[1]), name: encodeUtf8(match[2]) })
      from = end + 1
    }
    found.sort((a, b) => a.at - b.at)
    this.#names = found.map(({ name }) => name)
    this.#addresses = Float64Array.from(found, ({ at }) => at)
    return this.#addresses
  }
}

/** `0xffffffff81a0b0c0 : "text\n"`, one per line. */
function parsePrintk(bytes: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const constants = new Map<number, Uint8Array>()
  for (const line of decodeUtf8(bytes, 0, bytes.length).split('\n')) {
    const match = /^0x([0-9a-fA-F]{1,16})\s*:\s*"(.*)"$/.exec(line)
    if (match !== null)
      constants.set(parseAddress(match[1]), encodeUtf8(match[2].replace(/\\n$/, '').replace(/\\(.)/g, '$1')))
  }
  return constants
}
