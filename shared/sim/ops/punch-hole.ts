/**
 * fallocate(PUNCH_HOLE | KEEP_SIZE) (fs/ext4/inode.c: ext4_punch_hole). i_size does not move, so whatever
 * stops faults must be held from before UNMAP until the extents are gone.
 */

import { C } from '../costs.ts'
import type { Inode } from '../inode.ts'
import { P } from '../phases.ts'
import type { Span } from '../policies/slots.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { timeIsDue, updateTime } from './file-time.ts'
import { breakLayouts, drop, removeBlocks } from './removal.ts'
import { unmap } from './unmap.ts'
import { writeBack } from './writeback.ts'

export function* punchHole(w: World, inode: Inode, range: { from: number; to: number }): Steps {
  const { k, policy } = w
  const span: Span = { inode, from: range.from, to: Math.min(range.to, inode.pages), op: 'punch' }
  w.opBegin('punch_hole', inode.number, span.from * 4096, (span.to - span.from) * 4096)
  if (w.run(P.syscall, C.syscall)) yield
  if (k.lock(w.sbWrite, 'shared')) yield
  yield* writeBack(w, inode, span)
  if (k.lock(inode.rwsem, 'exclusive')) yield
  if (timeIsDue(w, inode)) yield* updateTime(w, inode)
  else if (w.run(P.time_update, C.timeUpdate)) yield
  if (policy.guard.removeEnter !== undefined) yield* policy.guard.removeEnter(w, span)
  yield* breakLayouts(w, span)
  w.checks?.removalBegins(inode, span)
  const inside = policy.switches.punchUnmap === 'inside-handle'
  if (inside) yield* w.txStart()
  yield* unmap(w, span, { evenCows: policy.switches.evenCowsOnPunch })
  yield* drop(w, span)
  if (!inside) yield* w.txStart()
  yield* removeBlocks(w, span)
  yield* w.txStop()
  w.checks?.content.end(inode, span, { tag: 0 })
  for (let index = span.from; index < span.to; index++) w.checks?.cachedPage(inode, index)
  if (w.prices.settle(w.k)) yield
  policy.guard.removeLeave?.(w, span)
  if (w.prices.afterwards(w.k)) yield
  k.unlock(inode.rwsem, 'exclusive')
  k.unlock(w.sbWrite, 'shared')
  w.opEnd('punch_hole', 0)
}
