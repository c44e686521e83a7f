/**
 * An inode: sizes, extents in their copies, its address_space, its locks, and the numbers under which a search sees its
 * parts (size, block map, entries) as shared objects. Sizes are in pages.
 */

import type { Ns } from '../model/trace.ts'
import type { Extents } from './extents.ts'
import type { SimLock } from './locks.ts'
import type { AddressSpace } from './mapping.ts'
import { PAGES_PER_PMD } from './mm.ts'
import type { RangeLocks } from './range-lock.ts'

export class Inode {
  readonly number: number
  readonly dax: boolean
  readonly pages: number
  /** i_size, in memory. */
  size: number
  /** i_disksize: what the last transaction said. */
  diskSize: number
  durableSize: number
  readonly extents: Extents
  readonly mapping: AddressSpace
  readonly ranges: RangeLocks
  /** i_rwsem. */
  readonly rwsem: SimLock
  /** i_data_sem, ILOCK, truncate_mutex. */
  readonly mapLock: SimLock
  /** Transaction that last changed it (i_sync_tid), and the one that last changed what a read needs (i_datasync_tid). */
  syncTid = 0
  dataTid = 0
  /** When its times last changed. */
  timesAt: Ns = -Infinity
  /** On the orphan list. */
  orphan = false
  /** Pages a device may be writing to, per index. */
  readonly pins: Uint8Array
  readonly pinObject: number
  /** Space KEEP_SIZE allocation put beyond the end of the file: no leak. */
  readonly kept: Uint8Array
  /** Objects for `see`: size, pins, transactions, times, then per index the block map, the entry, what a reader may see. */
  readonly sizeObject: number
  /** Something maps it with 2 MiB entries: then what a fault touches is a whole range, and so are the objects. */
  hugeMapped = false
  readonly extentObject: number
  readonly entryObject: number
  /** What the oracle knows of an index. */
  readonly contentObject: number
  /** Which transactions changed it: who changes does not see the others, who looks does (mapcounts do the same). */
  readonly tidObject: number
  readonly timesObject: number

  constructor(options: {
    readonly number: number
    readonly dax: boolean
    readonly pages: number
    readonly size: number
    readonly extents: Extents
    readonly mapping: AddressSpace
    readonly ranges: RangeLocks
    readonly rwsem: SimLock
    readonly mapLock: SimLock
    readonly object: number
  }) {
    this.number = options.number
    this.dax = options.dax
    this.pages = options.pages
    this.size = options.size
    this.diskSize = options.size
    this.durableSize = options.size
    this.extents = options.extents
    this.mapping = options.mapping
    this.ranges = options.ranges
    this.rwsem = options.rwsem
    this.mapLock = options.mapLock
    this.pins = new Uint8Array(options.pages)
    this.kept = new Uint8Array(options.pages)
    this.sizeObject = options.object
    this.pinObject = options.object + 1
    this.tidObject = options.object + 2
    this.timesObject = options.object + 3
    this.extentObject = options.object + 4
    this.entryObject = this.extentObject + options.pages
    this.contentObject = this.entryObject + options.pages
  }

  /** The entry, page or hole page of an index, for `see`. */
  entrySeen(index: number): number {
    return this.entryObject + (this.hugeMapped ? index - (index % PAGES_PER_PMD) : index)
  }

  /** The block map of an index, for `see`. */
  extentSeen(index: number): number {
    return this.extentObject + (this.hugeMapped ? index - (index % PAGES_PER_PMD) : index)
  }
}
