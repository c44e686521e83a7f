/**
 * How many pages of the page cache are dirty or on their way to the device, and who is held back while they are too many
 * (mm/page-writeback.c: balance_dirty_pages). Without a limit nothing is counted. Half of the limit is
 * where the flusher begins by itself.
 */

import type { Page } from './mapping.ts'
import type { Kernel } from './kernel.ts'
import { WaitQueue } from './locks.ts'
import { P } from './phases.ts'
import type { Steps } from './task.ts'
import type { World } from './world.ts'

/** The flusher looks again after this long where nothing it tried could be written. */
const PAUSE_NS = 10_000_000

export class Dirtying {
  pages = 0
  /** Times somebody was held back. */
  throttled = 0
  readonly #kernel: Kernel
  readonly #limit: number
  readonly #heldBack = new WaitQueue('balance_dirty_pages')
  readonly #flusher = new WaitQueue('bdi_writeback')

  constructor(kernel: Kernel, limit: number) {
    this.#kernel = kernel
    this.#limit = limit
  }

  dirtied(page: Page): void {
    if (page.counted) return
    page.counted = true
    if (++this.pages * 2 > this.#limit) this.#kernel.wake(this.#flusher, 1)
  }

  /** It has reached the device, or is gone. */
  settled(page: Page): void {
    if (!page.counted) return
    page.counted = false
    if (--this.pages <= this.#limit) this.#kernel.wake(this.#heldBack, 0)
  }

  /** For who has dirtied a page and holds nothing the flusher needs. */
  *balance(): Steps {
    const k = this.#kernel
    if (this.pages <= this.#limit) return
    this.throttled++
    k.enter(P.throttle)
    while (this.pages > this.#limit) {
      k.wake(this.#flusher, 1)
      if (k.sleepOn(this.#heldBack, false)) yield
    }
    k.leave(P.throttle)
  }

  /** The flusher's thread; `write` writes what is dirty, file by file. */
  *flush(write: () => Steps): Steps {
    for (;;) {
      while (this.pages * 2 <= this.#limit) if (this.#kernel.sleepOn(this.#flusher, true)) yield
      const before = this.pages
      yield* write()
      if (this.pages >= before && this.#kernel.sleep(PAUSE_NS)) yield
    }
  }
}

/** For a search: who asks what a page is, and who changes that (its block included). */
export function asksPage(w: World, page: Page): void {
  w.k.touch(page.object + 2, false)
}

export function changesPage(w: World, page: Page): void {
  w.k.touch(page.object + 2, true)
}

/** Bytes of a page-cache page were changed. */
export function markDirty(w: World, page: Page): void {
  changesPage(w, page)
  page.dirty = true
  w.dirtying?.dirtied(page)
}
