/**
 * Structured values as text, both ways, because the debugging protocol carries text only. What the ports and channels
 * of the app carry survives: plain objects, arrays, numbers (NaN and infinities too), bigints, undefined and typed
 * arrays. One self-contained function, so that its text can be given to a page as it stands.
 */

export interface Packing {
  readonly pack: (value: unknown) => string
  readonly unpack: (text: string) => unknown
}

export function packing(): Packing {
  const types: Readonly<Record<string, new (buffer: ArrayBuffer) => ArrayBufferView>> = {
    Uint8Array,
    Int8Array,
    Uint16Array,
    Int16Array,
    Uint32Array,
    Int32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    Uint8ClampedArray,
  }
  const toText = (bytes: Uint8Array): string => {
    let text = ''
    for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
    return btoa(text)
  }
  const toBuffer = (text: string): ArrayBuffer => {
    const binary = atob(text)
    const bytes = new Uint8Array(binary.length)
    for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
    return bytes.buffer
  }
  const out = (value: unknown): unknown => {
    if (value === undefined) return { $: 'undefined' }
    if (typeof value === 'bigint') return { $: 'bigint', text: String(value) }
    if (typeof value === 'number' && !Number.isFinite(value)) return { $: 'number', text: String(value) }
    if (typeof value !== 'object' || value === null) return value
    if (ArrayBuffer.isView(value)) {
      const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      const name = value.constructor.name === 'Buffer' ? 'Uint8Array' : value.constructor.name
      return { $: name, text: toText(bytes) }
    }
    if (Array.isArray(value)) return value.map(out)
    return { $: 'object', entries: Object.entries(value).map(([key, each]) => [key, out(each)]) }
  }
  const back = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(back)
    const { $, text, entries } = value as { $: string; text: string; entries: [string, unknown][] }
    if ($ === 'undefined') return undefined
    if ($ === 'bigint') return BigInt(text)
    if ($ === 'number') return Number(text)
    if ($ === 'object') return Object.fromEntries(entries.map(([key, each]) => [key, back(each)]))
    const View = types[$]
    if (View === undefined) throw new Error(`no way to carry ${$}`)
    return new View(toBuffer(text))
  }
  return { pack: (value) => JSON.stringify(out(value)), unpack: (text) => back(JSON.parse(text)) }
}
