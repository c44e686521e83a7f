/** Importing: the file is there and complete, or it is not there at all; and what went wrong is said. */

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { importTrace } from '#electron/engine/import.ts'
import { checkFile } from '#electron/store/check.ts'
import { listTraces, loadTrace } from '#electron/store/load.ts'
import { openFile } from '#electron/store/open.ts'
import { ApiError } from '#shared/base/errors.ts'
import type { Progress } from '#shared/contract/methods.ts'
import { tempFolder } from '../support/store.ts'

let folder: string
beforeEach(() => {
  folder = tempFolder()
})
const at = (name: string) => join(folder, name)

/** A tracefs text of a task that takes and releases one lock, `rounds` times. */
function traceText(rounds: number): string {
  const lines = ['# tracer: nop', '#']
  const add = (us: number, body: string) => {
    const stamp = `${100 + Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, '0')}`
    lines.push(`        rfault 0-474     [001] d..1.  ${stamp}: ${body}`)
  }
  for (let i = 0; i < rounds; i++) {
    add(i * 10, 'lock_acquire: 00000000bc512a5b mapping.invalidate_lock')
    add(i * 10 + 1, 'lock_acquired: 00000000bc512a5b mapping.invalidate_lock')
    add(i * 10 + 7, 'lock_release: 00000000bc512a5b mapping.invalidate_lock')
  }
  return `${lines.join('\n')}\n`
}

async function refusal(promise: Promise<unknown>): Promise<ApiError> {
  const outcome = await promise.then(
    () => new Error('it was imported'),
    (error: unknown) => error,
  )
  if (outcome instanceof ApiError) return outcome
  throw outcome
}

describe('an import', () => {
  it('makes a file that opens, checks out, and says what the summary says', async () => {
    writeFileSync(at('run.txt'), traceText(500))
    const progress: Progress[] = []
    const summary = await importTrace({
      source: at('run.txt'),
      name: 'run.txt',
      out: at('run.faultline'),
      onProgress: (step) => progress.push(step),
    })
    expect(summary).toMatchObject({
      file: at('run.faultline'),
      format: 'ftrace',
      lines: 1502,
      bytes: readFileSync(at('run.txt')).length,
      events: 1500,
      startNs: 100_000_000_000,
      endNs: 100_004_997_000,
      tasks: 1,
      locks: 1,
      lockClasses: 1,
      lockSpans: 500,
      skipped: [],
      warnings: [],
      unmatched: 0,
    })
    expect(summary.wallMs).toBeGreaterThan(0)
    expect(await checkFile({ path: at('run.faultline') })).toEqual({ ok: true, findings: [] })
    const db = openFile(at('run.faultline'))
    expect(listTraces(db).map(({ meta }) => [meta.name, meta.eventCount])).toEqual([['run.txt', 1500]])
    expect(loadTrace(db, 1).lockSpan.length).toBe(500)
    db.close()
    expect(progress.at(-1)?.stage).toBe('writing')
    expect(readdirSync(folder).sort()).toEqual(['run.faultline', 'run.txt'])
  })

  it('of bytes, compressed or not, is the same as of a file', async () => {
    const text = Buffer.from(traceText(50))
    writeFileSync(at('a.txt'), text)
    const trace = async (source: string | Uint8Array, out: string) => {
      await importTrace({ source, name: 'a', out: at(out) })
      const db = openFile(at(out))
      const loaded = { ...loadTrace(db, 1) }
      db.close()
      return loaded
    }
    const expected = await trace(at('a.txt'), '1.faultline')
    expect(await trace(text, '2.faultline')).toEqual(expected)
    expect(await trace(gzipSync(text), '3.faultline')).toEqual(expected)
  })

  it('does not touch an existing file, unless it is told to replace it', async () => {
    writeFileSync(at('a.txt'), traceText(5))
    writeFileSync(at('a.faultline'), 'precious')
    const error = await refusal(importTrace({ source: at('a.txt'), name: 'a.txt', out: at('a.faultline') }))
    expect([error.code, error.message]).toEqual(['exists', 'a.faultline exists already'])
    expect(error.hint).toContain('--force')
    expect(readFileSync(at('a.faultline'), 'utf8')).toBe('precious')
    await importTrace({ source: at('a.txt'), name: 'a.txt', out: at('a.faultline'), force: true })
    openFile(at('a.faultline')).close()
  })

  it('that fails keeps the file it was to replace', async () => {
    writeFileSync(at('bad.txt'), 'this is no trace\n'.repeat(100))
    writeFileSync(at('a.faultline'), 'precious')
    await refusal(importTrace({ source: at('bad.txt'), name: 'bad.txt', out: at('a.faultline'), force: true }))
    expect(readFileSync(at('a.faultline'), 'utf8')).toBe('precious')
    expect(readdirSync(folder).sort()).toEqual(['a.faultline', 'bad.txt'])
  })

  it('of something else leaves nothing and says what it is', async () => {
    mkdirSync(at('dir'))
    writeFileSync(at('a.jpg'), Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(5000, 1)]))
    writeFileSync(at('empty.txt'), '')
    const before = readdirSync(folder).sort()
    for (const [name, code] of [
      ['missing.txt', 'not-found'],
      ['dir', 'bad-input'],
      ['a.jpg', 'bad-input'],
      ['empty.txt', 'bad-input'],
    ] as const) {
      const error = await refusal(importTrace({ source: at(name), name, out: at('x.faultline') }))
      expect([name, error.code]).toEqual([name, code])
      expect(error.message).toContain(name)
      expect(error.message).not.toContain('.part')
    }
    expect(readdirSync(folder).sort()).toEqual(before)
  })

  it('with an unknown format id names the nearest', async () => {
    writeFileSync(at('a.txt'), traceText(5))
    const error = await refusal(
      importTrace({ source: at('a.txt'), name: 'a', out: at('a.faultline'), format: 'ftrce' }),
    )
    expect(error.code).toBe('unknown-id')
    expect(`${error.message} ${error.hint}`).toContain('ftrace')
  })

  it('to a folder that is not there, or not to be written to, says so before reading anything', async () => {
    writeFileSync(at('a.txt'), traceText(5))
    const missing = await refusal(importTrace({ source: at('a.txt'), name: 'a', out: at('no/where/a.faultline') }))
    expect([missing.code, missing.message]).toEqual(['not-found', `a.faultline: there is no folder ${at('no/where')}`])
    // Not even root may create files there.
    if (process.platform === 'linux') {
      const denied = await refusal(importTrace({ source: at('a.txt'), name: 'a', out: '/proc/self/a.faultline' }))
      expect(['permission', 'not-found']).toContain(denied.code)
    }
  })
})

describe('an import that is cancelled', () => {
  it('before it begins does nothing', async () => {
    const error = await refusal(
      importTrace({ source: at('x'), name: 'x', out: at('x.faultline'), signal: AbortSignal.abort() }),
    )
    expect(error.code).toBe('cancelled')
    expect(readdirSync(folder)).toEqual([])
  })

  it('while it parses leaves nothing', async () => {
    writeFileSync(at('long.txt'), traceText(200_000))
    const stop = new AbortController()
    const error = await refusal(
      importTrace({
        source: at('long.txt'),
        name: 'long.txt',
        out: at('long.faultline'),
        signal: stop.signal,
        onProgress: () => stop.abort(),
      }),
    )
    expect([error.code, error.message]).toEqual(['cancelled', 'the import of long.txt was cancelled'])
    expect(readdirSync(folder)).toEqual(['long.txt'])
  })
})

describe('an import whose process is killed', () => {
  it('leaves no file of that name, and the next import removes what it did leave', async () => {
    writeFileSync(at('long.txt'), traceText(300_000))
    const module = new URL('../../electron/engine/import.ts', import.meta.url).href
    const options = { source: at('long.txt'), name: 'long.txt', out: at('long.faultline') }
    const script = join(tempFolder(), 'import.mjs')
    writeFileSync(script, `await (await import('${module}')).importTrace(${JSON.stringify(options)})`)
    const child = spawn(process.execPath, [script], { stdio: 'inherit' })
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)))
    const drafts = () => readdirSync(folder).filter((name) => name.endsWith('.part'))
    while (drafts().length === 0 && child.exitCode === null) await sleep(5)
    await sleep(150)
    child.kill('SIGKILL')
    expect(await ended).toBe('SIGKILL')
    expect(existsSync(at('long.faultline'))).toBe(false)
    expect(drafts()).toHaveLength(1)

    writeFileSync(at('short.txt'), traceText(5))
    await importTrace({ source: at('short.txt'), name: 'short.txt', out: at('long.faultline') })
    expect(readdirSync(folder).sort()).toEqual(['long.faultline', 'long.txt', 'short.txt'])
  })

  it('does not lose its draft to another import of the same name while it lives', async () => {
    const living = `.a.faultline.00000000-${process.pid}-00000000.part`
    writeFileSync(at(living), 'being written by another machine')
    writeFileSync(at('a.txt'), traceText(5))
    await importTrace({ source: at('a.txt'), name: 'a', out: at('a.faultline') })
    expect(existsSync(at(living))).toBe(true)
  })
})
