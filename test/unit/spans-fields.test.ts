/**
 * Numbers in payloads: long ones are put together from two small integers, and fields taken in order are found without a
 * search. Both must give what plain arithmetic and a plain search give.
 */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeUtf8 } from '#shared/base/bytes.ts'
import { EventFields, key } from '#shared/spans/fields.ts'

const A = key('a')
const B = key('bb')
const IP = key('ip')

function fieldsOf(text: string): EventFields {
  const bytes = encodeUtf8(text)
  return new EventFields().of(bytes, 0, bytes.length)
}

describe('numbers of a payload', () => {
  test('decimal and hexadecimal numbers of up to 2^53 are exact, whatever their length', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (number) => {
        expect(fieldsOf(`a=${number}`).number(A)).toBe(number)
        expect(fieldsOf(`a=-${number}`).number(A)).toBe(-number)
        expect(fieldsOf(`a=0x${number.toString(16)}`).number(A)).toBe(number)
        expect(fieldsOf(`a=${number.toString(16).toUpperCase()},`).hex(A)).toBe(number)
      }),
    )
  })

  test('a kernel address is the double nearest to it', () => {
    expect(fieldsOf('a=0xffff88810519ddc0').number(A)).toBe(0xffff_8881_0519_ddc0)
    expect(fieldsOf('a=1234567890123456').number(A)).toBe(1_234_567_890_123_456)
  })

  test('a 64-bit error is negative when read as signed, a large result is not', () => {
    expect(fieldsOf('0xfffffffffffffff2').numberAt(0, 16, true)).toBe(-14)
    expect(fieldsOf('fffffffffffffe00').numberAt(0, 16, true)).toBe(-512)
    expect(fieldsOf('0x7fffffff').numberAt(0, 16, true)).toBe(0x7fff_ffff)
    expect(fieldsOf('0xfffffffffffffff2').numberAt(0, 16)).toBe(2 ** 64)
  })

  test('no digit is no number', () => {
    for (const text of ['a=', 'a=x', 'a=-', 'a=0xg', 'a', '']) expect(fieldsOf(text).number(A)).toBeNaN()
  })
})

describe('fields taken in order', () => {
  test('have the values a search finds, in whatever order and spelling they are printed', () => {
    const word = fc.constantFrom(
      'a=',
      'bb=',
      'ip=',
      'a: ',
      'ip ',
      'x=',
      'a= ',
      'bb',
      '1',
      '0x7f3196d73010',
      '14',
      ' ',
      ', ',
      '-',
      'f',
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 14 }), (words) => {
        const text = words.join('')
        const searched = fieldsOf(text)
        const inOrder = fieldsOf(text)
        expect([inOrder.next(A), inOrder.next(IP), inOrder.next(B, 16)]).toEqual([
          searched.number(A),
          searched.number(IP),
          searched.hex(B),
        ])
      }),
      { numRuns: 3000 },
    )
  })
})
