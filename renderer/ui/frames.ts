/**
 * Work that is done one piece per frame, the longest-waiting first, because all of it at once would take longer than one:
 * panels that follow what streams in, the charts in them, and the parts of long texts.
 */

import { onScopeDispose, readonly, ref, watch, type Ref } from 'vue'

interface Piece {
  readonly update: () => void
  /** Frames it takes: a chart lays itself out in the one after it was told. */
  readonly frames: number
}

const waiting: Piece[] = []
let busy = false
/** Frames the last piece still takes. */
let taken = 0

export function inAFrame(update: () => void, frames = 1): void {
  waiting.push({ update, frames })
  if (busy) return
  busy = true
  requestAnimationFrame(next)
}

function next(): void {
  const piece = taken > 0 ? undefined : waiting.shift()
  taken = piece === undefined ? Math.max(0, taken - 1) : piece.frames - 1
  busy = taken > 0 || waiting.length > 0
  // First: what fails must not keep the others waiting.
  if (busy) requestAnimationFrame(next)
  piece?.update()
}

/** Ends after what called it: reading what has come and showing it, in one task, would take longer than a frame. */
export function inATask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}

/** A piece that is done once, however often it is asked for before its turn. */
export function onceInAFrame(update: () => void, frames = 1): () => void {
  let asked = false
  return () => {
    if (asked) return
    asked = true
    inAFrame(() => {
      asked = false
      update()
    }, frames)
  }
}

/** How many of so many parts are there: one more per frame, from none whenever `of` is another. */
export function useOneByOne(count: () => number, of: () => unknown): Readonly<Ref<number>> {
  const there = ref(0)
  let gone = false
  const more = onceInAFrame(() => {
    if (gone || there.value >= count()) return
    there.value++
    more()
  })
  watch(
    of,
    () => {
      there.value = 0
      more()
    },
    { immediate: true },
  )
  onScopeDispose(() => (gone = true))
  return readonly(there)
}
