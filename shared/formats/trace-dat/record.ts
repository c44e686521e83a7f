/**
 * One record of the ring buffer as the compiled print formats see it: where its bytes lie, and fields read from there. One
 * object is moved from record to record, so that an event costs none. Reads outside the record give 0: formats are checked
 * against records of any length.
 */

import type { EventField } from './event-format.ts'

export class RecordView {
  bytes: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(new ArrayBuffer(0))
  /** Start and end of the record's data in `bytes`. */
  at = 0
  end = 0
  readonly little: boolean

  constructor(little: boolean) {
    this.little = little
  }

  over(bytes: Uint8Array, view?: DataView): void {
    if (bytes === this.bytes) return
    this.bytes = bytes
    this.view = view ?? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Unsigned 32 bits at an offset in the record. */
  word(offset: number): number {
    const at = this.at + offset
    return at + 4 <= this.end ? this.view.getUint32(at, this.little) : 0
  }

  /** High and low half of 64 bits at an offset. */
  high(offset: number): number {
    return this.word(offset + (this.little ? 4 : 0))
  }

  low(offset: number): number {
    return this.word(offset + (this.little ? 0 : 4))
  }

  number(offset: number, size: number, signed: boolean): number {
    const at = this.at + offset
    if (at + size > this.end) return 0
    switch (size) {
      case 1:
        return signed ? this.view.getInt8(at) : this.bytes[at]
      case 2:
        return signed ? this.view.getInt16(at, this.little) : this.view.getUint16(at, this.little)
      case 4:
        return signed ? this.view.getInt32(at, this.little) : this.view.getUint32(at, this.little)
      case 8: {
        const high = this.high(offset)
        return (signed ? high | 0 : high) * 4_294_967_296 + this.low(offset)
      }
      default:
        return 0
    }
  }

  big(offset: number, size: number, signed: boolean): bigint {
    if (size !== 8) return BigInt(this.number(offset, size, signed))
    const value = (BigInt(this.high(offset)) << 32n) | BigInt(this.low(offset))
    return signed ? BigInt.asIntN(64, value) : value
  }

  /** Where a field's data begins in the record. */
  dataAt(field: EventField): number {
    if (field.dynamic === undefined) return field.offset
    const place = this.word(field.offset) & 0xffff
    return field.dynamic === 'relative' ? place + field.offset + field.size : place
  }

  /** Bytes of a field's data, never beyond the record. */
  dataLength(field: EventField): number {
    const from = this.dataAt(field)
    const declared = field.dynamic === undefined ? field.size : this.word(field.offset) >>> 16
    const left = Math.max(0, this.end - this.at - from)
    return declared === 0 && field.dynamic === undefined ? left : Math.min(declared, left)
  }
}
