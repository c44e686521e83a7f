/**
 * DAX entry locks: one bit in the mapping's tree per index, or per 2 MiB range (fs/dax.c: grab_mapping_entry,
 * get_unlocked_entry, put_unlocked_entry, dax_wake_entry). Lockers wait exclusively and pass the wake-up on when they
 * unlock; those that only want to see the entry unlocked (invalidation) may not. Who is woken is slot `wake`.
 *
 * The tree's own spinlock is not a lock here: its sections are atomic, their price is charged.
 */

import { got, letGo, sawFree, waits, wants } from '../annotate.ts'
import { C } from '../costs.ts'
import type { Inode } from '../inode.ts'
import type { SimLock, WaitQueue } from '../locks.ts'
import {
  emptyEntry,
  ENTRY_NONE,
  isEmptyEntry,
  isLocked,
  isPmdEntry,
  isPresent,
  isZeroEntry,
  locked,
  unlocked,
  type Entry,
} from '../mapping.ts'
import { PAGES_PER_PMD } from '../mm.ts'
import { P } from '../phases.ts'
import type { LockedEntry } from '../policies/slots.ts'
import type { SimTask, Steps, StepsOf } from '../task.ts'
import type { World } from '../world.ts'
import { unmap } from './unmap.ts'

/** Where the entry that covers `index` stands: the start of a 2 MiB entry, or the index itself. */
export function slotOf(inode: Inode, index: number): number {
  const start = index - (index % PAGES_PER_PMD)
  return isPmdEntry(inode.mapping.entries[start]) ? start : index
}

/** What a task looks at when it wants an entry: the entry that covers `index`, at `slot`, and what its lock is shown as. */
interface Look {
  readonly index: number
  slot: number
  lock: SimLock
}

/** After the price of the look-up: the task wants the entry, and looks at it next. */
function lookAt(w: World, inode: Inode, index: number): Look {
  const slot = slotOf(inode, index)
  const lock = inode.mapping.entryLock(slot)
  wants(w.k, lock, 'exclusive')
  return { index, slot, lock }
}

/** Just looked at: does it still stand there, not locked? Mostly so, and then the generator that waits is saved. */
function isFree(inode: Inode, { index, slot }: Look): boolean {
  return slotOf(inode, index) === slot && !isLocked(inode.mapping.entries[slot])
}

/** Just looked at: waits until the entry is not locked, wherever it stands then. */
function* waitUnlocked(w: World, inode: Inode, look: Look): Steps {
  const { k } = w
  const { mapping } = inode
  const { index } = look
  let { slot, lock } = look
  for (;;) {
    const now = slotOf(inode, index)
    if (now !== slot) {
      sawFree(k, lock)
      slot = now
      lock = mapping.entryLock(slot)
      wants(k, lock, 'exclusive')
    }
    if (!isLocked(mapping.entries[slot])) break
    waits(k, lock, ownerOf(lock))
    const queue = waitQueue(w, inode, { slot, index })
    if (k.sleepOn(queue, true)) yield
    k.touch(queue.objectIn(k), true)
    queue.woken--
    if (k.see(inode.entrySeen(slot), true)) yield
  }
  look.slot = slot
  look.lock = lock
}

/** Made apart: a closure in the loop would make each round of it an object, whether it waits or not. */
function ownerOf(lock: SimLock): () => SimTask[] {
  return () => (lock.owner === undefined ? [] : [lock.owner])
}

/** The bug of 4.20-5.2 (R18b): the waiter hashes its own index, the waker the entry's. */
function waitQueue(w: World, inode: Inode, at: { slot: number; index: number }): WaitQueue {
  return inode.mapping.queue(w.policy.switches.wakeHash === 'index' ? at.index : at.slot)
}

/** LOCK_ENTRY. undefined: a 2 MiB fault must fall back. A page-cache hole page in the way comes back as `page`. */
export function* lockEntry(
  w: World,
  inode: Inode,
  request: { index: number; write: boolean; pmd: boolean },
): StepsOf<LockedEntry | 'page' | undefined> {
  const { k } = w
  const { mapping } = inode
  const { index } = request
  if (w.run(P.entry, C.xaUpdate)) yield
  const look = lookAt(w, inode, request.pmd ? index - (index % PAGES_PER_PMD) : index)
  if (k.see(inode.entrySeen(look.slot), true)) yield
  if (!isFree(inode, look) && k.call(waitUnlocked(w, inode, look))) yield
  const { slot, lock } = look
  if (mapping.cache.has(index)) {
    sawFree(k, lock)
    // 4.7: the waiter goes on with the page and passes nothing on (R18a).
    if (w.policy.wake.passesOn) wakeOne(w, inode, slot)
    w.checks?.wentWithoutWaking(inode, slot)
    return 'page'
  }
  const entry = mapping.entries[slot]
  if (request.pmd && hasPteEntries(inode, slot)) {
    sawFree(k, lock)
    wakeOne(w, inode, slot)
    return undefined
  }
  const downgrade = !request.pmd && request.write && isPmdEntry(entry) && (isZeroEntry(entry) || isEmptyEntry(entry))
  const value = isPresent(entry) ? entry : emptyEntry(request.pmd)
  mapping.entries[slot] = locked(value)
  got(k, lock, 'exclusive')
  if (downgrade) return yield* splitZero(w, inode, { slot, index, lock })
  return { index: slot, lock, entry: value }
}

/** A write into a 2 MiB zero or empty entry: unmap the range, drop the entry, lock a 4 KiB one. */
function* splitZero(w: World, inode: Inode, at: { slot: number; index: number; lock: SimLock }): StepsOf<LockedEntry> {
  const { k } = w
  const { mapping } = inode
  yield* unmap(w, { inode, from: at.slot, to: at.slot + PAGES_PER_PMD }, { evenCows: false })
  if (k.see(inode.entrySeen(at.slot), true)) yield
  mapping.entries[at.slot] = ENTRY_NONE
  letGo(k, at.lock)
  wakeAfterDelete(w, inode, at.slot)
  k.touch(inode.entrySeen(at.index), true)
  const lock = mapping.entryLock(at.index)
  const value = emptyEntry(false)
  mapping.entries[at.index] = locked(value)
  wants(k, lock, 'exclusive')
  got(k, lock, 'exclusive')
  return { index: at.index, lock, entry: value }
}

function hasPteEntries(inode: Inode, start: number): boolean {
  const { entries, cache } = inode.mapping
  const end = Math.min(start + PAGES_PER_PMD, inode.pages)
  for (let index = start; index < end; index++) {
    if (isPresent(entries[index]) && !isPmdEntry(entries[index])) return true
    if (cache.size > 0 && cache.has(index)) return true
  }
  return false
}

/** UNLOCK_ENTRY: stores the entry as it is now, wakes one. */
export function unlockEntry(w: World, inode: Inode, held: LockedEntry): void {
  w.k.touch(inode.entrySeen(held.index), true)
  inode.mapping.entries[held.index] = unlocked(held.entry)
  w.owe(C.xaUpdate)
  letGo(w.k, held.lock)
  if (w.policy.wake.onUnlock === 'all') w.k.wake(inode.mapping.queue(held.index), Infinity)
  else wakeOne(w, inode, held.index)
}

/** The entry is replaced by something else (a hole page), or deleted by its holder. */
export function dropLockedEntry(w: World, inode: Inode, held: LockedEntry): void {
  w.k.touch(inode.entrySeen(held.index), true)
  inode.mapping.entries[held.index] = ENTRY_NONE
  letGo(w.k, held.lock)
  wakeAfterDelete(w, inode, held.index)
}

/** Waits until the entry is unlocked and deletes it. */
export function* deleteEntry(w: World, inode: Inode, index: number): Steps {
  const { k } = w
  if (w.run(P.entry, C.xaUpdate)) yield
  const look = lookAt(w, inode, index)
  if (k.see(inode.entrySeen(look.slot), true)) yield
  if (!isFree(inode, look) && k.call(waitUnlocked(w, inode, look))) yield
  const { slot, lock } = look
  sawFree(k, lock)
  if (!isPresent(inode.mapping.entries[slot])) {
    // fs/dax.c before 5.13: nothing found, nobody woken (R18c).
    if (w.policy.wake.passesOn) wakeOne(w, inode, slot)
    w.checks?.wentWithoutWaking(inode, slot)
    return
  }
  inode.mapping.entries[slot] = ENTRY_NONE
  inode.mapping.dirty[slot] = 0
  inode.mapping.toWrite[slot] = 0
  wakeAfterDelete(w, inode, slot)
}

function wakeOne(w: World, inode: Inode, slot: number): void {
  if (w.k.timed && !inode.mapping.hasQueue(slot)) return
  w.k.wake(inode.mapping.queue(slot), 1)
}

function wakeAfterDelete(w: World, inode: Inode, slot: number): void {
  w.k.wake(inode.mapping.queue(slot), w.policy.wake.onDelete === 'all' ? Infinity : 1)
}

export function entryAt(inode: Inode, index: number): Entry {
  return inode.mapping.entries[slotOf(inode, index)]
}
