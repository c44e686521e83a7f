// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- an ambient module cannot be imported
/// <reference path="./msgpackr-no-eval.d.ts" />
/**
 * Messages as bytes, for the WebSocket. MessagePack with typed arrays as they are; both sides use the build of msgpackr
 * without generated code, because the page's Content-Security-Policy forbids it. Objects become plain maps (no shared
 * record structures), so every message stands for itself.
 */

import { Packr } from 'msgpackr/index-no-eval'
import { ApiError } from '../base/errors.ts'

/** copyBuffers: bytes in a message must not keep (or show) the whole message they came in. */
const packr = new Packr({ useRecords: false, moreTypes: true, copyBuffers: true })

export function encodeMessage(message: unknown): Uint8Array<ArrayBuffer> {
  return packr.encode(message) as Uint8Array<ArrayBuffer>
}

/** Bytes of an item's head, and of what follows it, by its first byte (msgpack.org). Items of lists and maps stand for themselves. */
const FIXED: Readonly<Record<number, number>> = {
  ...{ 0xca: 5, 0xcb: 9, 0xcc: 2, 0xcd: 3, 0xce: 5, 0xcf: 9, 0xd0: 2, 0xd1: 3, 0xd2: 5, 0xd3: 9 },
  ...{ 0xdc: 3, 0xdd: 5, 0xde: 3, 0xdf: 5 },
}
/** Texts and bytes: how many bytes say their length. */
const LENGTH_IN: Readonly<Record<number, number>> = { 0xc4: 1, 0xc5: 2, 0xc6: 4, 0xd9: 1, 0xda: 2, 0xdb: 4 }
const EXTENSION_LENGTH_IN: Readonly<Record<number, number>> = { 0xc7: 1, 0xc8: 2, 0xc9: 4 }
/** The one extension that is bytes; others may have items in them. */
const TYPED_ARRAY = 0x74

/**
 * How many values a message has, at most `enough` or so, without making any: 32 MiB of empty lists are 33 million objects,
 * which take half a minute and 1.6 GB to make. What is no MessagePack is counted as something and refused when it is decoded.
 */
export function valuesIn(bytes: Uint8Array, enough: number): number {
  const numberAt = (at: number, width: number): number => {
    let number = 0
    for (let i = 0; i < width; i++) number = number * 256 + (bytes[at + i] ?? 0)
    return number
  }
  let values = 0
  for (let at = 0; at < bytes.length && values <= enough; values++) {
    const first = bytes[at]
    const width = LENGTH_IN[first]
    const extension = EXTENSION_LENGTH_IN[first]
    if (first >= 0xa0 && first <= 0xbf) at += 1 + (first & 0x1f)
    else if (width !== undefined) at += 1 + width + numberAt(at + 1, width)
    else if (extension !== undefined) {
      const typed = bytes[at + 1 + extension] === TYPED_ARRAY
      at += 2 + extension + (typed ? numberAt(at + 1, extension) : 0)
    } else if (first >= 0xd4 && first <= 0xd8) at += 2
    else at += FIXED[first] ?? 1
  }
  return values
}

export function decodeMessage(bytes: Uint8Array): unknown {
  try {
    return packr.decode(bytes)
  } catch {
    throw new ApiError('bad-request', 'a message from the other side is damaged')
  }
}
