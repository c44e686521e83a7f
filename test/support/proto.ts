/**
 * Protocol buffers for tests, written from the encoding's description and independent of the product's reader and writer:
 * `decode` gives every field of a message as it is, `message` makes one from numbers, texts and nested messages.
 */

export interface Field {
  readonly number: number
  readonly type: number
  readonly value: bigint
  readonly bytes: Buffer
}

function varint(bytes: Buffer, at: number): [value: bigint, next: number] {
  let value = 0n
  for (let i = at; ; i++) {
    if (i >= bytes.length) throw new Error(`a number does not end at byte ${i}`)
    value |= BigInt(bytes[i] & 0x7f) << BigInt(7 * (i - at))
    if (bytes[i] < 0x80) return [value, i + 1]
  }
}

export function decode(bytes: Buffer): Field[] {
  const fields: Field[] = []
  for (let at = 0; at < bytes.length;) {
    const [key, next] = varint(bytes, at)
    const type = Number(key & 7n)
    let value = 0n
    let inner: Buffer = Buffer.alloc(0)
    if (type === 0) [value, at] = varint(bytes, next)
    else if (type === 1) [value, at] = [bytes.readBigUInt64LE(next), next + 8]
    else if (type === 5) [value, at] = [BigInt(bytes.readUInt32LE(next)), next + 4]
    else if (type === 2) {
      const [length, from] = varint(bytes, next)
      at = from + Number(length)
      if (at > bytes.length) throw new Error(`field ${key >> 3n} says it has ${length} bytes`)
      inner = bytes.subarray(from, at)
    } else throw new Error(`wire type ${type}`)
    fields.push({ number: Number(key >> 3n), type, value, bytes: inner })
  }
  return fields
}

/** The fields of one number; of a message its first. */
export const all = (fields: readonly Field[], number: number): Field[] => fields.filter((one) => one.number === number)
export const one = (fields: readonly Field[], number: number): Field | undefined => all(fields, number)[0]

type Value = number | bigint | string | Buffer | Message | readonly (number | bigint | string | Buffer | Message)[]
export interface Message {
  readonly [number: number]: Value | undefined
}

export function encodeVarint(value: number | bigint): Buffer {
  const out: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 0x80)
  out.push(Number(rest))
  return Buffer.from(out)
}

export function packed(values: readonly (number | bigint)[]): Buffer {
  return Buffer.concat(values.map(encodeVarint))
}

function field(number: number, value: Exclude<Value, readonly unknown[]>): Buffer {
  if (typeof value === 'number' || typeof value === 'bigint') {
    return Buffer.concat([encodeVarint(number * 8), encodeVarint(value)])
  }
  const body = typeof value === 'string' ? Buffer.from(value) : Buffer.isBuffer(value) ? value : message(value)
  return Buffer.concat([encodeVarint(number * 8 + 2), encodeVarint(body.length), body])
}

export function message(fields: Message): Buffer {
  return Buffer.concat(
    Object.entries(fields).flatMap(([number, value]: [string, Value | undefined]) => {
      if (value === undefined) return []
      const values = Array.isArray(value) ? (value as Exclude<Value, readonly unknown[]>[]) : [value]
      return values.map((each) => field(Number(number), each))
    }),
  )
}

/** A Perfetto trace of packets. */
export const traceOf = (...packets: readonly Message[]): Buffer => message({ 1: packets })
