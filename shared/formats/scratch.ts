/** Payloads that are made as strings, as bytes in one buffer that is used again for each: the recorder copies them. */

import { encodeUtf8 } from '../base/bytes.ts'

export class Scratch {
  bytes = new Uint8Array(4096)
  length = 0

  /** The text's bytes are [0, length) of `bytes` until the next call. */
  put(text: string): void {
    const { length } = text
    if (length > this.bytes.length) this.bytes = new Uint8Array(length * 2)
    const { bytes } = this
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code < 0x80) bytes[i] = code
      else return this.#wide(text)
    }
    this.length = length
  }

  #wide(text: string): void {
    const encoded = encodeUtf8(text)
    if (encoded.length > this.bytes.length) this.bytes = new Uint8Array(encoded.length * 2)
    this.bytes.set(encoded)
    this.length = encoded.length
  }
}
