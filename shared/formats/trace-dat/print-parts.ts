/**
 * The pieces compiled print formats are made of: C's types, printf's conversions, the lists of __print_flags and
 * __print_symbolic. None of them knows a record.
 */

import { encodeUtf8 } from '../../base/bytes.ts'
import type { ByteWriter, NumberLayout } from './byte-writer.ts'
import { KERNEL_CONSTANTS } from './kernel-constants.ts'
import { big, binary, constant, converted, negated, type NumberCode, type NumberType } from './number-code.ts'
import type { Node } from './print-fmt.ts'
import type { Part, Write } from './print-program.ts'

const FIELD_TYPES: Readonly<Record<string, NumberType>> = {
  char: { size: 1, signed: true },
  short: { size: 2, signed: true },
  int: { size: 4, signed: true },
  long: { size: 8, signed: true },
  unsigned: { size: 4, signed: false },
  bool: { size: 1, signed: false },
  size_t: { size: 8, signed: false },
  ssize_t: { size: 8, signed: true },
  loff_t: { size: 8, signed: true },
  sector_t: { size: 8, signed: false },
  ino_t: { size: 8, signed: false },
  pgoff_t: { size: 8, signed: false },
  ktime_t: { size: 8, signed: true },
  pid_t: { size: 4, signed: true },
  dev_t: { size: 4, signed: false },
  umode_t: { size: 2, signed: false },
  gfp_t: { size: 4, signed: false },
}

/** undefined: not known; the value stays as it is. */
export function typeOf(type: string): NumberType | undefined {
  if (type.includes('*')) return { size: 8, signed: false }
  const exact = /^(?:__)?([us])(8|16|32|64)$/.exec(type)
  if (exact !== null) return { size: (Number(exact[2]) / 8) as NumberType['size'], signed: exact[1] === 's' }
  const words = type.split(' ').filter((word) => !['const', 'volatile', 'signed', 'struct', 'enum'].includes(word))
  const unsigned = words.includes('unsigned')
  const base =
    words.find((word) => word !== 'unsigned' && Object.hasOwn(FIELD_TYPES, word)) ?? (unsigned ? 'unsigned' : '')
  if (!Object.hasOwn(FIELD_TYPES, base)) return undefined
  const { size, signed } = FIELD_TYPES[words.includes('long') ? 'long' : base]
  return { size, signed: signed && !unsigned }
}

/** Layout of one conversion and where its value comes from. */
export interface Conversion {
  readonly letter: string
  readonly layout: NumberLayout
  readonly bytes: 1 | 2 | 4 | 8
  readonly precision: NumberCode | undefined
}

export function conversionOf(match: RegExpExecArray | RegExpMatchArray, precision: NumberCode | undefined): Conversion {
  const [, flags, width, , length = '', letter] = match
  const bytes = length === '' ? 4 : length === 'h' ? 2 : length === 'hh' ? 1 : 8
  return {
    letter,
    bytes,
    precision,
    layout: {
      width: Number(width ?? 0),
      left: flags.includes('-'),
      zeros: flags.includes('0') && !flags.includes('-'),
      plus: flags.includes('+'),
      alternate: flags.includes('#'),
    },
  }
}

export function numberWriter(code: NumberCode, { letter, bytes, layout }: Conversion): Write {
  const narrow = bytes < 4 ? converted(code, { size: bytes, signed: letter === 'd' || letter === 'i' }) : code
  const { plus, alternate } = layout
  if (letter === 'x' || letter === 'X') {
    return (to) => {
      const from = to.at
      // Unlike C's, the kernel's printf writes 0x0 (lib/vsprintf.c: number).
      if (alternate) to.ascii('0x')
      to.hex(bytes === 8 ? narrow.high() : 0, narrow.low())
      if (letter === 'X') to.capitals(from)
    }
  }
  if (letter === 'o') return (to) => to.ascii(BigInt.asUintN(bytes * 8, big(narrow)).toString(8))
  const value = converted(narrow, { size: bytes === 8 ? 8 : 4, signed: letter !== 'u' })
  if (bytes !== 8) {
    return (to) => {
      if (plus && value.num() >= 0) to.byte(43)
      to.decimal(value.num())
    }
  }
  return (to) => {
    const number = value.num()
    if (plus && number >= 0) to.byte(43)
    if (Math.abs(number) < 2 ** 53) to.decimal(number)
    else to.ascii(String(big(value)))
  }
}

export function padded(write: Write, layout: NumberLayout): Write {
  if (layout.width === 0) return write
  return (to) => {
    const from = to.at
    write(to)
    to.pad(from, layout)
  }
}

export function address(to: ByteWriter, code: NumberCode): void {
  to.ascii('0x')
  to.hex(code.size === 8 ? code.high() : 0, code.low())
}

export function literal(text: string): Write {
  const bytes = encodeUtf8(text)
  return (to) => to.copy(bytes)
}

export function literalPart(text: string): Part {
  return { write: literal(text), piece: { kind: 'literal', text: encodeUtf8(text) } }
}

export interface Pair {
  readonly value: bigint
  readonly text: string
}

export function halvesOf(value: bigint): { readonly high: number; readonly low: number } {
  return { low: Number(BigInt.asUintN(32, value)), high: Number(BigInt.asUintN(32, value >> 32n)) }
}

/** A literal, as wide as it was written. */
export function numberOf({ value, type }: Extract<Node, { kind: 'number' }>): NumberCode {
  const wide = type === undefined ? undefined : typeOf(type)
  return wide === undefined ? constant(value) : converted(constant(value), wide)
}

/** `{ 1, "A" }, { 1 << 1, "B" }` or one list of such lists; `{ 0, NULL }` may end it. */
export function pairsOf(nodes: readonly Node[]): Pair[] {
  return nodes.flatMap((node): Pair[] => {
    if (node.kind !== 'list') throw new SyntaxError('a list of values and names expected')
    const [value, text] = node.items
    if (node.items.length !== 2 || value.kind === 'list') return pairsOf(node.items)
    const known = text.kind === 'string' ? constantOf(value) : undefined
    return known === undefined || text.kind !== 'string' ? [] : [{ value: big(known), text: text.text }]
  })
}

/** undefined: made of a name whose value nobody exported. */
function constantOf(node: Node): NumberCode | undefined {
  switch (node.kind) {
    case 'number':
      return numberOf(node)
    case 'field': {
      const value = KERNEL_CONSTANTS.get(node.name)
      return value === undefined ? undefined : constant(value)
    }
    case 'cast': {
      const [of, type] = [constantOf(node.of), typeOf(node.type)]
      return of === undefined || type === undefined ? of : converted(of, type)
    }
    case 'unary': {
      const of = constantOf(node.of)
      if (of === undefined) return undefined
      return node.op === '-' ? negated(of) : node.op === '~' ? binary('^', of, constant(-1n)) : of
    }
    case 'binary': {
      const [left, right] = [constantOf(node.left), constantOf(node.right)]
      return left === undefined || right === undefined ? undefined : binary(node.op, left, right)
    }
    default:
      throw new SyntaxError('a constant expected')
  }
}
