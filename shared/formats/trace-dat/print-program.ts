/**
 * A print format as a list of pieces that one loop writes: literals eight bytes at a time, numbers straight from the record,
 * texts of flags remembered by value. A function per piece, each calling functions for its numbers, takes several times the
 * instructions, because V8 cannot inline calls that lead elsewhere each time. What has no piece is still such a function, and
 * so is the whole event where its record is shorter than its format says or its text longer than the buffer may become.
 */

import type { ByteWriter, NumberLayout } from './byte-writer.ts'
import { putDecimal, putHex, putHex32, putWide } from './digits.ts'
import type { RecordView } from './record.ts'

export type Write = (to: ByteWriter) => void

/** Where a field lies in its record. */
export interface Place {
  readonly offset: number
  readonly size: number
}

/** A field, times a positive number, plus another. */
export interface Linear {
  readonly signed: boolean
  readonly times: number
  readonly plus: number
}

/** What a piece writes, of the field at its place. */
export type Piece =
  | { readonly kind: 'literal'; readonly text: Uint8Array }
  /** A field's bits in hexadecimal. */
  | ({ readonly kind: 'hex'; readonly prefix: boolean } & Place)
  /** 0x and an address of user space, which has no symbol; other addresses are left to the function. */
  | ({ readonly kind: 'user-address' } & Place)
  | ({ readonly kind: 'decimal'; readonly signed: boolean } & Place)
  /** (field >>> shift) & mask in decimal, below 2^31. */
  | ({ readonly kind: 'bits'; readonly shift: number; readonly mask: number } & Place)
  /** field * times + plus in decimal, where all of it is exact; else the function's. 0 where another field is 0. */
  | ({ readonly kind: 'linear'; readonly unsigned: boolean; readonly unless0?: Place } & Linear & Place)
  /** Characters up to a NUL. */
  | ({ readonly kind: 'characters' } & Place)
  /** The same of a field that says where they are. */
  | ({ readonly kind: 'text-at'; readonly relative: boolean } & Place)
  /** Whatever the function writes depends on this field alone, or on it and another; both have at most 32 bits then. */
  | ({ readonly kind: 'remembered'; readonly and?: Place | undefined } & Place)

/** One conversion or literal: how to write it at any rate, and how faster. */
export interface Part {
  readonly write: Write
  readonly piece?: Piece | undefined
  /** Its function may look up a symbol or a constant text of the kernel. */
  readonly symbols?: boolean
  /** Bytes of a remembered text, at most. */
  readonly most?: number
  /** How what the piece writes is padded; `write` sees to that itself. */
  readonly layout?: NumberLayout | undefined
}

/** What the loop does for a piece, as small numbers: comparing those costs nothing. */
const CALL = 0
const LITERAL = 1
const HEX = 2
const USER_ADDRESS = 3
const DECIMAL = 4
const BITS = 5
const LINEAR = 6
const CHARACTERS = 7
const TEXT_AT = 8
const REMEMBERED = 9

const ACTS: Readonly<Record<Piece['kind'], number>> = {
  literal: LITERAL,
  hex: HEX,
  'user-address': USER_ADDRESS,
  decimal: DECIMAL,
  bits: BITS,
  linear: LINEAR,
  characters: CHARACTERS,
  'text-at': TEXT_AT,
  remembered: REMEMBERED,
}

/** The most a number takes, with its sign or 0x. */
const NUMBER = 24
/** Literals are copied in words of this many bytes. */
const WORD = 8
/** Results below this were not rounded on their way: 2^53 less more than a constant can take away. */
const SURE = 2 ** 52
const TWO32 = 4_294_967_296
/** "0x" */
const PREFIX = 0x3078
/** Characters a text elsewhere in the record may have here. */
const TEXT = 256
/** Texts that are remembered of a field, and bytes of each. */
const SLOT_BITS = 6
const SLOTS = 1 << SLOT_BITS
const MEMORY_TEXT = 64

/** A part as the loop takes it: all have the same fields, so that V8 knows where they lie. */
interface Step {
  readonly act: number
  readonly offset: number
  readonly size: number
  /** The field has a sign. */
  readonly signed: boolean
  /** Its 0x is written, its minus may be. */
  readonly prefix: boolean
  /** shift and mask, times and plus. */
  readonly x: number
  readonly y: number
  /** Another field that counts; its size is 0 where there is none. */
  readonly other: number
  readonly otherSize: number
  /** The literal before it, in the literals of all steps. */
  readonly lead: number
  readonly leadLength: number
  readonly memory: Memory
  readonly layout: NumberLayout | undefined
  readonly write: Write
}

export interface Program {
  readonly write: Write
  /** Bytes a record must have. */
  readonly reach: number
  /** Where the first field it reads begins. */
  readonly start: number
  /** Bytes the text takes at most, but for what functions write. */
  readonly room: number
}

export function printProgram(parts: readonly Part[], record: RecordView): Program {
  const program = new PrintProgram(parts, record)
  const { reach, start, room } = program
  return { write: (to) => program.write(to), reach, start, room }
}

class PrintProgram {
  readonly #record: RecordView
  readonly #writes: readonly Write[]
  readonly #steps: readonly Step[]
  readonly #literals: DataView
  readonly reach: number
  readonly start: number
  readonly room: number

  constructor(parts: readonly Part[], record: RecordView) {
    this.#record = record
    const literals: number[] = []
    this.#writes = parts.map(({ write }) => write)
    this.#steps = stepsOf(parts, literals)
    this.#literals = new DataView(Uint8Array.from([...literals, ...new Array<number>(WORD).fill(0)]).buffer)
    const places = this.#steps.flatMap(placesOf)
    this.reach = Math.max(0, ...places.map(({ offset, size }) => offset + size))
    this.start = Math.min(this.reach, ...places.map(({ offset }) => offset))
    this.room = this.#steps.reduce((sum, step) => sum + roomOf(step), WORD)
  }

  write(to: ByteWriter): void {
    const start = to.at
    const { at, end } = this.#record
    if (at + this.reach <= end && to.room(this.room) && this.#run(to, at)) return
    to.at = start
    for (const write of this.#writes) write(to)
  }

  /** False: the text became too long. One loop for all events, which V8 compiles once and keeps. */
  #run(to: ByteWriter, from: number): boolean {
    const steps = this.#steps
    const { view, end, little } = this.#record
    let out = to.view
    let at = to.at
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]
      const { size } = step
      const place = from + step.offset
      if (step.leadLength > 0) at = putWords(out, at, this.#literals, step.lead, step.leadLength)
      const begun = at
      let known = -1
      switch (step.act) {
        case LITERAL:
          continue
        case HEX:
          if (step.prefix) at = putPrefix(out, at)
          at = size === 8 ? putHexAt(out, at, view, place, little) : putHex32(out, at, unsignedAt(view, place, size, little)) // prettier-ignore
          break
        case USER_ADDRESS:
          if (isKernel(view, place, little)) break
          at = putHexAt(out, putPrefix(out, at), view, place, little)
          break
        case DECIMAL:
          at = putDecimal(out, at, step.signed ? signedAt(view, place, size, little) : unsignedAt(view, place, size, little)) // prettier-ignore
          break
        case BITS:
          at = putDecimal(out, at, (unsignedAt(view, place, size, little) >>> step.x) & step.y)
          break
        case LINEAR: {
          const field = size === 8 ? wideAt(view, place, step.signed, little) : step.signed ? signedAt(view, place, size, little) : unsignedAt(view, place, size, little) // prettier-ignore
          const nothing = step.otherSize > 0 && unsignedAt(view, from + step.other, step.otherSize, little) === 0
          const value = nothing ? 0 : field * step.x + step.y
          if (value < SURE && value >= (step.prefix ? -SURE : 0)) at = putWide(out, at, value)
          break
        }
        case CHARACTERS:
          at = putCharacters(out, at, view, place, place + size)
          break
        case TEXT_AT: {
          const where = view.getUint32(place, little)
          const start = from + step.x + (where & 0xffff)
          const stop = Math.min(end, start + (where >>> 16))
          if (stop - start <= TEXT) at = putCharacters(out, at, view, start, stop)
          break
        }
        case REMEMBERED:
          known = step.memory.find(view, place, from, step)
          if (known >= 0) at = step.memory.put(out, at, known)
      }
      if (at === begun && known < 0) {
        to.at = at
        step.write(to)
        if (step.act === REMEMBERED) step.memory.keep(to, begun)
        if (!to.room(this.room)) return false
        at = to.at
        out = to.view
      } else if (step.layout !== undefined) {
        to.at = at
        to.pad(begun, step.layout)
        at = to.at
      }
    }
    to.at = at
    return true
  }
}

/** Texts by the values they were written for: few values of a field are frequent. */
class Memory {
  readonly #low = new Int32Array(SLOTS)
  readonly #high = new Int32Array(SLOTS)
  /** -1: an empty slot. */
  readonly #length = new Int8Array(SLOTS).fill(-1)
  readonly #texts = new DataView(new ArrayBuffer(SLOTS * MEMORY_TEXT + WORD))
  /** What was asked for last. */
  #askedLow = 0
  #askedHigh = 0

  /** The slot that has the text of the fields' values, -1 none. */
  find(view: DataView, place: number, record: number, { size, other, otherSize }: Step): number {
    const low = size === 8 ? view.getInt32(place, true) : unsignedAt(view, place, size, true) | 0
    const wide = size === 8 ? view.getInt32(place + 4, true) : 0
    const high = otherSize === 0 ? wide : unsignedAt(view, record + other, otherSize, true) | 0
    const slot = slotOf(low, high)
    this.#askedLow = low
    this.#askedHigh = high
    return this.#low[slot] === low && this.#high[slot] === high && this.#length[slot] >= 0 ? slot : -1
  }

  put(out: DataView, at: number, slot: number): number {
    return putWords(out, at, this.#texts, slot * MEMORY_TEXT, this.#length[slot])
  }

  /** `to` has been written the text of what was asked for last, from `begun` on. */
  keep(to: ByteWriter, begun: number): void {
    const length = to.at - begun
    if (length > MEMORY_TEXT || to.cut) return
    const slot = slotOf(this.#askedLow, this.#askedHigh)
    this.#low[slot] = this.#askedLow
    this.#high[slot] = this.#askedHigh
    this.#length[slot] = length
    for (let i = 0; i < length; i++) this.#texts.setUint8(slot * MEMORY_TEXT + i, to.bytes[begun + i])
  }
}

/** A literal goes along with what comes behind it; only the last has a step of its own. */
function stepsOf(parts: readonly Part[], literals: number[]): readonly Step[] {
  const steps: Step[] = []
  let lead = 0
  let leadLength = 0
  for (const { write, piece, layout } of parts) {
    if (piece?.kind === 'literal') {
      if (leadLength === 0) lead = literals.length
      leadLength += piece.text.length
      for (const byte of piece.text) literals.push(byte)
      continue
    }
    steps.push({ ...stepOf(piece, layout), write, lead, leadLength })
    leadLength = 0
  }
  if (leadLength > 0) steps.push({ ...NOTHING, act: LITERAL, lead, leadLength })
  return steps
}

const NO_MEMORY = new Memory()
/** A step that leaves everything to its function. */
const NOTHING: Step = {
  act: CALL,
  offset: 0,
  size: 0,
  signed: false,
  prefix: false,
  x: 0,
  y: 0,
  other: 0,
  otherSize: 0,
  lead: 0,
  leadLength: 0,
  memory: NO_MEMORY,
  layout: undefined,
  write: () => undefined,
}

function stepOf(
  piece: Exclude<Piece, { readonly kind: 'literal' }> | undefined,
  layout: NumberLayout | undefined,
): Step {
  if (piece === undefined) return NOTHING
  const act = ACTS[piece.kind]
  const { offset, size } = piece
  const read = {
    ...NOTHING,
    act,
    offset,
    size,
    layout: layout === undefined || layout.width === 0 ? undefined : layout,
  }
  switch (piece.kind) {
    case 'hex':
      return { ...read, prefix: piece.prefix }
    case 'decimal':
      // 64 bits are too wide for integers: they are read as a double.
      return { ...read, act: size === 8 ? LINEAR : act, signed: piece.signed, prefix: piece.signed, x: 1 }
    case 'linear':
      return { ...read, signed: piece.signed, prefix: !piece.unsigned, x: piece.times, y: piece.plus, ...besides(piece.unless0) } // prettier-ignore
    case 'bits':
      return { ...read, x: piece.shift, y: piece.mask }
    case 'text-at':
      return { ...read, x: piece.relative ? offset + size : 0 }
    case 'remembered':
      // What is remembered was padded.
      return { ...read, layout: undefined, memory: new Memory(), ...besides(piece.and) }
    default:
      return read
  }
}

function besides(place: Place | undefined): Pick<Step, 'other' | 'otherSize'> {
  return place === undefined ? { other: 0, otherSize: 0 } : { other: place.offset, otherSize: place.size }
}

/** What a step reads. */
function placesOf({ offset, size, other, otherSize }: Step): Place[] {
  const places = [
    { offset, size },
    { offset: other, size: otherSize },
  ]
  return places.filter((place) => place.size > 0)
}

function roomOf({ act, size, layout, leadLength }: Step): number {
  const most = act === CHARACTERS ? size : act === TEXT_AT ? TEXT : act === REMEMBERED ? MEMORY_TEXT : NUMBER
  return leadLength + Math.max(most, layout?.width ?? 0)
}

function slotOf(low: number, high: number): number {
  // Knuth's multiplier: frequent values differ in any bits, and each has to have a slot of its own.
  return Math.imul(low ^ (high << 7) ^ (high >>> 9), 0x9e37_79b1) >>> (32 - SLOT_BITS)
}

/** `length` bytes, and perhaps a few behind them: what comes next is written over those. */
function putWords(out: DataView, at: number, from: DataView, start: number, length: number): number {
  for (let i = 0; i < length; i += WORD) out.setBigInt64(at + i, from.getBigInt64(start + i, true), true)
  return at + length
}

function putPrefix(out: DataView, at: number): number {
  out.setUint16(at, PREFIX)
  return at + 2
}

function putHexAt(out: DataView, at: number, view: DataView, place: number, little: boolean): number {
  const first = view.getUint32(place, little)
  const second = view.getUint32(place + 4, little)
  return little ? putHex(out, at, second, first) : putHex(out, at, first, second)
}

/** Up to a NUL. */
function putCharacters(out: DataView, at: number, from: DataView, start: number, stop: number): number {
  let to = at
  for (let i = start; i < stop; i++) {
    const character = from.getUint8(i)
    if (character === 0) break
    out.setUint8(to++, character)
  }
  return to
}

export function unsignedAt(view: DataView, place: number, size: number, little: boolean): number {
  if (size === 4) return view.getUint32(place, little)
  return size === 2 ? view.getUint16(place, little) : view.getUint8(place)
}

export function signedAt(view: DataView, place: number, size: number, little: boolean): number {
  if (size === 4) return view.getInt32(place, little)
  return size === 2 ? view.getInt16(place, little) : view.getInt8(place)
}

/** 64 bits as a double, which is exact below 2^53. */
export function wideAt(view: DataView, place: number, signed: boolean, little: boolean): number {
  const first = view.getUint32(place, little)
  const second = view.getUint32(place + 4, little)
  const high = little ? second : first
  return (signed ? high | 0 : high) * TWO32 + (little ? first : second)
}

/**
 * The highest bit of an address says whose it is. Which half it is in is chosen before the DataView is asked: V8 does not inline
 * a call between whose method and arguments it finds a branch, and calls to DataView's own functions take ten times as long.
 */
export function isKernel(view: DataView, place: number, little: boolean): boolean {
  const high = little ? place + 4 : place
  return view.getInt32(high, little) < 0
}
