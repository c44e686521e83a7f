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

export function decodeMessage(bytes: Uint8Array): unknown {
  try {
    return packr.decode(bytes)
  } catch {
    throw new ApiError('bad-request', 'a message from the other side is damaged')
  }
}
