/**
 * Compressed pieces in, plain chunks out: gzip files of any number of members, zstd of any number of frames. Node's own
 * streams stop after the first zstd frame, and throw away what they had decoded when a later byte is bad; here every
 * frame gets a decoder of its own, and what was decoded before the damage is always given. Memory is bounded: a decoder
 * is only fed while its output is taken, whatever the ratio.
 */

import { createInflateRaw, createZstdDecompress, crc32, type InflateRaw, type ZstdDecompress } from 'node:zlib'
import type { Compression } from '#shared/formats/foreign.ts'

/** What stopped the decoding before the input's end. */
export class Damage extends Error {
  /** Bytes follow the last frame that are none: everything before them was decoded. */
  readonly trailing: boolean

  constructor(message: string, trailing = false) {
    super(message)
    this.name = 'Damage'
    this.trailing = trailing
  }
}

const CHUNK = 256 * 1024
/** Compressed bytes per step: what a step had decoded is lost if a bad byte is in it. */
const STEP = 16 * 1024

type Decoder = InflateRaw | ZstdDecompress

/** Compressed input that can be taken in steps and pushed back. */
class Input {
  readonly #pieces: AsyncIterator<Uint8Array>
  #rest: Buffer = Buffer.alloc(0)

  constructor(pieces: AsyncIterator<Uint8Array>) {
    this.#pieces = pieces
  }

  /** Up to `most` bytes; empty at the end of the input. */
  async take(most: number): Promise<Buffer> {
    if (this.#rest.length === 0) {
      const next = await this.#pieces.next()
      if (next.done === true) return this.#rest
      this.#rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength)
    }
    const taken = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(taken.length)
    return taken
  }

  /** Exactly `count` bytes, or what is left of the input. */
  async exactly(count: number): Promise<Buffer> {
    let out: Buffer = Buffer.alloc(0)
    while (out.length < count) {
      const more = await this.take(count - out.length)
      if (more.length === 0) break
      out = Buffer.concat([out, more])
    }
    return out
  }

  /** Bytes of the last `take` that were not used. */
  putBack(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([bytes, this.#rest])
  }
}

/** Decodes until the input ends; throws Damage after the last good chunk if it is cut or spoilt. */
export async function* decompress(
  pieces: AsyncIterator<Uint8Array>,
  compression: Compression,
): AsyncGenerator<Uint8Array> {
  const input = new Input(pieces)
  for (let frame = 0; ; frame++) {
    const magic = await input.exactly(4)
    if (isPadding(magic)) {
      await skipPadding(input)
      return
    }
    if (compression === 'gzip') {
      if (magic[0] !== 0x1f || magic[1] !== 0x8b) throw new Damage('other bytes follow the compressed data', true)
      input.putBack(magic)
      yield* member(input)
    } else {
      const number = magic.length < 4 ? 0 : magic.readUInt32LE(0)
      const known = number === 0xfd2fb528 || (number & 0xfffffff0) === 0x184d2a50
      if (frame > 0 && !known) throw new Damage('other bytes follow the compressed data', true)
      input.putBack(magic)
      yield* decode(input, createZstdDecompress({ chunkSize: CHUNK }))
    }
  }
}

/** Files are padded with zeros by tapes and some copies. */
function isPadding(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0)
}

async function skipPadding(input: Input): Promise<void> {
  for (;;) {
    const bytes = await input.take(STEP)
    if (bytes.length === 0) return
    if (!isPadding(bytes)) throw new Damage('other bytes follow the compressed data', true)
  }
}

/** One member of RFC 1952: header, deflate data, CRC and length. */
async function* member(input: Input): AsyncGenerator<Uint8Array> {
  await skipHeader(input)
  let crc = 0
  let length = 0
  for await (const chunk of decode(input, createInflateRaw({ chunkSize: CHUNK }))) {
    crc = crc32(chunk, crc)
    length += chunk.length
    yield chunk
  }
  const trailer = await input.exactly(8)
  if (trailer.length < 8) throw new Damage('the compressed data ends too early')
  if (trailer.readUInt32LE(0) !== crc || trailer.readUInt32LE(4) !== length % 2 ** 32) {
    throw new Damage('the checksum of the compressed data is wrong')
  }
}

async function skipHeader(input: Input): Promise<void> {
  const header = await input.exactly(10)
  if (header.length < 10) throw new Damage('the compressed data ends too early')
  if (header[2] !== 8) throw new Damage('the compressed data has an unknown method')
  const flags = header[3]
  if ((flags & 4) !== 0) {
    const length = await input.exactly(2)
    await input.exactly(length.length < 2 ? 0 : length.readUInt16LE(0))
  }
  if ((flags & 8) !== 0) await skipText(input)
  if ((flags & 16) !== 0) await skipText(input)
  if ((flags & 2) !== 0) await input.exactly(2)
}

/** A zero-terminated name or comment. */
async function skipText(input: Input): Promise<void> {
  for (;;) {
    const bytes = await input.take(STEP)
    if (bytes.length === 0) return
    const end = bytes.indexOf(0)
    if (end === -1) continue
    input.putBack(bytes.subarray(end + 1))
    return
  }
}

/** One stream through one decoder; what follows it in the input is put back. */
async function* decode(input: Input, decoder: Decoder): AsyncGenerator<Uint8Array> {
  const state = watch(decoder)
  try {
    let fed = 0
    for (;;) {
      const step = await input.take(STEP)
      if (step.length === 0) break
      state.write(step)
      while (state.writing && state.error === undefined) yield* drained(decoder, state)
      yield* taken(decoder)
      if (state.error !== undefined) throw new Damage(state.error)
      const used = decoder.bytesWritten - fed
      fed = decoder.bytesWritten
      if (used === step.length) continue
      input.putBack(step.subarray(used))
      break
    }
    decoder.end()
    while (!state.ended && state.error === undefined) yield* drained(decoder, state)
    yield* taken(decoder)
    if (state.error !== undefined) throw new Damage(state.error)
  } finally {
    decoder.destroy()
  }
}

interface Watched {
  readonly writing: boolean
  readonly ended: boolean
  readonly error: string | undefined
  write(step: Buffer): void
  /** Resolves when anything happened since the last call. */
  change(): Promise<void>
}

function watch(decoder: Decoder): Watched {
  const state = { writing: false, ended: false, error: undefined as string | undefined }
  let changed = false
  let wake: (() => void) | undefined
  const say = () => {
    changed = true
    wake?.()
  }
  decoder.on('readable', say)
  decoder.on('end', () => {
    state.ended = true
    say()
  })
  decoder.on('error', (error: NodeJS.ErrnoException) => {
    state.error = error.code === 'Z_BUF_ERROR' ? 'the compressed data ends too early' : 'the compressed data is damaged'
    say()
  })
  return Object.assign(state, {
    write(step: Buffer) {
      state.writing = true
      decoder.write(step, () => {
        state.writing = false
        say()
      })
    },
    async change() {
      if (!changed) await new Promise<void>((resolve) => (wake = resolve))
      changed = false
    },
  })
}

function* taken(decoder: Decoder): Generator<Uint8Array> {
  // A decoder that failed still holds what it decoded before.
  for (let chunk = decoder.read() as Buffer | null; chunk !== null; chunk = decoder.read() as Buffer | null) yield chunk
}

async function* drained(decoder: Decoder, state: Watched): AsyncGenerator<Uint8Array> {
  yield* taken(decoder)
  await state.change()
}
