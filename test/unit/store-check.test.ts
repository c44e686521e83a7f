/** `check` finds what was changed behind Faultline's back, and says which rows. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { checkFile } from '#electron/store/check.ts'
import { connect, type Db } from '#electron/store/database.ts'
import { ApiError } from '#shared/base/errors.ts'
import type { Progress } from '#shared/contract/methods.ts'
import { story } from '../support/trace-art.ts'
import { tempFolder, writeFile } from '../support/store.ts'

let folder: string
beforeEach(() => {
  folder = tempFolder()
})

const altered = (change: (db: Db) => void) => {
  const path = writeFile(join(folder, 'a.faultline'), story)
  const db = connect(path, { readonly: false, mustExist: true })
  db.pragma('foreign_keys = OFF')
  change(db)
  db.close()
  return path
}

describe('check', () => {
  it('finds nothing in a file that was written well, and reports progress', async () => {
    const steps: Progress[] = []
    const path = writeFile(join(folder, 'a.faultline'), story, story)
    expect(await checkFile({ path, onProgress: (step) => steps.push(step) })).toEqual({ ok: true, findings: [] })
    expect(steps.at(-1)?.done).toBe(2 * (5 + 11))
  })

  it.each([
    [
      'a time that was edited',
      'UPDATE lock_span SET acquired_ns = 1 WHERE id = 1',
      'rows-differ',
      'acquired_ns of lock_span 1 is 1, its column says 1500',
    ],
    ['a number of events beyond all sums', 'UPDATE event_name SET n = 9223372036854775807', 'count', 'trace 1 says'],
    [
      'a word that was edited',
      "UPDATE op SET kind = 'read' WHERE id = 0",
      'rows-differ',
      'kind of op 0 is read, its column says punch_hole',
    ],
    [
      'a mode that was edited',
      "UPDATE lock_span SET mode = 'shared' WHERE id = 0",
      'rows-differ',
      'mode of lock_span 0',
    ],
    [
      'a NULL that was filled in',
      'UPDATE phase SET duration_ns = 0 WHERE id = 1',
      'rows-differ',
      'duration_ns of phase 1 is 0',
    ],
    [
      'a state that was edited',
      "UPDATE task_state SET state = 'io' WHERE id = 1",
      'rows-differ',
      'state of task_state 1',
    ],
    ['a row that was deleted', 'DELETE FROM wait_edge WHERE id = 1', 'count', 'trace 1 has 1 of 2 wait_edge rows'],
    [
      'a row that leads nowhere',
      'UPDATE wait_edge SET holder_span_id = 999 WHERE id = 0',
      'dangling',
      'wait_edge 0 names a row that is not in lock_span',
    ],
    [
      'an event count that was edited',
      'UPDATE trace SET event_count = 6',
      'count',
      'trace 1 says 6 events, its event_chunk rows say 5',
    ],
    ['a chunk that is gone', 'DELETE FROM event_chunk', 'count', 'its event_chunk rows say 0'],
    [
      'statistics that were edited',
      'UPDATE event_chunk_name SET n = n + 1',
      'count',
      'does not have the events its statistics say',
    ],
    ['zones that were widened', 'UPDATE event_chunk SET ts1 = ts1 + 1', 'zone', 'event chunk 0 says'],
    [
      'events of names that are gone',
      'DELETE FROM event_name',
      'dangling',
      'event chunk 0 has 5 events that name no task',
    ],
    [
      'columns that do not decode',
      "UPDATE span_chunk SET columns = zeroblob(9) WHERE part = 'op'",
      'damaged-chunk',
      'op chunk 0 is damaged',
    ],
    [
      'an index that misses a row',
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'wait_edge_of_holder') WHERE name = 'lock_span_of_op'",
      'integrity',
      'SQLite:',
    ],
  ])('finds %s', async (_, sql, code, message) => {
    const { ok, findings } = await checkFile({
      path: altered((db) => {
        db.unsafeMode()
        db.exec(sql)
      }),
    })
    expect(ok).toBe(false)
    expect(findings.map((finding) => finding.code)).toContain(code)
    expect(findings.map((finding) => finding.message).join('\n')).toContain(message)
  })

  it('reports a file of ours that does not even open as a finding', async () => {
    const path = altered((db) => db.exec('CREATE VIEW v AS SELECT 1'))
    const { ok, findings } = await checkFile({ path })
    expect([ok, findings[0]?.code]).toEqual([false, 'unreadable'])
  })

  it('refuses to judge a file that is not ours', async () => {
    const path = join(folder, 'a.txt')
    writeFileSync(path, 'hello')
    await expect(checkFile({ path })).rejects.toThrow('a.txt is not a .faultline file')
    await expect(checkFile({ path: folder })).rejects.toThrow('is a folder')
    await expect(checkFile({ path: join(folder, 'none') })).rejects.toThrow(ApiError)
  })

  it('can be cancelled', async () => {
    const path = writeFile(join(folder, 'b.faultline'), story)
    await expect(checkFile({ path, signal: AbortSignal.abort() })).rejects.toThrow('the check was cancelled')
  })
})
