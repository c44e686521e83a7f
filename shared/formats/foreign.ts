/**
 * What input that is no trace looks like, so that a wrong file is answered with its name and the way out. Magic numbers
 * are certain; shapes of text are only asked after every format said no. Also the compressions hosts undo before
 * anything is sniffed.
 */

import { decodeUtf8 } from '../base/bytes.ts'

export interface Foreign {
  /** Continues "this looks like …". */
  readonly looksLike: string
  readonly hint: string
  /** A magic number: no text format is even asked. */
  readonly certain: boolean
}

export type Compression = 'gzip' | 'zstd'

/** Bytes `compressionOf` needs. */
export const COMPRESSION_BYTES = 4

/** gzip (RFC 1952) or zstd (RFC 8878, also its skippable frames) by magic number. */
export function compressionOf(head: Uint8Array): Compression | undefined {
  if (head.length >= 2 && head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  if (head.length < 4) return undefined
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return 'zstd'
  return head[0] >>> 4 === 5 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18 ? 'zstd' : undefined
}

/** What helps who brought something else; `faultline list formats` has the ids. */
export const READS =
  'Faultline reads tracefs, function_graph, trace-cmd report and perf script text, trace.dat, perf.data, lock_stat and perf lock tables, lockdep reports, Android systrace pages, Chrome trace JSON and Perfetto, plain or compressed with gzip or zstd'

/** For what was made of a recording that can be read. */
const ORIGIN = 'import the perf.data it was made from, or what perf script prints of that'

interface Magic {
  readonly bytes: string
  readonly looksLike: string
  readonly hint?: string
}

/** First bytes as Latin-1 text. */
const MAGIC: readonly Magic[] = [
  {
    bytes: 'SQLite format 3\0',
    looksLike: 'an SQLite database',
    hint: 'a .faultline file is opened, not imported; any other database is not a trace',
  },
  { bytes: '\xff\xd8\xff', looksLike: 'a JPEG picture' },
  { bytes: '\x89PNG\r\n\x1a\n', looksLike: 'a PNG picture' },
  { bytes: 'GIF8', looksLike: 'a GIF picture' },
  { bytes: '%PDF-', looksLike: 'a PDF document' },
  { bytes: '\x7fELF', looksLike: 'an ELF program or library' },
  { bytes: 'PK\x03\x04', looksLike: 'a ZIP archive', hint: 'unpack it and open the trace inside' },
  { bytes: '\xfd7zXZ\0', looksLike: 'an xz-compressed file', hint: 'unpack it first: xz -d FILE' },
  { bytes: 'BZh', looksLike: 'a bzip2-compressed file', hint: 'unpack it first: bzip2 -d FILE' },
  { bytes: '\x1f\x8b', looksLike: 'a gzip file inside a compressed file', hint: 'unpack it once more' },
  { bytes: '\x28\xb5\x2f\xfd', looksLike: 'a zstd file inside a compressed file', hint: 'unpack it once more' },
  { bytes: '\xff\xfe\0\0', looksLike: 'text in UTF-32', hint: 'save it as UTF-8' },
  { bytes: '/* CTF ', looksLike: 'a CTF trace (perf data convert --to-ctf, LTTng)', hint: ORIGIN },
  { bytes: '\xc1\x1f\xfc\xc1', looksLike: 'a CTF trace (perf data convert --to-ctf, LTTng)', hint: ORIGIN },
]

/** Shapes of a line of text, asked in order once every format said no. */
const TEXTS: readonly { readonly shape: RegExp; readonly looksLike: string; readonly hint: string }[] = [
  { shape: /^\s*"linux-perf-json-version"/, looksLike: 'JSON of perf data convert', hint: ORIGIN },
  {
    shape: /^\s+\d+\.\d{3} \( *\d+\.\d{3} ms\): \S/,
    looksLike: 'text of perf trace',
    hint: 'import what perf trace record writes',
  },
  { shape: /^\s+(time +cpu +task name|Task +\| +Runtime ms) /, looksLike: 'a table of perf sched', hint: ORIGIN },
  { shape: /^\s*[[{]\s*(["{[\]}]|$)/, looksLike: 'JSON', hint: READS },
  { shape: /^\s*<(!doctype|html|\?xml)/i, looksLike: 'a web page or XML', hint: READS },
]

/** Lines and characters of each that are looked at. */
const TEXT_LINES = 200
const TEXT_COLUMNS = 300

/** What `head` looks like if it is nothing Faultline reads; undefined: plain text nobody knows. */
export function describeForeign(head: Uint8Array): Foreign | undefined {
  if (head.length === 0) {
    return {
      looksLike: 'an empty file',
      hint: 'was tracing on? echo 1 > /sys/kernel/tracing/tracing_on',
      certain: true,
    }
  }
  for (const magic of MAGIC) {
    if (!begins(head, magic.bytes)) continue
    return { looksLike: magic.looksLike, hint: magic.hint ?? READS, certain: true }
  }
  const lines = decodeUtf8(head, 0, Math.min(head.length, 32_768))
    .split('\n', TEXT_LINES)
    .map((line) => line.slice(0, TEXT_COLUMNS))
  for (const { shape, looksLike, hint } of TEXTS) {
    if (lines.some((line) => shape.test(line))) return { looksLike, hint, certain: false }
  }
  return isBinary(head) ? { looksLike: 'binary data of an unknown kind', hint: READS, certain: false } : undefined
}

function begins(head: Uint8Array, magic: string): boolean {
  if (head.length < magic.length) return false
  for (let i = 0; i < magic.length; i++) if (head[i] !== magic.charCodeAt(i)) return false
  return true
}

/** More than one byte in ten is no text. */
function isBinary(head: Uint8Array): boolean {
  const length = Math.min(head.length, 4096)
  let odd = 0
  for (let i = 0; i < length; i++) {
    const byte = head[i]
    if (byte < 9 || (byte > 13 && byte < 32) || byte === 127) odd++
  }
  return odd * 10 > length
}
