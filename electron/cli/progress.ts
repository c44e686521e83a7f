/**
 * One line on standard error that is rewritten while a call runs: what is being done, how far, how fast, how long still.
 * Only on a terminal: a log file gets no carriage returns. A total that is not known is not guessed at.
 */

import type { Progress } from '#shared/contract/methods.ts'
import { count, duration, percent, widthOf } from './output.ts'

const ERASE_LINE = '\r\u001b[K'
/** Often enough to look alive, rare enough to cost nothing. */
const EVERY_MS = 100
/** Of a terminal that does not say how wide it is. */
const USUAL_WIDTH = 80

export interface ProgressLine {
  show(progress: Progress): void
  /** Removes the line: the next output starts on a clean one. */
  clear(): void
}

export function progressLine(stream: NodeJS.WriteStream = process.stderr): ProgressLine {
  if (!stream.isTTY) return { show: () => undefined, clear: () => undefined }
  let shownAt = -EVERY_MS
  let visible = false
  return {
    show(progress) {
      if (progress.elapsedMs - shownAt < EVERY_MS && progress.elapsedMs >= shownAt) return
      shownAt = progress.elapsedMs
      visible = true
      stream.write(ERASE_LINE + describeProgress(progress).slice(0, (widthOf(stream) ?? USUAL_WIDTH) - 1))
    },
    clear() {
      if (visible) stream.write(ERASE_LINE)
      visible = false
    },
  }
}

/** `parsing  42 %  1 204 000 events  980 000 events/s  1.80 s left` */
export function describeProgress(progress: Progress): string {
  const parts = [progress.stage]
  const share =
    progress.total === null || progress.total === 0 ? undefined : Math.min(1, progress.done / progress.total)
  if (share !== undefined) parts.push(percent(share))
  else
    parts.push(
      progress.unit === 'bytes' ? `${count(progress.done / 1_000_000)} MB` : `${count(progress.done)} ${progress.unit}`,
    )
  if (progress.events !== null) {
    parts.push(`${count(progress.events)} events`)
    if (progress.elapsedMs > 0) parts.push(`${count((progress.events / progress.elapsedMs) * 1000)} events/s`)
  }
  if (share !== undefined && share > 0 && share < 1 && progress.elapsedMs >= 500) {
    parts.push(`${duration((progress.elapsedMs * 1e6 * (1 - share)) / share)} left`)
  }
  return parts.join('  ')
}
