/**
 * What a filesystem contributes to the model: its journal, the lock around its block map, whether look-ups may skip that
 * lock, which kinds of extents it has, and the name of its own fault-versus-truncate lock before 5.15.
 */

import type { JournalKind } from '../journal.ts'
import type { LockSpec } from '../locks.ts'

export interface Filesystem {
  readonly id: string
  readonly title: string
  readonly about: string
  readonly journal: JournalKind
  /** Lock around the block map, and whether a look-up takes it (shared). */
  readonly mapLock: { readonly className: string; readonly spec: LockSpec; readonly lookup: boolean }
  /** Extent-status cache: look-ups that hit take no lock. */
  readonly statusCache: boolean
  /** Extents that have a block and read as zeroes. */
  readonly unwritten: boolean
  /** Page-cache stores promise space, writeback chooses blocks. */
  readonly delayedAllocation: boolean
  /** Class of the per-inode fault lock of 4.1-5.14 (`fs_mmap`). */
  readonly faultLock: string
  /** A transaction starts inside the DAX entry lock and, in writeback, the page lock, whatever the slot `tx` says (XFS). */
  readonly txInsideEntry: boolean
  /** DAX vm_ops have map_pages: a fault may end under the per-VMA lock (6.4). */
  readonly daxMapPages: boolean
}
