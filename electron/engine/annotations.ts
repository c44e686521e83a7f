/**
 * Marks and notes, kept in the file they are about. Each change is one transaction of SQLite's own journal, so a killed
 * program leaves the file with the change or without it; two windows that write at once wait for each other, shortly,
 * and then are told. Where the file cannot be written they are kept in memory, and every list says so and why.
 */

import { accessSync, constants } from 'node:fs'
import { basename, dirname } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { AnnotationList, AnnotationRow } from '#shared/timeline/answers.ts'
import { explain } from '../store/database.ts'
import { openFileForWriting, type Db } from '../store/open.ts'

export interface NewNote {
  readonly kind: string
  readonly startNs: number
  readonly endNs: number | null
  readonly text: string
}

export type NoteChange =
  | { readonly change: 'add'; readonly note: NewNote }
  | { readonly change: 'update'; readonly id: number; readonly note: NewNote }
  | { readonly change: 'remove'; readonly id: number }

/** How long to wait for another window's write. */
const BUSY_MS = 1_000

interface StoredNote {
  readonly id: number
  readonly kind: string
  readonly start_ns: number
  readonly end_ns: number | null
  readonly text: string
}

/** Notes of files that cannot be written, by file and trace; ids are negative, so that they are never a row's. */
const inMemory = new Map<string, Map<number, AnnotationRow>>()

export function listNotes(db: Db, path: string, traceId: number): AnnotationList {
  const stored = db
    .prepare('SELECT id, kind, start_ns, end_ns, text FROM annotation WHERE trace_id = ? ORDER BY start_ns, id LIMIT ?')
    .all(traceId, limits.annotations) as StoredNote[]
  const saved = stored.map(({ id, kind, start_ns, end_ns, text }): AnnotationRow => ({
    id,
    kind,
    startNs: start_ns,
    endNs: end_ns,
    text,
    saved: true,
  }))
  const unsaved = [...(inMemory.get(keyOf(path, traceId))?.values() ?? [])]
  const why = whyNot(path)
  return {
    annotations: [...saved, ...unsaved].sort((a, b) => a.startNs - b.startNs || a.id - b.id),
    writable: why === null,
    why,
  }
}

/** Makes the change; the answer is the id it is about. */
export function changeNote(path: string, traceId: number, change: NoteChange): number {
  const id = change.change === 'add' ? undefined : change.id
  if (change.change !== 'remove') checkNote(change.note)
  if (id !== undefined ? id < 0 : whyNot(path) !== null) return changeInMemory(path, traceId, change)
  const why = whyNot(path)
  if (why !== null) throw new ApiError('permission', why, 'copy the file to a place you can write to')
  try {
    const db = openFileForWriting(path)
    try {
      db.pragma(`busy_timeout = ${BUSY_MS}`)
      return db.transaction(() => changeStored(db, traceId, change)).immediate()
    } finally {
      db.close()
    }
  } catch (error) {
    throw explain(error, path)
  }
}

function changeStored(db: Db, traceId: number, change: NoteChange): number {
  if (change.change === 'remove') {
    const { changes } = db.prepare('DELETE FROM annotation WHERE id = ? AND trace_id = ?').run(change.id, traceId)
    if (changes === 0) throw gone(change.id)
    return change.id
  }
  const { kind, startNs, endNs, text } = change.note
  // Bound numbers are REAL to SQLite, and the columns are integers: bigints.
  const values = [kind, BigInt(startNs), endNs === null ? null : BigInt(endNs), text]
  if (change.change === 'update') {
    const { changes } = db
      .prepare('UPDATE annotation SET kind = ?, start_ns = ?, end_ns = ?, text = ? WHERE id = ? AND trace_id = ?')
      .run(...values, change.id, traceId)
    if (changes === 0) throw gone(change.id)
    return change.id
  }
  const count = db.prepare('SELECT count(*) FROM annotation WHERE trace_id = ?').pluck().get(traceId) as number
  if (count >= limits.annotations) throw tooMany()
  const { lastInsertRowid } = db
    .prepare('INSERT INTO annotation (kind, start_ns, end_ns, text, trace_id) VALUES (?, ?, ?, ?, ?)')
    .run(...values, traceId)
  return Number(lastInsertRowid)
}

function changeInMemory(path: string, traceId: number, change: NoteChange): number {
  const key = keyOf(path, traceId)
  const notes = inMemory.get(key) ?? new Map<number, AnnotationRow>()
  inMemory.set(key, notes)
  if (change.change === 'add') {
    if (notes.size >= limits.annotations) throw tooMany()
    const id = Math.min(0, ...notes.keys()) - 1
    notes.set(id, { id, ...change.note, saved: false })
    return id
  }
  if (!notes.has(change.id)) throw gone(change.id)
  if (change.change === 'remove') notes.delete(change.id)
  else notes.set(change.id, { id: change.id, ...change.note, saved: false })
  return change.id
}

function checkNote({ startNs, endNs }: NewNote): void {
  if (!Number.isSafeInteger(startNs) || (endNs !== null && !Number.isSafeInteger(endNs))) {
    throw new ApiError('bad-request', 'a note stands at a whole number of nanoseconds', 'round its time')
  }
  if (endNs !== null && endNs < startNs) {
    throw new ApiError('bad-request', 'a note cannot end before it begins', 'swap its ends')
  }
}

function gone(id: number): ApiError {
  return new ApiError('not-found', `note ${id} is not there any more`, 'another window removed it; read the list again')
}

function tooMany(): ApiError {
  return new ApiError('limit', `a trace has ${limits.annotations} marks and notes at most`, 'remove some first')
}

/** SQLite writes a journal beside the file, so both have to be writable. null: they are. */
function whyNot(path: string): string | null {
  try {
    accessSync(path, constants.W_OK)
    accessSync(dirname(path), constants.W_OK)
    return null
  } catch {
    return `${basename(path)} cannot be written here: notes are kept until Faultline is closed, not in the file`
  }
}

function keyOf(path: string, traceId: number): string {
  return `${traceId} ${path}`
}
