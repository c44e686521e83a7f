/** What goes into a `.faultline` file comes out again, for the engine, for SQL users and for the raw events. */

import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readChunks } from '#electron/store/event-chunks.ts'
import { payloadOf } from '#electron/store/event-table.ts'
import { listTraces, loadTrace } from '#electron/store/load.ts'
import { openFile } from '#electron/store/open.ts'
import { SPAN_TABLES } from '#shared/model/trace.ts'
import { collect, story } from '../support/trace-art.ts'
import { tempFolder, writeFile } from '../support/store.ts'

const file = () => writeFile(join(tempFolder(), 'a.faultline'), story)

describe('a stored trace', () => {
  it('loads as the trace that was built', () => {
    const db = openFile(file())
    const loaded = loadTrace(db, 1)
    const { trace } = collect(story)
    expect({ ...loaded }).toEqual({ ...trace, shiftNs: undefined, rows: undefined })
    db.close()
  })

  it('lies next to no draft or journal', () => {
    const path = file()
    expect(readdirSync(dirname(path))).toEqual(['a.faultline'])
  })

  it('keeps its tables in memory once they were asked for', () => {
    const db = openFile(file())
    const loaded = loadTrace(db, 1)
    for (const table of SPAN_TABLES) void loaded[table]
    db.close()
    expect(loaded.lockSpan.length).toBe(3)
    expect(loaded.lockSpan).toBe(loaded.lockSpan)
  })

  it('refuses a trace id that is not there', () => {
    const db = openFile(file())
    expect(() => loadTrace(db, 2)).toThrow('there is no trace 2 in this file')
    db.close()
  })
})

describe('rows', () => {
  const rows = (path: string, sql: string) => {
    const db = openFile(path)
    const found = db.prepare(sql).raw().all()
    db.close()
    return found
  }

  it('spell kinds, modes, inodes and phases as words and unknown as NULL', () => {
    const path = file()
    expect(
      rows(path, 'SELECT kind, start_ns, duration_ns, inode, "offset", length, result, wait_ns, cpu, inferred FROM op'),
    ).toEqual([
      ['punch_hole', 0, 2000, '7:0:13', 0, 4096, -95, 0, 0, 0],
      ['ioctl', 500, null, null, null, 9223372036854775807, null, null, null, 1],
    ])
    expect(
      rows(
        path,
        'SELECT op_id, mode, requested_ns, acquired_ns, released_ns, contended, inferred, trylock, irq, hold_known FROM lock_span',
      ),
    ).toEqual([
      [0, 'exclusive', 100, 100, 1500, 0, 0, 0, 0, 1],
      [1, 'shared', 700, 1500, null, 1, 0, 0, 0, 1],
      [null, 'shared', null, null, 5_000_000_000, 0, 1, 1, 1, 0],
    ])
    expect(rows(path, 'SELECT waiter_span_id, holder_span_id, overlap_ns, holder_phase, kind FROM wait_edge')).toEqual([
      [1, 0, 800, 'unmap', 'holder'],
      [1, 2, null, null, 'queued-writer'],
    ])
    expect(rows(path, 'SELECT state, start_ns, duration_ns, cpu FROM task_state')).toEqual([
      ['lock', 700, 800, null],
      ['running', 1500, null, 1],
    ])
    expect(rows(path, 'SELECT typeof(start_ns), typeof(wait_ns), typeof(kind) FROM op WHERE id = 0')).toEqual([
      ['integer', 'integer', 'text'],
    ])
  })

  it('join from a wait to its lock, its class and the task that held it', () => {
    const sql = `SELECT w.comm, c.name, l.address, h.comm FROM wait_edge e
      JOIN lock_span ws ON ws.id = e.waiter_span_id JOIN task w ON w.id = ws.task_id
      JOIN lock l ON l.id = ws.lock_id JOIN lock_class c ON c.id = l.class_id
      JOIN lock_span hs ON hs.id = e.holder_span_id JOIN task h ON h.id = hs.task_id WHERE e.kind = 'holder'`
    expect(rows(file(), sql)).toEqual([['rfault 0', 'mapping.invalidate_lock', '00000000bc512a0', 'punch-hole-0 9']])
  })

  it('count every event once in chunks, names and rate', () => {
    expect(
      rows(
        file(),
        'SELECT event_count, (SELECT sum(n) FROM event_name), (SELECT sum(n) FROM event_chunk), (SELECT sum(n) FROM event_rate), (SELECT sum(n) FROM event_chunk_name) FROM trace',
      ),
    ).toEqual([[5, 5, 5, 5, 5]])
  })
})

describe('several traces in one file', () => {
  const second = { ...story, name: 'second', events: story.events.map((event) => ({ ...event, ts: event.ts - 300 })) }

  it('load each as it was built, though their ids go on', () => {
    const db = openFile(writeFile(join(tempFolder(), 'two.faultline'), story, second))
    expect(listTraces(db).map(({ id, meta }) => [id, meta.name])).toEqual([
      [1, 'story.txt'],
      [2, 'second'],
    ])
    for (const [id, drawing] of [
      [1, story],
      [2, second],
    ] as const) {
      expect({ ...loadTrace(db, id) }).toEqual({ ...collect(drawing).trace, shiftNs: undefined, rows: undefined })
    }
    expect(db.prepare('SELECT min(id), max(id) FROM op WHERE trace_id = 2').raw().get()).toEqual([2, 3])
    expect(db.pragma('foreign_key_check')).toEqual([])
    db.close()
  })
})

describe('the event table', () => {
  it('has every raw event in file order, its args as JSON text and its stack', () => {
    const db = openFile(file())
    const events = db.prepare('SELECT * FROM event').all() as Record<string, unknown>[]
    expect(events.map(({ ts_ns, cpu, task_id, name }) => [ts_ns, cpu, task_id, name])).toEqual([
      [0, 0, 0, 'sys_enter_fallocate'],
      [500, 1, 1, 'page_fault_user'],
      [700, 1, 1, 'lock_acquire'],
      [400, null, 2, 'print'],
      [5_000_000_000, 0, 0, 'print'],
    ])
    expect(events[2].stack).toBe('down_read\nfault')
    expect(events[1].stack).toBeNull()
    for (const { args } of events) expect(JSON.parse(String(args))).toBeTypeOf('object')
    db.close()
  })

  it('agrees with the chunks it is made of', () => {
    const db = openFile(file())
    const chunks = [...readChunks(db)].flatMap(({ chunk }) =>
      Array.from({ length: chunk.length }, (_, i) => chunk.ts[i]),
    )
    expect(db.prepare('SELECT ts_ns FROM event').pluck().all()).toEqual(chunks)
    db.close()
  })

  it('counts with integers: dividing times does not make fractions', () => {
    const db = openFile(file())
    expect(
      db.prepare('SELECT typeof(ts_ns), ts_ns / 1000 FROM event WHERE ts_ns = 1500 OR ts_ns = 700').raw().all(),
    ).toEqual([['integer', 0]])
    db.close()
  })

  it('answers by window, trace or both through event_in', () => {
    const db = openFile(writeFile(join(tempFolder(), 'two.faultline'), story, story))
    const times = (sql: string) => db.prepare(sql).pluck().all()
    expect(times('SELECT ts_ns FROM event_in(1, 400, 700)')).toEqual([500, 400])
    expect(times('SELECT ts_ns FROM event_in(2) WHERE trace_id = 2')).toHaveLength(5)
    expect(times('SELECT ts_ns FROM event_in(0, 700)')).toEqual([700, 5_000_000_000, 700, 5_000_000_000])
    expect(times('SELECT count(*) FROM event')).toEqual([10])
    expect(
      db
        .prepare('SELECT e.args = i.args FROM event e JOIN event_in(1, 0, 1) i ON e.ts_ns = i.ts_ns AND e.trace_id = 1')
        .pluck()
        .get(),
    ).toBe(1)
    db.close()
  })

  it('gives args of rows in any order, also beyond the chunk that is being read', () => {
    const db = openFile(file())
    const sorted = db.prepare('SELECT ts_ns, args FROM event ORDER BY ts_ns DESC').raw().all()
    const plain = db.prepare('SELECT ts_ns, args FROM event').raw().all() as [number, string][]
    expect(sorted).toEqual(plain.sort(([a], [b]) => b - a))
    db.close()
  })

  it('keeps payloads byte for byte', () => {
    const db = openFile(file())
    const [{ chunk }] = [...readChunks(db)]
    expect(Array.from({ length: 5 }, (_, i) => payloadOf(chunk, i))).toEqual(story.events.map(({ payload }) => payload))
    db.close()
  })
})
