/** Rows written page by page are what SQLite reads, in whatever order they came. */

import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { connect } from '#electron/store/database.ts'
import { PAGE_BYTES, PageFile } from '#electron/store/page-file.ts'
import { PageTable } from '#electron/store/page-table.ts'
import { RecordWriter } from '#electron/store/record.ts'
import { tempFolder } from '../support/store.ts'

interface Row {
  readonly id: number
  readonly n: number
  readonly text: string
  readonly blob: Uint8Array
}

const NONE = new Uint8Array(0)

/** A file with one table, filled with rows in the order given; what SQLite says of it. */
function written(rows: readonly Row[]): {
  readonly cells: unknown[][]
  readonly integrity: unknown
  readonly pages: number
} {
  const path = join(tempFolder(), 'pages.db')
  const made = connect(path, { readonly: false, mustExist: false })
  made.pragma(`page_size = ${PAGE_BYTES}`)
  made.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, text TEXT NOT NULL, blob BLOB NOT NULL) STRICT')
  made.close()
  const file = new PageFile(path)
  const table = new PageTable(file, 2)
  const record = new RecordWriter()
  for (const { id, n, text, blob } of rows) {
    record.begin().nothing().integer(n).text(Buffer.from(text)).blob(blob).end()
    table.add(id, record)
  }
  table.finish()
  file.close()
  const db = connect(path, { readonly: true, mustExist: true })
  try {
    return {
      cells: db.prepare('SELECT id, n, text, blob FROM t ORDER BY id').raw().safeIntegers().all() as unknown[][],
      integrity: db.pragma('integrity_check', { simple: true }),
      pages: Number(db.pragma('page_count', { simple: true })),
    }
  } finally {
    db.close()
  }
}

function expected(rows: readonly Row[]): unknown[][] {
  return [...rows]
    .sort((a, b) => a.id - b.id)
    .map(({ id, n, text, blob }) => [BigInt(id), Number.isNaN(n) ? null : BigInt(n), text, Buffer.from(blob)])
}

const row = (id: number, n = id): Row => ({ id, n, text: 'fault', blob: NONE })

describe('a table written by pages', () => {
  it('holds integers of every width, NULL, text and BLOBs as they were given', () => {
    const edges = [0, 1, 2, 7, 8, 15, 16, 23, 24, 31, 32, 47, 48, 52].flatMap((bits) =>
      [2 ** bits - 1, 2 ** bits, 2 ** bits + 1].flatMap((n) => [n, -n]),
    )
    const rows = [...edges, NaN, -0, 2 ** 62, -(2 ** 63)].map((n, id) => ({
      ...row(id, n),
      text: 'ü'.repeat(id),
      blob: Uint8Array.from({ length: id * 7 }, (_, i) => i),
    }))
    const { cells, integrity } = written(rows)
    expect(integrity).toBe('ok')
    expect(cells).toEqual(expected(rows))
  })

  it('writes a double that is too large as the largest integer there is', () => {
    const { cells } = written([row(0, 2 ** 63), row(1, -(2 ** 70))])
    expect(cells.map(([, n]) => n)).toEqual([2n ** 63n - 1n, -(2n ** 63n)])
  })

  it('refuses a fraction where an integer belongs', () => {
    expect(() => new RecordWriter().begin().integer(0.5)).toThrow('no fractions')
  })

  it('is empty, one page, or deep', () => {
    for (const count of [0, 1, 800, 200_000]) {
      const rows = Array.from({ length: count }, (_, id) => row(id))
      const { cells, integrity } = written(rows)
      expect(integrity).toBe('ok')
      expect(cells.length).toBe(count)
      expect(cells).toEqual(expected(rows))
    }
  })

  it('keeps long values on pages of their own', () => {
    const lengths = [PAGE_BYTES - 60, PAGE_BYTES - 40, PAGE_BYTES - 30, PAGE_BYTES, 3 * PAGE_BYTES + 5, 2_500_000]
    const rows = lengths.map((length, id) => ({ ...row(id), blob: new Uint8Array(length).fill(id + 1) }))
    const { cells, integrity } = written(rows)
    expect(integrity).toBe('ok')
    expect(cells).toEqual(expected(rows))
  })

  it('puts rows that come long after their turn where they belong, from the first to the last leaf', () => {
    const ids = Array.from({ length: 150_000 }, (_, id) => id)
    const late = new Set(ids.filter((id) => id % 9973 === 0 || (id > 40_000 && id < 43_000) || id === 149_999))
    const rows = [...ids.filter((id) => !late.has(id)), ...[...late].reverse()].map((id) => row(id))
    const { cells, integrity } = written(rows)
    expect(integrity).toBe('ok')
    expect(cells).toEqual(expected(rows))
  })

  it('bounds what it keeps of late rows: they are settled long before the end', () => {
    const blob = new Uint8Array(200).fill(7)
    const ids = Array.from({ length: 200_000 }, (_, id) => id)
    const rows = [...ids.filter((id) => id % 3 !== 0), ...ids.filter((id) => id % 3 === 0)].map((id) => ({
      ...row(id),
      blob,
    }))
    const { cells, integrity } = written(rows)
    expect(integrity).toBe('ok')
    expect(cells.every(([id], i) => id === BigInt(i))).toBe(true)
    expect(cells.length).toBe(200_000)
  })

  it('leaves out the page SQLite keeps for its locks', () => {
    const path = join(tempFolder(), 'large.db')
    const made = connect(path, { readonly: false, mustExist: false })
    made.pragma(`page_size = ${PAGE_BYTES}`)
    made.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, blob BLOB NOT NULL) STRICT')
    made.close()
    // A file that ends two pages before that page: sparse, so it takes no room.
    const lockPage = 0x4000_0000 / PAGE_BYTES + 1
    const before = openSync(path, 'r+')
    ftruncateSync(before, (lockPage - 3) * PAGE_BYTES)
    writeSync(before, Uint8Array.of(0, 0, (lockPage - 3) >> 8, (lockPage - 3) & 0xff), 0, 4, 28)
    closeSync(before)
    const file = new PageFile(path)
    const table = new PageTable(file, 2)
    const record = new RecordWriter()
    for (let id = 0; id < 40; id++) {
      record.begin().nothing().blob(new Uint8Array(30_000).fill(id)).end()
      table.add(id, record)
    }
    table.finish()
    file.close()
    const db = connect(path, { readonly: true, mustExist: true })
    const blobs = db.prepare('SELECT blob FROM t ORDER BY id').pluck().all() as Uint8Array[]
    const findings = db.prepare('PRAGMA integrity_check(1000000)').pluck().all() as string[]
    db.close()
    expect(blobs.map((blob) => [blob.length, blob[0], blob[29_999]])).toEqual(
      Array.from({ length: 40 }, (_, id) => [30_000, id, id]),
    )
    expect(findings.filter((line) => !/: never used$/.test(line))).toEqual([])
  })

  it('reads the same for any order and any sizes', () => {
    const value = fc.record({
      n: fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.constant(NaN)),
      text: fc.string({ unit: 'grapheme', maxLength: 80 }),
      size: fc.oneof({ weight: 9, arbitrary: fc.nat(400) }, fc.nat(40_000)),
    })
    fc.assert(
      fc.property(fc.array(value, { maxLength: 300 }), fc.infiniteStream(fc.nat()), (values, order) => {
        const rows = values.map(({ n, text, size }, id) => ({ id, n, text, blob: new Uint8Array(size).fill(id) }))
        const keys = [...order.take(rows.length)]
        const shuffled = rows.map((one, i) => ({ one, at: keys[i] })).sort((a, b) => a.at - b.at)
        const { cells, integrity } = written(shuffled.map(({ one }) => one))
        expect(integrity).toBe('ok')
        expect(cells).toEqual(expected(rows))
      }),
      { numRuns: 25 },
    )
  })
})
