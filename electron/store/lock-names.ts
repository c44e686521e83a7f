/**
 * Names people give to locks: by address, kept in the file beside what the trace says, and put on when it is loaded. A name
 * that is a class of the trace joins it to that class; any other makes a class of its own, after those the trace has, so
 * that no id moves. It joins no annotation of lockdep's: those are no locks, and its waits would be in no list. Taking a name
 * away gives the lock its own back.
 */

import { limits } from '#shared/base/limits.ts'
import { NAMED_BY_STACKS, NAMED_BY_USER, SPAN_CONTENDED, SPAN_HOLD_KNOWN, SPAN_INFERRED } from '#shared/model/kinds.ts'
import type { Dictionaries, LockClass, Trace } from '#shared/model/trace.ts'
import type { Db } from './database.ts'

export interface NamedLock {
  readonly address: string
  readonly name: string
}

export function lockNames(db: Db, traceId: number): readonly NamedLock[] {
  return db
    .prepare('SELECT address, name FROM lock_name WHERE trace_id = ? ORDER BY address LIMIT ?')
    .all(traceId, limits.lockNames) as NamedLock[]
}

/** The dictionaries with the names in place of the trace's own. */
export function withLockNames(dictionaries: Dictionaries, names: readonly NamedLock[]): Dictionaries {
  if (names.length === 0) return dictionaries
  const byAddress = new Map(names.map(({ address, name }) => [address, name]))
  const lockClasses: LockClass[] = [...dictionaries.lockClasses]
  const ids = new Map<string, number>()
  for (const [id, { name, kind }] of lockClasses.entries()) if (kind !== 'annotation') ids.set(name, id)
  const locks = dictionaries.locks.map((lock) => {
    const name = lock.address === undefined ? undefined : byAddress.get(lock.address)
    if (name === undefined) return lock
    let id = ids.get(name)
    if (id === undefined) {
      id = lockClasses.push({ name, kind: lockClasses[lock.lockClass].kind }) - 1
      ids.set(name, id)
    }
    return { ...lock, lockClass: id, label: NAMED_BY_USER }
  })
  return { ...dictionaries, lockClasses, locks }
}

const UNNAMED = /^\(unnamed /

/**
 * A wait whose call stack named its lock is inferred for that alone: where people name the lock, it is no more. Holds, and
 * waits that became one, are inferred for what was deduced of who or when; those have an end, or were never asked for.
 */
export function withoutGuessedNames(spans: Trace['lockSpan'], told: Dictionaries, named: Dictionaries): void {
  const cleared = told.locks.map(
    ({ label, lockClass }, id) =>
      named.locks[id].label === NAMED_BY_USER &&
      (label === NAMED_BY_STACKS || UNNAMED.test(told.lockClasses[lockClass].name)),
  )
  const { lock, flags, acquiredNs, releasedNs } = spans.cols
  for (let row = 0; row < spans.length; row++) {
    if (!cleared[lock[row]] || (flags[row] & (SPAN_CONTENDED | SPAN_HOLD_KNOWN)) !== SPAN_CONTENDED) continue
    if (Number.isNaN(acquiredNs[row]) || Number.isNaN(releasedNs[row])) flags[row] &= ~SPAN_INFERRED
  }
}
