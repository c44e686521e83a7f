/** What a guided search is tried on: five words behind each other, which nobody guesses at once. */

export function maze(bytes: Buffer): void {
  const text = bytes.toString('latin1')
  const first = text.indexOf('cpus=2')
  if (first === -1) return
  const second = text.indexOf('() {', first)
  if (second === -1) return
  const third = text.indexOf('[001]', second)
  if (third === -1) return
  const fourth = text.indexOf('"ph":"X"', third)
  if (fourth === -1) return
  if (text.includes('lock_stat version', fourth)) throw new Error('the end of the maze')
}
