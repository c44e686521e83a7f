/**
 * The seven policy slots as interfaces: the points where operations ask "what does this strategy do here".
 * An option is a small object with the hooks it needs; an operation calls a hook if it is there. No operation knows an
 * option's id, and no option knows a strategy's name.
 */

import type { Entry } from '../mapping.ts'
import type { SimLock } from '../locks.ts'
import type { Steps } from '../task.ts'
import type { Fault } from '../ops/fault.ts'
import type { MapRequest } from '../ops/map-blocks.ts'
import type { RangeRequest } from '../range-lock.ts'
import type { World } from '../world.ts'
import type { Inode } from '../inode.ts'

export interface Option {
  readonly id: string
  readonly title: string
  /** What it does, in a sentence. */
  readonly about: string
}

/** Pages from … to of an inode about to lose pages and blocks (truncate, punch, invalidate), or to be filled. */
export interface Span {
  readonly inode: Inode
  readonly from: number
  /** Exclusive; Infinity for a truncate. */
  readonly to: number
  /** Who asks; a partly converted range lock tells them apart. */
  readonly op?: 'truncate' | 'punch' | 'shift' | 'read' | 'write' | 'direct'
  /** The range lock held over it. */
  range?: RangeRequest | undefined
}

/** P1: what stops a fault racing truncate or punch. */
export interface Guard extends Option {
  /** First of each attempt, before i_size is looked at. */
  readonly sample?: (w: World, f: Fault) => Steps
  /** After mmap_lock and freeze level, before any look-up. */
  readonly enter?: (w: World, f: Fault) => Steps
  /** In front of the block look-up. Sets `f.result` to refuse. */
  readonly beforeLookup?: (w: World, f: Fault) => Steps
  /** Between block look-up and PTE. Sets `f.result` to refuse. */
  readonly beforeInsert?: (w: World, f: Fault) => Steps
  /** Under the page-table lock: must the fault look again? */
  readonly moved?: (w: World, f: Fault) => boolean
  /** After the PTE, undoing `beforeInsert` and `beforeLookup`. */
  readonly afterInsert?: (w: World, f: Fault) => void
  /** Undoes `enter`. */
  readonly leave?: (w: World, f: Fault) => void
  /** Around the whole removal: from before UNMAP until the blocks are free. */
  readonly removeEnter?: (w: World, span: Span) => Steps
  readonly removeLeave?: (w: World, span: Span) => void
  /** Inside UNMAP, around the walk. */
  readonly unmapEnter?: (w: World, span: Span) => Steps
  readonly unmapLeave?: (w: World, span: Span) => void
  /** Around the removal of one page from the cache (invalidate_inode_pages2). */
  readonly invalidateEnter?: (w: World, span: Span) => void
  readonly invalidateLeave?: (w: World, span: Span) => void
  /** Around making new page-cache content (read, readahead, fault on an absent page). */
  readonly fillEnter?: (w: World, span: Span) => Steps
  readonly fillLeave?: (w: World, span: Span) => void
  /** Around one page of write(2) or read(2), or all of it, as `rangeGranularity` says. */
  readonly io?: 'range'
  /** Page-cache faults keep the page locked until the PTE is set. */
  readonly locksPage?: true
  /** A task in a system call under i_rwsem shuts faults out (preset Z). */
  readonly usesInodeLock?: true
}

/** P2: what serialises two faults on one index. */
export interface Pairing extends Option {
  /** Before the block look-up. */
  readonly before?: (w: World, f: Fault) => Steps
  /** After the block look-up. */
  readonly after?: (w: World, f: Fault) => Steps
  /** A read fault has found a hole: what its handler lets go before it maps one. */
  readonly beforeHole?: (w: World, f: Fault) => void
  readonly leave?: (w: World, f: Fault) => void
  /** DAX faults record what they map in entries with a lock bit. */
  readonly entries?: true
  /** Page-cache faults look under the page-table lock only. */
  readonly ptlOnly?: true
  /** DAX faults lock a hole page they find before the block look-up. */
  readonly holePageFirst?: true
}

/** P3: how a fresh block becomes safe. */
export interface Init extends Option {
  /** Under the block-map lock, between allocation and the link into the tree. */
  readonly beforeLink?: (w: World, request: MapRequest, block: number) => Steps
  /** Fresh blocks are linked as unwritten. */
  readonly linksUnwritten?: true
  /** An unwritten extent is zeroed and made written inside MAPBLOCKS. */
  readonly finishesInAlloc?: true
  /** The fault handler zeroes new and unwritten blocks. */
  readonly zeroInHandler?: true
  /** The transaction's commit must write the inode's data first. */
  readonly ordered?: true
}

/** P4: who finishes a COW fault. */
export interface Cow extends Option {
  /** The handler maps the file page read-only first; the store traps again and generic code copies. */
  readonly twoFaults?: true
  /** Which lock stays held for generic code to install the PTE under and to release. */
  readonly handOver?: 'immap' | 'range' | 'entry'
}

/** P5: where a transaction starts. */
export interface Tx extends Option {
  readonly beforeLocks: boolean
}

/** P6: what -ENOSPC leads to. */
export interface Enospc extends Option {
  readonly retries: number
  readonly keepsHandle: boolean
}

/** P7: who is woken when an entry's lock goes. */
export interface Wake extends Option {
  /** The entry was unlocked and still is there. */
  readonly onUnlock: 'one' | 'all'
  /** The entry was deleted or replaced. */
  readonly onDelete: 'one' | 'all'
  /** A waiter that finds nothing to lock passes the wake-up on. */
  readonly passesOn: boolean
}

/** Entry under a lock this task holds. */
export interface LockedEntry {
  readonly index: number
  readonly lock: SimLock
  entry: Entry
}

export interface Policy {
  readonly guard: Guard
  readonly pairing: Pairing
  readonly init: Init
  readonly cow: Cow
  readonly tx: Tx
  readonly enospc: Enospc
  readonly wake: Wake
  readonly switches: Switches
}

/** The side switches, resolved. Ids and options: policies/switches.ts. */
export interface Switches {
  readonly unmapLock: 'spin' | 'spin+lockbreak' | 'mutex' | 'rwsem-x' | 'rwsem-s' | 'none'
  readonly immapMode: 'mutex' | 'shared' | 'exclusive'
  readonly guardMode: 'shared' | 'exclusive' | 'exclusive-for-writes'
  readonly dirtyTagClear: 'never' | 'racy' | 'underEntry'
  readonly prefault: 'probe' | 'probe+pin'
  readonly rangeSinglePage: 'tree' | 'page-lock'
  readonly rangeGranularity: 'page' | 'syscall'
  readonly punchUnmap: 'before-handle' | 'inside-handle'
  readonly holePage: 'page-cache' | 'global-zero'
  readonly wakeHash: 'entry' | 'index'
  readonly cowUnlock: 'matching' | 'other'
  readonly mapSyncOrder: 'commit-first' | 'pte-first'
  readonly rangeFaults: boolean
  readonly rangeReads: boolean
  readonly rangeWrites: boolean
  readonly rangeDirect: boolean
  readonly rangeTruncate: boolean
  readonly rangePunch: boolean
  readonly secondUnmap: boolean
  readonly evenCowsOnPunch: boolean
  readonly evenCowsOnBreak: boolean
  readonly flushInsideLock: boolean
  readonly breakLayouts: boolean
  readonly readaheadTakesInval: boolean
  readonly faultsTakeSbPagefault: boolean
  readonly xipSeq: boolean
  readonly ioZeroes: boolean
  readonly ioUnmapsHuge: boolean
  readonly fsyncFlushesMappings: boolean
  readonly pmdFaults: boolean
  readonly recheckPmd: boolean
  readonly installPageChecks: boolean
  readonly cleansAliases: boolean
  readonly vmaLock: boolean
  readonly faultAround: boolean
}
