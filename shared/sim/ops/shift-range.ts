/**
 * fallocate(COLLAPSE_RANGE) and fallocate(INSERT_RANGE): pages are taken out of the middle of a file, or a hole is put there,
 * and everything behind moves (fs/ext4/extents.c: ext4_collapse_range, ext4_insert_range). What is dirty
 * behind `from` must be written before its pages are dropped, and nothing may be dirtied in between: the flush belongs under
 * the exclusive lock (switch `flushInsideLock`; R23, 32ebffd3bbb4). A dropped page of a page-cache file loses its bytes, a
 * dropped entry of a DAX file the knowledge that its block has lines to flush (V15 after the next fsync).
 *
 * Pages move whole; the journal credits of a long shift are not modelled, it is one handle.
 */

import { C } from '../costs.ts'
import { blockOf, HOLE, isMapped, type Mapping } from '../extents.ts'
import type { Inode } from '../inode.ts'
import { P } from '../phases.ts'
import type { Span } from '../policies/slots.ts'
import type { Steps, StepsOf } from '../task.ts'
import { EFBIG, EINVAL, type World } from '../world.ts'
import { breakLayouts, drop, freeRange } from './removal.ts'
import { unmap } from './unmap.ts'
import { writeBack } from './writeback.ts'

export interface ShiftRange {
  readonly from: number
  readonly pages: number
}

/** Takes pages out; what follows moves towards the start. 0 or a negative errno. */
export function* collapseRange(w: World, inode: Inode, range: ShiftRange): StepsOf<number> {
  return yield* shift(w, inode, { from: range.from, by: -range.pages })
}

/** Puts a hole in front of a page; what stands there moves towards the end. 0 or a negative errno. */
export function* insertRange(w: World, inode: Inode, range: ShiftRange): StepsOf<number> {
  return yield* shift(w, inode, { from: range.from, by: range.pages })
}

interface Shift {
  readonly from: number
  /** Pages, towards the end; negative: pages from … from - by go. */
  readonly by: number
}

function* shift(w: World, inode: Inode, move: Shift): StepsOf<number> {
  const { k, policy } = w
  const span: Span = { inode, from: move.from, to: Infinity, op: 'shift' }
  w.opBegin('fallocate', inode.number, move.from * 4096, Math.abs(move.by) * 4096)
  if (w.run(P.syscall, C.syscall)) yield
  if (k.lock(w.sbWrite, 'shared')) yield
  const inside = policy.switches.flushInsideLock
  if (!inside) yield* writeBack(w, inode, { from: move.from, to: inode.pages })
  if (k.lock(inode.rwsem, 'exclusive')) yield
  const refused = refuse(inode, move)
  if (refused === 0) {
    if (policy.guard.removeEnter !== undefined) yield* policy.guard.removeEnter(w, span)
    yield* breakLayouts(w, span)
    if (inside) yield* writeBack(w, inode, { from: move.from, to: inode.pages })
    yield* moveAll(w, span, move)
    policy.guard.removeLeave?.(w, span)
  }
  k.unlock(inode.rwsem, 'exclusive')
  k.unlock(w.sbWrite, 'shared')
  w.opEnd('fallocate', refused)
  return refused
}

/** As the kernel does: a collapse ends before the end of the file, an insert begins before it and fits. */
function refuse(inode: Inode, move: Shift): number {
  if (move.by < 0) return move.from - move.by >= inode.size ? EINVAL : 0
  if (move.from >= inode.size) return EINVAL
  return inode.size + move.by > inode.pages ? EFBIG : 0
}

function* moveAll(w: World, span: Span, move: Shift): Steps {
  const { inode } = span
  w.checks?.removalBegins(inode, span)
  // truncate_pagecache: private copies go as well, their place in the file is another one.
  yield* unmap(w, span, { evenCows: true })
  yield* drop(w, span)
  if (w.policy.switches.secondUnmap) yield* unmap(w, span, { evenCows: true })
  yield* w.txStart()
  yield* moveBlocks(w, inode, move)
  yield* w.txStop()
  w.checks?.content.shifted(inode, move.from, move.by)
  for (let index = move.from; index < inode.size; index++) w.checks?.cachedPage(inode, index)
}

function* moveBlocks(w: World, inode: Inode, move: Shift): Steps {
  const { k } = w
  const { from, by } = move
  if (k.lock(inode.mapLock, 'exclusive')) yield
  k.enter(P.free)
  if (by < 0) yield* freeRange(w, inode, { from, to: from - by })
  const moved = Math.max(0, inode.size - (by < 0 ? from - by : from))
  if (w.runTimes(P.free, C.linkExtent, 1 + moved)) yield
  // The status cache forgets the whole tail before the tree changes, so look-ups wait for i_data_sem: one step for all.
  if (k.see(inode.extentSeen(from), true)) yield
  for (let index = from + 1; index < inode.pages; index++) k.touch(inode.extentSeen(index), true)
  k.touch(inode.sizeObject, true)
  shiftTree(w, inode, move)
  inode.size += by
  inode.diskSize = inode.size
  const { size } = inode
  const after = inode.extents.tree.slice(from)
  w.change(inode, () => {
    inode.extents.durable.set(after, from)
    inode.durableSize = size
  })
  k.leave(P.free)
  k.unlock(inode.mapLock, 'exclusive')
}

function shiftTree(w: World, inode: Inode, move: Shift): void {
  const { tree } = inode.extents
  const { from, by } = move
  const old = tree.slice()
  const kept = inode.kept.slice()
  for (let index = from; index < inode.pages; index++) {
    const source = index - by
    const inside = source < inode.pages && source >= (by < 0 ? from - by : from)
    const mapping: Mapping = inside ? old[source] : HOLE
    tree[index] = mapping
    inode.kept[index] = inside ? kept[source] : 0
    if (w.fs.statusCache) inode.extents.publish(index)
    if (!isMapped(mapping)) continue
    w.checks?.moved(blockOf(mapping))
    w.allocator.move(blockOf(mapping), index)
  }
}
