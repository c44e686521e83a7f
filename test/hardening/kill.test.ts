/**
 * Nothing lost: processes killed at random moments while they import, simulate, compare, migrate or take notes leave the old file
 * or the new one, whole, with every note that was acknowledged, and nothing that the next one does not clear away. A few kills
 * here; `FAULTLINE_KILLS=300` is three hundred of each.
 */
import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngine, type Engine } from '#electron/engine/engine.ts'
import { connect } from '#electron/store/database.ts'
import { migrate, newestVersion, versionOf } from '#electron/store/migrate.ts'
import { openFile } from '#electron/store/open.ts'
import type { Client } from '#shared/contract/methods.ts'
import { sampleText, SMALL } from '../support/engine.ts'

const KILLS = Number(process.env['FAULTLINE_KILLS'] ?? 3)
/** Most of the time after a victim's start in which it is killed, ms; several rounds of what it does. */
const WITHIN_MS = 400
const TIMEOUT_MS = 60_000 + KILLS * 10_000

const folder = mkdtempSync(join(tmpdir(), 'faultline-kill-'))
const at = (name: string) => join(folder, name)
const file = at('it.faultline')
const path = (name: string) => ({ kind: 'path', path: name }) as const
let engine: Engine
let client: Client

beforeAll(async () => {
  mkdirSync(at('home'))
  writeFileSync(at('input.txt'), sampleText(SMALL))
  engine = await createEngine({ host: 'cli', dataDir: at('checker') })
  client = engine.connect()
  await client.call('trace.import', { source: path(at('input.txt')), out: at('imported.faultline'), force: true })
  const old = connect(at('old.faultline'), { readonly: false, mustExist: false })
  migrate(old, 1)
  old.exec(
    `INSERT INTO trace VALUES (1, 'old', 'ftrace', 'mono', 'ns', '0', NULL, 5, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1024)`,
  )
  old.close()
})
afterAll(async () => {
  client.close()
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Starts a victim and kills it at a random moment after it has begun. What it said. */
async function killed(action: string): Promise<string[]> {
  const args = ['--no-warnings', join(import.meta.dirname, 'victim.ts'), action, folder]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  const ended = new Promise((resolve) => child.once('close', resolve))
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString()
      if (said.includes('begins')) resolve()
    })
    void ended.then(() => resolve())
  })
  await new Promise((resolve) => setTimeout(resolve, Math.random() * WITHIN_MS))
  child.kill('SIGKILL')
  await ended
  expect(child.signalCode, said).toBe('SIGKILL')
  return said.split('\n').slice(0, -1)
}

/** Whole by our own check and by SQLite's, and it opens. Its traces. */
async function whole(): Promise<string[]> {
  expect(await client.call('files.check', { source: path(file) })).toMatchObject({ ok: true, findings: [] })
  const db = openFile(file)
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
    return db.prepare('SELECT name FROM trace ORDER BY id').pluck().all() as string[]
  } finally {
    db.close()
  }
}

describe('killed at random moments', () => {
  it.each(['import', 'simulate', 'compare'])(
    '%s leaves the old file or the new one',
    async (action) => {
      const wanted = new Set<string>()
      for (let n = 0; n < KILLS; n++) {
        if (n % 2 === 0) copyFileSync(at('imported.faultline'), file)
        const said = await killed(action)
        const traces = await whole()
        wanted.add(traces.join())
        if (said.includes('done') && action !== 'import') expect(traces.join()).not.toBe('input.txt')
        // Drafts of the dead go when the next one writes there: one that was cut short is all that may lie about.
        const drafts = readdirSync(folder).filter((name) => name.endsWith('.part'))
        expect(drafts.length, drafts.join()).toBeLessThanOrEqual(1)
      }
      expect(wanted.size).toBeLessThanOrEqual(2)
      await client.call('trace.import', { source: path(at('input.txt')), out: file, force: true })
      expect(readdirSync(folder).filter((name) => /\.part|-journal|-wal/.test(name))).toEqual([])
    },
    TIMEOUT_MS,
  )

  it(
    'a migration leaves the older file or the newer one',
    async () => {
      for (let n = 0; n < KILLS; n++) {
        copyFileSync(at('old.faultline'), file)
        await killed('migrate')
        const before = connect(file, { readonly: true, mustExist: true })
        expect([1, newestVersion()]).toContain(versionOf(before))
        before.close()
        const db = openFile(file)
        expect([versionOf(db), db.prepare('SELECT name FROM trace').pluck().all()]).toEqual([newestVersion(), ['old']])
        db.close()
      }
    },
    TIMEOUT_MS,
  )

  it(
    'notes that were acknowledged are all there',
    async () => {
      copyFileSync(at('imported.faultline'), file)
      const kept: string[] = []
      for (let n = 0; n < KILLS; n++) {
        const said = await killed('annotate')
        kept.push(...said.filter((line) => line.startsWith('kept ')).map((line) => line.slice(5)))
        await whole()
        const db = openFile(file)
        const there = new Set(db.prepare('SELECT text FROM annotation').pluck().all() as string[])
        db.close()
        expect(kept.filter((text) => !there.has(text))).toEqual([])
        // At most one that was written and not yet acknowledged, per kill.
        expect(there.size).toBeLessThanOrEqual(kept.length + n + 1)
      }
      expect(kept.length).toBeGreaterThan(0)
    },
    TIMEOUT_MS,
  )
})
