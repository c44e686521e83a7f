/**
 * Work that is done one piece per frame, the longest-waiting first, because all of it at once would take longer than one:
 * panels that follow what streams in, and the charts in them.
 */

const waiting: (() => void)[] = []

export function inAFrame(update: () => void): void {
  if (waiting.push(update) === 1) requestAnimationFrame(next)
}

function next(): void {
  const update = waiting.shift()
  // First: what fails must not keep the others waiting.
  if (waiting.length > 0) requestAnimationFrame(next)
  update?.()
}
