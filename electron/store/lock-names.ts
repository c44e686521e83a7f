/**
 * Names people give to locks: by address, kept in the file beside what the trace says, and put on when it is loaded. A name
 * that is a class of the trace joins it to that class; any other makes a class of its own, after those the trace has, so
 * that no id moves. Taking a name away gives the lock its own back.
 */

import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { NAMED_BY_USER } from '#shared/model/kinds.ts'
import type { Dictionaries, LockClass } from '#shared/model/trace.ts'
import { explain, type Db } from './database.ts'
import { openFileForWriting } from './open.ts'

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
  const ids = new Map(lockClasses.map(({ name }, id) => [name, id]))
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

/** Gives the locks at an address a name, or (null) takes it away; answers how many locks of the trace are there. */
export function nameLock(
  path: string,
  traceId: number,
  { address, name }: { readonly address: string; readonly name: string | null },
): number {
  try {
    const db = openFileForWriting(path)
    try {
      db.pragma('busy_timeout = 1000')
      return db.transaction(() => changed(db, traceId, address, name)).immediate()
    } finally {
      db.close()
    }
  } catch (error) {
    throw explain(error, path)
  }
}

function changed(db: Db, traceId: number, address: string, name: string | null): number {
  const there = db
    .prepare(
      'SELECT count(*) FROM lock JOIN lock_class ON lock_class.id = lock.class_id WHERE lock_class.trace_id = ? AND lock.address = ?',
    )
    .pluck()
    .get(traceId, address) as number
  if (there === 0) {
    throw new ApiError(
      'not-found',
      `no lock of this trace is at ${address}`,
      'addresses as the trace spells them: faultline contention F --by instance',
    )
  }
  if (name === null) db.prepare('DELETE FROM lock_name WHERE trace_id = ? AND address = ?').run(traceId, address)
  else {
    const count = db.prepare('SELECT count(*) FROM lock_name WHERE trace_id = ?').pluck().get(traceId) as number
    if (count >= limits.lockNames)
      throw new ApiError('limit', `a trace has ${limits.lockNames} given names at most`, 'remove some first')
    db.prepare('INSERT OR REPLACE INTO lock_name (trace_id, address, name) VALUES (?, ?, ?)').run(
      traceId,
      address,
      name,
    )
  }
  return there
}
