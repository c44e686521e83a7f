/** Answers that carry raw events: many hits of one search, and events whose texts are long. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OpenedFile } from '#shared/contract/files.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { Draft } from '#electron/store/draft.ts'
import { NewFile } from '#electron/store/new-file.ts'
import { TraceWriter } from '#electron/store/writer.ts'
import { loadTrace } from '#electron/store/load.ts'
import { openFile, type Db } from '#electron/store/open.ts'
import { TraceEvents } from '#electron/engine/timeline-events.ts'
import { startHost, TRANSPORTS, type TestHost } from '../support/engine.ts'
import { at } from '../support/import-text.ts'
import { tempFolder } from '../support/store.ts'

const folder = mkdtempSync(join(tmpdir(), 'faultline-many-events-'))
const EVENTS = 1500
/** Longer than a message as a whole. */
const LONG = 30_000

describe('a trace of long events', () => {
  let host: TestHost
  let opened: OpenedFile

  beforeAll(async () => {
    const path = join(folder, 'long.trace.txt')
    const lines = Array.from({ length: EVENTS }, (_, i) => at(i, 7, `tracing_mark_write: ${i} ${'x'.repeat(LONG)}`))
    writeFileSync(path, `# tracer: nop\n#\n${lines.join('\n')}\n`)
    host = await startHost(TRANSPORTS[0])
    opened = (await host.client.call('files.open', { source: { kind: 'path', path } })).opened
  })
  afterAll(async () => {
    await host.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('is listed as far as a message reaches, and goes on where that ended', async () => {
    const ask = (fromNs: number) =>
      host.client.call('timeline.events', { file: opened.file, trace: 1, fromNs, toNs: 10_000_000, limit: 10_000 })
    const first = await ask(0)
    expect(first.truncated).toBe(true)
    expect(first.events.length).toBeGreaterThan(100)
    expect(first.scannedToNs).toBe(first.events.length * 1000)
    const next = await ask(first.scannedToNs)
    expect(next.events[0].args).toMatch(new RegExp(`^${first.events.length} x`))
  })
})

describe('hits of a search', () => {
  it('read a chunk once, not once for each', () => {
    const draft = new Draft(join(tempFolder(), 'hits.faultline'))
    const file = new NewFile(draft.path)
    const builder = new TraceBuilder(new TraceWriter(file), 'hits', 'ftrace')
    const task = builder.task(7, 0)
    for (let i = 0; i < 500; i++) builder.eventOf(i, 0, task, 'lock_release', `number ${i}`)
    builder.end()
    file.finish()
    const db = openFile(draft.path)
    let prepared = 0
    const counting = new Proxy(db, {
      get: (target, key: keyof Db) =>
        key === 'prepare' ? (sql: string) => (prepared++, target.prepare(sql)) : (Reflect.get(target, key) as unknown),
    })
    const events = new TraceEvents(counting, loadTrace(db, 1), 1)
    const [{ id }] = db.prepare('SELECT id FROM event_chunk').all() as { id: number }[]
    prepared = 0
    const hit = events.hits({ text: 'lock', kinds: ['event'] })
    const texts = Array.from({ length: 500 }, (_, row) => hit(id, row).text)
    expect(texts[499]).toBe('lock_release: number 499')
    expect(prepared).toBe(1)
    db.close()
  })
})
