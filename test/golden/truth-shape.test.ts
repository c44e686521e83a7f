/**
 * Every text trace of the corpus, in every layout, becomes a trace in which everything that must hold does (assertTrace
 * runs inside importText), and the same recording printed by two tools gives the same operations and waits.
 */

import { readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { corpusDir, corpusPath, describeWithCorpus, readCorpus } from '../support/corpus.ts'
import { importText, locksOf, opsOf, type Imported } from '../support/import-text.ts'

const FOLDERS = ['host', 'dax', 'nolockdep']
/** function_graph and function tracer output are other formats. */
const OTHER_FORMAT = /(^|-)(fg|fn)-/

function files(ending: RegExp): string[] {
  if (corpusDir() === undefined) return []
  return FOLDERS.flatMap((folder) => readdirSync(corpusPath(folder)).map((file) => `${folder}/${file}`)).filter(
    (file) => ending.test(file) && !OTHER_FORMAT.test(file.slice(file.indexOf('/') + 1)),
  )
}

function counts(items: readonly { readonly kind?: string; readonly class?: string }[]): Record<string, number> {
  const out: Record<string, number> = {}
  for (const item of items) {
    const name = item.class ?? item.kind ?? ''
    out[name] = (out[name] ?? 0) + 1
  }
  return out
}

function summary({ trace }: Imported): unknown {
  return { ops: counts(opsOf(trace).map(({ kind }) => ({ kind }))), locks: counts(locksOf(trace)) }
}

describeWithCorpus('the shape of every text trace', () => {
  for (const file of files(/\.(trace|trace_pipe-lost)\.txt\.zst$|trace_pipe-lost\.txt\.zst$/)) {
    it(file, () => {
      const { trace } = importText(readCorpus(file))
      expect(trace.meta.eventCount).toBeGreaterThan(10)
    })
  }
  for (const file of files(/\.report[^/]*\.txt\.zst$/)) {
    it(file, () => {
      const { trace } = importText(readCorpus(file), 'trace-cmd-report')
      expect(trace.meta.eventCount).toBeGreaterThan(10)
    })
  }

  it('tracefs and trace-cmd print of one recording give the same operations and locks', () => {
    const tracefs = summary(importText(readCorpus('host/small2-ext4.trace.txt')))
    for (const layout of ['report', 'report-l', 'report-t', 'report-lt', 'report-tsdiff']) {
      const report = importText(readCorpus(`host/small2-ext4.${layout}.txt`), 'trace-cmd-report')
      expect(summary(report), layout).toEqual(tracefs)
    }
  })
})
