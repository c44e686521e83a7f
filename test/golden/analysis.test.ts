/**
 * What the analyses say about real traces: the whole answer for two small ones (UPDATE=1 rewrites the goldens; read the
 * difference as a kernel engineer would), and agreement of the contention table with /proc/lock_stat as reconstructed
 * independently (`*.compare.tsv`) for the large ones.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { contention } from '#shared/analysis/contention.ts'
import { lockOrder } from '#shared/analysis/lock-order.ts'
import { analysisSummary } from '../support/analysis-summary.ts'
import { describeWithCorpus, readCorpus, readMaybeCompressed, repoRoot } from '../support/corpus.ts'
import { importText } from '../support/import-text.ts'

function golden(name: string, text: string): string {
  const path = join(repoRoot, 'test/golden', `analysis.${name}.golden.txt`)
  if (process.env['UPDATE'] === '1') writeFileSync(path, text)
  return existsSync(path) ? readFileSync(path, 'utf8') : '(no golden: run with UPDATE=1)'
}

describe.each(['dax-xfs-small', 'nl-dax-ext4-small'])('%s', (name) => {
  const { trace } = importText(readMaybeCompressed(join(repoRoot, 'samples', `${name}.trace.txt.zst`)))

  it('is answered as in its golden text', () => {
    const text = `${analysisSummary(trace)}\n`
    expect(text).toBe(golden(name, text))
  })

  it('is answered as in its golden text for a window in the middle', () => {
    const { durationNs } = trace.meta
    const scope = { fromNs: Math.floor(durationNs * 0.4), toNs: Math.floor(durationNs * 0.6) }
    const text = `${analysisSummary(trace, scope)}\n`
    expect(text).toBe(golden(`${name}.window`, text))
  })
})

describeWithCorpus('lock order of real kernels', () => {
  it.each(['dax-ext4-full', 'dax-xfs-small', 'dax-ext4-lockstat', 'dax-ext2-lockstat', 'dax-ext4-faultheavy-lockstat'])(
    'has no circle in %s: lockdep was on and said nothing',
    (name) => {
      const { trace } = importText(readCorpus(`dax/${name}.trace.txt`))
      const { cycles, edges, blind } = lockOrder.run(trace, lockOrder.params.parse({}))
      expect({ cycles, blind }).toEqual({ cycles: [], blind: false })
      expect(edges.length).toBeGreaterThan(300)
    },
  )
})

describeWithCorpus('contention of a lockdep trace', () => {
  it.each(['dax-ext4-lockstat', 'dax-ext2-lockstat', 'dax-ext4-faultheavy-lockstat'])(
    'has the contentions and waits of the reconstruction of %s, for every class',
    (name) => {
      const { trace } = importText(readCorpus(`dax/${name}.trace.txt.zst`))
      const { rows } = contention.run(trace, contention.params.parse({ top: 10_000 }))
      const lines = readCorpus(`dax/${name}.compare.tsv`).toString('utf8').trim().split('\n').slice(2)
      let compared = 0
      for (const line of lines) {
        const [key, contentions, waits] = line.split('\t')
        const contended = Number(contentions.split(',')[1])
        if (contended === 0) continue
        const mode = key.endsWith('-R') ? 'shared' : 'exclusive'
        const row = rows.find((candidate) => candidate.class === key.slice(0, -2) && candidate.mode === mode)
        expect([key, row?.contended]).toEqual([key, contended])
        expect([key, Math.round((row?.waitTotalNs ?? 0) / 1000)]).toEqual([key, Number(waits.split(',')[1])])
        compared++
      }
      expect(compared).toBeGreaterThan(10)
    },
  )
})
