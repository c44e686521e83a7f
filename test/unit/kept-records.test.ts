/**
 * Records that are stored instead of the text they print: the text that comes out of a file is the one the reader would have
 * written, for any record; what a stranger's file says about them is believed only as far as it fits. Without the corpus.
 */
import fc from 'fast-check'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkFile } from '#electron/store/check.ts'
import { openFile } from '#electron/store/open.ts'
import { connect, type Db } from '#electron/store/database.ts'
import { readChunks } from '#electron/store/event-chunks.ts'
import { payloadOf } from '#electron/store/event-table.ts'
import { Draft } from '#electron/store/draft.ts'
import { NewFile } from '#electron/store/new-file.ts'
import { TraceWriter } from '#electron/store/writer.ts'
import { decodeUtf8, encodeUtf8 } from '#shared/base/bytes.ts'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { ByteWriter } from '#shared/formats/trace-dat/byte-writer.ts'
import { parseEventFormat } from '#shared/formats/trace-dat/event-format.ts'
import { KeptPrinters } from '#shared/formats/trace-dat/kept-printers.ts'
import { COMMON_BYTES, isKept, type KeptRecord } from '#shared/formats/trace-dat/kept-records.ts'
import { compilePrint } from '#shared/formats/trace-dat/print-compile.ts'
import { RecordView } from '#shared/formats/trace-dat/record.ts'
import { Symbols } from '#shared/formats/trace-dat/symbols.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { EVENT_RECORD } from '#shared/model/kinds.ts'
import { tempFolder } from '../support/store.ts'

const FIELDS = `name: kept
ID: 7
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

\tfield:void * address;\toffset:8;\tsize:8;\tsigned:0;
\tfield:u64 wide;\toffset:16;\tsize:8;\tsigned:0;
\tfield:int s;\toffset:24;\tsize:4;\tsigned:1;
\tfield:unsigned short h;\toffset:28;\tsize:2;\tsigned:0;
\tfield:char name[8];\toffset:32;\tsize:8;\tsigned:0;
\tfield:__data_loc char[] text;\toffset:40;\tsize:4;\tsigned:0;

print fmt: `
const RECORD_BYTES = 44
const NONE = new Uint8Array(0)

const FLAGS = '{ 1, "READ" }, { 2, "WRITE" }, { 16, "A|B" }'
const KEPT = [
  '"address=%ps wide=%llu", REC->address, REC->wide',
  '"dev %d,%d ino %lu s %5d|%-6d", ((unsigned int) (REC->h >> 4)), ((unsigned int) (REC->h & 15)), REC->wide, REC->s, REC->h',
  `"%s %s h=0x%x", REC->name, __print_flags(REC->h, "|", ${FLAGS}), REC->h`,
  '"name=%s state=%s", REC->name, REC->s & 1 ? "on" : "off"',
  '"%08x %#llx", REC->s, REC->wide',
]

interface Compiled {
  readonly kept: KeptRecord | undefined
  readonly text: (bytes: Uint8Array) => string
  readonly view: RecordView
}

function compiled(fmt: string, little: boolean): Compiled {
  const format = parseEventFormat({ system: 'test', id: 7, text: encodeUtf8(`${FIELDS}${fmt}\n`) })
  if (format === undefined) throw new Error('no format')
  const view = new RecordView(little)
  const { write, kept } = compilePrint({ format, record: view, symbols: new Symbols(NONE, NONE) })
  const text = (bytes: Uint8Array) => {
    view.over(bytes)
    view.at = 0
    view.end = bytes.length
    const to = new ByteWriter()
    write(to)
    return decodeUtf8(to.bytes, 0, to.at)
  }
  return { kept, text, view }
}

describe('of a record the bytes are kept', () => {
  it.each(KEPT)('of %s, and print the same text', (fmt) => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.uint8Array({ minLength: RECORD_BYTES, maxLength: RECORD_BYTES }),
        (little, bytes) => {
          const { kept, text, view } = compiled(fmt, little)
          const whole = text(bytes)
          if (kept === undefined) throw new Error('its records are not kept')
          if (!isKept(kept, view)) return
          const printers = new KeptPrinters([{ name: 3, system: 'test', little, text: `${FIELDS}${fmt}\n` }])
          const out = new ByteWriter()
          const stored = bytes.slice(COMMON_BYTES, kept.end)
          expect(printers.of(3)?.print(stored, 0, stored.length, out)).toBe(true)
          expect(decodeUtf8(out.bytes, 0, out.at)).toBe(whole)
          expect(out.at).toBeLessThanOrEqual(limits.recordTextBytes)
        },
      ),
    )
  })

  it.each([
    ['a field all events have', '"pid=%d", REC->common_pid'],
    ['a text elsewhere in the record', '"%s", __get_str(text)'],
    ['a constant text of the kernel', '"%s", REC->address'],
    ['a text chosen among them', '"%s", REC->h ? REC->address : "none"'],
    ['a long text', `"%s", __print_flags(REC->h, "|", { 1, "${'x'.repeat(limits.recordTextBytes)}" })`],
    ['a wide column', '"%600d", REC->s'],
    ['nothing of the record', '"nothing"'],
    ['what is not understood', '"%d", somewhere(REC->s)'],
  ])('but not where %s is printed', (_, fmt) => {
    expect(compiled(fmt, true).kept).toBeUndefined()
  })

  it('but not where an address is of the kernel, whose symbol only the recording knows', () => {
    const { kept, text, view } = compiled('"ip=%pS", REC->address', true)
    const bytes = new Uint8Array(RECORD_BYTES)
    text(bytes)
    expect(kept !== undefined && isKept(kept, view)).toBe(true)
    bytes[15] = 0xff
    expect(kept !== undefined && isKept(kept, view)).toBe(false)
  })

  it('but not where the record is shorter than its format says', () => {
    const { kept, text, view } = compiled('"h=%u", REC->h', true)
    text(new Uint8Array(29))
    expect(kept !== undefined && isKept(kept, view)).toBe(false)
  })
})

const FORMAT = `${FIELDS}"s=%d", REC->s\n`

/** A file with text and records in turn: `plain 0`, s=1, `plain 2`, s=3 … */
function fileOf(rows: number): string {
  const path = join(tempFolder(), 'kept.faultline')
  const draft = new Draft(path)
  const file = new NewFile(draft.path)
  const builder = new TraceBuilder(new TraceWriter(file), 'kept', 'trace-dat')
  const task = builder.task(1, 0)
  const [plain, kept] = [builder.eventNamed('plain'), builder.eventNamed('kept')]
  expect(builder.recordFormat({ name: kept, system: 'test', little: true, text: FORMAT })).toBe(true)
  for (let row = 0; row < rows; row++) {
    const bytes = row % 2 === 0 ? encodeUtf8(`plain ${row}`) : new Uint8Array(20)
    if (row % 2 === 1) new DataView(bytes.buffer).setInt32(16, row, true)
    builder.event(row, 0, task, row % 2 === 0 ? plain : kept, bytes, 0, bytes.length, row % 2 === 0 ? 1 : EVENT_RECORD)
  }
  builder.end()
  file.finish()
  draft.commit({ force: false })
  return path
}

function opened(path: string): Db {
  const db = openFile(path)
  onTestFinished(() => void db.close())
  return db
}

function changed(sql: string): string {
  const path = fileOf(6)
  const db = connect(path, { readonly: false, mustExist: true })
  db.exec(sql)
  db.close()
  return path
}

const texts = (db: Db) =>
  [...readChunks(db)].flatMap(({ chunk }) => Array.from(chunk.ts, (_, row) => payloadOf(chunk, row)))

describe('a file with records', () => {
  it('gives text, and none of their flags', () => {
    const db = opened(fileOf(6))
    expect(texts(db)).toEqual(['plain 0', 's=1', 'plain 2', 's=3', 'plain 4', 's=5'])
    const [stored] = readChunks(db)
    expect([...(stored?.chunk.flags ?? [])]).toEqual([1, 0, 1, 0, 1, 0])
  })

  it('has chunks whose text is never longer than one may be', () => {
    const db = opened(fileOf(2 * limits.eventsPerChunk + 10))
    for (const { chunk } of readChunks(db)) expect(chunk.args.length).toBeLessThanOrEqual(limits.chunkArgsBytes)
    expect(texts(db).length).toBe(2 * limits.eventsPerChunk + 10)
  })

  it.each([
    ['has no format for them', 'DELETE FROM event_format'],
    ['has the format of other events for them', 'UPDATE event_format SET name_seq = 0'],
    [
      'has a format whose records are longer',
      `UPDATE event_format SET format = replace(format, 'REC->s', 'REC->wide + REC->h')`,
    ],
    ['has a format that is none', `UPDATE event_format SET format = 'name: x'`],
    [
      'has a format that prints what is not kept',
      `UPDATE event_format SET format = replace(format, 'REC->s', 'REC->common_pid')`,
    ],
    ['has a format that prints without end', `UPDATE event_format SET format = replace(format, '%d', '%999999999d')`],
  ])('that %s says in one sentence that it is damaged, and still tells times and names', (_, sql) => {
    const db = opened(changed(sql))
    const [stored] = readChunks(db)
    expect(stored?.chunk.ts.length).toBe(6)
    const error = (() => {
      try {
        return texts(db)
      } catch (thrown) {
        return thrown
      }
    })()
    expect(error).toBeInstanceOf(ApiError)
    expect((error as ApiError).message).toMatch(/^event chunk \d+ is damaged: the record of its event 1 does not fit/)
  })

  it('that does not fit its records is found by a check', async () => {
    const clean = await checkFile({ path: fileOf(6) })
    expect(clean.findings.map(({ message }) => message).filter((message) => /record of/.test(message))).toEqual([])
    const { ok, findings } = await checkFile({ path: changed('DELETE FROM event_format') })
    expect(ok).toBe(false)
    expect(findings.map(({ message }) => message).join()).toMatch(/the record of its event 1 does not fit/)
  })

  it('whatever its format says: text or that sentence, never more than a chunk may have', () => {
    const path = fileOf(6)
    const db = connect(path, { readonly: false, mustExist: true })
    onTestFinished(() => void db.close())
    const update = db.prepare('UPDATE event_format SET format = ?')
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(FORMAT.length), fc.string({ maxLength: 6 })), { maxLength: 4 }), (edits) => {
        update.run(edits.reduce((text, [at, put]) => text.slice(0, at) + put + text.slice(at + put.length), FORMAT))
        try {
          for (const { chunk } of readChunks(db)) expect(chunk.args.length).toBeLessThanOrEqual(limits.chunkArgsBytes)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ApiError)
        }
      }),
    )
  })
})
