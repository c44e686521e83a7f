/**
 * What a file has of a trace.dat, records and all, against what the reader prints and tells when nothing keeps records: every
 * payload byte for byte, every span. Recordings of the corpus.
 */
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { Draft } from '#electron/store/draft.ts'
import { readChunks } from '#electron/store/event-chunks.ts'
import { loadTrace } from '#electron/store/load.ts'
import { NewFile } from '#electron/store/new-file.ts'
import { openFile } from '#electron/store/open.ts'
import { TraceWriter } from '#electron/store/writer.ts'
import { traceDat } from '#shared/formats/trace-dat/trace-dat.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { SPAN_TABLES } from '#shared/model/trace.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import { asBigEndian } from '../support/big-endian.ts'
import { describeWithCorpus, readCorpus } from '../support/corpus.ts'
import { tempFolder } from '../support/store.ts'
import { plainEvents, randomFile, readDat, type ReadDat } from '../support/trace-dat.ts'

const BIG = ['dax/tc-dax-ext4-small.v6.dat', 'host/small2-ext4.v6.dat']

/** As an import does it, and read again. */
function stored(bytes: Uint8Array): { readonly read: ReadDat; readonly formats: number } {
  const path = join(tempFolder(), 'stored.faultline')
  const draft = new Draft(path)
  const file = new NewFile(draft.path)
  const recorder = new Recorder(new TraceBuilder(new TraceWriter(file), 'test', 'trace-dat'))
  const reader = traceDat.open(randomFile(bytes), recorder)
  while (reader.step());
  reader.end()
  recorder.end()
  file.finish()
  draft.commit({ force: false })
  const db = openFile(path)
  onTestFinished(() => void db.close())
  const formats = db.prepare('SELECT count(*) FROM event_format').pluck().get() as number
  const chunks = [...readChunks(db)].map(({ chunk }) => chunk)
  return { read: { trace: loadTrace(db, 1), chunks }, formats }
}

/** The file, read again, has what reading it told: payloads, flags, spans. */
function saysWhatIsPrinted(bytes: Uint8Array, printed: ReadDat): void {
  const { read, formats } = stored(bytes)
  expect(formats).toBeGreaterThan(0)
  const [a, b] = [printed, read].map((one) => [...plainEvents(one)])
  expect(b.length).toBe(a.length)
  expect(b.findIndex((event, i) => JSON.stringify(event) !== JSON.stringify(a[i]))).toBe(-1)
  const flags = [printed, read].map(({ chunks }) =>
    chunks.flatMap((chunk) => Array.from({ length: chunk.length }, (_, row) => chunk.flags?.[row] ?? 0)),
  )
  expect(flags[1].every((bits, i) => bits === flags[0][i])).toBe(true)
  for (const table of SPAN_TABLES) expect(read.trace[table], table).toEqual(printed.trace[table])
  expect(read.trace.locks).toEqual(printed.trace.locks)
  expect(read.trace.tasks).toEqual(printed.trace.tasks)
  expect(read.trace.diagnostics).toEqual(printed.trace.diagnostics)
}

describeWithCorpus('a stored trace.dat', () => {
  it.each([
    'host/small2-ext4.v7.dat',
    'host/small2-ext4.v6.dat',
    'host/small-ext4-overrun.v7.dat',
    'dax/dax-xfs-small.v7.dat',
    'dax/dax-ext4-small.v7.dat',
    'dax/dax-ext4-lockstat.v7.dat',
    'dax/tc-dax-ext4-fgraph.v7.dat',
    'dax/tc-dax-ext4-lost.v7.dat',
    'nolockdep/nl-dax-ext4-medium.v7.dat',
    'host/medium-ext4.v7.dat',
  ])('%s says what its reader prints', (name) => {
    const bytes = readCorpus(name)
    saysWhatIsPrinted(bytes, readDat(bytes))
  })

  it.each(BIG)('%s of a machine with the highest byte first says what the same of this one prints', (name) => {
    const bytes = readCorpus(name)
    saysWhatIsPrinted(asBigEndian(bytes), readDat(bytes))
  })
})
