/**
 * Real traces through the whole pipeline (two threads, columns, rows, file) come out as the trace that one thread builds
 * in memory; SQL counts the events the corpus counted; the file passes its check.
 */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { importTrace } from '#electron/engine/import.ts'
import { checkFile } from '#electron/store/check.ts'
import { loadTrace } from '#electron/store/load.ts'
import { openFile } from '#electron/store/open.ts'
import { assert } from '#shared/base/assert.ts'
import { sniff } from '#shared/formats/index.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import { corpusPath, describeWithCorpus, fixturePath, inventory, readCorpus, readFixture } from '../support/corpus.ts'
import { tempFolder } from '../support/store.ts'

const FIXTURES = ['ftrace', 'trace-cmd-report'].flatMap((folder) =>
  readdirSync(fixturePath(folder))
    .filter((name) => name.endsWith('.txt'))
    .map((name) => `${folder}/${name}`),
)

/** What one thread makes of the bytes, without a store. */
function collected(bytes: Uint8Array, name: string) {
  const collector = new TraceCollector()
  const format = sniff(bytes.subarray(0, 65_536))
  const recorder = new Recorder(new TraceBuilder(collector, name, format.id))
  assert(format.input === 'stream', 'a text')
  const reader = format.reader(recorder)
  reader.push(bytes)
  reader.end()
  recorder.end()
  const trace: Record<string, unknown> = { ...collector.trace() }
  delete trace['shiftNs']
  delete trace['rows']
  return trace
}

async function imported(source: string, name: string) {
  const path = join(tempFolder(), 'a.faultline')
  const summary = await importTrace({ source, name, out: path })
  const db = openFile(path)
  try {
    const counts = db.prepare('SELECT name, count(*) FROM event GROUP BY name').raw().all() as [string, number][]
    return { path, summary, trace: { ...loadTrace(db, 1) }, counts: Object.fromEntries(counts) }
  } finally {
    db.close()
  }
}

it.each(FIXTURES)('fixture %s is stored as it was read', async (fixture) => {
  const { path, trace } = await imported(fixturePath(fixture), 'a')
  expect(trace).toEqual(collected(readFixture(fixture), 'a'))
  expect(await checkFile({ path })).toEqual({ ok: true, findings: [] })
})

const LARGE = [
  'dax/dax-ext4-lockstat.trace.txt.zst',
  'nolockdep/nl-dax-ext4-small.trace.txt.zst',
  'host/medium-ext4.trace.txt.zst',
]

describeWithCorpus('corpus traces', () => {
  const entries = inventory().filter(({ file }) => LARGE.includes(file))

  it.each(entries)(
    '$file is stored as it was read, and SQL counts what its inventory counts',
    async ({ file, ...entry }) => {
      const { path, summary, trace, counts } = await imported(corpusPath(file), 'a')
      expect(counts).toEqual(entry['event_counts'])
      expect(summary.events).toBe(entry['events'])
      expect(trace).toEqual(collected(readCorpus(file), 'a'))
      expect(await checkFile({ path })).toEqual({ ok: true, findings: [] })
    },
  )
})
