/**
 * ftruncate, down and up (fs/ext4/inode.c: ext4_setattr, ext4_truncate). The order "i_size, unmap,
 * drop, free" is why checking i_size can stop a fault racing it at all.
 */

import { C } from '../costs.ts'
import type { Inode } from '../inode.ts'
import { P } from '../phases.ts'
import type { Span } from '../policies/slots.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { breakLayouts, drop, removeBlocks } from './removal.ts'
import { unmap } from './unmap.ts'

/** New size in pages. */
export function* truncate(w: World, inode: Inode, size: number): Steps {
  const { k, policy } = w
  w.opBegin('truncate', inode.number, size * 4096, 0)
  if (w.run(P.syscall, C.syscall)) yield
  if (k.lock(w.sbWrite, 'shared')) yield
  if (k.lock(inode.rwsem, 'exclusive')) yield
  const span: Span = { inode, from: Math.min(size, inode.size), to: Infinity, op: 'truncate' }
  if (policy.guard.removeEnter !== undefined) yield* policy.guard.removeEnter(w, span)
  if (size < inode.size) yield* shrink(w, span, size)
  else yield* setSize(w, inode, size)
  if (w.prices.settle(w.k)) yield
  policy.guard.removeLeave?.(w, span)
  if (w.prices.afterwards(w.k)) yield
  k.unlock(inode.rwsem, 'exclusive')
  k.unlock(w.sbWrite, 'shared')
  w.opEnd('truncate', 0)
}

function* shrink(w: World, span: Span, size: number): Steps {
  const { inode } = span
  yield* breakLayouts(w, span)
  w.checks?.removalBegins(inode, span)
  inode.orphan = true
  yield* setSize(w, inode, size)
  yield* unmap(w, span, { evenCows: true })
  yield* drop(w, span)
  if (w.policy.switches.secondUnmap) yield* unmap(w, span, { evenCows: true })
  yield* w.txStart()
  yield* removeBlocks(w, span)
  inode.orphan = false
  yield* w.txStop()
  w.checks?.content.end(inode, span, { tag: 0 })
  w.checks?.truncated(inode)
}

/** i_size and i_disksize, in a handle; when shrinking the inode goes on the orphan list with it. */
export function* setSize(w: World, inode: Inode, size: number): Steps {
  const { k } = w
  yield* w.txStart()
  if (k.lock(inode.mapLock, 'exclusive')) yield
  if (w.run(P.orphan, C.linkExtent)) yield
  if (k.see(inode.sizeObject, true)) yield
  inode.size = size
  inode.diskSize = size
  w.change(inode, () => {
    inode.durableSize = size
  })
  k.unlock(inode.mapLock, 'exclusive')
  yield* w.txStop()
}
