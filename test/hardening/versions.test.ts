/**
 * Files of every version of the schema that wrote any: made by the program of that time from the first 600 lines of a sample,
 * with a note. Each is brought up to date with everything that was in it; where that cannot be done it is said, and the file
 * stays. A new version adds its file here: `faultline import`, a note, `zstd -19`.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createEngine } from '#electron/engine/engine.ts'
import { connect, type Db } from '#electron/store/database.ts'
import { newestVersion, versionOf } from '#electron/store/migrate.ts'
import { openFile } from '#electron/store/open.ts'
import { PROJECT } from '../support/engine.ts'
import { tempFolder } from '../support/store.ts'
import { inShell, ONE_SENTENCE } from './shell.ts'

const fixtures = join(PROJECT, 'test/fixtures/versions')
const fixture = (version: number) => join(fixtures, `${version}.faultline.zst`)
/** 1 was never written: 2 came with it. */
const versions = Array.from({ length: newestVersion() - 1 }, (_, i) => i + 2)

/** The file as it was written then, in a folder of the test's own. */
function written(version: number): string {
  const path = join(tempFolder(), `v${version}.faultline`)
  writeFileSync(path, zstdDecompressSync(readFileSync(fixture(version))))
  return path
}

/** Rows per table, of the tables this file has. */
function rowsOf(db: Db): Map<string, number> {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[]
  return new Map(tables.map((name) => [name, db.prepare(`SELECT count(*) FROM "${name}"`).pluck().get() as number]))
}

it('there is a file of each version', () => {
  expect(versions.filter((version) => !existsSync(fixture(version)))).toEqual([])
})

describe.each(versions)('a file of version %i', (version) => {
  it('says so, opens as the newest with every row it had, and is whole', async () => {
    const path = written(version)
    const old = connect(path, { readonly: true, mustExist: true })
    const [before, saidVersion] = [rowsOf(old), versionOf(old)]
    old.close()
    expect(saidVersion).toBe(version)
    const db = openFile(path)
    const after = rowsOf(db)
    expect(versionOf(db)).toBe(newestVersion())
    expect([...before].filter(([table, rows]) => after.get(table) !== rows)).toEqual([])
    expect(db.prepare('SELECT text FROM annotation').pluck().all()).toEqual([`written by version ${version}`])
    db.close()
    const engine = await createEngine({ host: 'cli', dataDir: join(tempFolder(), 'data') })
    try {
      const client = engine.connect()
      const source = { kind: 'path', path } as const
      expect(await client.call('files.check', { source })).toMatchObject({ ok: true, findings: [] })
      const { opened } = await client.call('files.open', { source })
      const of = { file: opened.file, trace: 1 }
      const info = opened.traces[0]
      expect([info?.events, info?.ops, info?.lockSpans]).toEqual([588, 105, 137])
      await client.call('annotations.add', { ...of, startNs: 5, text: 'and by this one' })
      expect((await client.call('annotations.list', of)).annotations).toHaveLength(2)
      client.close()
    } finally {
      await engine.close()
    }
  })

  it('takes a note as the first thing that is asked of it', async () => {
    const engine = await createEngine({ host: 'cli', dataDir: join(tempFolder(), 'data') })
    try {
      const client = engine.connect()
      const { opened } = await client.call('files.open', { source: { kind: 'path', path: written(version) } })
      const added = await client.call('annotations.add', { file: opened.file, trace: 1, startNs: 5, text: 'at once' })
      expect(added.annotations.map(({ text, saved }) => [text, saved])).toContainEqual(['at once', true])
      client.close()
    } finally {
      await engine.close()
    }
  })

  it.skipIf(process.platform === 'win32' || version === newestVersion())(
    'where it cannot be brought up to date: one sentence, and not a byte of it changes',
    async () => {
      const folder = tempFolder()
      const closed = join(folder, 'closed')
      mkdirSync(closed)
      mkdirSync(join(folder, 'shell-home'))
      chmodSync(folder, 0o755)
      chmodSync(join(folder, 'shell-home'), 0o777)
      const bytes = readFileSync(written(version))
      const path = join(closed, 'old.faultline')
      writeFileSync(path, bytes)
      chmodSync(closed, 0o555)
      try {
        const { status, stdout, stderr } = await inShell(['info', path], { folder, as: 'nobody' })
        expect([status, stdout]).toEqual([1, ''])
        expect(stderr).toMatch(ONE_SENTENCE)
        expect(stderr).toMatch(
          /old\.faultline was written by an older Faultline .*copy it to a folder you can write to/,
        )
        expect(readFileSync(path).equals(bytes)).toBe(true)
      } finally {
        chmodSync(closed, 0o755)
      }
    },
  )
})
