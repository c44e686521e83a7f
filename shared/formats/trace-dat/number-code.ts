/**
 * Numbers of a print format as closures, with C's arithmetic: 32 bits wrap as the machine's do, 64 bits are exact although
 * a double is not. Each gives its value as a double (exact below 2^53) and as two halves (always exact). Only operations
 * that leave the doubles' range go through BigInt.
 */

export interface NumberCode {
  readonly size: 4 | 8
  readonly signed: boolean
  /** Exact while its magnitude is below 2^53. */
  num(): number
  /** Lower and upper 32 bits, unsigned; sign-extended where the number is signed. */
  low(): number
  high(): number
  /** Numbers that are looked at for it, at most: what asks twice for each of its parts doubles with every level. */
  readonly cost: number
  /** Its value never changes. */
  readonly fixed?: true
  /** That value, where it fits 32 bits. */
  readonly constant?: number
  /** It is what a field of the record holds: writers may read it from there at once. */
  readonly direct?: DirectNumber
  /** It is a field of at most 32 bits, shifted right and masked, and below 2^31. */
  readonly bits?: Bits
  /** It is a field times a positive constant plus another, in the arithmetic of 64 bits. */
  readonly linear?: DirectNumber & { readonly times: number; readonly plus: number }
  /** It is a field, or 0 where another one is 0. */
  readonly gated?: { readonly of: DirectNumber; readonly gate: DirectNumber }
}

export interface Bits {
  readonly offset: number
  readonly size: number
  readonly shift: number
  readonly mask: number
}

/** A field of the record, in bytes; the bytes are what counts, `signed` says how they are read. */
export interface DirectNumber {
  readonly offset: number
  readonly size: number
  readonly signed: boolean
}

export interface NumberType {
  readonly size: 1 | 2 | 4 | 8
  readonly signed: boolean
}

const EXACT = 2 ** 53
const INT = 0x7fff_ffff
/** What a constant of a linear number may be: it and all it is multiplied with stay small integers. */
const FACTOR = 2 ** 30
const TWO32 = 4_294_967_296

export function big(code: NumberCode): bigint {
  const value = (BigInt(code.high()) << 32n) | BigInt(code.low())
  return code.signed ? BigInt.asIntN(64, value) : value
}

/** A code from its value; `num` must stay below 2^53 in magnitude. */
export function exactly(
  num: () => number,
  type: { readonly size: 4 | 8; readonly signed: boolean; readonly cost: number },
): NumberCode {
  return { ...type, num, low: () => num() >>> 0, high: () => Math.floor(num() / TWO32) >>> 0 }
}

export function constant(value: bigint): NumberCode {
  const int = value >= -0x8000_0000n && value < 0x8000_0000n
  const number = Number(value)
  const low = Number(BigInt.asUintN(32, value))
  const high = Number(BigInt.asUintN(32, value >> 32n))
  const signed = value < 2n ** 63n
  const code = { cost: 1, fixed: true, signed, num: () => number, low: () => low, high: () => high } as const
  return int ? { ...code, size: 4, constant: number } : { ...code, size: 8 }
}

/** What is made of constants alone is computed once. */
function settled(made: NumberCode): NumberCode {
  const [value, low, high] = [made.num(), made.low(), made.high()]
  const { size, signed } = made
  const code = { size, signed, cost: 1, fixed: true, num: () => value, low: () => low, high: () => high } as const
  return Math.abs(value) <= INT ? { ...code, constant: value } : code
}

/** A C conversion. */
export function converted(code: NumberCode, to: NumberType): NumberCode {
  const made = conversion(code, to)
  const { direct, bits, linear } = code
  if (made === code) return code
  if (code.fixed === true) return settled(made)
  if (bits !== undefined) return to.size >= 4 ? { ...made, bits } : made
  if (linear !== undefined) return to.size === 8 ? { ...made, linear } : made
  if (direct === undefined) return made
  // Widening keeps the value, and so does reading the same bits with or without a sign.
  if (to.size === direct.size) return { ...made, direct: { ...direct, signed: to.signed } }
  return to.size > direct.size && (to.signed || !direct.signed) ? { ...made, direct } : made
}

function conversion(code: NumberCode, to: NumberType): NumberCode {
  const { signed } = to
  if (to.size === 8) {
    if (code.size === 8 && code.signed === signed) return code
    const num = () => (signed || code.num() >= 0 ? signedOrNot(code, signed) : code.num() + TWO32 * TWO32)
    return { size: 8, signed, cost: 3 * code.cost, num, low: () => code.low(), high: () => code.high() }
  }
  if (to.size === 4 && code.size === 4 && code.signed === signed) return code
  const shift = 32 - to.size * 8
  const num = signed ? () => (code.low() << shift) >> shift : () => (code.low() << shift) >>> shift
  return exactly(num, { size: 4, signed: signed || to.size < 4, cost: code.cost })
}

function signedOrNot(code: NumberCode, signed: boolean): number {
  return (signed ? code.high() | 0 : code.high()) * TWO32 + code.low()
}

export function negated(code: NumberCode): NumberCode {
  return binary('-', constant(0n), code)
}

export function chosen(test: NumberCode, yes: NumberCode, no: NumberCode): NumberCode {
  const type = common(yes, no)
  const [whenTrue, whenFalse] = [converted(yes, type), converted(no, type)]
  const pick = () => (truthy(test) ? whenTrue : whenFalse)
  const cost = 2 * test.cost + Math.max(whenTrue.cost, whenFalse.cost)
  const code = { ...type, cost, num: () => pick().num(), low: () => pick().low(), high: () => pick().high() }
  const [gate, of] = [test.direct, yes.direct]
  return gate !== undefined && of !== undefined && no.constant === 0 ? { ...code, gated: { of, gate } } : code
}

export function truthy(code: NumberCode): boolean {
  return code.low() !== 0 || (code.size === 8 && code.high() !== 0)
}

/** C's usual arithmetic conversions. */
function common(a: NumberCode, b: NumberCode): { size: 4 | 8; signed: boolean } {
  if (a.size !== b.size) return a.size > b.size ? { size: 8, signed: a.signed } : { size: 8, signed: b.signed }
  return { size: a.size, signed: a.signed && b.signed }
}

const COMPARE: Readonly<Record<string, (order: number) => boolean>> = {
  '==': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '>': (order) => order > 0,
  '<=': (order) => order <= 0,
  '>=': (order) => order >= 0,
}

export function binary(op: string, a: NumberCode, b: NumberCode): NumberCode {
  const int = { size: 4, signed: true, cost: 3 * (a.cost + b.cost) } as const
  if (op === '&&') return exactly(() => (truthy(a) && truthy(b) ? 1 : 0), int)
  if (op === '||') return exactly(() => (truthy(a) || truthy(b) ? 1 : 0), int)
  const shift = op === '<<' || op === '>>'
  const type = shift ? { size: a.size, signed: a.signed } : common(a, b)
  const left = converted(a, type)
  const right = shift ? b : converted(b, type)
  const compare = COMPARE[op] as ((order: number) => boolean) | undefined
  const cost = 3 * (left.cost + right.cost)
  if (compare !== undefined) return exactly(() => (compare(order(left, right)) ? 1 : 0), { ...int, cost })
  if (left.fixed === true && right.fixed === true) {
    return settled(type.size === 4 ? narrow(op, left, right) : wide(op, left, right))
  }
  if (type.size === 4) return withBits(op, left, b.constant, narrow(op, left, right))
  return withLinear(op, left, b.constant, wide(op, left, right))
}

function withBits(op: string, a: NumberCode, by: number | undefined, made: NumberCode): NumberCode {
  if (by === undefined || by < 0 || (op !== '&' && op !== '>>')) return made
  const { direct } = a
  const whole = direct === undefined || direct.size > 4 || (direct.size < 4 && direct.signed)
  const from = a.bits ?? (whole ? undefined : { offset: direct.offset, size: direct.size, shift: 0, mask: -1 })
  if (from === undefined) return made
  if (op === '&') return { ...made, bits: { ...from, mask: from.mask & by } }
  // The sign bit would come along.
  const signed = a.bits === undefined && a.signed && from.size === 4
  if (signed || by === 0 || by + from.shift > 31) return made
  return { ...made, bits: { ...from, shift: from.shift + by, mask: from.mask >>> by } }
}

function withLinear(op: string, a: NumberCode, by: number | undefined, made: NumberCode): NumberCode {
  const from = a.linear ?? (a.direct === undefined ? undefined : { ...a.direct, times: 1, plus: 0 })
  if (from === undefined || by === undefined) return made
  const added = op === '+' ? by : op === '-' ? -by : undefined
  const factor = op === '<<' && by >= 0 && by < 31 ? 2 ** by : op === '*' && by > 0 ? by : undefined
  if (added === undefined && factor === undefined) return made
  const times = from.times * (factor ?? 1)
  const plus = from.plus * (factor ?? 1) + (added ?? 0)
  return times <= FACTOR && Math.abs(plus) <= FACTOR ? { ...made, linear: { ...from, times, plus } } : made
}

function order(a: NumberCode, b: NumberCode): number {
  const x = a.num()
  const y = b.num()
  if (Math.abs(x) < EXACT || Math.abs(y) < EXACT) return x - y
  const [p, q] = [big(a), big(b)]
  return p < q ? -1 : p > q ? 1 : 0
}

function narrow(op: string, a: NumberCode, b: NumberCode): NumberCode {
  const { signed } = a
  const wrap = signed ? (value: number) => value | 0 : (value: number) => value >>> 0
  const raw = (b.constant === undefined ? undefined : byConstant(op, a, b.constant)) ?? narrowOperation(op, a, b)
  return exactly(() => wrap(raw()), { size: 4, signed, cost: a.cost + b.cost })
}

/** Shifts and masks by a constant, as MAJOR() and MINOR() are. */
function byConstant(op: string, a: NumberCode, by: number): (() => number) | undefined {
  if (op === '&') return () => a.num() & by
  if (op === '>>') return a.signed ? () => a.num() >> by : () => a.num() >>> by
  return undefined
}

function narrowOperation(op: string, a: NumberCode, b: NumberCode): () => number {
  switch (op) {
    case '+':
      return () => a.num() + b.num()
    case '-':
      return () => a.num() - b.num()
    case '*':
      return () => Math.imul(a.low(), b.low())
    case '/':
      return () => divided(a.num(), b.num())
    case '%':
      return () => remainder(a.num(), b.num())
    case '&':
      return () => a.low() & b.low()
    case '|':
      return () => a.low() | b.low()
    case '^':
      return () => a.low() ^ b.low()
    case '<<':
      return () => a.low() << b.low()
    case '>>':
      return a.signed ? () => a.low() >> b.low() : () => a.low() >>> b.low()
    default:
      throw new SyntaxError(`operator ${op}`)
  }
}

function divided(a: number, b: number): number {
  return b === 0 ? 0 : Math.trunc(a / b)
}

function remainder(a: number, b: number): number {
  return b === 0 ? 0 : a % b
}

const HALVES: Readonly<Record<string, (a: number, b: number) => number>> = {
  '&': (a, b) => (a & b) >>> 0,
  '|': (a, b) => (a | b) >>> 0,
  '^': (a, b) => (a ^ b) >>> 0,
}

function wide(op: string, a: NumberCode, b: NumberCode): NumberCode {
  const { signed } = a
  const cost = 3 * (a.cost + b.cost)
  const halves = HALVES[op] as ((a: number, b: number) => number) | undefined
  if (halves !== undefined) {
    const low = () => halves(a.low(), b.low())
    const high = () => halves(a.high(), b.high())
    return { size: 8, signed, cost, low, high, num: () => (signed ? high() | 0 : high()) * TWO32 + low() }
  }
  const quick = wideOperation(op)
  const exact = bigOperation(op)
  const slow = () => {
    const result = exact(big(a), big(b))
    return signed ? BigInt.asIntN(64, result) : BigInt.asUintN(64, result)
  }
  const fast = () => {
    const [x, y] = [a.num(), b.num()]
    if (!(Math.abs(x) < EXACT && Math.abs(y) < EXACT)) return NaN
    const result = quick(x, y)
    return Math.abs(result) < EXACT && (signed || result >= 0) ? result : NaN
  }
  return {
    size: 8,
    signed,
    cost,
    num() {
      const value = fast()
      return value === value ? value : Number(slow())
    },
    low() {
      const value = fast()
      return value === value ? value >>> 0 : Number(BigInt.asUintN(32, slow()))
    },
    high() {
      const value = fast()
      return value === value ? Math.floor(value / TWO32) >>> 0 : Number(BigInt.asUintN(32, slow() >> 32n))
    },
  }
}

/** NaN: only BigInt can tell. */
function wideOperation(op: string): (a: number, b: number) => number {
  switch (op) {
    case '+':
      return (a, b) => a + b
    case '-':
      return (a, b) => a - b
    case '*':
      return (a, b) => a * b
    case '/':
      return divided
    case '%':
      return remainder
    case '<<':
      return (a, b) => (b >= 0 && b < 64 ? a * 2 ** b : NaN)
    default:
      return (a, b) => (b >= 0 && b < 64 && a >= 0 ? Math.floor(a / 2 ** b) : NaN)
  }
}

function bigOperation(op: string): (a: bigint, b: bigint) => bigint {
  switch (op) {
    case '+':
      return (a, b) => a + b
    case '-':
      return (a, b) => a - b
    case '*':
      return (a, b) => a * b
    case '/':
      return (a, b) => (b === 0n ? 0n : a / b)
    case '%':
      return (a, b) => (b === 0n ? 0n : a % b)
    case '<<':
      return (a, b) => a << (b & 63n)
    case '>>':
      return (a, b) => a >> (b & 63n)
    default:
      throw new SyntaxError(`operator ${op}`)
  }
}
