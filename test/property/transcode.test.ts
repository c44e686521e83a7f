/**
 * Text with a byte-order mark: whatever its encoding, its compression and its pieces, every text format gives the trace its
 * plain file gives. Bad UTF-16 is U+FFFD where decoders put it.
 */

import fc from 'fast-check'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { openSource } from '#electron/engine/source.ts'
import { asUtf8, MARK_BYTES, textMark, wholeAsUtf8 } from '#electron/engine/transcode.ts'
import { formats, sniff } from '#shared/formats/index.ts'
import { outcome } from '../fuzz/readers.ts'
import { seedsOf } from '../fuzz/seeds.ts'

const ENCODINGS = ['utf-16le', 'utf-16be', 'utf-8'] as const
type Encoding = (typeof ENCODINGS)[number]

/** As an editor or PowerShell saves it, mark first. */
function encoded(text: string, encoding: Encoding): Buffer {
  const marked = `\ufeff${text}`
  if (encoding === 'utf-8') return Buffer.from(marked)
  const bytes = Buffer.from(marked, 'utf16le')
  return encoding === 'utf-16le' ? bytes : bytes.swap16()
}

/** `cuts`: lengths of the pieces, again and again. */
async function* pieces(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const scratch = Buffer.alloc(Math.max(...cuts))
  for (let at = 0, i = 0; at < bytes.length; at += cuts[i++ % cuts.length]) {
    const part = bytes.subarray(at, at + cuts[i % cuts.length])
    part.copy(scratch)
    // A chunk is valid until the next is asked for.
    yield await Promise.resolve(scratch.subarray(0, part.length))
    scratch.fill(0xaa)
  }
}

async function joined(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const chunk of chunks) parts.push(Buffer.from(chunk))
  return Buffer.concat(parts)
}

async function decoded(bytes: Buffer, cuts: readonly number[]): Promise<Buffer> {
  const mark = textMark(bytes.subarray(0, MARK_BYTES))
  if (mark === undefined) throw new Error('no mark was found')
  return joined(asUtf8(pieces(bytes, cuts), mark))
}

const anyCuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 })
/** Plain letters, pairs and halves of pairs. */
const anyUnits = fc.array(
  fc.oneof(fc.constantFrom(10, 65, 0xe9, 0x20ac, 0xfeff), fc.integer({ min: 0xd800, max: 0xdfff }), fc.nat(0xffff)),
  { maxLength: 60 },
)

describe('text with a byte-order mark', () => {
  it.each(ENCODINGS)('in %s, in any pieces, is the same text in UTF-8 without one', async (encoding) => {
    await fc.assert(
      fc.asyncProperty(anyUnits, anyCuts, async (units, cuts) => {
        // Two zeros behind the mark would be another encoding's.
        const text = `x${String.fromCharCode(...units)}`
        const plain = Buffer.from(text.toWellFormed())
        const bytes = encoded(text, encoding)
        expect(await decoded(bytes, cuts)).toEqual(plain)
        expect(wholeAsUtf8(bytes)).toEqual(plain)
        const source = await openSource(bytes, 'input')
        expect(await joined(source.chunks)).toEqual(plain)
      }),
      { numRuns: 300 },
    )
  })

  it.each(['utf-16le', 'utf-16be'] as const)('%s that stops inside a character ends in U+FFFD', async (encoding) => {
    const bytes = encoded('ab😀', encoding)
    for (const [cut, text] of [
      [3, 'ab\ufffd'],
      [2, 'ab\ufffd'],
      [1, 'ab\ufffd'],
      [5, 'a\ufffd'],
    ] as const) {
      // prettier-ignore
      expect((await decoded(bytes.subarray(0, bytes.length - cut), [1])).toString()).toBe(text)
    }
  })

  const streamed = formats.items.filter(({ input }) => input === 'stream')
  const plainly = streamed.flatMap(({ id }) => seedsOf(id).slice(0, 2).map((seed) => [id, seed.toString()] as const)) // prettier-ignore

  it.each(plainly)('gives the trace of the plain file: %s', async (id, text) => {
    const plain = Buffer.from(text)
    const expected = outcome(id, plain)
    const format = sniff(plain.subarray(0, 65_536)).id
    for (const encoding of ENCODINGS) {
      const bytes = encoded(text, encoding)
      for (const packed of [bytes, gzipSync(bytes), zstdCompressSync(bytes)]) {
        const source = await openSource(packed, 'input')
        expect(sniff(source.head).id).toBe(format)
        expect(source.plain).toBeUndefined()
        expect(outcome(id, await joined(source.chunks))).toBe(expected)
      }
    }
  })
})
