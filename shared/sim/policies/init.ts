/** Slot P3, `init`: how a fresh block becomes safe to see. */

import { registry } from '../../base/registry.ts'
import { zeroBlock } from '../ops/map-blocks.ts'
import type { Init } from './slots.ts'

/** ext4 DAX 4.0-4.2: ext4_get_block links written extents, the handler zeroes later. */
const zeroAfterAlloc: Init = {
  id: 'zero-after-alloc',
  title: 'zero after allocation',
  about: 'linked as written, zeroed later by the fault handler',
  zeroInHandler: true,
}

/** 4.3-rc1: allocate unwritten, zero, map, convert in a second step. */
const unwrittenConvert: Init = {
  id: 'unwritten-convert',
  title: 'unwritten, then convert',
  about: 'linked as unwritten, zeroed by the fault handler, converted after the PTE is set',
  linksUnwritten: true,
  zeroInHandler: true,
}

const orderedList: Init = {
  id: 'ordered-list',
  title: 'ordered data',
  about: "linked as written; the commit first writes the inode's dirty pages (DAX has none); zeroed by the handler",
  zeroInHandler: true,
  ordered: true,
}

/** fs/ext2/inode.c: ext2_get_blocks. */
const zeroBeforeLink: Init = {
  id: 'zero-before-link',
  title: 'zero before the link',
  about: 'zeroed and flushed under the block-map lock before anyone can find the block',
  beforeLink: (w, _request, block) => zeroBlock(w, block),
}

/** 4.5 (12735f881952): EXT4_GET_BLOCKS_CREATE_ZERO; XFS since 4.4. */
const zeroInAllocTx: Init = {
  id: 'zero-in-alloc-tx',
  title: 'zero in the allocating transaction',
  about: 'zeroed durably inside the handle and under the block-map lock, published as written once',
  beforeLink: (w, _request, block) => zeroBlock(w, block),
  finishesInAlloc: true,
}

export const inits = registry<Init>('init', [
  zeroAfterAlloc,
  unwrittenConvert,
  orderedList,
  zeroBeforeLink,
  zeroInAllocTx,
])
