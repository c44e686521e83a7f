/** What a trace with waits but no holds of a lock cannot tell about orders, in one sentence for the terminal and the window. */

/** Names in the sentence. */
const LISTED = 4

/** '' where holds of every class are in the trace. */
export function unseenWords(waitsOnly: readonly string[]): string {
  if (waitsOnly.length === 0) return ''
  const more = waitsOnly.length - LISTED
  const names = [...waitsOnly.slice(0, LISTED), ...(more > 0 ? [`${more} more`] : [])]
  const list = names.length === 1 ? names[0] : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`
  return `Of ${list} only waits are in the trace: what was asked for while holding them cannot be seen without lock:lock_acquired and lock:lock_release.`
}
