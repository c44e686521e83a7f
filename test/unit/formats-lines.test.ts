/** The byte primitives of the text readers against the obvious implementations. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteInterner, decodeUtf8, encodeUtf8 } from '#shared/base/bytes.ts'
import { LineSplitter } from '#shared/formats/lines.ts'

function split(chunks: readonly Uint8Array[]) {
  const seen: string[] = []
  const splitter = new LineSplitter({
    fast: () => -1,
    line: (bytes, from, to) => seen.push(Buffer.from(bytes.subarray(from, to)).toString('latin1')),
    tooLong: () => seen.push('too long'),
  })
  for (const chunk of chunks) splitter.push(chunk)
  splitter.end()
  return { seen, lines: splitter.lines, unfinished: splitter.unfinished }
}

describe('lines', () => {
  it('are those of the text, however it is cut', () => {
    const piece = fc.oneof(
      fc.constantFrom('\n', '\r\n', '\r\r\n', '\r', 'a', 'long line', '\0'),
      fc.string({ maxLength: 5 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.array(fc.nat(50), { maxLength: 10 }), (pieces, cuts) => {
        const bytes = Buffer.from(pieces.join(''), 'latin1')
        const chunks: Uint8Array[] = []
        let at = 0
        for (const cut of cuts) {
          chunks.push(bytes.subarray(at, at + cut))
          at += cut
        }
        chunks.push(bytes.subarray(at))
        const text = bytes.toString('latin1')
        const expected = text.split('\n')
        const unfinished = expected[expected.length - 1] !== ''
        if (!unfinished) expected.pop()
        const { seen, lines, unfinished: told } = split(chunks)
        expect(seen).toEqual(expected.map((line) => line.replace(/\r+$/, '')))
        expect([lines, told]).toEqual([expected.length, unfinished])
      }),
    )
  })

  it('a fast handler takes lines the splitter then does not look at', () => {
    const bytes = Buffer.from('one\ntwo\nthree\n')
    const slow: string[] = []
    const fast: number[] = []
    const splitter: LineSplitter = new LineSplitter({
      fast(source, at, end) {
        if (source[at] !== 't'.charCodeAt(0)) return -1
        fast.push(splitter.lines + 1)
        return Math.min(source.indexOf(10, at) + 1, end)
      },
      line: (source, from, to) => slow.push(Buffer.from(source.subarray(from, to)).toString()),
      tooLong: () => undefined,
    })
    splitter.push(bytes)
    splitter.end()
    expect([slow, fast, splitter.lines]).toEqual([['one'], [2, 3], 3])
  })
})

describe('the byte interner', () => {
  it('gives equal slices equal ids, in order of first appearance, and finds only what it was given', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 6 }), { maxLength: 3000 }), fc.string(), (words, other) => {
        const interner = new ByteInterner('words', 10_000)
        const ids = new Map<string, number>()
        for (const word of words) {
          const bytes = Buffer.from(`x${word}x`)
          if (!ids.has(word)) {
            expect(interner.find(bytes, 1, bytes.length - 1)).toBe(-1)
            ids.set(word, ids.size)
          }
          expect(interner.intern(bytes, 1, bytes.length - 1)).toBe(ids.get(word))
          expect(interner.find(bytes, 1, bytes.length - 1)).toBe(ids.get(word))
        }
        const bytes = Buffer.from(other)
        expect(interner.find(bytes, 0, bytes.length)).toBe(ids.get(other) ?? -1)
        expect([...ids].every(([word, id]) => interner.text(id) === Buffer.from(word).toString())).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  it('says when it is full and refuses one more', () => {
    const interner = new ByteInterner('letters', 2)
    interner.intern(Buffer.from('a'), 0, 1)
    expect(interner.full).toBe(false)
    interner.intern(Buffer.from('b'), 0, 1)
    expect(interner.full).toBe(true)
    expect(interner.intern(Buffer.from('a'), 0, 1)).toBe(0)
    expect(() => interner.intern(Buffer.from('c'), 0, 1)).toThrow('more than 2 different letters')
  })
})

describe('UTF-8', () => {
  it('decodes and encodes what the platform does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const bytes = Buffer.from(text)
        expect(decodeUtf8(bytes)).toBe(bytes.toString())
        expect(Buffer.from(encodeUtf8(text)).equals(bytes)).toBe(true)
      }),
    )
  })

  it('never throws on other bytes, and keeps the good ones', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const text = decodeUtf8(bytes)
        const ascii = [...bytes].filter((byte) => byte < 0x80).map((byte) => String.fromCharCode(byte))
        expect([...text].filter((char) => char < '\x80')).toEqual(ascii)
      }),
    )
  })
})
