/** Writing down what people call a lock (lock-names.ts). It is one row of the file; nothing the trace says is touched. */

import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { explain, type Db } from './database.ts'
import { openFileForWriting } from './open.ts'

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
