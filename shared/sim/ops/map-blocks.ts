/**
 * MAPBLOCKS: from page index to block, allocating if asked to (fs/ext4/inode.c: ext4_map_blocks, fs/xfs/xfs_iomap.c,
 * fs/ext2/inode.c: ext2_get_blocks). The status cache is read without a lock; what it holds is published.
 * Where a transaction starts is slot `tx`, how a fresh block becomes safe is slot `init`.
 */

import { C } from '../costs.ts'
import { blockOf, HOLE, isMapped, isUnwritten, isWritten, unwritten, written, type Mapping } from '../extents.ts'
import type { Inode } from '../inode.ts'
import type { Transaction } from '../journal.ts'
import { BLOCKS_PER_GROUP, EXTENTS_PER_LEAF } from '../metadata.ts'
import { P } from '../phases.ts'
import type { Init } from '../policies/slots.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'

export interface MapRequest {
  readonly inode: Inode
  readonly index: number
  readonly create: boolean
  /** Who asks, where it matters: system calls and writeback initialise blocks their own way. Default: a fault. */
  readonly purpose?: 'write' | 'writeback'
  /** The block was allocated by this call. */
  isNew: boolean
  /** -ENOSPC. */
  failed: boolean
  /** The answer: HOLE where there is no block, with `failed` set where there is no space. */
  mapping: Mapping
}

/** Where the numbers of metadata blocks begin that are no inodes: leaves of extent trees, bitmaps of groups. */
const LEAVES = 0x1_0000_0000
const BITMAPS = -1

/** A request nobody has looked at yet. */
export function mapRequest(what: Pick<MapRequest, 'inode' | 'index' | 'create' | 'purpose'>): MapRequest {
  return { ...what, isNew: false, failed: false, mapping: HOLE }
}

/** Finds request.mapping. Its steps are called, not gone through: they are where most stops of a fault are. */
export function* mapBlocks(w: World, request: MapRequest): Steps {
  const { k, fs } = w
  const { inode, index } = request
  let known = false
  k.enter(P.map_blocks)
  if (fs.statusCache) {
    if (w.run(P.es_lookup, C.esLookup)) yield
    if (k.see(inode.extentSeen(index), false)) yield
    known = inode.extents.cached[index] === 1
    if (known) request.mapping = inode.extents.cache[index]
  }
  if (!known && k.call(lookUp(w, request))) yield
  if (request.create && !isDone(initOf(w, request), request.mapping)) {
    const ownHandle = !w.journal.hasHandle()
    if (ownHandle && k.call(w.txStart())) yield
    if (k.call(allocate(w, request))) yield
    if (ownHandle && w.txEnds()) yield
    if (ownHandle) w.txEnded()
  }
  k.leave(P.map_blocks)
}

/** Nothing left for a creating look-up to do? */
function isDone(init: Rules, mapping: Mapping): boolean {
  return isMapped(mapping) && !(isUnwritten(mapping) && init.finishesInAlloc === true)
}

type Rules = Pick<Init, 'beforeLink' | 'linksUnwritten' | 'finishesInAlloc'>

/** DAX write() since 4.7 (`ioZeroes`): zeroed in the allocation, so each fresh block is written twice. */
const ZEROES: Rules = { beforeLink: (w, _request, block) => zeroBlock(w, block), finishesInAlloc: true }
/** Writeback, and DAX write() before: unwritten until the bytes are there. */
const UNWRITTEN: Rules = { linksUnwritten: true }
/** Ordered mode: written, the commit waits for the bytes. */
const WRITTEN: Rules = {}

function initOf(w: World, request: MapRequest): Rules {
  if (request.purpose === undefined) return w.policy.init
  if (request.purpose === 'writeback') return w.policy.init.ordered === true ? WRITTEN : UNWRITTEN
  return w.policy.switches.ioZeroes || !w.fs.unwritten ? ZEROES : UNWRITTEN
}

/** What the status cache does not know. */
function* lookUp(w: World, request: MapRequest): Steps {
  const { k, fs } = w
  const { inode, index } = request
  const { extents } = inode
  if (fs.mapLock.lookup && k.lock(inode.mapLock, 'shared')) yield
  if (w.cold !== undefined) yield* w.cold.leaf(inode.number, index)
  if (w.run(P.extent_lookup, C.extentLookup)) yield
  if (k.see(inode.extentSeen(index), fs.statusCache)) yield
  request.mapping = extents.tree[index]
  if (fs.statusCache) remember(w, inode, index)
  if (fs.mapLock.lookup) k.unlock(inode.mapLock, 'shared')
}

/**
 * Enters what a look-up found in the status cache: the extent, or the gap (ext4_ext_put_gap_in_cache). The kernel enters all
 * of a gap, as a recorded machine does here; scenarios, whose digests are settled, the part that lies ahead.
 */
function remember(w: World, inode: Inode, index: number): void {
  const { extents } = inode
  extents.publish(index)
  if (extents.tree[index] !== HOLE) return
  const end = extents.gapEnd(index + 1)
  extents.publishGap(index + 1, end)
  if (!w.k.timed) for (let at = index + 1; at < end; at++) w.k.touch(inode.extentSeen(at), true)
  if (!w.k.late) return
  for (let at = index - 1; at >= 0 && extents.tree[at] === HOLE && extents.cached[at] === 0; at--) extents.publish(at)
}

function* allocate(w: World, request: MapRequest): Steps {
  const { k } = w
  const init = initOf(w, request)
  const { inode, index } = request
  const { extents } = inode
  if (k.lock(inode.mapLock, 'exclusive')) yield
  if (w.cold !== undefined) yield* w.cold.leaf(inode.number, index)
  if (w.run(P.extent_lookup, C.extentLookup)) yield
  const found = extents.tree[index]
  if (isMapped(found)) {
    if (isUnwritten(found) && init.finishesInAlloc === true) yield* finishUnwritten(w, request, blockOf(found))
  } else {
    if (w.cold !== undefined) yield* w.cold.group()
    if (w.run(P.alloc, C.alloc)) yield
    const block = w.allocator.allocate(inode.number, index)
    if (block === undefined) request.failed = !w.space.isThere
    else {
      request.isNew = true
      w.journal.dirties(BITMAPS - Math.floor(block / BLOCKS_PER_GROUP))
      w.claim(inode, block)
      if (init.beforeLink !== undefined && k.call(init.beforeLink(w, request, block))) yield
      link(w, inode, index, init.linksUnwritten === true && w.fs.unwritten ? unwritten(block) : written(block))
    }
  }
  if (k.see(inode.extentSeen(index), true)) yield
  if (w.fs.statusCache && !request.failed) extents.publish(index)
  request.mapping = extents.tree[index]
  k.unlock(inode.mapLock, 'exclusive')
}

function* finishUnwritten(w: World, request: MapRequest, block: number): Steps {
  request.isNew = true
  yield* zeroBlock(w, block)
  link(w, request.inode, request.index, written(block))
}

/** Puts a mapping into the tree; it is durable when the handle's transaction is. */
export function link(w: World, inode: Inode, index: number, mapping: Mapping): void {
  w.k.touch(inode.extentSeen(index), true)
  inode.extents.tree[index] = mapping
  if (w.policy.init.ordered === true) orders(w, inode)
  w.changes(inode)
  const { joined } = w.journal
  if (joined === undefined) mapsLater(w, inode, { index, mapping })
  else maps(joined, inode, { index, mapping })
  w.journal.dirties(LEAVES + inode.number * 0x10_0000 + Math.floor(index / EXTENTS_PER_LEAF))
}

interface At {
  readonly index: number
  readonly mapping: Mapping
}

function maps(transaction: Transaction, inode: Inode, { index, mapping }: At): void {
  transaction.changes.map(inode.extents.durable, index, mapping)
  inode.syncTid = inode.dataTid = transaction.tid
}

/** Made apart, as the next: a closure costs whoever could make one. */
function mapsLater(w: World, inode: Inode, at: At): void {
  w.journal.join((transaction) => maps(transaction, inode, at))
}

/** Ordered mode: the commit writes the inode's data first. */
function orders(w: World, inode: Inode): void {
  w.journal.join((transaction) => transaction.ordered.add(inode.number))
}

/** Zeroes a block with stores that are durable at their end (non-temporal, or flushed). */
export function* zeroBlock(w: World, block: number): Steps {
  if (w.pmemWrite(P.zero, C.clear4kPmem, 1)) yield
  if (w.k.see(w.blockObject(block), true)) yield
  w.device.fill(block, 0, true)
  w.checks?.zeroed(block)
}

/** Unwritten to written, in the caller's handle or one of its own: what `init` options that convert do last. */
export function* convert(w: World, inode: Inode, index: number): Steps {
  const { k } = w
  const ownHandle = !w.journal.hasHandle()
  if (ownHandle) yield* w.txStart()
  if (k.lock(inode.mapLock, 'exclusive')) yield
  if (w.run(P.convert, C.linkExtent)) yield
  const mapping = inode.extents.tree[index]
  if (isUnwritten(mapping)) {
    link(w, inode, index, written(blockOf(mapping)))
    if (k.see(inode.extentSeen(index), true)) yield
    if (w.fs.statusCache) inode.extents.publish(index)
  }
  k.unlock(inode.mapLock, 'exclusive')
  if (ownHandle) yield* w.txStop()
}

/** Does a read of this mapping return what the block holds? */
export function readsBlock(mapping: Mapping): boolean {
  return isWritten(mapping)
}
