/**
 * How large a message is, so that every transport has the same limit and a message that is too large is an answer, not
 * a dropped connection. The figure is what MessagePack needs at most; counting stops once it is past `enough`.
 */

export function messageSize(message: unknown, enough: number): number {
  let size = 0
  const pending: unknown[] = [message]
  while (pending.length > 0 && size <= enough) {
    const value = pending.pop()
    if (typeof value === 'string') size += 5 + utf8Size(value)
    else if (typeof value !== 'object' || value === null) size += 9
    else if (ArrayBuffer.isView(value)) size += 16 + value.byteLength
    else if (Array.isArray(value)) {
      size += 5
      for (const item of value) pending.push(item)
    } else {
      size += 5
      for (const key of Object.keys(value)) {
        size += 5 + utf8Size(key)
        pending.push((value as Record<string, unknown>)[key])
      }
    }
  }
  return size
}

/** At least the UTF-8 length: halves of surrogate pairs count three bytes each instead of two. */
function utf8Size(text: string): number {
  let size = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) size += unit > 0x7ff ? 2 : 1
  }
  return size
}
