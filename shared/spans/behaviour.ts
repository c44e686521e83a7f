/**
 * Which lock an unnamed rwsem is, by who waits for it in which mode: where no call stack and no lockdep
 * event names it, the operations do. Faults read and truncates write only one lock of a file, its invalidate_lock; address
 * space changes write mmap_lock, which truncates leave alone; and so on. A pattern that fits two locks names neither, and a
 * name given here is labelled as inferred. Read from Linux 6.1 (mm/filemap.c: the lock ordering comment; fs/ext4, fs/xfs).
 */

import { MMAP_LOCK_CLASS } from './lock-names.ts'

const FAULTS = 1
const SHRINKS = 2
const WRITES = 4
const READS = 8
const MAPS = 16

const GROUPS: Readonly<Record<string, number>> = {
  truncate: SHRINKS,
  punch_hole: SHRINKS,
  fallocate: SHRINKS,
  write: WRITES,
  read: READS,
  mmap: MAPS,
  munmap: MAPS,
  mprotect: MAPS,
  mremap: MAPS,
  brk: MAPS,
}

/** How often a lock was waited for, by mode and group of operations. */
export class LockUse {
  #shared = 0
  #exclusive = 0
  #sharedOften = 0
  #exclusiveOften = 0

  /** `kind`: of the operation, `fault` for a fault of any kind; '' outside any. */
  add(kind: string, fault: boolean, shared: boolean): void {
    const group = fault ? FAULTS : Object.hasOwn(GROUPS, kind) ? GROUPS[kind] : 0
    if (shared) {
      this.#sharedOften |= this.#shared & group
      this.#shared |= group
    } else {
      this.#exclusiveOften |= this.#exclusive & group
      this.#exclusive |= group
    }
  }

  /** The name lockdep has for it; undefined where the pattern does not tell. */
  name(): string | undefined {
    const shared = this.#shared
    const exclusive = this.#exclusive
    const all = shared | exclusive
    if (exclusive & MAPS && shared & SHRINKS && !(exclusive & (SHRINKS | FAULTS))) return '&mapping->i_mmap_rwsem'
    if (exclusive & MAPS && this.#sharedOften & FAULTS && !(all & SHRINKS) && !(exclusive & (FAULTS | WRITES)))
      return MMAP_LOCK_CLASS
    if (all & MAPS) return undefined
    // Once may be chance: a fault on user memory inside a call is that call's operation too.
    if (
      this.#sharedOften & FAULTS &&
      this.#exclusiveOften & SHRINKS &&
      !(all & (WRITES | READS)) &&
      !(exclusive & FAULTS)
    ) {
      return 'mapping.invalidate_lock'
    }
    if (!(all & FAULTS) && this.#exclusiveOften & WRITES && (exclusive & SHRINKS || shared & READS)) {
      return '&sb->s_type->i_mutex_key'
    }
    return undefined
  }
}
