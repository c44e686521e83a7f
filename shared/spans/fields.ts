/** Typed access to the fields of one event's payload. */
export class EventFields {
  bytes: Uint8Array = new Uint8Array(0)
  from = 0
  to = 0

  of(bytes: Uint8Array, from: number, to: number): this {
    this.bytes = bytes
    this.from = from
    this.to = to
    return this
  }
}
