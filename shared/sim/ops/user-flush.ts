/**
 * What a program on persistent memory does after a store: clwb and a fence, no system call (libpmem's pmem_persist). Through
 * a MAP_SYNC mapping that makes the bytes durable, because the fault did not map the page writable before its block was
 * (R33); through any other the block itself may be lost.
 */

import { C } from '../costs.ts'
import { pteKind, pteTarget, type Vma } from '../mm.ts'
import { P } from '../phases.ts'
import type { Steps, StepsOf } from '../task.ts'
import type { World } from '../world.ts'
import { store, translate, type Place } from './access.ts'

/** Writes the cache line of a slot back, if the page is mapped. */
function* userFlush(w: World, vma: Vma, at: Place): Steps {
  if (w.run(P.flush_lines, C.flushLine)) yield
  if (w.k.see(vma.seen(at.index), false)) yield
  const pte = translate(vma, at.index)
  if (pteKind(pte) !== 'file') return
  const block = pteTarget(pte)
  if (w.k.see(w.blockObject(block), true)) yield
  if (translate(vma, at.index) !== pte) return
  const tag = w.device.read(block, at.slot)
  w.device.store(block, at.slot, tag, true)
  const inode = w.inode(vma.inode)
  if (vma.sync && w.checks?.content.tagOf(inode, at) === tag) w.checks.promises?.giveSlot(inode, at, tag)
}

/** A store that its program wants to find again after a power cut. False: SIGBUS. */
export function* persist(w: World, vma: Vma, at: Place): StepsOf<boolean> {
  if ((yield* store(w, vma, at)) === undefined) return false
  yield* userFlush(w, vma, at)
  return true
}
