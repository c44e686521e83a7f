/**
 * C's integer arithmetic in print formats against BigInt: any expression of fields, constants, conversions and operators has the
 * value a compiler would give it, in both of its forms (a double where that is exact, two halves always). Shifts by more bits than
 * there are take the count modulo the width, as the machine does; a division by zero is 0.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  big,
  binary,
  chosen,
  constant,
  converted,
  exactly,
  negated,
  truthy,
  type NumberCode,
} from '#shared/formats/trace-dat/number-code.ts'

/** What is compiled, and what it has to be worth. */
interface Term {
  /** For whoever reads a failure. */
  readonly text: string
  readonly code: NumberCode
  readonly value: bigint
}

const fit = (value: bigint, { size, signed }: { readonly size: number; readonly signed: boolean }): bigint =>
  signed ? BigInt.asIntN(size * 8, value) : BigInt.asUintN(size * 8, value)

function field(bits: bigint, size: 4 | 8, signed: boolean): Term {
  const value = fit(bits, { size, signed })
  const low = Number(BigInt.asUintN(32, value))
  const high = Number(BigInt.asUintN(32, value >> 32n))
  const num = () => Number(value)
  const code =
    size === 4
      ? exactly(num, { size, signed, cost: 1 })
      : { size, signed, cost: 1, num, low: () => low, high: () => high }
  return { text: `${signed ? 's' : 'u'}${size * 8}:${value}`, code, value }
}

const OPERATORS = ['+', '-', '*', '/', '%', '&', '|', '^', '<<', '>>', '==', '!=', '<', '>', '<=', '>=', '&&', '||']
const truth = (is: boolean) => (is ? 1n : 0n)

/** C11 6.3.1.8 for int, unsigned, long and unsigned long. */
function usual(a: NumberCode, b: NumberCode): { size: 4 | 8; signed: boolean } {
  if (a.size === b.size) return { size: a.size, signed: a.signed && b.signed }
  return a.size > b.size ? { size: a.size, signed: a.signed } : { size: b.size, signed: b.signed }
}

function worth(op: string, a: Term, b: Term): bigint {
  if (op === '&&') return truth(a.value !== 0n && b.value !== 0n)
  if (op === '||') return truth(a.value !== 0n || b.value !== 0n)
  if (op === '<<' || op === '>>') {
    const by = b.value & (a.code.size === 8 ? 63n : 31n)
    return fit(op === '<<' ? a.value << by : a.value >> by, a.code)
  }
  const type = usual(a.code, b.code)
  const [x, y] = [fit(a.value, type), fit(b.value, type)]
  const results: Readonly<Record<string, () => bigint>> = {
    '+': () => x + y,
    '-': () => x - y,
    '*': () => x * y,
    '/': () => (y === 0n ? 0n : x / y),
    '%': () => (y === 0n ? 0n : x % y),
    '&': () => x & y,
    '|': () => x | y,
    '^': () => x ^ y,
    '==': () => truth(x === y),
    '!=': () => truth(x !== y),
    '<': () => truth(x < y),
    '>': () => truth(x > y),
    '<=': () => truth(x <= y),
    '>=': () => truth(x >= y),
  }
  const value = results[op]()
  return /[=<>]/.test(op) ? value : fit(value, type)
}

/** Small, near the borders of 32, 53 and 64 bits, or any. */
const bits = fc.oneof(
  fc.bigInt({ min: -70n, max: 70n }),
  fc
    .tuple(fc.constantFrom(31n, 32n, 52n, 53n, 63n, 64n), fc.bigInt({ min: -3n, max: 3n }))
    .map(([at, by]) => (2n ** at + by) % 2n ** 64n),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
)
const type = fc.record({ size: fc.constantFrom<4 | 8>(4, 8), signed: fc.boolean() })

const { term } = fc.letrec<{ term: Term }>((again) => ({
  term: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.tuple(bits, type).map(([value, { size, signed }]) => field(value, size, signed)),
    bits.map((value) => ({ text: String(value), code: constant(value), value })),
    fc.tuple(fc.constantFrom(...OPERATORS), again('term'), again('term')).map(([op, a, b]) => ({
      text: `(${a.text} ${op} ${b.text})`,
      code: binary(op, a.code, b.code),
      value: worth(op, a, b),
    })),
    fc
      .tuple(again('term'), fc.constantFrom<1 | 2 | 4 | 8>(1, 2, 4, 8), fc.boolean())
      .map(([{ text, code, value }, size, signed]) => ({
        text: `(${signed ? 's' : 'u'}${size * 8})${text}`,
        code: converted(code, { size, signed }),
        value: fit(value, { size, signed }),
      })),
    again('term').map((a) => ({
      text: `-${a.text}`,
      code: negated(a.code),
      value: worth('-', { text: '0', code: constant(0n), value: 0n }, a),
    })),
    fc.tuple(again('term'), again('term'), again('term')).map(([test, yes, no]) => ({
      text: `(${test.text} ? ${yes.text} : ${no.text})`,
      code: chosen(test.code, yes.code, no.code),
      value: fit((test.value === 0n ? no : yes).value, usual(yes.code, no.code)),
    })),
  ),
}))

test('any expression is worth what C makes of it', () => {
  fc.assert(
    fc.property(term, ({ code, value }) => {
      expect([big(code), truthy(code)]).toEqual([value, value !== 0n])
      // -0, as a double's division gives it, is printed like 0.
      if (value > -(2n ** 53n) && value < 2n ** 53n) expect(code.num() + 0).toBe(Number(value))
      else expect(Number.isSafeInteger(code.num())).toBe(false)
    }),
    { numRuns: 3000 },
  )
})

test('an operator C does not have is refused while the format is compiled', () => {
  const [a, b] = [field(1n, 4, true).code, field(1n, 8, true).code]
  expect(() => binary('**', a, a)).toThrow('operator **')
  expect(() => binary('**', a, b)).toThrow('operator **')
})
