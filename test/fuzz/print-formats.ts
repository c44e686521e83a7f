/**
 * Fuzzers of what prints records: formats no kernel has, and files whose kept records or their formats were changed. Whatever
 * a format says, it is understood or not within moments, and a record that is kept prints what the reader would have; a
 * changed file gives text or one sentence.
 */

import BetterSqlite from 'better-sqlite3'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compress, decompress } from '#electron/store/codec.ts'
import type { Db } from '#electron/store/database.ts'
import { connect } from '#electron/store/database.ts'
import { Draft } from '#electron/store/draft.ts'
import { readChunks } from '#electron/store/event-chunks.ts'
import { payloadOf } from '#electron/store/event-table.ts'
import { NewFile } from '#electron/store/new-file.ts'
import { TraceWriter } from '#electron/store/writer.ts'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { Stream } from '#shared/base/prng.ts'
import { ByteWriter } from '#shared/formats/trace-dat/byte-writer.ts'
import { eventFormatText, parseEventFormat } from '#shared/formats/trace-dat/event-format.ts'
import { KeptPrinters } from '#shared/formats/trace-dat/kept-printers.ts'
import { COMMON_BYTES, isKept } from '#shared/formats/trace-dat/kept-records.ts'
import { compilePrint } from '#shared/formats/trace-dat/print-compile.ts'
import { RecordView } from '#shared/formats/trace-dat/record.ts'
import { Symbols } from '#shared/formats/trace-dat/symbols.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { EVENT_RECORD } from '#shared/model/kinds.ts'
import { wounded } from './damage.ts'
import type { Fuzzer } from './fuzzer.ts'

// ---- formats ----

const FIELDS = `name: fuzzed
ID: 7
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:void * p;\toffset:8;\tsize:8;\tsigned:0;
\tfield:u64 w;\toffset:16;\tsize:8;\tsigned:0;
\tfield:int s;\toffset:24;\tsize:4;\tsigned:1;
\tfield:u16 h;\toffset:28;\tsize:2;\tsigned:0;
\tfield:char c[8];\toffset:32;\tsize:8;\tsigned:0;
\tfield:__data_loc char[] d;\toffset:40;\tsize:4;\tsigned:0;
`
/** Of the longest record that is tried. */
const RECORD_BYTES = 64
const PRINTS = 200

/** What an expression becomes by one step; X is what it was. */
const STEPS = ['(X)', '-X', '!X', '~X', '(u64)X', '(s64)X', '(int)X', '(char)(X)', '1/(X)', '(X)%3', '(X)/(X)', '(X)*(X)', '(X)+REC->w', 'REC->w*(X)', 'X+REC->s', 'X<<1', '(X)>>REC->h', '(X)&255', '(X)?(X):(X)', '(X)?1:0', '(X)==(X)', '(X)||(X)', '(X)<REC->w', '__builtin_expect(X, 0)', 'X[0]', '*X', '&X', 'sizeof(X)'] // prettier-ignore
const LEAVES = ['REC->s', 'REC->w', 'REC->h', 'REC->p', 'REC->c', 'REC->d', 'REC->none', '1', '0xffffffffffffffff', '"text"', '((REC->s) >> 20)'] // prettier-ignore
/** Pieces whose repetition costs whoever looks at them again from every place. */
const PIECES = ['[', '(', '(a ', '{', '"', "'", '\\', '0', '%', '%0', '%-', '%.', 'x', ' ', '+1', '+REC->w', '*REC->w', '""', '9', '%d', '%s', '->', ';', ': '] // prettier-ignore

function pick<T>(random: Stream, list: readonly T[]): T {
  return list[random.below(list.length)]
}

function expression(random: Stream): string {
  let made = pick(random, LEAVES)
  const step = pick(random, STEPS)
  const same = random.below(2) === 0
  for (let left = random.below(random.below(3) === 0 ? 120 : 6); left > 0 && made.length < 20_000; left--) {
    const next = same ? step : pick(random, STEPS)
    made = next.replaceAll('X', () => made)
  }
  return made
}

function argument(random: Stream): string {
  const number = expression(random)
  switch (random.below(5)) {
    case 0:
      return `__print_symbolic(${number}, { ${expression(random)}, "a" }, { 1, "b" })`
    case 1:
      return `__print_flags(${number}, "|", { 1, "A" }, { ${random.below(9)}, "B" })`
    case 2:
      return `(${number}) ? "${'y'.repeat(random.below(300))}" : REC->c`
    default:
      return number
  }
}

const CONVERSIONS = ['%d', '%u', '%llu', '%lld', '%x', '%#llx', '%08x', '%-9d', '%5d', '%hhd', '%c', '%s', '%8s', '%.*s', '%p', '%pS', '%ps', '%+d', '%o', '%999999999d', '%%'] // prettier-ignore

/** Bytes of a format: grammatical ones, pieces in long rows, and damage. */
function formatBytes(random: Stream): Buffer {
  const count = random.below(4) === 0 ? random.below(600) : 1 + random.below(4)
  const text = Array.from({ length: count }, () => `f=${pick(random, CONVERSIONS)}`).join(' ')
  const args = Array.from({ length: Math.min(count, 8) }, () => argument(random)).join(', ')
  const row = random.below(3) === 0 ? pick(random, PIECES).repeat(random.below(70_000)) : ''
  const place = random.below(3)
  const declared = place === 0 && row !== '' ? `\tfield:int ${row} z;\toffset:24;\tsize:4;\tsigned:1;\n` : ''
  const whole = `${FIELDS}${declared}\nprint fmt: "${text}${place === 1 ? row : ''}", ${args}${place === 2 ? row : ''}\n`
  const bytes = Buffer.from(whole)
  return random.below(3) === 0 ? wounded(random, bytes, [bytes]) : bytes
}

function randomBytes(random: Stream, length: number): Uint8Array {
  const kind = random.below(3)
  return Uint8Array.from({ length }, () => (kind === 0 ? 0 : kind === 1 ? 255 : random.below(256)))
}

const NONE = new Uint8Array(0)

/** What the reader prints of records of a format, against what they print when they were kept. */
const printed: Fuzzer = {
  id: 'print-formats',
  about: 'formats no kernel has: compiled, printed over random records, and printed again from what is kept of them',
  attempt(random) {
    const bytes = formatBytes(random)
    const little = random.below(2) === 0
    const stored = eventFormatText(bytes, 'fuzz')
    const format = stored === undefined ? undefined : parseEventFormat(stored)
    if (format === undefined) return
    const record = new RecordView(little)
    const { write, kept } = compilePrint({ format, record, symbols: new Symbols(NONE, NONE) })
    const text = bytes.toString('utf8')
    // Text with wounds may come back as longer text.
    const same = kept !== undefined && Buffer.from(text).equals(bytes)
    const printer = same ? new KeptPrinters([{ name: 0, system: 'fuzz', little, text }]).of(0) : undefined
    if (same && printer === undefined) throw new Error('a format whose records are kept does not print them')
    for (let left = PRINTS; left > 0; left--) {
      const one = randomBytes(random, 8 + random.below(RECORD_BYTES))
      record.over(one)
      record.at = 0
      record.end = one.length
      const whole = new ByteWriter()
      write(whole)
      if (kept === undefined || printer === undefined || !isKept(kept, record)) continue
      const again = new ByteWriter()
      const part = one.slice(COMMON_BYTES, kept.end)
      if (!printer.print(part, 0, part.length, again)) throw new Error('a kept record is refused')
      if (again.at > limits.recordTextBytes) throw new Error(`a kept record prints ${again.at} bytes`)
      const [a, b] = [whole, again].map((to) => Buffer.from(to.bytes.subarray(0, to.at)).toString('latin1'))
      if (a !== b) throw new Error(`a kept record prints '${b}' instead of '${a}'`)
    }
  },
}

// ---- files ----

const EVENTS = 3_000

/** What kernels print, in the fields of this file. */
const KERNELS = [
  '"dev %d,%d ino %llu", ((unsigned int) ((REC->h) >> 4)), ((unsigned int) ((REC->h) & ((1U << 4) - 1))), REC->w',
  '"ip=%pS comm=%s flags %s", REC->p, REC->c, __print_flags(REC->h, "|", { 1, "READ" }, { 2, "WRITE" }, { 16, "USER" })',
  '"state=%s h=0x%x %5d|%-6d", REC->s ? "on" : "off", REC->h, REC->s, REC->h',
]

/** A file with text and records, as an import writes it. In memory, where every attempt can change it and take that back. */
function fileOfRecords(): Db {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-fuzz-'))
  const path = join(folder, 'kept.faultline')
  const draft = new Draft(path)
  const file = new NewFile(draft.path)
  const builder = new TraceBuilder(new TraceWriter(file), 'fuzz', 'trace-dat')
  const task = builder.task(1, 0)
  const plain = builder.eventNamed('plain')
  const kept = KERNELS.map((fmt, i) => {
    const text = `${FIELDS}\nprint fmt: ${fmt}\n`
    const name = builder.eventNamed(`kept${i}`)
    builder.recordFormat({ name, system: 'fuzz', little: true, text })
    const format = parseEventFormat({ system: 'fuzz', id: 7, text: Buffer.from(text) })
    if (format === undefined) throw new Error('not the format of an event')
    const compiled = compilePrint({ format, record: new RecordView(true), symbols: new Symbols(NONE, NONE) }).kept
    if (compiled === undefined) throw new Error(`records are not kept: ${fmt}`)
    return { name, bytes: compiled.end - COMMON_BYTES }
  })
  for (let row = 0; row < EVENTS; row++) {
    const { name, bytes } = kept[row % kept.length]
    const record = Uint8Array.from({ length: bytes }, (_, i) => (i === 7 ? 0 : (row * 7 + i) & 127))
    if (row % 5 === 0) builder.event(row, 0, task, plain, Buffer.from(`plain ${row}`), 0, 8, 0)
    else builder.event(row, 0, task, name, record, 0, bytes, EVENT_RECORD)
  }
  builder.end()
  file.finish()
  draft.commit({ force: false })
  const db = connect(path, { readonly: true, mustExist: true })
  const bytes = db.serialize()
  db.close()
  rmSync(folder, { recursive: true })
  return new BetterSqlite(bytes)
}

let seed: Db | undefined

function woundedFormat(random: Stream, db: Db): void {
  const formats = db.prepare('SELECT format FROM event_format').pluck().all() as string[]
  const others = formats.map((text) => Buffer.from(text))
  const update = db.prepare('UPDATE event_format SET format = ?, little = ? WHERE format = ?')
  for (const text of formats) {
    const way = random.below(8)
    const other = way === 0 ? pick(random, formats) : way === 1 ? formatBytes(random).toString('utf8') : undefined
    if (way > 2) continue
    const little = random.below(8) === 0 ? 2 - random.below(5) : 1
    update.run(other ?? wounded(random, Buffer.from(text), others).toString('utf8'), little, text)
  }
  if (random.below(4) === 0)
    db.prepare('UPDATE event_format SET name_seq = name_seq + 1 + ?').run(random.below(9) + 1e6)
}

/** Bytes per event of a chunk's columns; of its payloads they follow from the column itself. */
const WIDTHS: Readonly<Record<string, number>> = { name: 2, args_end: 4, flags: 1, task: 4, cpu: 4 }

function woundedChunk(random: Stream, db: Db): void {
  const rows = db.prepare('SELECT * FROM event_chunk').all() as Record<string, number | Buffer | null>[]
  const row = pick(random, rows)
  const column = pick(random, ['args', 'args', 'flags', 'name', 'args_end', 'task', 'cpu'])
  const packed = row[column]
  if (!(packed instanceof Uint8Array)) return
  const size = column === 'args' ? Number(row.args_bytes) : Number(row.n) * WIDTHS[column]
  const plain = Buffer.from(decompress(packed, size, 'seed'))
  let changed = wounded(random, plain, [plain])
  // Mostly as long as it was: otherwise nobody looks further.
  if (random.below(4) !== 0) changed = Buffer.concat([changed, Buffer.alloc(size)]).subarray(0, size)
  const bytes = random.below(10) === 0 ? wounded(random, Buffer.from(packed), [plain]) : compress(changed)
  db.prepare(`UPDATE event_chunk SET ${column} = ? WHERE id = ?`).run(bytes, row.id)
  if (column === 'args' && random.below(2) === 0) {
    db.prepare('UPDATE event_chunk SET args_bytes = ? WHERE id = ?').run(changed.length, row.id)
  }
}

const files: Fuzzer = {
  id: 'kept-records',
  about: 'files whose kept records, or the formats they are printed with, were changed: text, or one sentence',
  attempt(random) {
    const db = (seed ??= fileOfRecords())
    db.exec('BEGIN')
    try {
      const wound = random.below(3)
      if (wound !== 0) woundedFormat(random, db)
      if (wound !== 1) woundedChunk(random, db)
      for (const { chunk } of readChunks(db)) {
        if (chunk.args.length > limits.chunkArgsBytes) throw new Error('a chunk has too much text')
        for (let row = 0; row < chunk.length; row += 97) payloadOf(chunk, row)
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (!/^event chunk \d+ is damaged: [^\n]+$/.test(error.message)) throw error
    } finally {
      db.exec('ROLLBACK')
    }
  },
}

export const printFuzzers: readonly Fuzzer[] = [printed, files]
