/** A cut of a trace has what overlaps the window, with everything still pointing at the right thing. */

import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkFile } from '#electron/store/check.ts'
import { cutFile } from '#electron/store/cut.ts'
import { selectRows } from '#electron/engine/export-tables.ts'
import { loadTrace } from '#electron/store/load.ts'
import { nameLock } from '#electron/store/name-lock.ts'
import { openFile, traceIds } from '#electron/store/open.ts'
import { contention } from '#shared/analysis/contention.ts'
import { SPAN_CONTENDED } from '#shared/model/kinds.ts'
import { anyDrawing, story, type Drawing } from '../support/trace-art.ts'
import { tempFolder, writeFile } from '../support/store.ts'

interface Window {
  readonly fromNs?: number
  readonly toNs?: number
}

/** The drawing's file and its cut, both open. */
async function cut(drawings: readonly Drawing[], window: Window, ids?: readonly number[]) {
  const folder = tempFolder()
  const whole = openFile(writeFile(join(folder, 'whole.faultline'), ...drawings))
  const path = join(folder, 'cut.faultline')
  const rows = await cutFile(whole, path, { traceIds: ids ?? traceIds(whole), ...window })
  return { whole, part: openFile(path), path, rows }
}

/** Those a statement has: SQLite takes no others. */
const used = (sql: string, params: Readonly<Record<string, bigint | null>>) =>
  Object.fromEntries(Object.entries(params).filter(([name]) => sql.includes(`@${name}`)))

/** A wait for a lock that only contention events show. */
const unnamed = { lock: 0, op: -1, mode: 0, flags: SPAN_CONTENDED, acquiredNs: NaN, releasedNs: NaN }

const names = (db: ReturnType<typeof openFile>, sql: string) => db.prepare(sql).pluck().all()

describe('a cut', () => {
  it('keeps events inside and spans that overlap, at their old times', async () => {
    const { part, path, rows } = await cut([story], { fromNs: 450, toNs: 1400 })
    expect(names(part, 'SELECT ts_ns FROM event')).toEqual([500, 700])
    expect(names(part, 'SELECT kind FROM op')).toEqual(['punch_hole', 'ioctl'])
    expect(names(part, 'SELECT released_ns FROM lock_span')).toEqual([1500, null])
    expect(names(part, 'SELECT name FROM phase')).toEqual(['unmap', 'map_blocks'])
    expect(names(part, 'SELECT state FROM task_state')).toEqual(['lock'])
    expect(names(part, 'SELECT event_count FROM trace')).toEqual([2])
    expect(rows).toBe(2 + 2 + 2 + 2 + 1 + 1)
    part.close()
    expect(await checkFile({ path })).toEqual({ ok: true, findings: [] })
  })

  it('keeps an edge only with both its ends, and lets go of operations outside', async () => {
    const { part } = await cut([story], { fromNs: 2000, toNs: 3000 })
    expect(names(part, 'SELECT kind FROM op')).toEqual(['ioctl'])
    expect(part.prepare('SELECT s.mode, o.kind FROM lock_span s LEFT JOIN op o ON o.id = s.op_id').raw().all()).toEqual(
      [['shared', 'ioctl']],
    )
    expect(names(part, 'SELECT count(*) FROM wait_edge')).toEqual([0])
    part.close()
  })

  it('selects the rows a table of that window has', async () => {
    const timed = ['op', 'phase', 'lock_span', 'task_state'] as const
    await fc.assert(
      fc.asyncProperty(anyDrawing, fc.nat(3000), fc.integer({ min: 1, max: 2000 }), async (drawing, from, length) => {
        const window = { fromNs: from, toNs: from + length }
        const { whole, part } = await cut([drawing], window)
        for (const table of timed) {
          const { sql, params } = selectRows({ table, ...window })
          const rows = whole.prepare(`SELECT count(*) FROM (${sql})`).pluck().get(used(sql, params))
          expect([table, rows]).toEqual([table, part.prepare(`SELECT count(*) FROM ${table}`).pluck().get()])
        }
        part.close()
        whole.close()
      }),
      { numRuns: 40 },
    )
  })

  it('keeps what people call its locks beside the names they have', async () => {
    const folder = tempFolder()
    const path = writeFile(join(folder, 'whole.faultline'), story)
    const before = openFile(path)
    const [lock] = before
      .prepare('SELECT address, name FROM lock JOIN lock_class c ON c.id = class_id WHERE address IS NOT NULL')
      .all() as {
      address: string
      name: string
    }[]
    before.close()
    nameLock(path, 1, { address: lock.address, name: 'mine' })
    const whole = openFile(path)
    const out = join(folder, 'cut.faultline')
    await cutFile(whole, out, { traceIds: [1], fromNs: 0, toNs: 2000 })
    whole.close()
    const named = openFile(out)
    expect(loadTrace(named, 1).lockClasses.map(({ name }) => name)).toContain('mine')
    named.close()
    nameLock(out, 1, { address: lock.address, name: null })
    const part = openFile(out)
    const own = loadTrace(part, 1)
    expect(own.lockClasses.map(({ name }) => name)).not.toContain('mine')
    expect(own.lockClasses.map(({ name }) => name)).toContain(lock.name)
    part.close()
  })

  it('takes one trace of several', async () => {
    const { part } = await cut([story, { ...story, name: 'second' }], {}, [2])
    expect(names(part, 'SELECT name FROM trace')).toEqual(['second'])
    expect(names(part, 'SELECT min(id) FROM op')).toEqual([0])
    part.close()
  })

  it('keeps a lock span of which no time is known: it may be anywhere', async () => {
    const spans = story.spans.map((span) =>
      span.table === 'lockSpan' && span.cells.lock === 5
        ? { ...span, cells: { ...span.cells, requestedNs: NaN, acquiredNs: NaN, releasedNs: NaN } }
        : span,
    )
    const { part } = await cut([{ ...story, spans }], { toNs: 10 })
    const unknown = 'coalesce(requested_ns, acquired_ns, released_ns) IS NULL'
    expect(names(part, `SELECT count(*) FROM lock_span WHERE ${unknown}`)).toEqual([1])
    part.close()
  })

  it('keeps a wait that never ended, and of one whose end went unseen that it did', async () => {
    // Task 0 waits to the end of the trace; what task 1 waits for it got some time: it begins an operation later.
    const wait = { table: 'lockSpan', cells: { ...unnamed, task: 0, requestedNs: 100 } } as const
    const unseen = { table: 'lockSpan', cells: { ...unnamed, task: 1, requestedNs: 200 } } as const
    const op = { table: 'op', cells: { task: 1, startNs: 3000, durationNs: 10 } } as const
    const spans = [wait, unseen, op]
    const waits = (db: ReturnType<typeof openFile>, window: Window) => {
      const { rows } = contention.run(loadTrace(db, 1), contention.params.parse({ scope: window }))
      return rows.map(({ openWaits, waitTotalNs }) => [openWaits, waitTotalNs])
    }
    for (const window of [{ toNs: 2000 }, { fromNs: 1000, toNs: 2000 }, { fromNs: 4000 }]) {
      const { whole, part } = await cut([{ ...story, spans, finishOrder: [0, 1, 2] }], window)
      expect(waits(part, window)).toEqual(waits(whole, window))
      expect(waits(part, window)).toMatchObject([[1, expect.any(Number)]])
      expect(waits(part, {})).toEqual([[1, 4_999_999_900]])
      part.close()
      whole.close()
    }
  })

  it('of a table of waits for a window has none that were given up before it', () => {
    const given = { table: 'lockSpan', cells: { ...unnamed, task: 1, requestedNs: 200, releasedNs: 900 } } as const
    const spans = [
      story.spans[2],
      given,
      { table: 'waitEdge', cells: { waiter: 1, holder: 0, overlapNs: 700 } } as const,
    ]
    const db = openFile(
      writeFile(join(tempFolder(), 'given-up.faultline'), { ...story, spans, finishOrder: [0, 1, 2] }),
    )
    const count = (fromNs: number) => {
      const { sql, params } = selectRows({ table: 'wait_edge', fromNs })
      return db.prepare(`SELECT count(*) FROM (${sql})`).pluck().get(used(sql, params))
    }
    expect([count(800), count(900)]).toEqual([1, 0])
    db.close()
  })

  it('without limits is the trace itself', async () => {
    await fc.assert(
      fc.asyncProperty(anyDrawing, async (drawing) => {
        const { whole, part, path } = await cut([drawing], {})
        // Buckets of a trace with late-found early events begin up to one width before 0: a cut's begin at 0.
        const { rate, ...expected } = { ...loadTrace(whole, 1) }
        const { rate: again, ...loaded } = { ...loadTrace(part, 1) }
        expect(loaded).toEqual(expected)
        expect([again.bucketNs, again.counts.length]).toEqual([rate.bucketNs, rate.counts.length])
        expect(names(part, 'SELECT args FROM event')).toEqual(names(whole, 'SELECT args FROM event'))
        whole.close()
        part.close()
        expect((await checkFile({ path })).findings).toEqual([])
      }),
      { numRuns: 15 },
    )
  })

  it('in two halves has every event once and every span at least once', async () => {
    await fc.assert(
      fc.asyncProperty(anyDrawing, fc.nat(10_000), async (drawing, middle) => {
        const before = await cut([drawing], { toNs: middle })
        const after = await cut([drawing], { fromNs: middle })
        const sum = (sql: string) =>
          [before, after].reduce((total, { part }) => total + Number(part.prepare(sql).pluck().get()), 0)
        expect(sum('SELECT count(*) FROM event')).toBe(drawing.events.length)
        for (const table of ['op', 'phase', 'task_state']) {
          const whole = Number(before.whole.prepare(`SELECT count(*) FROM ${table}`).pluck().get())
          expect(sum(`SELECT count(*) FROM ${table}`)).toBeGreaterThanOrEqual(whole)
        }
        for (const { whole, part, path } of [before, after]) {
          whole.close()
          part.close()
          expect((await checkFile({ path })).findings).toEqual([])
        }
      }),
      { numRuns: 15 },
    )
  })
})
