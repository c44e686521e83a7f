/** Traces of the sizes and shapes that break viewers: nothing in them, one event, 10^4 tasks, 512 CPUs, 10^5 locks. */

import { describe, expect, it } from 'vitest'
import { limits } from '#shared/base/limits.ts'
import type { Trace } from '#shared/model/trace.ts'
import { rowsOf, type RowsParams } from '#shared/timeline/rows.ts'
import { statisticsOf } from '#shared/timeline/statistics.ts'
import { ROW_SECTIONS } from '#shared/timeline/types.ts'
import { viewOf } from '#shared/timeline/view.ts'
import { traceOf } from '../support/small-trace.ts'
import { syntheticTrace } from '../support/synthetic-trace.ts'

const LIST: Omit<RowsParams, 'section'> = { text: '', idle: false, sort: 'natural', offset: 0, limit: 1000 }

function large(): Trace {
  const trace = syntheticTrace({
    lockSpans: 300_000,
    phases: 50_000,
    ops: 100_000,
    tasks: 10_000,
    locks: 100_000,
    seed: 4,
  })
  for (let i = 0; i < trace.op.length; i++) trace.op.cols.cpu[i] = trace.taskState.cols.cpu[i] = i % 512
  return trace
}

describe('a trace of 10^4 tasks, 512 CPUs and 10^5 locks', () => {
  const trace = large()

  it('lists its rows page by page, each once', () => {
    for (const section of ['task', 'lock', 'cpu'] as const) {
      const seen = new Set<string>()
      let total = Infinity
      for (let offset = 0; offset < total; offset += limits.replyRows) {
        const page = rowsOf(trace, { ...LIST, section, offset, limit: limits.replyRows, idle: true })
        total = page.total
        for (const { id, group } of page.rows) {
          seen.add(id)
          expect(page.groups[group]).toBeDefined()
        }
      }
      expect(seen.size).toBe(total)
    }
    expect(rowsOf(trace, { ...LIST, section: 'task' }).sections).toMatchObject({ task: 10_000, cpu: 512 })
  })

  it('hides what is idle and counts it', () => {
    const all = rowsOf(trace, { ...LIST, section: 'lock', idle: true })
    const busy = rowsOf(trace, { ...LIST, section: 'lock', limit: limits.replyRows })
    expect(busy.total).toBeLessThan(all.total)
    expect(busy.groups.reduce((sum, { idle }) => sum + idle, 0)).toBe(all.total - busy.total)
    expect(busy.rows.every(({ slices }) => slices > 0)).toBe(true)
  })

  it('shows the most rows one view may have within its bytes', () => {
    const rows = Array.from({ length: limits.timelineRows }, (_, i) => `task:${i}`)
    const view = viewOf(trace, { fromNs: 0, toNs: trace.meta.durationNs, pixels: 1600, rows })
    const bytes = Object.values(view.slices).reduce((sum, column: { byteLength: number }) => sum + column.byteLength, 0)
    expect(bytes).toBeLessThanOrEqual(limits.timelineBytes)
    expect(new Set(view.tracks.map(({ row }) => row)).size).toBe(limits.timelineRows)
  })
})

describe('a view of more tracks than its bytes have room for', () => {
  it('is refused with what to do', () => {
    const trace = syntheticTrace({ lockSpans: 120_000, phases: 30_000, ops: 30_000, tasks: 1000, locks: 9, seed: 2 })
    const rows = Array.from({ length: limits.timelineRows }, (_, i) => `task:${i}`)
    const ask = () => viewOf(trace, { fromNs: 0, toNs: trace.meta.durationNs, pixels: 1600, rows })
    expect(ask).toThrow(/tracks of these rows do not fit into one view/)
  })
})

describe('traces with next to nothing in them', () => {
  const nothing = traceOf({ tasks: [], locks: [], classes: [], durationNs: 0 })
  const moment = traceOf({ tasks: ['x'.repeat(300)], ops: [{ startNs: 0, durationNs: 0 }], durationNs: 0 })

  it('have no rows, or one', () => {
    for (const section of ROW_SECTIONS) {
      expect(
        rowsOf(nothing, { ...LIST, section, idle: true }).rows.filter(({ id }) => /^(task|lock)/.test(id)),
      ).toEqual([])
    }
    const [row] = rowsOf(moment, { ...LIST, section: 'task' }).rows
    expect(row).toMatchObject({ slices: 1, busyNs: 0, firstNs: 0, lastNs: 0 })
    expect(row.label).toHaveLength(300)
  })

  it('show a moment as a moment', () => {
    const view = viewOf(moment, { fromNs: 0, toNs: 1, pixels: 800, rows: ['task:0'] })
    expect(view.tracks).toMatchObject([{ family: 'op', begin: 0, end: 1 }])
    expect([view.slices.start[0], view.slices.end[0], view.slices.count[0]]).toEqual([0, 0, 1])
  })

  it('have figures that are not known, not 0', () => {
    const { ops, locks } = statisticsOf(nothing, { fromNs: 0, toNs: 1 })
    expect([ops, locks]).toEqual([[], []])
    const open = traceOf({ ops: [{ startNs: 5 }] })
    expect(statisticsOf(open, { fromNs: 0, toNs: 10 }).ops).toMatchObject([
      { count: 1, unknown: 1, meanNs: null, maxNs: null, p99Ns: null },
    ])
  })
})
