/**
 * Columns of typed arrays to compressed bytes and back, for the chunk tables. A column of f64 integers (times, lengths)
 * is written as 32-bit differences from row to row where they fit, everything else as it is; then zstd level 1. Exact:
 * what was encoded comes back, NaN included (only -0 becomes 0).
 * The bytes may come from a stranger's file: sizes are checked before anything is allocated, and a wrong one throws
 * ApiError, never a crash. Little endian, like every machine Node runs on.
 */

import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { ApiError } from '#shared/base/errors.ts'
import { columnConstructor, type AnyColumn, type Arrays, type ColumnType, type Schema } from '#shared/base/columns.ts'

/** Stands for NaN among differences. */
const NOT_KNOWN = -0x8000_0000
const RAW = 0
const DIFFERENCES = 1
/** Bytes Node makes room for at a time: its default makes many small pieces and joins them. */
const ROOM = 1 << 20
const FAST = { [constants.ZSTD_c_compressionLevel]: 1 }

/**
 * Into one buffer that is surely large enough: zstd then reads the bytes where they are, instead of copying them into a window
 * of its own piece by piece. What it did not fill is given back at once, before the collector counts it.
 */
export function compress(bytes: Uint8Array): Uint8Array {
  const room = zstdCompressSync(bytes, { params: FAST, chunkSize: mostCompressed(bytes.length) })
  const out = new Uint8Array(room)
  const { buffer } = room
  if (buffer instanceof ArrayBuffer && room.byteOffset === 0 && buffer.byteLength > 65_536) buffer.transfer(0)
  return out
}

/** ZSTD_COMPRESSBOUND of zstd.h, and the least Node takes. */
function mostCompressed(bytes: number): number {
  const small = 131_072
  return Math.max(64, bytes + (bytes >>> 8) + (bytes < small ? (small - bytes) >>> 11 : 0))
}

/** Exactly `size` bytes, aligned so that any typed array can look at them. */
export function decompress(bytes: Uint8Array, size: number, what: string): Uint8Array<ArrayBuffer> {
  const out = decompressUpTo(bytes, size, what)
  if (out.length !== size) throw damaged(what, `${out.length} bytes instead of ${size}`)
  return out
}

function decompressUpTo(bytes: Uint8Array, most: number, what: string): Uint8Array<ArrayBuffer> {
  let out: Buffer
  try {
    out = zstdDecompressSync(bytes, {
      maxOutputLength: Math.max(1, most),
      chunkSize: Math.max(64, Math.min(most, ROOM)),
    })
  } catch (error) {
    throw damaged(what, error instanceof Error ? error.message : String(error))
  }
  const { buffer, byteOffset, length } = out
  if (byteOffset % 8 === 0 && buffer instanceof ArrayBuffer) return new Uint8Array(buffer, byteOffset, length)
  return new Uint8Array(out)
}

export function damaged(what: string, why: string): ApiError {
  return new ApiError(
    'bad-input',
    `${what} is damaged: ${why}`,
    'run `faultline check` on the file, and import the trace again',
  )
}

/** The bytes of one typed array, without a copy. */
export function bytesOf(column: ArrayBufferView): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength)
}

/** Where columns are put together before they are compressed: it only grows, and is filled and emptied within one call. */
let scratch = new Uint8Array(1 << 20)

function room(bytes: number): Uint8Array<ArrayBuffer> {
  if (scratch.length < bytes) scratch = new Uint8Array(Math.max(bytes, 2 * scratch.length))
  return scratch
}

/** A column of times, compressed. */
export function packTimes(values: Float64Array, length: number, origin: number): Uint8Array {
  const out = room(8 + length * 8)
  return compress(out.subarray(0, encodeTimes(values, length, origin, { out, at: 0 })))
}

/** One f64 column of integers (or NaN): a byte that says how, seven of padding, then the values. Returns where it ends. */
function encodeTimes(
  values: Float64Array,
  length: number,
  origin: number,
  { out, at }: { readonly out: Uint8Array<ArrayBuffer>; readonly at: number },
): number {
  out.fill(0, at, at + 8)
  if (fillDifferences(values, length, origin, new Int32Array(out.buffer, at + 8, length))) {
    out[at] = DIFFERENCES
    return at + 8 + length * 4
  }
  out[at] = RAW
  const copy = new Float64Array(out.buffer, at + 8, length)
  for (let i = 0; i < length; i++) copy[i] = values[i] - origin
  return at + 8 + length * 8
}

function fillDifferences(values: Float64Array, length: number, origin: number, out: Int32Array): boolean {
  let previous = origin
  for (let i = 0; i < length; i++) {
    const value = values[i]
    if (value !== value) {
      out[i] = NOT_KNOWN
      continue
    }
    const difference = value - previous
    if ((difference | 0) !== difference || difference === NOT_KNOWN) return false
    out[i] = difference
    previous = value
  }
  return true
}

/** The encoded length of a column of times, which its first byte decides. */
function timesBytes(encoding: number, length: number, what: string): number {
  if (encoding === DIFFERENCES) return 8 + length * 4
  if (encoding === RAW) return 8 + length * 8
  throw damaged(what, `unknown column encoding ${encoding}`)
}

/** Read a column of times at `at` into `out` (through `place`, where rows do not come in order); returns where it ends. */
function decodeTimesAt(
  source: { readonly bytes: Uint8Array<ArrayBuffer>; readonly at: number; readonly what: string },
  length: number,
  origin: number,
  out: Float64Array,
  place: Uint32Array | undefined,
): number {
  const { bytes, at, what } = source
  const end = at + timesBytes(bytes[at], length, what)
  if (end > bytes.length) throw damaged(what, 'a column is cut short')
  if (bytes[at] === RAW) {
    const raw = new Float64Array(bytes.buffer, bytes.byteOffset + at + 8, length)
    for (let i = 0; i < length; i++) out[place === undefined ? i : place[i]] = raw[i] + origin
    return end
  }
  const differences = new Int32Array(bytes.buffer, bytes.byteOffset + at + 8, length)
  let value = origin
  for (let i = 0; i < length; i++) {
    const difference = differences[i]
    const row = place === undefined ? i : place[i]
    if (difference === NOT_KNOWN) out[row] = NaN
    else out[row] = value += difference
  }
  return end
}

export function decodeTimes(compressed: Uint8Array, length: number, origin: number, what: string): Float64Array {
  const bytes = decompressUpTo(compressed, 8 + length * 8, what)
  if (bytes.length < 8) throw damaged(what, 'it is empty')
  const out = new Float64Array(length)
  decodeTimesAt({ bytes, at: 0, what }, length, origin, out, undefined)
  return out
}

/** A table's columns one after another, each starting at a multiple of 8, and their ids before them. */
export function encodeSpans(
  schema: Schema,
  batch: { readonly ids: Uint32Array; readonly cols: Readonly<Record<string, AnyColumn>>; readonly length: number },
  times: readonly string[],
  origin: number,
): Uint8Array {
  const { length } = batch
  const out = room((Object.keys(schema).length + 1) * (16 + 8 * length))
  let at = padTo(out, put(out, 0, bytesOf(batch.ids)))
  for (const [name, type] of Object.entries(schema)) {
    const column = batch.cols[name]
    const from = times.includes(name) ? origin : 0
    if (type === 'f64') at = padTo(out, encodeTimes(column as Float64Array, length, from, { out, at }))
    else at = padTo(out, put(out, at, bytesOf(column)))
  }
  return compress(out.subarray(0, at))
}

function put(out: Uint8Array, at: number, part: Uint8Array): number {
  out.set(part, at)
  return at + part.length
}

function padTo(out: Uint8Array, at: number): number {
  const end = padded(at)
  out.fill(0, at, end)
  return end
}

/** Put a chunk's rows into a whole table's arrays at their ids. Returns the ids. */
export function decodeSpans(
  schema: Schema,
  chunk: { readonly columns: Uint8Array; readonly n: number; readonly ts0: number; readonly what: string },
  times: readonly string[],
  into: { readonly cols: Arrays<Schema>; readonly rows: number },
): Uint32Array {
  const { n, what } = chunk
  const widest = Object.keys(schema).length * (n * 8 + 16) + n * 4 + 8
  const bytes = decompressUpTo(chunk.columns, widest, what)
  let at = padded(n * 4)
  if (at > bytes.length) throw damaged(what, 'it is shorter than its ids')
  const ids = new Uint32Array(bytes.buffer, bytes.byteOffset, n)
  for (let i = 0; i < n; i++) if (ids[i] >= into.rows) throw damaged(what, `row ${ids[i]} of ${into.rows}`)
  for (const [name, type] of Object.entries(schema)) {
    const out = into.cols[name]
    if (type === 'f64') {
      const origin = times.includes(name) ? chunk.ts0 : 0
      at = padded(decodeTimesAt({ bytes, at, what }, n, origin, out as Float64Array, ids))
    } else {
      at = scatter(type, bytes, at, ids, out, what)
    }
  }
  if (at !== bytes.length) throw damaged(what, `${bytes.length} bytes instead of ${at}`)
  return ids
}

function scatter(
  type: ColumnType,
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  ids: Uint32Array,
  out: AnyColumn,
  what: string,
): number {
  const make = columnConstructor(type)
  const end = at + ids.length * make.BYTES_PER_ELEMENT
  if (end > bytes.length) throw damaged(what, 'a column is cut short')
  const from = new make(bytes.buffer, bytes.byteOffset + at, ids.length)
  for (let i = 0; i < ids.length; i++) out[ids[i]] = from[i]
  return padded(end)
}

function padded(bytes: number): number {
  return (bytes + 7) & ~7
}
