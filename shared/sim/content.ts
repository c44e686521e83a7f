/**
 * Where the bytes of a page came from. The oracle judges races by provenance, not by values, so the model keeps a tag per
 * slot (a page has a few slots, so that two stores to different offsets of one page can be told apart) instead of bytes.
 * A tag is one integer: 0 explicitly zeroed; n > 0 the n-th store or write() of the run; negative: never initialised since
 * allocation, with the inode that owned the block before.
 */

export const ZERO = 0
/** Never written by anyone. */
export const GARBAGE = -1

export type Tag = number

/** The owner of blocks that hold the filesystem's metadata. */
export const METADATA = 0

/** What a block holds for its next owner before it is initialised: the bytes of inode `previousOwner`. */
export function garbageOf(previousOwner: number): Tag {
  return -2 - previousOwner
}

export function isGarbage(tag: Tag): boolean {
  return tag < 0
}

/** The inode whose bytes these are; undefined for a tag that is no garbage or has no previous owner. */
function previousOwner(tag: Tag): number | undefined {
  return tag <= -2 ? -2 - tag : undefined
}

/** Bytes that are none of the file's that shows them. */
export function describeForeign(tag: Tag): string {
  const inode = tag & 15
  return isGarbage(tag) || inode === METADATA ? describeTag(tag) : `bytes of inode ${inode}`
}

export function describeTag(tag: Tag): string {
  if (tag === ZERO) return 'zeroes'
  if (tag > 0) return `store #${tag}`
  const owner = previousOwner(tag)
  if (owner === METADATA) return "the filesystem's metadata"
  return owner === undefined ? 'uninitialised bytes' : `bytes of inode ${owner}`
}
