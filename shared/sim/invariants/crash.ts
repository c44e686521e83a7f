/**
 * A power cut, now: what would the files show after recovery? The extents of the last committed transaction, what the
 * medium has, and of the cache lines not yet flushed those that happened to be evicted (V14). A sample of one subset; the
 * exhaustive search over crash points and subsets is the explorer's.
 */

import type { Stream } from '../../base/prng.ts'
import { describeTag, isGarbage, previousOwner } from '../content.ts'
import { blockOf, isWritten } from '../extents.ts'
import type { Inode } from '../inode.ts'
import type { World } from '../world.ts'

/** Pages that would show bytes their file never had. */
export function crashNow(w: World, random: Stream): number {
  let exposed = 0
  for (const inode of w.inodes) exposed += exposedIn(w, inode, random)
  return exposed
}

function exposedIn(w: World, inode: Inode, random: Stream): number {
  const { device, k } = w
  let exposed = 0
  for (let index = 0; index < Math.min(inode.durableSize, inode.pages); index++) {
    const mapping = inode.extents.durable[index]
    if (!isWritten(mapping)) continue
    const block = blockOf(mapping)
    for (let slot = 0; slot < device.slots; slot++) {
      const evicted = device.unflushed(block, slot) && random.below(2) === 0
      const tag = evicted ? device.read(block, slot) : device.durable(block, slot)
      if (!isGarbage(tag) && (tag === 0 || (tag & 15) === (inode.number & 15))) continue
      exposed++
      const owner = previousOwner(tag)
      const what = owner === undefined ? describeTag(tag) : `bytes of inode ${owner}`
      k.report('V14', `after a power cut page ${index} of inode ${inode.number} shows ${what}`)
      break
    }
  }
  return exposed
}
