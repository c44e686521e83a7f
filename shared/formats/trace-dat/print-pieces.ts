/**
 * Which conversions of a print format the one loop of print-program.ts can write: those of a field as it is, of a field after
 * shifts, masks and sums with constants, of its characters, and texts that depend on a single field. `undefined` is always a
 * right answer: then the conversion's own function writes it.
 */

import { encodeUtf8 } from '../../base/bytes.ts'
import type { EventField } from './event-format.ts'
import type { NumberCode } from './number-code.ts'
import { insideOf, type Node } from './print-fmt.ts'
import type { Conversion } from './print-parts.ts'
import type { Piece } from './print-program.ts'

const TEXT_CALL = /^__print_(flags|symbolic)(_u64)?$|^__builtin_(expect|constant_p)$/

/** Of a number. `pointer` is what follows %p. */
export function numberPiece(
  code: NumberCode,
  { letter, bytes, layout }: Conversion,
  pointer: string,
): Piece | undefined {
  if (layout.plus) return undefined
  if (letter === 'p') return addressPiece(code, pointer)
  const { direct, bits, linear, gated } = code
  if (letter === 'x') {
    if (direct === undefined || direct.size > bytes || (direct.size < bytes && direct.signed)) return undefined
    const { offset, size } = direct
    return { kind: 'hex', offset, size, prefix: layout.alternate }
  }
  const signed = letter === 'd' || letter === 'i'
  if (!signed && letter !== 'u') return undefined
  if (direct !== undefined) {
    const { offset, size } = direct
    if (size === 8) return bytes === 8 ? { kind: 'decimal', offset, size, signed } : undefined
    // A smaller field reads the same in any conversion that is no smaller, unless a sign gets lost.
    if (bytes < size || (direct.signed && !signed) || (!direct.signed && signed && bytes === size)) return undefined
    return { kind: 'decimal', offset, size, signed: direct.signed }
  }
  if (bits !== undefined && bytes >= 4) return { kind: 'bits', ...bits }
  if (bytes !== 8) return undefined
  if (linear !== undefined) return { kind: 'linear', ...linear, unsigned: !signed }
  // Narrower ones become another type on their way, and few formats have them.
  if (gated?.of.size !== 8 || gated.gate.size === 8) return undefined
  return { kind: 'linear', ...gated.of, times: 1, plus: 0, unsigned: !signed, unless0: gated.gate }
}

function addressPiece({ direct }: NumberCode, pointer: string): Piece | undefined {
  if (direct?.size !== 8) return undefined
  const { offset, size } = direct
  const bare = pointer === '' || pointer === 'K' || pointer === 'x'
  return bare ? { kind: 'hex', offset, size, prefix: true } : { kind: 'user-address', offset, size }
}

/** Of a field's characters. */
export function charactersPiece({ offset, size, dynamic }: EventField): Piece | undefined {
  if (dynamic !== undefined)
    return size === 4 ? { kind: 'text-at', offset, size, relative: dynamic === 'relative' } : undefined
  return size > 0 ? { kind: 'characters', offset, size } : undefined
}

/** Of a text that is chosen by a number. */
export function chosenPiece(node: Node, fieldOf: (name: string) => EventField): Piece | undefined {
  const names = new Set<string>()
  if (!dependsOn(node, names) || names.size === 0 || names.size > 2) return undefined
  const fields = Array.from(names, fieldOf)
  if (!fields.every((field) => isWhole(field, fields.length === 1 ? 8 : 4))) return undefined
  const [field, and] = fields as [EventField, EventField?]
  return { kind: 'remembered', offset: field.offset, size: field.size, and }
}

/** More bytes than the text of a node takes, whatever its fields are: every word of it, with the longest between each two. */
export function longestText(node: Node): number {
  const words: number[] = []
  collectWords(node, words)
  return NUMBER_BYTES + words.reduce((sum, bytes) => sum + bytes, 0) + words.length * betweenIn(node)
}

/** What no flag stands for comes in hexadecimal. */
const NUMBER_BYTES = 20

function collectWords(node: Node, words: number[]): void {
  if (node.kind === 'string') words.push(encodeUtf8(node.text).length)
  for (const inner of insideOf(node)) collectWords(inner, words)
}

/** Bytes of the longest delimiter of __print_flags. */
function betweenIn(node: Node): number {
  const own = node.kind === 'call' && node.args[1]?.kind === 'string' ? encodeUtf8(node.args[1].text).length : 0
  return insideOf(node).reduce((most, inner) => Math.max(most, betweenIn(inner)), own)
}

function isWhole({ size, dynamic }: EventField, most: number): boolean {
  return (size === 1 || size === 2 || size === 4 || size === 8) && size <= most && dynamic === undefined
}

/** Collects the fields that decide a node's value; false where something else does, too. */
function dependsOn(node: Node, names: Set<string>): boolean {
  switch (node.kind) {
    case 'number':
    case 'string':
    case 'sizeof':
    // Values and their names: what stands there like a field is a constant of the kernel.
    case 'list':
      return true
    case 'field':
      names.add(node.name)
      return true
    case 'cast':
    case 'unary':
      return (node.kind === 'cast' || (node.op !== '*' && node.op !== '&')) && dependsOn(node.of, names)
    case 'binary':
      return dependsOn(node.left, names) && dependsOn(node.right, names)
    case 'choice':
      return dependsOn(node.test, names) && dependsOn(node.yes, names) && dependsOn(node.no, names)
    case 'call':
      return TEXT_CALL.test(node.name) && node.args.every((argument) => dependsOn(argument, names))
    case 'index':
      return false
  }
}
