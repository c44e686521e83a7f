/** Addresses and UUIDs as the kernel's printf spells them, against other programs' spelling of the same bytes. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeUtf8 } from '#shared/base/bytes.ts'
import { ByteWriter } from '#shared/formats/trace-dat/byte-writer.ts'
import { spellingOf } from '#shared/formats/trace-dat/print-addresses.ts'

function spelt(letters: string, bytes: readonly number[], little = true): string | undefined {
  const found = spellingOf(letters, little)
  if (found === undefined) return undefined
  const to = new ByteWriter()
  found.spelling(to, (i) => bytes[i] ?? 0)
  return decodeUtf8(to.bytes, 0, to.at)
}

const six = (text: string): number[] =>
  text.split(':').flatMap((word) => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 255])

it.each([
  ['I4', [127, 0, 0, 1], '127.0.0.1'],
  ['M', [0x52, 0x54, 0, 0x0a, 0xff, 1], '52:54:00:0a:ff:01'],
  ['I6', six('fe80:0:0:0:1:0:0:a'), 'fe80:0000:0000:0000:0001:0000:0000:000a'],
  ['I6c', six('fe80:0:0:0:1:0:0:a'), 'fe80::1:0:0:a'],
  ['I6c', six('0:0:0:0:0:0:0:0'), '::'],
  ['I6c', six('0:0:0:0:0:0:0:1'), '::1'],
  ['I6c', six('1:0:0:0:0:0:0:0'), '1::'],
  ['I6c', six('1:0:2:0:3:0:4:0'), '1:0:2:0:3:0:4:0'],
  ['I6c', six('0:0:0:0:0:ffff:7f00:1'), '::ffff:127.0.0.1'],
  ['I6c', six('fe80:0:0:0:0:5efe:c000:201'), 'fe80::5efe:192.0.2.1'],
  ['ISpc', [2, 0, 0xeb, 0x42, 127, 0, 0, 1], '127.0.0.1:60226'],
  ['IS', [2, 0, 0xeb, 0x42, 127, 0, 0, 1], '127.0.0.1'],
  ['ISpc', [10, 0, 0, 80, 0, 0, 0, 0, ...six('0:0:0:0:0:0:0:1')], '[::1]:80'],
  ['ISp', [10, 0, 0, 80, 0, 0, 0, 0, ...six('0:0:0:0:0:0:0:1')], '[0000:0000:0000:0000:0000:0000:0000:0001]:80'],
  ['ISpc', [1, 0, 0, 80], '(einval)'],
  ['U', Array.from({ length: 16 }, (_, i) => 16 * i + i), '00112233-4455-6677-8899-aabbccddeeff'],
  ['UL', Array.from({ length: 16 }, (_, i) => 16 * i + i), '33221100-5544-7766-8899-AABBCCDDEEFF'],
])('%%p%s of %j is %s', (letters, bytes, text) => {
  expect(spelt(letters, bytes)).toBe(text)
})

it('a socket address begins with its family in the order of the machine', () => {
  expect(spelt('ISpc', [0, 2, 0xeb, 0x42, 127, 0, 0, 1], false)).toBe('127.0.0.1:60226')
})

it.each(['I4n', 'I6s', 'ISfs', 'Uz', 'E', 'S', 's', ''])('%%p%s is not one of them', (letters) => {
  expect(spellingOf(letters, true)).toBeUndefined()
})

it('what follows the letters is not theirs', () => {
  expect(spellingOf('U-8', true)?.letters).toBe('U')
  expect(spellingOf('I6c_x', true)?.letters).toBe('I6c')
})

/** The URL standard compresses as RFC 5952 does, which is what the kernel does but for its mapped addresses. */
it('IPv6 is compressed as browsers do it', () => {
  const word = fc.oneof(fc.constant(0), fc.constant(0), fc.nat(0xffff))
  fc.assert(
    fc.property(fc.array(word, { minLength: 8, maxLength: 8 }), (words) => {
      fc.pre(words[5] !== 0xffff && words[5] !== 0x5efe)
      const text = words.map((value) => value.toString(16)).join(':')
      expect(`[${spelt('I6c', six(text)) ?? ''}]`).toBe(new URL(`http://[${text}]/`).hostname)
    }),
  )
})
