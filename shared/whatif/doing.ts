/**
 * One step of a replay in the simulated kernel: an operation of the model, as a whole that begins and ends as the recorded
 * one did, or what lies outside the model: a delay with its hold of mmap_lock.
 */

import { blockOf, isMapped } from '../sim/extents.ts'
import type { Inode } from '../sim/inode.ts'
import { filePte, PTE_NONE, type Mm, type Vma } from '../sim/mm.ts'
import { read, write } from '../sim/ops/file-io.ts'
import { fsync } from '../sim/ops/fsync.ts'
import { pageFault } from '../sim/ops/page-fault.ts'
import { punchHole } from '../sim/ops/punch-hole.ts'
import { truncate } from '../sim/ops/truncate.ts'
import { downgrade } from '../sim/locks.ts'
import { P } from '../sim/phases.ts'
import type { Steps, StepsOf } from '../sim/task.ts'
import type { World } from '../sim/world.ts'
import type { Pace } from './pace.ts'
import type { OutsideOp, WorkloadOp } from './workload.ts'

/** Where a task does its operations. */
export interface Place {
  readonly w: World
  readonly inodes: readonly Inode[]
  readonly mm: Mm
  readonly mapped: (file: number, shared: boolean) => Vma
}

export function mappings(w: World, { mm, inodes }: { readonly mm: Mm; readonly inodes: readonly Inode[] }) {
  const vmas = new Map<string, Vma>()
  return (file: number, shared: boolean): Vma => {
    const key = `${file} ${shared}`
    const vma = vmas.get(key) ?? w.map(mm, inodes[file], { shared })
    vmas.set(key, vma)
    return vma
  }
}

/** No access takes it here: it is an operation of its own. */
export function isFault({ kind }: { readonly kind: string }): boolean {
  return kind.endsWith('_fault') || kind === 'mkwrite'
}

/** A paced operation as a whole takes what it took: what its steps did not use up is spent before it ends. */
export function* doOp(place: Place, op: WorkloadOp, pace: Pace): Steps {
  const { w, inodes } = place
  const { k } = w
  const { task } = pace
  const inode = inodes[op.file]
  if (!pace.whole) {
    const done = yield* stepsOf(place, op, inode)
    if (isFault(op) && done === true) w.stats.completes(k.current)
    return
  }
  w.opBegin(op.kind, inode.number, op.page * 4096, op.pages * 4096)
  w.inWhole.add(task)
  if (k.call(stepsOf(place, op, inode))) yield
  const rest = pace.rest(false)
  if ((rest > 0 || k.current.owed > 0) && k.work(P.user, rest)) yield
  if (pace.sleepNs > 0 && k.sleep(pace.sleepNs)) yield
  w.inWhole.delete(task)
  w.opEnd(op.kind, 0)
  if (isFault(op)) w.stats.completes(k.current)
}

function stepsOf({ w, mm, mapped }: Place, op: WorkloadOp, inode: Inode): StepsOf<unknown> {
  switch (op.kind) {
    case 'truncate':
      return truncate(w, inode, Math.min(op.page, inode.pages))
    case 'punch_hole':
      return punchHole(w, inode, { from: op.page, to: op.page + op.pages })
    case 'read':
      return read(w, inode, { from: op.page, pages: op.pages })
    case 'write':
      return write(w, inode, { from: op.page, pages: Math.min(op.pages, inode.pages - op.page) })
    case 'msync':
      return msync(w, mm, { inode, commits: op.commits })
    case 'fsync':
    case 'fdatasync':
      return fsync(w, inode, op.kind, op.commits)
    default:
      return fault(w, mapped(op.file, op.kind !== 'cow_fault'), op)
  }
}

/** mm/msync.c: the VMA is looked up under mmap_lock, which is dropped for the sync. */
function* msync(w: World, mm: Mm, { inode, commits }: { inode: Inode; commits: WorkloadOp['commits'] }): Steps {
  if (w.k.lock(mm.mmapLock, 'shared', 'mm')) yield
  w.k.unlock(mm.mmapLock, 'shared')
  yield* fsync(w, inode, 'msync', commits)
}

/** The PTE that made the recorded access fault: none, or one that may not be written. */
function* fault(w: World, vma: Vma, op: WorkloadOp): StepsOf<boolean> {
  const index = Math.min(op.page, vma.pages - 1)
  const isWrite = op.kind !== 'read_fault'
  if (vma.pte(index) !== PTE_NONE) w.clearAtOnce(vma, index)
  const mapping = w.inode(vma.inode).extents.tree[index]
  if (op.kind === 'mkwrite' && w.inode(vma.inode).dax && isMapped(mapping)) {
    w.setPte(vma, index, filePte(blockOf(mapping), false))
  }
  return yield* pageFault(w, vma, { index, write: isWrite })
}

export function* doOutside({ w, mm }: Place, op: OutsideOp): Steps {
  const { k } = w
  w.opBegin(op.name, -1, NaN, NaN)
  if (op.beforeNs > 0 && k.work(P.user, op.beforeNs)) yield
  if (k.lock(mm.mmapLock, op.mode, 'mm')) yield
  if (op.heldNs > 0 && k.work(P.user, op.heldNs)) yield
  if (op.heldSleepNs > 0 && k.sleep(op.heldSleepNs)) yield
  if (op.sharedNs > 0 || op.sharedSleepNs > 0) {
    downgrade(mm.mmapLock, k)
    if (op.sharedNs > 0 && k.work(P.user, op.sharedNs)) yield
    if (op.sharedSleepNs > 0 && k.sleep(op.sharedSleepNs)) yield
  }
  k.unlock(mm.mmapLock)
  if (op.afterNs > 0 && k.work(P.user, op.afterNs)) yield
  w.opEnd(op.name, 0)
  if (isFault({ kind: op.name })) w.stats.completes(k.current)
}
