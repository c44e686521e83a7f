/**
 * The timeline of real traces: what two small ones look like, in text (UPDATE=1 rewrites it; read the difference as a
 * kernel engineer would), and large ones against every span, at random windows.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Trace } from '#shared/model/trace.ts'
import { countersOf } from '#shared/timeline/counters.ts'
import { familyRows } from '#shared/timeline/families.ts'
import { flowOf } from '#shared/timeline/flow.ts'
import { pathOf } from '#shared/timeline/path.ts'
import { rowsOf } from '#shared/timeline/rows.ts'
import { statisticsOf } from '#shared/timeline/statistics.ts'
import { ROW_SECTIONS } from '#shared/timeline/types.ts'
import { viewOf } from '#shared/timeline/view.ts'
import { describeWithCorpus, readCorpus, readMaybeCompressed, repoRoot } from '../support/corpus.ts'
import { importText } from '../support/import-text.ts'
import { lcg } from '../support/synthetic-trace.ts'

const LIST = { text: '', idle: false, sort: 'waited', offset: 0, limit: 6 } as const

function summary(trace: Trace): string {
  const lines: string[] = []
  const { durationNs } = trace.meta
  for (const section of ROW_SECTIONS) {
    const { rows, groups, total, sections } = rowsOf(trace, { ...LIST, section })
    lines.push(`${section}: ${total} of ${sections[section]} rows in ${groups.length} groups`)
    for (const { id, label, detail, slices, busyNs, heldNs, waitedNs, lanes } of rows) {
      lines.push(
        `  ${id} ${label} ${detail}: ${slices} slices, busy ${busyNs}, held ${heldNs}, waited ${waitedNs}, ${JSON.stringify(lanes)}`,
      )
    }
  }
  lines.push(
    `counters: ${countersOf(trace)
      .map(({ id }) => id)
      .join(' ')}`,
  )
  const shown = rowsOf(trace, { ...LIST, section: 'task' }).rows.map(({ id }) => id)
  const view = viewOf(trace, { fromNs: 0, toNs: durationNs, pixels: 200, rows: shown })
  lines.push(`view of ${shown.length} rows, 200 pixels, merged below ${view.mergedNs} ns`)
  for (const { row, family, lane, begin, end } of view.tracks) {
    const counts = view.slices.count.subarray(begin, end)
    const first = view.words[view.slices.name[begin]]
    lines.push(
      `  ${shown[row]} ${family} ${lane}: ${end - begin} slices of ${counts.reduce((sum, n) => sum + n, 0)}, first ${first}`,
    )
  }
  const { waits, ops } = statisticsOf(trace, { fromNs: 0, toNs: durationNs })
  const worst = waits[0]?.longest
  if (worst)
    lines.push(
      'flow of the longest wait of the worst lock',
      ...flowOf(trace, { span: worst, whole: true }).words.map((text) => `  ${text}`),
    )
  const slowest = ops[0]?.longest
  if (slowest) lines.push('critical path', ...pathOf(trace, slowest.id).words.map((text) => `  ${text}`))
  return `${lines.join('\n')}\n`
}

describe.each(['dax-xfs-small', 'nl-dax-ext4-small'])('%s', (name) => {
  it('looks as in its golden text', () => {
    const { trace } = importText(readMaybeCompressed(join(repoRoot, 'samples', `${name}.trace.txt.zst`)))
    const text = summary(trace)
    const path = join(repoRoot, 'test/timeline', `${name}.golden.txt`)
    if (process.env['UPDATE'] === '1') writeFileSync(path, text)
    expect(text).toBe(existsSync(path) ? readFileSync(path, 'utf8') : '(no golden: run with UPDATE=1)')
  })
})

describeWithCorpus('a large trace', () => {
  it.each(['dax/dax-ext4-faultheavy-lockstat', 'host/medium-ext4'])(
    '%s has every span of every row in any window',
    (name) => {
      const { trace } = importText(readCorpus(`${name}.trace.txt.zst`))
      const random = lcg(11)
      const { rows } = rowsOf(trace, { ...LIST, section: 'task', limit: 30 })
      for (let i = 0; i < 60; i++) {
        const { id } = rows[random(rows.length)]
        const width = Math.max(1, Math.floor(trace.meta.durationNs / 2 ** random(24)))
        const fromNs = Math.floor((trace.meta.durationNs - width) * (random(1000) / 1000))
        const view = viewOf(trace, { fromNs, toNs: fromNs + width, pixels: 50 + random(1500), rows: [id] })
        for (const family of ['op', 'phase', 'hold', 'wait'] as const) {
          const { source, starts, rows: spans } = familyRows(trace, 'task', family)
          const task = Number(id.slice(5))
          const naive = [...spans.subarray(starts[task], starts[task + 1])].filter((span) => {
            const start = source.start[span]
            const end = source.end(span)
            return start < view.toNs && (end > view.fromNs || start >= view.fromNs)
          })
          const counted = view.tracks
            .filter((track) => track.family === family)
            .reduce(
              (sum, { begin, end }) => sum + view.slices.count.subarray(begin, end).reduce((n, count) => n + count, 0),
              0,
            )
          // One that was not seen to end may reach into a later window.
          const open = [...spans.subarray(starts[task], starts[task + 1])].filter((span) =>
            Number.isNaN(source.end(span)),
          )
          expect(counted).toBeGreaterThanOrEqual(naive.length)
          expect(counted).toBeLessThanOrEqual(naive.length + open.length)
        }
      }
    },
  )
})
