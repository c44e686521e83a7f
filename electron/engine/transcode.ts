/**
 * Text as readers take it, UTF-8 without a mark, of what a byte-order mark says is UTF-16 or UTF-8: PowerShell writes both.
 * Pieces may be cut anywhere, also inside a character. Halves of a pair alone, and an odd byte at the end, become U+FFFD.
 */

export interface TextMark {
  readonly encoding: 'utf-8' | 'utf-16le' | 'utf-16be'
  /** Of the mark itself. */
  readonly bytes: number
}

/** Bytes `textMark` needs. */
export const MARK_BYTES = 4

export function textMark(head: Uint8Array): TextMark | undefined {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return { encoding: 'utf-8', bytes: 3 }
  if (head[0] === 0xfe && head[1] === 0xff) return { encoding: 'utf-16be', bytes: 2 }
  // Two zeros behind it: UTF-32, which nothing writes traces in.
  const little = head[0] === 0xff && head[1] === 0xfe && !(head[2] === 0 && head[3] === 0)
  return little ? { encoding: 'utf-16le', bytes: 2 } : undefined
}

/** `chunks` begin with the mark, which may be in pieces too. */
export async function* asUtf8(
  chunks: AsyncIterable<Uint8Array>,
  { encoding, bytes }: TextMark,
): AsyncGenerator<Uint8Array> {
  const decoder = encoding === 'utf-8' ? undefined : new TextDecoder(encoding, { ignoreBOM: true })
  let mark = bytes
  for await (const chunk of chunks) {
    const text = chunk.subarray(mark)
    mark -= chunk.length - text.length
    if (text.length === 0) continue
    const out = decoder === undefined ? text : Buffer.from(decoder.decode(text, { stream: true }))
    if (out.length > 0) yield out
  }
  const rest = decoder?.decode() ?? ''
  if (rest !== '') yield Buffer.from(rest)
}

/** The same of bytes that are all at hand. */
export function wholeAsUtf8(bytes: Buffer): Buffer {
  const mark = textMark(bytes)
  if (mark === undefined) return bytes
  const text = bytes.subarray(mark.bytes)
  return mark.encoding === 'utf-8'
    ? text
    : Buffer.from(new TextDecoder(mark.encoding, { ignoreBOM: true }).decode(text))
}
