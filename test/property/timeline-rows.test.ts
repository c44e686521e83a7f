/**
 * The rows of a timeline and what is said of its spans, on traces of every shape, against looking at every row and span one by one:
 * sorting, filtering, groups and pages; facts and words of any span; spans like a given one.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SPAN_CONTENDED } from '#shared/model/kinds.ts'
import type { Trace } from '#shared/model/trace.ts'
import type { SpanRef } from '#shared/timeline/answers.ts'
import { rowsOf, type RowsParams } from '#shared/timeline/rows.ts'
import { findHits } from '#shared/timeline/search.ts'
import { detailsOf } from '#shared/timeline/spans.ts'
import { ROW_SECTIONS, ROW_SORTS, SPAN_OF_FAMILY, type TimelineRow } from '#shared/timeline/types.ts'
import { anySmallTrace, traceOf, type SmallTrace } from '../support/small-trace.ts'

const EVERYTHING = { text: '', idle: true, sort: 'natural', offset: 0, limit: 1000 } as const
const FAMILIES = ['op', 'phase', 'hold', 'wait', 'state', 'run'] as const
const NOT_KNOWN = new Set<unknown>([null, NaN])

/** Tasks of one process, of workers with numbers in their names, and the idle task. */
function named(small: SmallTrace): Trace {
  const trace = traceOf(small)
  const tasks = [
    { pid: 0, tgid: undefined, comm: 'swapper/0' },
    { pid: 7, tgid: 7, comm: 'server' },
    { pid: 8, tgid: 7, comm: 'worker' },
    { pid: 9, tgid: undefined, comm: 'kworker/0:1' },
    { pid: 10, tgid: undefined, comm: 'kworker/1:2' },
    { pid: 11, tgid: 99, comm: '-' },
  ]
  const locks = trace.locks.map((lock, id) => ({
    ...lock,
    address: id === 0 ? undefined : lock.address,
    ...(id === 1 ? { label: 'inferred' } : {}),
    ...(id === 2 ? { label: 'by hand' } : {}),
  }))
  return { ...trace, tasks, locks }
}

const GROUPS = ['idle tasks', 'server 7', 'server 7', 'kworker', 'kworker', '- 99']

const valueOf = { busy: 'busyNs', held: 'heldNs', waited: 'waitedNs', first: 'firstNs' } as const
const wrongWay = (row: TimelineRow, next: TimelineRow, sort: keyof typeof valueOf): boolean => {
  const [a, b] = [row[valueOf[sort]] ?? Infinity, next[valueOf[sort]] ?? Infinity]
  return sort === 'first' ? a > b : a < b
}

describe('rows', () => {
  it('come sorted within their group, filtered by what is written on them, and page by page as they come whole', () => {
    const params = fc.record({
      section: fc.constantFrom(...ROW_SECTIONS),
      sort: fc.constantFrom(...ROW_SORTS),
      idle: fc.boolean(),
      text: fc.constantFrom('', 'KWORK', '7', 'a1', 'device', '1:1', 'zzz'),
      offset: fc.nat(4),
      limit: fc.integer({ min: 1, max: 4 }),
    })
    fc.assert(
      fc.property(anySmallTrace, params, (small, { section, sort, idle, text, offset, limit }) => {
        const trace = named(small)
        const ask = (more: Partial<RowsParams>) => rowsOf(trace, { ...EVERYTHING, section, sort, ...more })
        const all = ask({})
        expect(all.total).toBe(all.rows.length)
        expect(all.groups.reduce((sum, { rows }) => sum + rows, 0)).toBe(all.total)
        for (const [i, row] of all.rows.entries()) {
          const next = all.rows.at(i + 1)
          expect(row.firstNs === null).toBe(row.slices === 0 || section === 'counter')
          if (next === undefined || next.group !== row.group || sort === 'natural' || sort === 'name') continue
          expect(wrongWay(row, next, sort), `${row.id} before ${next.id}`).toBe(false)
        }
        const wanted = text.toLowerCase()
        const has = (row: TimelineRow) =>
          `${row.label} ${row.detail}\n${all.groups[row.group].label}`.toLowerCase().includes(wanted)
        const fits = all.rows.filter((row) => has(row) && (idle || row.slices > 0)).map(({ id }) => id)
        const found = ask({ text, idle, limit: 1000 })
        expect(found.rows.map(({ id }) => id).sort()).toEqual(fits.sort())
        const page = ask({ text, idle, offset, limit })
        expect(page.rows).toEqual(found.rows.slice(offset, offset + limit))
        expect([page.total, page.offset]).toEqual([found.total, offset])
        for (const { key, label, rows } of all.groups)
          expect(
            ask({ group: key }).rows.map((row) => [
              row.group,
              all.groups[all.rows.find(({ id }) => id === row.id)?.group ?? -1].label,
            ]),
          ).toEqual(Array(rows).fill([0, label]))
        expect(ask({ group: 'no such group' }).rows).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  it('asked for by name come as they were named, idle or not; a task is grouped with its process or its kind', () => {
    const trace = named({})
    const ids = ['task:3', 'task:0', 'lock:0', 'task:77']
    expect(rowsOf(trace, { ...EVERYTHING, section: 'task', idle: false, ids }).rows.map(({ id }) => id)).toEqual([
      'task:3',
      'task:0',
    ])
    const { rows, groups } = rowsOf(trace, { ...EVERYTHING, section: 'task' })
    const label = (number: number) => groups[rows.find(({ id }) => id === `task:${number}`)?.group ?? -1].label
    expect(trace.tasks.map((_, number) => label(number))).toEqual(GROUPS)
    expect(() => rowsOf(trace, { ...EVERYTHING, section: 'task', ids: ['task:x'] })).toThrow('no timeline row task:x')
  })
})

/** Every span there is, of every family. */
function spansOf(trace: Trace): SpanRef[] {
  return FAMILIES.flatMap((family) =>
    Array.from({ length: trace[SPAN_OF_FAMILY[family]].length }, (_, id) => ({ family, id })),
  )
}

const hasWait = (trace: Trace, { family, id }: SpanRef) =>
  family !== 'wait' || (trace.lockSpan.cols.flags[id] & SPAN_CONTENDED) !== 0

describe('a span', () => {
  it('is told as its columns have it, and what they do not say is left out', () => {
    fc.assert(
      fc.property(anySmallTrace, (small) => {
        const trace = named(small)
        for (const span of spansOf(trace)) {
          if (!hasWait(trace, span)) {
            expect(() => detailsOf(trace, span)).toThrow(`this trace has no wait ${span.id}`)
            continue
          }
          const { words, ...said } = detailsOf(trace, span)
          const [sentence, more = ''] = words
          const { comm, pid } = trace.tasks[trace[SPAN_OF_FAMILY[span.family]].cols.task[span.id]]
          expect(said.task).toMatchObject({ comm, pid })
          expect(sentence.startsWith(`${comm} (${pid}) `)).toBe(true)
          expect(sentence.includes('was not seen to end')).toBe(said.endNs === null)
          expect(said.lock === null).toBe(span.family !== 'hold' && span.family !== 'wait')
          if (said.lock !== null) {
            const { requestedNs, acquiredNs, releasedNs } = trace.lockSpan.cols
            const times = [requestedNs, acquiredNs, releasedNs].map((ns) =>
              NOT_KNOWN.has(ns[span.id]) ? null : ns[span.id],
            )
            expect([said.requestedNs, said.acquiredNs, said.releasedNs]).toEqual(times)
            const edges = small.edges ?? []
            expect(said.waiters).toBe(edges.filter(({ holder }) => holder === span.id).length)
            expect(said.holders).toBe(edges.filter(({ waiter }) => waiter === span.id).length)
            if (span.family === 'hold') expect(more !== '').toBe(said.waiters > 0)
          }
          if (span.family === 'op') {
            const { waitNs, result } = trace.op.cols
            expect(sentence.includes('waiting for locks')).toBe(!Number.isNaN(waitNs[span.id]))
            expect(more.startsWith('It failed with ')).toBe(result[span.id] < 0)
          }
        }
        expect(() => detailsOf(trace, { family: 'op', id: trace.op.length })).toThrow('this trace has no op')
      }),
      { numRuns: 150 },
    )
  })

  it('finds the ones like it: of its kind, of its lock class and mode, in its state', () => {
    fc.assert(
      fc.property(anySmallTrace, fc.nat(1000), (small, pick) => {
        const trace = named(small)
        const spans = spansOf(trace).filter((span) => hasWait(trace, span))
        if (spans.length === 0) return
        const like = spans[pick % spans.length]
        const { op, phase, taskState, lockSpan } = trace
        const key = ({ family, id }: SpanRef): string => {
          if (family === 'op') return String(op.cols.kind[id])
          if (family === 'phase') return String(phase.cols.name[id])
          if (family === 'state') return String(taskState.cols.state[id])
          if (family === 'run') return `${taskState.cols.state[id]} ${taskState.cols.task[id]}`
          return `${trace.locks[lockSpan.cols.lock[id]].lockClass} ${lockSpan.cols.mode[id]}`
        }
        const hits = findHits(trace, { like }, undefined)
        const found = [...hits.ref].sort((a, b) => a - b)
        const alike = spans.filter((span) => span.family === like.family && key(span) === key(like)).map(({ id }) => id)
        // Holds and waits are those that are drawn: with a known beginning, of locks that are locks.
        if (like.family === 'hold' || like.family === 'wait') {
          expect(alike).toEqual(expect.arrayContaining(found))
        } else expect(found).toEqual(alike)
        expect([...hits.ns]).toEqual([...hits.ns].sort((a, b) => a - b))
      }),
      { numRuns: 200 },
    )
  })
})
