/**
 * From a print format to a function that writes an event's text: once per event type, then called for each record. What it
 * writes is what tracefs prints, but for pointers: a recording has their values, the kernel's own text only hashes of them.
 * A value made of what no recording has (jiffies, where the array of pages lies) is `?`.
 */

import type { KnownNumbers } from '../../spans/fields.ts'
import type { EventField, EventFormat } from './event-format.ts'
import { binary, chosen, constant, converted, exactly, negated, truthy, type NumberCode } from './number-code.ts'
import { keptRecord, type KeptRecord } from './kept-records.ts'
import { spellingOf, type Spelling, type Spelt } from './print-addresses.ts'
import { insideOf, parsePrintFmt, type Node } from './print-fmt.ts'
import { flagsWriter, symbolicWriter } from './print-lists.ts'
import {
  address,
  conversionOf,
  literal,
  literalPart,
  numberOf,
  numberWriter,
  padded,
  pairsOf,
  typeOf,
  type Conversion,
} from './print-parts.ts'
import { charactersPiece, chosenPiece, longestText, numberPiece } from './print-pieces.ts'
import { printProgram, type Part, type Piece, type Write } from './print-program.ts'
import { recordNumbers } from './record-numbers.ts'
import type { RecordView } from './record.ts'
import type { Symbols } from './symbols.ts'

export interface CompileContext {
  readonly format: EventFormat
  readonly record: RecordView
  readonly symbols: Symbols
  /** Ticks a second of the recording's kernel, where they are known: what its jiffies are. */
  readonly ticksPerSecond?: () => number | undefined
}

export interface CompiledPrint {
  readonly write: Write
  /** What the text says in numbers. */
  readonly numbers: KnownNumbers | undefined
  readonly understood: boolean
  /** undefined: only its text can be kept. */
  readonly kept: KeptRecord | undefined
}

/** Writes the event's text, or, where the format is beyond us, its fields: `name=value name=value`. */
export function compilePrint(context: CompileContext): CompiledPrint {
  try {
    const parts = printParts(context)
    const { record } = context
    const program = printProgram(parts, record)
    const { write } = program
    return { write, numbers: recordNumbers(parts, record), understood: true, kept: keptRecord(parts, program) }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return { write: allFields(context), numbers: undefined, understood: false, kept: undefined }
  }
}

/** The pieces of an event's text, each with the function that writes it. A SyntaxError: the format is beyond us. */
export function printParts(context: CompileContext): readonly Part[] {
  return new Compiler(context).all()
}

const GET_TEXT = /^__get_(str|rel_str|dynamic_array|rel_dynamic_array)$/
const JIFFIES = 'jiffies_to_msecs'
const UNSIGNED_LONG = { size: 8, signed: false } as const
const GET_BYTES = /^__get_((rel_)?dynamic_array|(rel_)?sockaddr)$/
/** As many flags as there are: without a bound each zero of a long row is tried as flag and as width. */
const CONVERSION = /%([-+ #0]{0,5})(\*|\d{1,9})?(?:\.(\*|\d{1,9}))?(hh|h|ll|l|L|q|j|z|t)?([diuxXocsp%])/g
/** Numbers one event's text may take to look at, and its conversions: kernels' formats stay far below. */
const MOST_LOOKS = 10_000
const MOST_CONVERSIONS = 500

class Compiler {
  readonly #format: EventFormat
  readonly #record: RecordView
  readonly #symbols: Symbols
  readonly #ticksPerSecond: () => number | undefined
  /** The conversion that is compiled may look up symbols. */
  #lookedUp = false
  #looks = 0

  constructor({ format, record, symbols, ticksPerSecond }: CompileContext) {
    this.#format = format
    this.#record = record
    this.#symbols = symbols
    this.#ticksPerSecond = ticksPerSecond ?? (() => undefined)
  }

  all(): readonly Part[] {
    const { format, args } = parsePrintFmt(this.#format.printFmt)
    const parts: Part[] = []
    const [known, unknown]: [Node[], Node[]] = [[], []]
    const rest = [...args]
    const next = (): Node => {
      const node = rest.shift()
      if (node === undefined) throw new SyntaxError('more conversions than arguments')
      return node
    }
    let at = 0
    for (const match of format.matchAll(CONVERSION)) {
      if (parts.length > 2 * MOST_CONVERSIONS) throw new SyntaxError('too many conversions')
      if (match.index > at) parts.push(literalPart(format.slice(at, match.index)))
      at = match.index + match[0].length
      if (match[5] === '%') {
        parts.push(literalPart('%'))
        continue
      }
      if (match[2] === '*') throw new SyntaxError('a computed width')
      const extension = match[5] === 'p' ? (/^[a-zA-Z]\w*/.exec(format.slice(at))?.[0] ?? '') : ''
      const spelt = extension === '' ? undefined : spellingOf(extension, this.#record.little)
      const pointer = spelt?.letters ?? (match[5] === 'p' ? this.#pointerKind(extension) : '')
      at += pointer.length
      const precision =
        match[3] === '*' ? this.number(next()) : match[3] === undefined ? undefined : constant(BigInt(match[3]))
      const conversion = conversionOf(match, precision)
      const node = next()
      const part = this.#known(() => this.#conversion(conversion, node, spelt ?? pointer))
      ;(part === undefined ? unknown : known).push(node)
      parts.push(part ?? literalPart('?'))
    }
    this.#assertNothingHidden(known, unknown)
    if (at < format.length) parts.push(literalPart(format.slice(at)))
    return parts
  }

  /** undefined: made of what no recording has. */
  #known(conversion: () => Part): Part | undefined {
    this.#lookedUp = false
    try {
      const part = conversion()
      return { ...part, symbols: this.#lookedUp }
    } catch (error) {
      if (error instanceof SyntaxError) return undefined
      throw error
    }
  }

  /** One value that cannot be computed does not cost the others; but `?` must not hide what the record has for it. */
  #assertNothingHidden(known: readonly Node[], unknown: readonly Node[]): void {
    const said = new Set(known.flatMap(fieldsOf))
    const hidden = unknown.flatMap(fieldsOf).find((name) => !said.has(name) && this.#has(name))
    if (hidden !== undefined) throw new SyntaxError(`${hidden} is in what is not understood`)
    if (unknown.length > 0 && said.size === 0) throw new SyntaxError('nothing is understood')
  }

  #has(name: string): boolean {
    return this.#format.fields.some((field) => field.name === name)
  }

  /** An address that the record holds byte by byte. */
  #spelt(node: Node, spelling: Spelling): Write {
    const field = this.#fieldArgument(node)
    const record = this.#record
    return (to) => {
      const from = record.at + record.dataAt(field)
      const length = record.dataLength(field)
      spelling(to, (i) => (i < length ? record.bytes[from + i] : 0))
    }
  }

  /** The part of `%pS…` that belongs to the conversion. */
  #pointerKind(letters: string): string {
    if (/^[sS]$|^[sS]R?b?[^a-zA-Z]/.test(letters) || /^[SsFfB]/.test(letters)) return letters[0]
    if (/^[Kx]/.test(letters)) return letters[0]
    if (/^[a-zA-Z]/.test(letters) && /^(I4|I6|i4|i6|M|m|U|u|h|b|d|D|t|G|N|V|a|O|C|E|R|r|g)/.test(letters)) {
      throw new SyntaxError(`%p${letters}`)
    }
    return ''
  }

  #conversion(conversion: Conversion, node: Node, pointer: string | Spelt): Part {
    const { letter, layout, precision } = conversion
    if (typeof pointer !== 'string') return { write: padded(this.#spelt(node, pointer.spelling), layout) }
    if (letter === 's') {
      const piece = precision === undefined ? this.#textPiece(node) : undefined
      return {
        write: padded(this.#cutText(this.text(node), precision), layout),
        piece,
        layout,
        most: longestText(node),
      }
    }
    const jiffies = this.#jiffies(node)
    if (jiffies !== undefined) {
      const count = numberWriter(jiffies, conversion)
      return { write: padded((to) => (count(to), to.ascii('jiffies')), layout) }
    }
    const code = this.number(node)
    const piece = numberPiece(code, conversion, pointer)
    if (letter === 'p') return { write: padded(this.#pointer(code, pointer), layout), piece, layout }
    if (letter === 'c') return { write: padded((to) => to.byte(code.low() & 255), layout) }
    return { write: padded(numberWriter(code, conversion), layout), piece, layout }
  }

  #textPiece(node: Node): Piece | undefined {
    if (node.kind === 'cast') return this.#textPiece(node.of)
    if (node.kind === 'field') {
      const field = this.field(node.name)
      return field.isString || field.dynamic !== undefined ? charactersPiece(field) : undefined
    }
    if (node.kind === 'call' && GET_TEXT.test(node.name)) return charactersPiece(this.#fieldArgument(node.args[0]))
    return chosenPiece(node, (name) => this.field(name))
  }

  #pointer(code: NumberCode, kind: string): Write {
    const symbols = this.#symbols
    if (kind === '' || kind === 'K' || kind === 'x') return (to) => address(to, code)
    this.#lookedUp = true
    const withOffset = kind === 'S' || kind === 'F' || kind === 'B'
    return (to) => {
      const symbol = symbols.write(to, code.high(), code.low(), withOffset)
      if (!symbol) address(to, code)
    }
  }

  #cutText(write: Write, precision: NumberCode | undefined): Write {
    if (precision === undefined) return write
    return (to) => {
      const from = to.at
      write(to)
      to.at = Math.min(to.at, from + Math.max(0, precision.num()))
    }
  }

  field(name: string): EventField {
    const field = this.#format.fields.find((candidate) => candidate.name === name)
    if (field === undefined) throw new SyntaxError(`no field ${name}`)
    return field
  }

  // ---- text ----

  text(node: Node): Write {
    switch (node.kind) {
      case 'string':
        return literal(node.text)
      case 'cast':
        return this.text(node.of)
      case 'choice': {
        const test = this.number(node.test)
        const yes = this.text(node.yes)
        const no = this.text(node.no)
        return (to) => (truthy(test) ? yes(to) : no(to))
      }
      case 'field': {
        const field = this.field(node.name)
        return field.isString || field.dynamic !== undefined ? this.#stringField(field) : this.#constantText(node)
      }
      case 'call':
        return this.#textCall(node.name, node.args)
      default:
        return this.#constantText(node)
    }
  }

  #stringField(field: EventField): Write {
    const record = this.#record
    return (to) => {
      const from = record.at + record.dataAt(field)
      const end = from + record.dataLength(field)
      let stop = from
      while (stop < end && record.bytes[stop] !== 0) stop++
      to.copy(record.bytes, from, stop)
    }
  }

  /** `%s` of a pointer: a constant string of the kernel, as printk_formats lists them. */
  #constantText(node: Node): Write {
    const code = this.number(node)
    const symbols = this.#symbols
    this.#lookedUp = true
    return (to) => {
      const text = symbols.constant(code.high(), code.low())
      if (text === undefined) address(to, code)
      else to.copy(text)
    }
  }

  #textCall(name: string, args: readonly Node[]): Write {
    const [first, second, third] = args
    switch (name) {
      case '__get_str':
      case '__get_rel_str':
      case '__get_dynamic_array':
      case '__get_rel_dynamic_array':
        return this.#stringField(this.#fieldArgument(first))
      case '__print_flags':
      case '__print_flags_u64':
        return flagsWriter(this.number(first), second, pairsOf(args.slice(2)))
      case '__print_symbolic':
      case '__print_symbolic_u64':
        return symbolicWriter(this.number(first), pairsOf(args.slice(1)))
      case '__print_hex':
      case '__print_hex_str':
        return this.#hexBytes(first, this.number(second), name === '__print_hex' ? 32 : 0)
      case '__print_array':
        return this.#array(first, this.number(second), this.number(third))
      default:
        return this.#constantText({ kind: 'call', name, args })
    }
  }

  #fieldArgument(node: Node): EventField {
    if (node.kind === 'field') return this.field(node.name)
    if (node.kind === 'cast') return this.#fieldArgument(node.of)
    if (node.kind === 'unary' && node.op === '&') return this.#fieldArgument(node.of)
    if (node.kind === 'call' && GET_BYTES.test(node.name)) return this.#fieldArgument(node.args[0])
    throw new SyntaxError('a field expected')
  }

  #hexBytes(node: Node, length: NumberCode, between: number): Write {
    const field = this.#fieldArgument(node)
    const record = this.#record
    return (to) => {
      const from = record.at + record.dataAt(field)
      const count = Math.min(Math.max(0, length.num()), record.dataLength(field))
      for (let i = 0; i < count; i++) {
        if (i > 0 && between !== 0) to.byte(between)
        const byte = record.bytes[from + i]
        if (byte < 16) to.byte(48)
        to.hex(0, byte)
      }
    }
  }

  #array(node: Node, count: NumberCode, element: NumberCode): Write {
    const field = this.#fieldArgument(node)
    const record = this.#record
    return (to) => {
      const size = element.num()
      if (size !== 1 && size !== 2 && size !== 4 && size !== 8) return
      const from = record.dataAt(field)
      const most = Math.min(Math.max(0, count.num()), Math.floor(record.dataLength(field) / size))
      to.byte(123)
      for (let i = 0; i < most; i++) {
        if (i > 0) to.byte(44)
        to.ascii('0x')
        if (size === 8) to.hex(record.high(from + i * 8), record.low(from + i * 8))
        else to.hex(0, record.number(from + i * size, size, false))
      }
      to.byte(125)
    }
  }

  // ---- numbers ----

  number(node: Node): NumberCode {
    const code = this.#numberOf(node)
    this.#looks += code.cost
    if (this.#looks > MOST_LOOKS) throw new SyntaxError('too much to compute')
    return code
  }

  #numberOf(node: Node): NumberCode {
    switch (node.kind) {
      case 'number':
        return numberOf(node)
      case 'sizeof':
        return constant(BigInt(typeOf(node.type)?.size ?? 8))
      case 'field':
        return this.#numberField(this.field(node.name))
      case 'cast': {
        const inner = this.number(node.of)
        const type = typeOf(node.type)
        return type === undefined ? inner : converted(inner, type)
      }
      case 'unary':
        return this.#unary(node.op, node.of)
      case 'binary':
        return binary(node.op, this.number(node.left), this.number(node.right))
      case 'choice':
        return chosen(this.number(node.test), this.number(node.yes), this.number(node.no))
      case 'index':
        return this.#element(node.of, this.number(node.at))
      case 'call':
        return this.#numberCall(node.name, node.args)
      default:
        throw new SyntaxError(`a number expected, not a ${node.kind}`)
    }
  }

  #numberField(field: EventField): NumberCode {
    const record = this.#record
    const { offset, size, signed } = field
    if (field.dynamic !== undefined || (field.array && size > 8)) throw new SyntaxError(`${field.name} is no number`)
    if (size === 8) {
      const num = () => record.number(offset, 8, signed)
      const direct = { offset, size, signed }
      return { size: 8, signed, cost: 1, num, low: () => record.low(offset), high: () => record.high(offset), direct }
    }
    if (size !== 1 && size !== 2 && size !== 4) throw new SyntaxError(`${field.name} has ${size} bytes`)
    const type = { size: 4, signed: signed || size < 4, cost: 1 } as const
    const code = exactly(() => record.number(offset, size, signed), type)
    return { ...code, direct: { offset, size, signed } }
  }

  #unary(op: string, of: Node): NumberCode {
    if (op === '*') return this.#element(of, constant(0n))
    if (op === '&') throw new SyntaxError('an address')
    const code = this.number(of)
    if (op === '!') return exactly(() => (truthy(code) ? 0 : 1), { size: 4, signed: true, cost: 2 * code.cost })
    if (op === '-') return negated(code)
    return op === '~' ? binary('^', code, constant(-1n)) : code
  }

  #element(of: Node, at: NumberCode): NumberCode {
    const field = this.#fieldArgument(of)
    const cast = of.kind === 'cast' ? typeOf(of.type.replace(/\*\s*$/, '').trim()) : undefined
    const size = cast?.size ?? field.elementSize
    const signed = cast?.signed ?? field.signed
    const record = this.#record
    const offset = () => record.dataAt(field) + Math.max(0, at.num()) * size
    const cost = 2 * at.cost
    if (size === 8) {
      const num = () => record.number(offset(), 8, signed)
      return { size: 8, signed, cost, num, low: () => record.low(offset()), high: () => record.high(offset()) }
    }
    return exactly(() => record.number(offset(), size, signed), { size: 4, signed: signed || size < 4, cost })
  }

  /** Times of a kernel whose tick is not known, as it counts them; undefined for everything else. */
  #jiffies(node: Node): NumberCode | undefined {
    if (node.kind !== 'call' || node.name !== JIFFIES || this.#ticksPerSecond() !== undefined) return undefined
    return converted(this.number(node.args[0]), UNSIGNED_LONG)
  }

  #numberCall(name: string, args: readonly Node[]): NumberCode {
    if (/^__get_(rel_)?dynamic_array_len$/.test(name)) {
      const field = this.#fieldArgument(args[0])
      return exactly(() => this.#record.dataLength(field), { size: 4, signed: true, cost: 1 })
    }
    if (name === '__builtin_expect' || name === '__builtin_constant_p') return this.number(args[0])
    const ticks = name === JIFFIES ? this.#ticksPerSecond() : undefined
    if (ticks !== undefined) {
      // kernel/time/time.c: jiffies_to_msecs rounds up.
      const scaled = binary('*', converted(this.number(args[0]), UNSIGNED_LONG), constant(1000n))
      return binary('/', binary('+', scaled, constant(BigInt(ticks - 1))), constant(BigInt(ticks)))
    }
    throw new SyntaxError(`function ${name}`)
  }
}

/** The names in an expression. */
function fieldsOf(node: Node): readonly string[] {
  return node.kind === 'field' ? [node.name] : insideOf(node).flatMap(fieldsOf)
}

/** `name=value`, as trace-cmd prints what it cannot parse. */
function allFields({ format, record }: CompileContext): Write {
  const fields = format.fields.filter((field) => !field.common)
  return (to) => {
    fields.forEach((field, i) => {
      if (i > 0) to.byte(32)
      to.ascii(`${field.name}=`)
      const from = record.at + record.dataAt(field)
      if (field.isString) {
        const end = from + record.dataLength(field)
        let stop = from
        while (stop < end && record.bytes[stop] !== 0) stop++
        to.copy(record.bytes, from, stop)
      } else if (field.dynamic === undefined && field.size <= 8 && field.size > 0) {
        if (field.size === 8 || field.type.includes('*')) {
          to.ascii('0x')
          to.hex(record.high(field.offset), record.low(field.offset))
        } else to.decimal(record.number(field.offset, field.size, field.signed))
      } else to.ascii('ARRAY')
    })
  }
}
