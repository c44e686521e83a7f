/**
 * Names of kernel addresses: kallsyms as the recorder saved it, and the constant strings of printk_formats. Both are parsed
 * at first use: most events need neither. Kernel addresses lie in the top 128 TiB, so that as signed 64-bit numbers they
 * are exact doubles.
 */

import { firstWhere } from '../../base/search.ts'
import { decodeUtf8, encodeUtf8 } from '../../base/bytes.ts'
import type { ByteWriter } from './byte-writer.ts'

const TWO32 = 4_294_967_296
const NEWLINE = 10
const SPACE = 32
const DOLLAR = 36
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
  #table: Table | undefined
  #constants: ReadonlyMap<number, Uint8Array> | undefined
  /** Lookups repeat: a trace has few call sites. */
  readonly #knownNames = new Map<number, Uint8Array>()
  readonly #knownPlaces = new Map<number, Uint8Array>()
  #moved = 0

  constructor(kallsyms: Uint8Array, printk: Uint8Array) {
    this.#kallsyms = kallsyms
    this.#printk = printk
  }

  /** Is there a function with an address? Without rights the kernel prints every address as 0. */
  get known(): boolean {
    return this.#load().addresses.some((address) => address !== 0)
  }

  /** How far the kernel lies from where its kallsyms has it. */
  get moved(): number {
    return this.#moved
  }

  move(by: number): void {
    if (by === this.#moved) return
    this.#moved = by
    this.#knownNames.clear()
    this.#knownPlaces.clear()
  }

  /** Where kallsyms has a symbol. */
  addressOf(symbol: string): number | undefined {
    const { addresses, starts, ends } = this.#load()
    const wanted = encodeUtf8(symbol)
    const at = starts.findIndex(
      (start, i) => ends[i] - start === wanted.length && wanted.every((byte, k) => this.#kallsyms[start + k] === byte),
    )
    return at === -1 ? undefined : addresses[at]
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

  #find(seen: number, withOffset: boolean): Uint8Array | undefined {
    const { addresses, starts, ends } = this.#load()
    const address = seen - this.#moved
    const from = firstWhere(0, addresses.length, (at) => addresses[at] > address)
    // Behind the last symbol is nothing known.
    if (from === 0 || from === addresses.length) return undefined
    const [start, end] = [starts[from - 1], ends[from - 1]]
    if (!withOffset) return this.#kallsyms.subarray(start, end)
    const offset = address - addresses[from - 1]
    return encodeUtf8(`${decodeUtf8(this.#kallsyms, start, end)}+0x${offset.toString(16)}`)
  }

  #load(): Table {
    return (this.#table ??= parseKallsyms(this.#kallsyms))
  }
}

/** Symbols by address; names are bytes of the kallsyms text. */
interface Table {
  readonly addresses: Float64Array
  readonly starts: Uint32Array
  readonly ends: Uint32Array
}

/** `ffffffff81000000 T _text`, one per line; modules follow the kernel proper, in an order of their own. */
function parseKallsyms(bytes: Uint8Array): Table {
  const addresses: number[] = []
  const starts: number[] = []
  const ends: number[] = []
  let sorted = true
  let at = 0
  while (at < bytes.length) {
    let high = 0
    let low = 0
    let digits = 0
    for (let digit = hexDigit(bytes[at]); digit >= 0 && digits < 16; digit = hexDigit(bytes[++at])) {
      high = ((high << 4) | (low >>> 28)) >>> 0
      low = ((low << 4) | digit) >>> 0
      digits++
    }
    // ` T name`
    const name = at + 3
    let end = name
    while (end < bytes.length && bytes[end] > SPACE) end++
    if (digits > 0 && bytes[at] === SPACE && end > name && bytes[name] !== DOLLAR) {
      const address = signed(high, low)
      if (addresses.length > 0 && address < addresses[addresses.length - 1]) sorted = false
      addresses.push(address)
      starts.push(name)
      ends.push(end)
    }
    at = bytes.indexOf(NEWLINE, Math.min(end, bytes.length))
    at = at === -1 ? bytes.length : at + 1
  }
  if (sorted)
    return { addresses: Float64Array.from(addresses), starts: Uint32Array.from(starts), ends: Uint32Array.from(ends) }
  const order = addresses.map((_, i) => i).sort((a, b) => addresses[a] - addresses[b] || a - b)
  return {
    addresses: Float64Array.from(order, (i) => addresses[i]),
    starts: Uint32Array.from(order, (i) => starts[i]),
    ends: Uint32Array.from(order, (i) => ends[i]),
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const letter = byte | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
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
