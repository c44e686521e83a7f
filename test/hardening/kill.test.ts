/**
 * Nothing lost: processes killed at random moments while they import, simulate, compare, migrate or take notes leave the old file
 * or the new one, whole, with every note that was acknowledged, and nothing that the next one does not clear away. A few kills
 * here; `FAULTLINE_KILLS=60` is sixty of each. Then what goes wrong with places: a full disk, folders that cannot be written, a
 * file that goes away under an open window, two windows on one file, a lock of another program: a sentence each.
 */
import { spawn } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngine, type Engine } from '#electron/engine/engine.ts'
import { connect } from '#electron/store/database.ts'
import { migrate, newestVersion, versionOf } from '#electron/store/migrate.ts'
import { openFile } from '#electron/store/open.ts'
import type { ApiError } from '#shared/base/errors.ts'
import type { Client } from '#shared/contract/methods.ts'
import { bin } from '../golden/cli/run-cli.ts'
import { sampleText, SMALL } from '../support/engine.ts'

const KILLS = Number(process.env['FAULTLINE_KILLS'] ?? 3)
/** Most of the time after a victim's start in which it is killed, ms; several rounds of what it does. */
const WITHIN_MS = 400

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
    600_000,
  )

  it('a migration leaves the older file or the newer one', async () => {
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
  }, 600_000)

  it('notes that were acknowledged are all there', async () => {
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
  }, 600_000)
})

/** The command line in a shell that has been given less; as nobody where root would be allowed everything. */
async function inShell(before: string, args: readonly string[], as: 'self' | 'nobody' = 'self') {
  const child = spawn('sh', ['-c', `${before}; exec "$0" "$@"`, process.execPath, bin, ...args], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '', FAULTLINE_HOME: at('shell-home') },
    ...(as === 'nobody' && process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}),
  })
  let stderr = ''
  let stdout = ''
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()))
  const status = await new Promise((resolve) => child.once('close', resolve))
  return { status, stdout, stderr }
}

const posix = process.platform !== 'win32'
if (!posix) process.stdout.write('no ulimit and no modes here: full disks and read-only folders are not tried\n')

const oneSentence = /^faultline: [^\n]+\n(?:[^\n]+\n)?$/

describe('a place that does not do', () => {
  it.skipIf(!posix)('a disk that is full: one sentence, the old file stays, no draft', async () => {
    copyFileSync(at('imported.faultline'), file)
    // A limit of the size of files, 64 blocks of 512 bytes: less than any trace takes.
    const full = await inShell("trap '' XFSZ; ulimit -f 64", ['import', 'input.txt', '--out', file, '--force'])
    expect([full.status, full.stdout]).toEqual([1, ''])
    expect(full.stderr).toMatch(/it\.faultline|disk|full|written/)
    expect(full.stderr).not.toMatch(/ {4}at |Error:/)
    expect(await whole()).toEqual(['input.txt'])
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  it.skipIf(!posix)('a folder that cannot be written to', async () => {
    const closed = at('closed')
    mkdirSync(closed, { recursive: true })
    copyFileSync(at('imported.faultline'), join(closed, 'there.faultline'))
    chmodSync(closed, 0o555)
    chmodSync(folder, 0o755)
    mkdirSync(at('shell-home'), { recursive: true })
    chmodSync(at('shell-home'), 0o777)
    try {
      const out = join(closed, 'new.faultline')
      const { status, stderr } = await inShell(':', ['import', at('input.txt'), '--out', out], 'nobody')
      expect([status, stderr]).toEqual([1, expect.stringMatching(oneSentence)])
      expect(stderr).toMatch(/new\.faultline/)
      const info = await inShell(':', ['info', join(closed, 'there.faultline'), '--json'], 'nobody')
      expect(info.status, info.stderr).toBe(0)
    } finally {
      chmodSync(closed, 0o755)
    }
  })

  it('a file that is deleted under an open window stays readable there, and takes no notes it would lose', async () => {
    const mine = at('gone.faultline')
    copyFileSync(at('imported.faultline'), mine)
    const { opened } = await client.call('files.open', { source: path(mine) })
    const of = { file: opened.file, trace: 1 }
    rmSync(mine)
    const answer = await client.call('analysis.run', { ...of, id: 'contention', params: {} }).catch((e: unknown) => e)
    if (answer instanceof Error) expect((answer as ApiError).message).toMatch(/gone\.faultline/)
    const added = await client.call('annotations.add', { ...of, startNs: 1, text: 'lost?' }).catch((e: unknown) => e)
    // Either it says in a sentence that it cannot be kept, or it does not say that it was.
    if (added instanceof Error) expect((added as ApiError).message).toMatch(/gone\.faultline/)
    else expect((added as { annotations: { saved: boolean }[] }).annotations.every(({ saved }) => !saved)).toBe(true)
  })

  it('two windows on one file both take notes, and each sees the other’s', async () => {
    copyFileSync(at('imported.faultline'), file)
    const other = await createEngine({ host: 'cli', dataDir: at('other') })
    try {
      const second = other.connect()
      const one = await client.call('files.open', { source: path(file) })
      const two = await second.call('files.open', { source: path(file) })
      const a = { file: one.opened.file, trace: 1 }
      const b = { file: two.opened.file, trace: 1 }
      for (let n = 0; n < 5; n++) {
        await Promise.all([
          client.call('annotations.add', { ...a, startNs: n, text: `one ${n}` }),
          second.call('annotations.add', { ...b, startNs: n, text: `two ${n}` }),
        ])
      }
      const texts = (await client.call('annotations.list', a)).annotations.map(({ text }) => text).sort()
      expect(texts).toEqual([0, 1, 2, 3, 4].flatMap((n) => [`one ${n}`, `two ${n}`]).sort())
      await client.call('files.close', { file: one.opened.file })
      second.close()
    } finally {
      await other.close()
    }
    await whole()
  })

  it('a file that another program holds: one sentence', async () => {
    copyFileSync(at('imported.faultline'), file)
    const { opened } = await client.call('files.open', { source: path(file) })
    const holder = connect(file, { readonly: false, mustExist: true })
    holder.exec('BEGIN EXCLUSIVE')
    try {
      const adding = client.call('annotations.add', { file: opened.file, trace: 1, startNs: 1, text: 'held' })
      await expect(adding).rejects.toMatchObject({
        code: 'permission',
        message: expect.stringMatching(/it\.faultline is being written by another program/) as string,
      })
    } finally {
      holder.exec('ROLLBACK')
      holder.close()
    }
    const after = await client.call('annotations.add', { file: opened.file, trace: 1, startNs: 1, text: 'free' })
    expect(after.annotations.map(({ text }) => text)).toEqual(['free'])
    await client.call('files.close', { file: opened.file })
  })
})
