/**
 * What goes over a transport as bytes, for the suite of contract.test.ts: uploads that open like files, exports in one answer or in
 * pieces, their limits, and that nothing stays behind.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { exportedBytes } from '#shared/contract/download.ts'
import type { MethodName } from '#shared/contract/methods.ts'
import type { OpenedFile } from '#shared/contract/files.ts'
import { MIDDLE, sampleText, type TestHost } from '../support/engine.ts'

export interface Subject {
  readonly call: TestHost['client']['call']
  readonly fails: (promise: Promise<unknown>, code: ErrorCode) => Promise<unknown>
  readonly called: Set<MethodName>
  readonly host: () => TestHost
  readonly small: () => OpenedFile
}

export const bytesOf = ({ call, fails, called, host, small }: Subject) =>
  describe('bytes', () => {
    const upload = async (name: string, bytes: Uint8Array, announced: number | undefined = bytes.length) => {
      const { upload: id } = await call('upload.begin', {
        name,
        ...(announced === undefined ? {} : { bytes: announced }),
      })
      for (let at = 0; at < bytes.length; at += 100_000) {
        await call('upload.chunk', { upload: id, bytes: Uint8Array.from(bytes.subarray(at, at + 100_000)) })
      }
      return id
    }
    const waiting = () =>
      readdirSync(join(host().dataDir, 'sessions'), { recursive: true, encoding: 'utf8' }).filter((name) =>
        name.endsWith('.upload'),
      )

    test('an upload opens like a file, is used up, and stays in the list as its import', async () => {
      const id = await upload('C:\\traces\\from browser.txt', sampleText(MIDDLE))
      const { opened, imported } = await call('files.open', { source: { kind: 'upload', upload: id } })
      expect(imported?.events).toBe(33_175)
      expect(waiting()).toEqual([])
      await fails(call('files.open', { source: { kind: 'upload', upload: id } }), 'not-found')
      const [latest] = await call('files.recent', {})
      expect((await call('files.open', { source: latest.source })).opened.file).toBe(opened.file)
    })

    test('an uploaded .faultline file opens as it is; one that is none leaves nothing', async () => {
      const bytes = await exportedBytes(
        host().client,
        await call('export.run', { file: small().file, format: 'faultline' }),
      )
      const good = await upload('sent.faultline', Buffer.concat(bytes))
      expect((await call('files.open', { source: { kind: 'upload', upload: good } })).opened.traces[0].events).toBe(
        3661,
      )
      const before = readdirSync(join(host().dataDir, 'imports')).sort()
      const bad = await upload('bad.faultline', Buffer.from(`SQLite format 3\0${'x'.repeat(5000)}`))
      await fails(call('files.open', { source: { kind: 'upload', upload: bad } }), 'bad-input')
      expect(readdirSync(join(host().dataDir, 'imports')).sort()).toEqual(before)
      expect(waiting()).toEqual([])
    })

    test('an upload is bounded, complete and its own client’s', async () => {
      await fails(call('upload.begin', { name: 'huge', bytes: limits.uploadBytes + 1 }), 'limit')
      const short = await upload('short.txt', new Uint8Array(10), 20)
      await fails(call('files.open', { source: { kind: 'upload', upload: short } }), 'bad-request')
      await fails(call('upload.chunk', { upload: short, bytes: new Uint8Array(11) }), 'bad-request')
      const other = await host().connect()
      await fails(other.call('files.open', { source: { kind: 'upload', upload: short } }), 'not-found')
      await call('upload.cancel', { upload: short })
      await fails(call('upload.chunk', { upload: short, bytes: new Uint8Array(1) }), 'not-found')
      const unknownSize = await upload('stream.txt', sampleText(MIDDLE), undefined)
      expect((await call('files.open', { source: { kind: 'upload', upload: unknownSize } })).imported?.events).toBe(
        33_175,
      )
    })

    test('more uploads at once than the limit are refused, and a client that goes away takes its uploads along', async () => {
      const other = await host().connect()
      for (let i = 0; i < limits.uploads; i++) await other.call('upload.begin', { name: `${i}` })
      await fails(other.call('upload.begin', { name: 'one more' }), 'limit')
      expect(waiting()).toHaveLength(limits.uploads)
      other.close()
      await expect.poll(waiting).toEqual([])
    })

    test('a small export comes in its answer: CSV with a header, NDJSON with the same rows', async () => {
      const csv = await call('export.run', { file: small().file, format: 'csv', table: 'op' })
      const lines = Buffer.from(csv.bytes!).toString().trimEnd().split('\r\n')
      expect(csv).toMatchObject({ path: null, name: 'small-op.csv', download: null, rows: lines.length - 1 })
      expect(lines[0]).toMatch(/^id,trace_id,task_id,kind,start_ns,.*task_comm,task_pid$/)
      const ndjson = await call('export.run', { file: small().file, format: 'ndjson', table: 'op' })
      const rows = Buffer.from(ndjson.bytes!)
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { kind: string })
      expect(rows).toHaveLength(csv.rows!)
      expect(rows.map(({ kind }) => kind)).toEqual(lines.slice(1).map((line) => line.split(',')[3]))
    })

    test('a time range selects what overlaps it, or is refused', async () => {
      const { opened } = await call('files.open', { source: { kind: 'sample', sample: 'dax-xfs' } })
      const rows = async (table: 'event' | 'op', range: object) =>
        (await call('export.run', { file: opened.file, format: 'csv', table, ...range })).rows!
      const ends = (opened.traces[0].durationNs ?? NaN) + 1
      const middle = Math.floor(ends / 2)
      expect((await rows('event', { toNs: middle })) + (await rows('event', { fromNs: middle }))).toBe(33_175)
      expect(await rows('op', { fromNs: middle, toNs: middle + 1 })).toBeLessThan(opened.traces[0].ops)
      await fails(call('export.run', { file: opened.file, format: 'csv', table: 'task', fromNs: 1 }), 'bad-request')
      const cut = await call('export.run', { file: opened.file, format: 'faultline', fromNs: middle })
      expect(cut.rows).toBeLessThan(33_175 * 2)
    })

    test('what a format has none of is refused, not ignored', async () => {
      const { file } = small()
      for (const format of ['ftrace', 'chrome-json', 'perfetto', 'html', 'faultline'] as const)
        await fails(call('export.run', { file, format, table: 'op' }), 'bad-request')
      for (const format of ['csv', 'parquet', 'ftrace', 'html'] as const)
        await fails(call('export.run', { file, format, rawEvents: true }), 'bad-request')
    })

    test('an export too large for a message comes in pieces and is deleted after', async () => {
      const { opened } = await call('files.open', { source: { kind: 'sample', sample: 'dax-ext4' } })
      const result = await call('export.run', { file: opened.file, format: 'csv', table: 'lock_span' })
      expect(result.bytes).toBeNull()
      expect(result.download!.bytes).toBeGreaterThan(limits.pieceBytes)
      called.add('download.chunk').add('download.end')
      const text = Buffer.concat(await exportedBytes(host().client, result)).toString()
      expect(text.length).toBe(result.download!.bytes)
      expect(text.split('\r\n')).toHaveLength(result.rows! + 2)
      await fails(call('download.chunk', { download: result.download!.id, offset: 0 }), 'not-found')
      if (!host().writes) return
      const out = join(host().root, 'spans.csv')
      const written = await call('export.run', { file: opened.file, format: 'csv', table: 'lock_span', out })
      expect(written).toMatchObject({ path: out, bytes: null, download: null, rows: result.rows })
      expect(readFileSync(out, 'utf8')).toBe(text)
      await fails(call('export.run', { file: opened.file, format: 'csv', table: 'lock_span', out }), 'exists')
    })

    test('an export that is cancelled leaves nothing', async () => {
      const { opened } = await call('files.open', { source: { kind: 'sample', sample: 'dax-ext4' } })
      const stop = new AbortController()
      const exporting = call(
        'export.run',
        { file: opened.file, format: 'ndjson', table: 'event' },
        { signal: stop.signal, onProgress: () => stop.abort() },
      )
      await fails(exporting, 'cancelled')
      const left = readdirSync(join(host().dataDir, 'sessions'), { recursive: true, encoding: 'utf8' })
      expect(left.filter((name) => name.includes('.export'))).toEqual([])
    })
  })
