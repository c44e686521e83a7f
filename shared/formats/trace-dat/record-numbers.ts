/**
 * The numbers behind the names of a payload, from the record they were printed from: `ofs=%llu` tells of the field what its
 * text would. Reading them back out of the text takes as long as printing it. Only what reads the same either way is told,
 * numbers of up to 53 bits in the base they are asked for in; of a name that stands twice, of addresses that have a symbol
 * and of everything computed only the text can tell.
 */

import { decodeUtf8 } from '../../base/bytes.ts'
import { DEV_MINOR, key, type KnownNumbers } from '../../spans/fields.ts'
import { isKernel, signedAt, unsignedAt, wideAt, type Part, type Piece } from './print-program.ts'
import type { RecordView } from './record.ts'

/** What stands before a number: a name of its own, perhaps 0x. */
const NAME = /(^|[\s,()|=])([A-Za-z_]\w*)(?:=|: ?| )(0x)?$/
const EXACT = 2 ** 53
/** Sums below this were not rounded on their way. */
const SURE = 2 ** 52

type NumberPiece = Extract<Piece, { readonly kind: 'hex' | 'user-address' | 'decimal' | 'bits' | 'linear' }>

/** All have the same fields, so that V8 knows where they lie. */
interface Entry {
  readonly name: Uint8Array
  readonly offset: number
  readonly size: number
  readonly signed: boolean
  /** In which base a reader has to ask; 0: in any. */
  readonly base: 0 | 10 | 16
  /** Only where its highest bit is not set. */
  readonly user: boolean
  readonly shift: number
  readonly mask: number
  readonly times: number
  readonly plus: number
  readonly least: number
  readonly most: number
}

/** undefined: a payload that has none. */
export function recordNumbers(parts: readonly Part[], record: RecordView): KnownNumbers | undefined {
  const entries = entriesOf(parts)
  return entries.length === 0 ? undefined : new RecordNumbers(entries, record)
}

class RecordNumbers implements KnownNumbers {
  readonly #entries: readonly Entry[]
  readonly #record: RecordView

  constructor(entries: readonly Entry[], record: RecordView) {
    this.#entries = entries
    this.#record = record
  }

  of(name: Uint8Array, base: 10 | 16): number {
    const entries = this.#entries
    for (let i = 0; i < entries.length; i++) if (entries[i].name === name) return this.#value(entries[i], base)
    return NaN
  }

  #value(entry: Entry, base: 10 | 16): number {
    const { view, at, end, little } = this.#record
    const place = at + entry.offset
    const { size } = entry
    if (place + size > end || (entry.base !== 0 && entry.base !== base)) return NaN
    if (entry.mask !== 0) return (unsignedAt(view, place, size, little) >>> entry.shift) & entry.mask
    if (entry.user && isKernel(view, place, little)) return NaN
    const value = size === 8 ? wideAt(view, place, entry.signed, little) : narrowAt(view, place, entry, little)
    const told = value * entry.times + entry.plus
    return told < entry.most && told > entry.least ? told : NaN
  }
}

function narrowAt(view: DataView, place: number, { size, signed }: Entry, little: boolean): number {
  return signed ? signedAt(view, place, size, little) : unsignedAt(view, place, size, little)
}

function entriesOf(parts: readonly Part[]): readonly Entry[] {
  const all = parts.map(literalOf).join('\0')
  const entries: Entry[] = []
  let before = ''
  parts.forEach((part, i) => {
    const literal = literalOf(part)
    if (literal !== '') {
      before += literal
      return
    }
    const [, boundary, name, prefix] = NAME.exec(before) ?? []
    // At the beginning of what stands between two conversions is no name: what is printed before it goes on in it.
    const begins = boundary !== '' || (i > 0 && parts.slice(0, i).every((earlier) => literalOf(earlier) !== ''))
    before = ''
    const { piece } = part
    if (name === undefined || !begins || piece === undefined || !isNumber(piece) || isGated(piece)) return
    if (goesOn(parts[i + 1]) || times(all, name) !== 1) return
    entries.push(entryOf(key(name), piece, prefix !== undefined))
  })
  const minor = inodeFirst(parts)
  if (minor !== undefined) entries.push(entryOf(DEV_MINOR, minor, false))
  return entries
}

/** The minor number's piece where a payload begins with device and inode, as spans/inodes.ts reads them. */
function inodeFirst(parts: readonly Part[]): NumberPiece | undefined {
  const shape = parts
    .slice(0, 7)
    .map((part, i) => (i % 2 === 0 ? literalOf(part) : '#'))
    .join('')
  if (!/^dev[ =]#[,:]# ino[ =](0x)?#($|[ ,])/.test(shape)) return undefined
  const [, major, , minor, , inode] = parts
  const all = [major, minor, inode].every(({ piece }) => piece !== undefined && isNumber(piece) && !isGated(piece))
  return all && minor.piece !== undefined && isNumber(minor.piece) ? minor.piece : undefined
}

/** '' of a conversion. */
function literalOf({ piece }: Part): string {
  return piece?.kind === 'literal' ? decodeUtf8(piece.text, 0, piece.text.length) : ''
}

/** Is what follows a number perhaps a further digit of it? */
function goesOn(next: Part | undefined): boolean {
  return next !== undefined && !/^[^0-9a-zA-Z_]/.test(literalOf(next))
}

function times(text: string, name: string): number {
  return text.split(new RegExp(`(?<!\\w)${name}(?=[=: ])`)).length - 1
}

function isNumber(piece: Piece): piece is NumberPiece {
  return ['hex', 'user-address', 'decimal', 'bits', 'linear'].includes(piece.kind)
}

/** Its field alone does not tell. */
function isGated(piece: NumberPiece): boolean {
  return piece.kind === 'linear' && piece.unless0 !== undefined
}

function entryOf(name: Uint8Array, piece: NumberPiece, prefixed: boolean): Entry {
  const { offset, size } = piece
  const plain = { name, offset, size, signed: false, base: 10, user: false, shift: 0, mask: 0 } as const
  const exact = { times: 1, plus: 0, least: -EXACT, most: EXACT }
  switch (piece.kind) {
    case 'hex':
      return { ...plain, ...exact, base: piece.prefix || prefixed ? 0 : 16 }
    case 'user-address':
      return { ...plain, ...exact, base: 0, user: true }
    case 'decimal':
      return { ...plain, ...exact, signed: piece.signed }
    case 'bits':
      return { ...plain, ...exact, shift: piece.shift, mask: piece.mask }
    case 'linear': {
      const { signed, times: factor, plus } = piece
      return { ...plain, signed, times: factor, plus, least: piece.unsigned ? -1 : -SURE, most: SURE }
    }
  }
}
