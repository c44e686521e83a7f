/**
 * Places that do not do: a full disk, folders and files that cannot be written, a file that goes away or is replaced under an
 * open window, two windows on one file, a lock of another program, a network drive without locks. A sentence each; the file
 * that was there stays as it was.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngine, type Engine } from '#electron/engine/engine.ts'
import { connect } from '#electron/store/database.ts'
import type { Client } from '#shared/contract/methods.ts'
import { sampleText, SMALL } from '../support/engine.ts'
import { inShell, ONE_SENTENCE, works } from './shell.ts'

const folder = mkdtempSync(join(tmpdir(), 'faultline-places-'))
const at = (name: string) => join(folder, name)
const path = (name: string) => ({ kind: 'path', path: name }) as const
const imported = at('imported.faultline')
let engine: Engine
let client: Client

beforeAll(async () => {
  writeFileSync(at('input.txt'), sampleText(SMALL))
  mkdirSync(at('shell-home'))
  chmodSync(folder, 0o755)
  chmodSync(at('shell-home'), 0o777)
  engine = await createEngine({ host: 'cli', dataDir: at('data') })
  client = engine.connect()
  await client.call('trace.import', { source: path(at('input.txt')), out: imported })
})
afterAll(async () => {
  client.close()
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A copy of the imported file of its own. */
function fresh(name: string): string {
  copyFileSync(imported, at(name))
  return at(name)
}

const same = (file: string) => readFileSync(file).equals(readFileSync(imported))
const drafts = (where: string) => readdirSync(where).filter((name) => /\.part|-journal|-wal/.test(name))

const posix = process.platform !== 'win32'
const ownMounts = works('unshare', ['--user', '--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'])
const preloading = process.platform === 'linux' && works('cc', ['--version'])
if (!posix) process.stdout.write('no ulimit and no modes here: full disks and read-only folders are not tried\n')
if (!ownMounts) process.stdout.write('no mounts of one’s own here: a file system that is full is not tried\n')
if (!preloading) process.stdout.write('no Linux with a C compiler here: a drive that refuses locks is not tried\n')

describe('a disk that is full', () => {
  it.skipIf(!posix)('at a limit for files: one sentence, the old file stays, no draft', async () => {
    const file = fresh('limited.faultline')
    // 64 blocks of 512 bytes: less than any trace takes.
    const before = "trap '' XFSZ; ulimit -f 64"
    const full = await inShell(['import', 'input.txt', '--out', file, '--force'], { folder, before })
    expect([full.status, full.stdout]).toEqual([1, ''])
    expect(full.stderr).toMatch(ONE_SENTENCE)
    expect(full.stderr).toMatch(/limited\.faultline/)
    expect(same(file)).toBe(true)
    expect(drafts(folder)).toEqual([])
  })

  // Everything that writes: what the disk has room for stays, what it has not is said.
  it.skipIf(!ownMounts).each([
    ['import', ['import', 'input.txt', '--out', '/mnt/it.faultline', '--force']],
    ['simulate', ['simulate', '--scenario', 'SC2', '--strategy', 'K', '--out', '/mnt/it.faultline', '--force']],
    ['export', ['export', 'imported.faultline', '--format', 'chrome-json', '--out', '/mnt/it.json', '--force']],
    ['a report', ['export', 'imported.faultline', '--format', 'html', '--out', '/mnt/it.html', '--force']],
    ['a table', ['export', 'imported.faultline', '--format', 'csv', '--table', 'event', '--out', '/mnt/it.csv']],
    [
      'parquet',
      ['export', 'imported.faultline', '--format', 'parquet', '--table', 'event', '--out', '/mnt/it.parquet'],
    ],
  ])('a file system without room, %s: says that it is full, and nothing is left', async (_name, args) => {
    const full = await inShell(args, {
      folder,
      inside: ['unshare', '--user', '--map-root-user', '--mount'],
      before: `mount -t tmpfs -o size=16k none /mnt; trap 'ls -A /mnt >&2' EXIT; "$0" "$@"; exit $?`,
    })
    expect([full.status, full.stdout]).toEqual([1, ''])
    expect(full.stderr).toMatch(ONE_SENTENCE)
    expect(full.stderr).toMatch(/^faultline: \w+: it\.\w+ cannot be written: the disk is full; free some space\n$/)
  })
})

describe.skipIf(!ownMounts)('a disk that a statement would fill', () => {
  it('the statement ends while others still have room, and says so', async () => {
    // Sorting goes to the disk in pieces; without an end this statement would take all there is.
    const sql =
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT randomblob(100000) b FROM n ORDER BY b'
    const stopped = await inShell(['query', 'imported.faultline', sql], {
      folder,
      inside: ['unshare', '--user', '--map-root-user', '--mount'],
      before: `mount -t tmpfs -o size=256m none /mnt; export SQLITE_TMPDIR=/mnt`,
    })
    expect([stopped.status, stopped.stdout]).toEqual([1, ''])
    expect(stopped.stderr).toMatch(/for lack of memory or of room for what it sorts; ask for less at a time\n$/)
  })
})

describe('what may not be written', () => {
  it.skipIf(!posix)('a folder: new files are refused in a sentence, old ones are read', async () => {
    const closed = at('closed')
    mkdirSync(closed)
    copyFileSync(imported, join(closed, 'there.faultline'))
    chmodSync(closed, 0o555)
    try {
      const out = join(closed, 'new.faultline')
      const refused = await inShell(['import', at('input.txt'), '--out', out], { folder, as: 'nobody' })
      expect([refused.status, refused.stderr]).toEqual([1, expect.stringMatching(ONE_SENTENCE)])
      expect(refused.stderr).toMatch(/new\.faultline/)
      const info = await inShell(['info', join(closed, 'there.faultline'), '--json'], { folder, as: 'nobody' })
      expect(info.status, info.stderr).toBe(0)
    } finally {
      chmodSync(closed, 0o755)
    }
  })

  it.skipIf(!posix)(
    'a folder nobody may look into: that it is not permitted is said, not that we are at fault',
    async () => {
      const hidden = at('hidden')
      mkdirSync(hidden)
      chmodSync(hidden, 0)
      try {
        const out = join(hidden, 'new.faultline')
        for (const force of [[], ['--force']]) {
          const refused = await inShell(['import', at('input.txt'), '--out', out, ...force], { folder, as: 'nobody' })
          expect([refused.status, refused.stderr]).toEqual([1, expect.stringMatching(ONE_SENTENCE)])
          expect(refused.stderr).toMatch(/new\.faultline: not permitted/)
        }
      } finally {
        chmodSync(hidden, 0o755)
      }
    },
  )

  it.skipIf(!posix)('the place for temporary files: it is named, and what names another', async () => {
    const before = 'export TMPDIR=/no/such/folder'
    const refused = await inShell(['export', imported, '--format', 'csv'], { folder, before })
    expect([refused.status, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toMatch(
      /^faultline: export: no temporary folder can be made in \/no\/such\/folder: ENOENT; .*TMPDIR\n$/,
    )
  })

  it('Faultline’s own folder: the engine starts, and opening says which folder, why and what helps', async () => {
    const inTheWay = at('in-the-way')
    writeFileSync(inTheWay, 'a file where the folder should be')
    const other = await createEngine({ host: 'desktop', dataDir: join(inTheWay, 'data') })
    const caller = other.connect()
    const refusal = {
      code: 'permission',
      message: expect.stringContaining(`Faultline cannot keep files in ${join(inTheWay, 'data')}`) as string,
      hint: expect.stringContaining('FAULTLINE_HOME') as string,
    }
    const source = path(at('input.txt'))
    await expect(caller.call('files.open', { source })).rejects.toMatchObject(refusal)
    await expect(caller.call('upload.begin', { name: 'x.txt', bytes: 1 })).rejects.toMatchObject(refusal)
    // A browser is told what it can do about it, not where the folder lies.
    const page = other.connect({ paths: 'none', local: false })
    await expect(page.call('upload.begin', { name: 'x.txt', bytes: 1 })).rejects.toMatchObject({
      ...refusal,
      message: expect.stringMatching(
        /^Faultline cannot keep files in FAULTLINE_HOME.sessions.*: a file is in its way$/,
      ),
    })
    page.close()
    caller.close()
    await other.close()
  })

  it.skipIf(!posix)('a file: it is read, and a name for a lock is refused in a sentence', async () => {
    const file = fresh('closed.faultline')
    chmodSync(file, 0o444)
    const named = await inShell(['name', file, '00000000a60e92a1', 'mine'], { folder, as: 'nobody' })
    expect([named.status, named.stderr]).toEqual([1, expect.stringMatching(ONE_SENTENCE)])
    expect(named.stderr).toMatch(/closed\.faultline/)
    expect(same(file)).toBe(true)
    const read = await inShell(['contention', file], { folder, as: 'nobody' })
    expect(read.status, read.stderr).toBe(0)
  })
})

describe('under an open window', () => {
  it('a file that is deleted stays readable there, and takes no notes it would lose', async () => {
    const mine = fresh('gone.faultline')
    const { opened } = await client.call('files.open', { source: path(mine) })
    const of = { file: opened.file, trace: 1 }
    rmSync(mine)
    const answer = await client.call('analysis.run', { ...of, id: 'contention', params: {} }).catch((e: unknown) => e)
    if (answer instanceof Error) expect(answer.message).toMatch(/gone\.faultline/)
    const added = await client.call('annotations.add', { ...of, startNs: 1, text: 'lost?' }).catch((e: unknown) => e)
    // Either it says in a sentence that it cannot be kept, or it does not say that it was.
    if (added instanceof Error) expect(added.message).toMatch(/gone\.faultline/)
    else expect((added as { annotations: { saved: boolean }[] }).annotations.every(({ saved }) => !saved)).toBe(true)
  })

  it('a file that another one takes the place of gets no note meant for the old one, and is read when asked', async () => {
    const mine = fresh('changed.faultline')
    const { opened } = await client.call('files.open', { source: path(mine) })
    const of = { file: opened.file, trace: 1 }
    await client.call('annotations.add', { ...of, startNs: 1, text: 'to the first' })
    await client.call('sim.run', { scenario: 'SC2', strategy: 'K', set: { durationMs: 1 }, out: at('other.faultline') })
    renameSync(at('other.faultline'), mine)
    const replaced = { code: 'not-found', message: expect.stringMatching(/changed\.faultline was replaced/) as string }
    await expect(client.call('annotations.add', { ...of, startNs: 2, text: 'to whom?' })).rejects.toMatchObject(
      replaced,
    )
    const lock = { ...of, address: 'ffff888000000000', name: 'mine' }
    await expect(client.call('locks.name', lock)).rejects.toMatchObject(replaced)
    const { traces } = await client.call('trace.info', { file: opened.file })
    expect(traces.map(({ format }) => format)).not.toEqual(opened.traces.map(({ format }) => format))
    const added = await client.call('annotations.add', { ...of, startNs: 2, text: 'to the second' })
    expect(added.annotations.map(({ text }) => text)).toEqual(['to the second'])
    await client.call('files.close', { file: opened.file })
  })

  it('a file that another import of the same size is written over is read anew', async () => {
    const mine = fresh('overwritten.faultline')
    writeFileSync(at('other.txt'), sampleText(SMALL))
    await client.call('trace.import', { source: path(at('other.txt')), out: at('over.faultline') })
    expect(statSync(at('over.faultline')).size).toBe(statSync(mine).size)
    const { opened } = await client.call('files.open', { source: path(mine) })
    expect(opened.traces[0]?.name).toBe('input.txt')
    copyFileSync(at('over.faultline'), mine)
    const { traces } = await client.call('trace.info', { file: opened.file })
    expect(traces[0]?.name).toBe('other.txt')
    await client.call('files.close', { file: opened.file })
  })

  it('two windows on one file both take notes, and each sees the other’s', async () => {
    const file = fresh('two.faultline')
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
    expect(await client.call('files.check', { source: path(file) })).toMatchObject({ ok: true, findings: [] })
  })

  it('a file that another program holds: one sentence, and the next note is kept', async () => {
    const file = fresh('held.faultline')
    const { opened } = await client.call('files.open', { source: path(file) })
    const holder = connect(file, { readonly: false, mustExist: true })
    holder.exec('BEGIN EXCLUSIVE')
    try {
      const adding = client.call('annotations.add', { file: opened.file, trace: 1, startNs: 1, text: 'held' })
      await expect(adding).rejects.toMatchObject({
        code: 'permission',
        message: expect.stringMatching(/held\.faultline is being written by another program/) as string,
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

describe.skipIf(!preloading)('a network drive that refuses locks', () => {
  /** Errors a mount without locks gives (fcntl(2)): no lock service, not supported there, not a thing this server does. */
  const ERRORS = { ENOLCK: 37, EOPNOTSUPP: 95, EINVAL: 22, EIO: 5 } as const
  const drive = at('drive')
  const shim = at('locks.so')
  const file = join(drive, 'it.faultline')

  beforeAll(() => {
    mkdirSync(drive)
    copyFileSync(imported, file)
    const made = spawnSync('cc', ['-shared', '-fPIC', '-o', shim, join(import.meta.dirname, 'locks.c'), '-ldl'])
    expect(made.stderr.toString()).toBe('')
  })

  const CALLS = [
    ['info', 'drive/it.faultline'],
    ['query', 'drive/it.faultline', 'SELECT 1'],
    ['check', 'drive/it.faultline'],
    ['name', 'drive/it.faultline', '0xffff888000000000', 'mine'],
    ['export', 'drive/it.faultline', '--format', 'csv', '--table', 'op', '--out', 'op.csv'],
    ['import', 'input.txt', '--out', 'drive/it.faultline', '--force'],
  ] as const

  it.each(Object.entries(ERRORS))('%s: a sentence with what helps, the file stays as it was', async (name, errno) => {
    const env = { LD_PRELOAD: shim, LOCKS_ERRNO: String(errno), LOCKS_UNDER: drive }
    // SQLite waits five seconds for whom it thinks to be another program.
    for (const args of name === 'EOPNOTSUPP' ? CALLS : CALLS.slice(0, 1)) {
      const refused = await inShell(args, { folder, env })
      expect([refused.status, refused.stdout], args[0]).toEqual([1, ''])
      expect(refused.stderr).toMatch(ONE_SENTENCE)
      expect(refused.stderr).toMatch(/it\.faultline .*keep the file on a local disk/)
      expect([same(file), drafts(drive)]).toEqual([true, []])
    }
  })

  it('and it is the drive: without it the same call answers', async () => {
    const env = { LD_PRELOAD: shim, LOCKS_ERRNO: '37', LOCKS_UNDER: `${drive}/elsewhere` }
    const read = await inShell(['info', 'drive/it.faultline'], { folder, env })
    expect(read.status, read.stderr).toBe(0)
  })
})
