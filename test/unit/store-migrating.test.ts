/** Two programs open the same file of an older version at once: each makes its copy, and one of them takes its place first. */
import { writeFileSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { expect, it, vi } from 'vitest'
import type * as migrating from '#electron/store/migrate.ts'
import { openFile, openFileForWriting } from '#electron/store/open.ts'
import { PROJECT } from '../support/engine.ts'
import { tempFolder } from '../support/store.ts'

const meanwhile = vi.hoisted(() => ({ happens: undefined as (() => void) | undefined }))
vi.mock('#electron/store/migrate.ts', async (actual) => {
  const real = await actual<typeof migrating>()
  return {
    ...real,
    migrate(...[db, to]: Parameters<typeof real.migrate>) {
      real.migrate(db, to)
      // Without a version it is the copy's turn, not that of a schema to compare with.
      if (to !== undefined) return
      const { happens } = meanwhile
      meanwhile.happens = undefined
      happens?.()
    },
  }
})

it('a note that was taken in the first one’s file is not lost when the second is done', () => {
  const path = join(tempFolder(), 'old.faultline')
  writeFileSync(path, zstdDecompressSync(readFileSync(join(PROJECT, 'test/fixtures/versions/2.faultline.zst'))))
  meanwhile.happens = () => {
    const first = openFileForWriting(path)
    first.exec(`INSERT INTO annotation (trace_id, kind, start_ns, end_ns, text) VALUES (1, 'note', 7, NULL, 'kept')`)
    first.close()
  }
  const second = openFile(path)
  expect(second.prepare('SELECT text FROM annotation ORDER BY id').pluck().all()).toEqual([
    'written by version 2',
    'kept',
  ])
  second.close()
  expect(readdirSync(dirname(path))).toEqual(['old.faultline'])
})
