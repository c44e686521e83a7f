/** Marks and notes: kept in the file, beside other windows, through a kill, and where the file cannot be written. */

import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { changeNote, listNotes } from '#electron/engine/annotations.ts'
import { checkFile } from '#electron/store/check.ts'
import { connect } from '#electron/store/database.ts'
import { openFile } from '#electron/store/open.ts'
import { tempFolder, writeFile } from '../support/store.ts'
import { story } from '../support/trace-art.ts'

const WRITER = join(import.meta.dirname, 'note-writer.ts')

function file(): string {
  return writeFile(join(tempFolder(), 'notes.faultline'), story)
}

function notesOf(path: string) {
  const db = openFile(path)
  try {
    return listNotes(db, path, 1)
  } finally {
    db.close()
  }
}

const note = (startNs: number, text: string, endNs: number | null = null) => ({ kind: 'note', startNs, endNs, text })

describe('marks and notes', () => {
  it('are in the file: added, changed, removed, in order of time', () => {
    const path = file()
    const late = changeNote(path, 1, { change: 'add', note: note(50, 'late', 70) })
    const early = changeNote(path, 1, { change: 'add', note: note(10, 'early — ü') })
    changeNote(path, 1, { change: 'update', id: late, note: note(60, 'later', 70) })
    expect(notesOf(path)).toEqual({
      annotations: [
        { id: early, kind: 'note', startNs: 10, endNs: null, text: 'early — ü', saved: true },
        { id: late, kind: 'note', startNs: 60, endNs: 70, text: 'later', saved: true },
      ],
      writable: true,
      why: null,
    })
    changeNote(path, 1, { change: 'remove', id: early })
    expect(notesOf(path).annotations.map(({ text }) => text)).toEqual(['later'])
    expect(() => changeNote(path, 1, { change: 'remove', id: early })).toThrow(/not there any more/)
    expect(() => changeNote(path, 1, { change: 'add', note: note(9, 'x', 3) })).toThrow(/before it begins/)
  })

  it('say in a sentence that another program is writing', () => {
    const path = file()
    const other = connect(path, { readonly: false, mustExist: true })
    other.exec('BEGIN IMMEDIATE')
    try {
      expect(() => changeNote(path, 1, { change: 'add', note: note(1, 'x') })).toThrow(
        'notes.faultline is being written by another program',
      )
    } finally {
      other.exec('ROLLBACK')
      other.close()
    }
    changeNote(path, 1, { change: 'add', note: note(1, 'x') })
    expect(notesOf(path).annotations).toHaveLength(1)
  })

  it('survive a window that is killed while it writes, and leave the file whole', async () => {
    const path = file()
    for (let round = 0; round < 4; round++) {
      const before = notesOf(path).annotations.length
      const writer = spawn(process.execPath, [WRITER, path, 'on'], { stdio: ['ignore', 'pipe', 'inherit'] })
      let printed = ''
      writer.stdout.on('data', (bytes: Buffer) => {
        printed += bytes.toString()
        if (printed.split('\n').length > 3 + 2 * round) writer.kill('SIGKILL')
      })
      await new Promise((resolve) => writer.on('close', resolve))
      const acknowledged = printed.split('\n').length - 1
      const after = notesOf(path).annotations.length
      expect(after).toBeGreaterThanOrEqual(before + acknowledged)
      // Any window can go on writing at once.
      changeNote(path, 1, { change: 'add', note: note(round, 'mine') })
    }
    expect(await checkFile({ path })).toMatchObject({ ok: true })
  })

  it('are as they were before a write that was killed half way', async () => {
    const path = file()
    changeNote(path, 1, { change: 'add', note: note(1, 'before') })
    spawnSync(process.execPath, [WRITER, path, 'half'])
    expect(existsSync(`${path}-journal`)).toBe(true)
    expect(notesOf(path).annotations.map(({ text }) => text)).toEqual(['before'])
    expect(await checkFile({ path })).toMatchObject({ ok: true })
  })

  it.skipIf(process.platform === 'win32')('are kept in memory where the file cannot be written, and say why', () => {
    const path = file()
    chmodSync(path, 0o444)
    chmodSync(dirname(path), 0o555)
    const asRoot = process.getuid?.() === 0
    if (asRoot) chownSync(path, 0, 0)
    const { stdout, stderr } = spawnSync(process.execPath, [WRITER, path, 'once'], {
      encoding: 'utf8',
      // Root may write anywhere; who is not may not write where coverage is gathered.
      ...(asRoot ? { uid: 65_534, gid: 65_534, env: { ...process.env, NODE_V8_COVERAGE: undefined } } : {}),
    })
    chmodSync(dirname(path), 0o755)
    expect(stderr).toBe('')
    const found = JSON.parse(stdout) as ReturnType<typeof listNotes> & { id: number }
    expect(found).toMatchObject({ id: -1, writable: false, annotations: [{ id: -1, saved: false, startNs: 5 }] })
    expect(found.why).toMatch(/^notes\.faultline cannot be written here: notes are kept until/)
    expect(notesOf(path).annotations).toEqual([])
  })
})
