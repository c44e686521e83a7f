/** What `event_in` reads: the chunks of its window, each once, and nothing for a window that is none. */

import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import type * as chunks from '#electron/store/event-chunks.ts'
import { openFile, openFileForWriting } from '#electron/store/open.ts'
import { story } from '../support/trace-art.ts'
import { tempFolder, writeFile } from '../support/store.ts'

const read = vi.fn<(id: number) => void>()
vi.mock('#electron/store/event-chunks.ts', async (original) => {
  const real = await original<typeof chunks>()
  const chunkReader: typeof real.chunkReader = (db) => {
    const one = real.chunkReader(db)
    return (id) => {
      read(id)
      return one(id)
    }
  }
  return { ...real, chunkReader }
})

const two = () => writeFile(join(tempFolder(), 'two.faultline'), story, story)

describe('event_in', () => {
  it.each([
    ["'x'", 'trace_id'],
    ["''", 'trace_id'],
    ["x'31'", 'trace_id'],
    ["1, 'soon'", 'from_ns'],
    ["1, 0, 'late'", 'to_ns'],
  ])('refuses a limit that is no number, which would be none: %s', (given, name) => {
    const db = openFile(two())
    read.mockClear()
    const asked = () => db.prepare(`SELECT count(*) FROM event_in(${given})`).get()
    expect(asked).toThrow(`SQL: event_in() was given a ${name} that is no number`)
    expect(read).not.toHaveBeenCalled()
    db.close()
  })

  it('takes numbers in any dress, and NULL for nothing', () => {
    const db = openFile(two())
    const count = (given: string) => db.prepare(`SELECT count(*) FROM event_in(${given})`).pluck().get()
    expect(["'2', '0', 9e999", '2.0', '0', '1.5', 'NULL', '1, NULL', '3'].map(count)).toEqual([5, 5, 10, 0, 0, 0, 0])
    db.close()
  })

  it('decodes a chunk once for many windows in it, and again when somebody wrote', () => {
    const path = two()
    const db = openFile(path)
    const windows = db.prepare(
      'WITH w(f) AS (VALUES (0), (400), (500), (700)) SELECT count(*) FROM w, event_in(2, w.f, w.f + 100)',
    )
    const decoded = () => {
      read.mockClear()
      expect(windows.pluck().get()).toBe(4)
      return read.mock.calls.length
    }
    expect([decoded(), decoded()]).toEqual([1, 0])
    const other = openFileForWriting(path)
    other.prepare("INSERT INTO annotation (trace_id, kind, start_ns, text) VALUES (1, 'x', 0, '')").run()
    other.close()
    expect([decoded(), decoded()]).toEqual([1, 0])
    db.close()
  })
})
