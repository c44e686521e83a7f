/**
 * One CPU's ring buffer, page by page (include/linux/ring_buffer.h, kernel/trace/ring_buffer.c): a page has the time of its
 * first event and how far it is filled; an event has 27 bits of time since the one before, or an extension of it, and its
 * data. `next` moves to the next record of the given view. Only one chunk of pages is in memory at a time.
 */

import { limits } from '../../base/limits.ts'
import { ReadAhead, type RandomFile } from '../random-file.ts'
import type { BufferData, TraceDat } from './container.ts'
import type { CpuData } from './recover.ts'
import { Cursor, damage } from './cursor.ts'
import { RecordView } from './record.ts'

const PADDING = 29
const TIME_EXTEND = 30
const TIME_STAMP = 31
const SHIFT = 2 ** 27
const DELTA = SHIFT - 1
/** The page's commit word: events before it were lost, and how many is stored behind the data. */
const MISSED = 0x8000_0000
const MISSED_STORED = 0x4000_0000
const COMMIT = 0x07ff_ffff
/** Bytes read at once of data that is not compressed. */
const READ = 1 << 20
/** The same of compressed chunks, which are some 10 KB each. */
const AHEAD = 1 << 17

/** Absolute time stamps have 59 bits; the rest is that of the page (RB_ABS_TS). */
const TS_MSB = 1n << 59n

export class CpuPages {
  readonly cpu: number
  readonly record: RecordView
  /** Time of the current record, ns since boot or whatever the clock counts from: split, to stay exact. */
  seconds = 0
  nanos = 0
  /** Events lost right before the current record; -1: some, not known how many. */
  lost = 0
  /** Bytes of this CPU's data that were used. */
  done = 0
  /** A sentence about where this CPU's data stops making sense. */
  broken: string | undefined

  readonly #file: RandomFile
  readonly #ahead: ReadAhead
  readonly #dat: TraceDat
  readonly #pageSize: number
  readonly #compressed: boolean
  readonly #headBytes: number
  readonly #longBytes: number
  #offset: number
  readonly #end: number
  #chunksLeft = 0
  /** Plain pages at hand, and where the next of them begins. */
  #pages: Uint8Array = new Uint8Array(0)
  #nextPage = 0
  /** Where the next event begins and where the page's data ends. */
  #at = 0
  #pageEnd = 0
  constructor(file: RandomFile, dat: TraceDat, buffer: BufferData, data: CpuData) {
    this.cpu = data.cpu
    this.record = new RecordView(dat.little)
    this.#file = file
    this.#dat = dat
    const { dataOffset, dataSize, commitSize } = pageLayout(dat.headerPage)
    this.#headBytes = dataOffset
    this.#longBytes = commitSize
    this.#pageSize = pageSizeOf(buffer.pageSize, dataOffset + dataSize)
    this.#compressed = buffer.compressed && dat.compression !== 'none'
    this.#offset = data.offset
    // The size of compressed data does not count the word that says how many chunks there are.
    this.#end = data.offset + data.size + (this.#compressed ? 4 : 0)
    this.#ahead = new ReadAhead(file, this.#end, AHEAD)
    if (this.#end > file.size)
      this.broken = `CPU ${data.cpu}'s data ends at byte ${this.#end}, the file at ${file.size}`
    if (this.#compressed) this.#chunksLeft = this.#number()
  }

  /** Moves `record` to the next one; false at the end. */
  next(): boolean {
    this.lost = 0
    for (;;) {
      if (this.#at >= this.#pageEnd && !this.#turn()) return false
      const kind = this.#event()
      if (kind === 'record') return true
      if (kind === 'bad') {
        this.broken ??= `an event that runs over its page in the data of CPU ${this.cpu}`
        this.#at = this.#pageEnd
      }
    }
  }

  #event(): 'record' | 'other' | 'bad' {
    const { record } = this
    const { view, little } = record
    if (this.#at + 4 > this.#pageEnd) return 'bad'
    const head = view.getUint32(this.#at, little)
    // Bit fields lie from the low end in little endian, from the high end in big endian.
    const type = little ? head & 31 : head >>> 27
    const delta = little ? head >>> 5 : head & DELTA
    const at = this.#at + 4
    if (type === TIME_EXTEND || type === TIME_STAMP) {
      if (at + 4 > this.#pageEnd) return 'bad'
      const high = view.getUint32(at, little)
      if (type === TIME_EXTEND) this.#advance(high * SHIFT + delta)
      else this.#stamp(high, delta)
      this.#at = at + 4
      return 'other'
    }
    if (type === PADDING) {
      // A null event ends the page; another is an event that was taken back.
      this.#at = delta === 0 || at + 4 > this.#pageEnd ? this.#pageEnd : at + view.getUint32(at, little)
      this.#advance(delta)
      return 'other'
    }
    let from = at
    let length = type * 4
    if (type === 0) {
      if (at + 4 > this.#pageEnd) return 'bad'
      const stored = view.getUint32(at, little)
      // Beyond 2^31 rounding would make it negative.
      if (stored < 4 || stored > this.#pageEnd - at) return 'bad'
      length = (stored - 4 + 3) & ~3
      from = at + 4
    }
    if (from + length > this.#pageEnd) return 'bad'
    this.#advance(delta)
    this.#at = from + length
    record.at = from
    record.end = from + length
    return 'record'
  }

  #advance(by: number): void {
    this.nanos += by
    if (this.nanos < 1e9) return
    const seconds = Math.floor(this.nanos / 1e9)
    this.seconds += seconds
    this.nanos -= seconds * 1e9
  }

  /** An absolute time in two words, more than a double holds: its upper five bits are those of the page's. */
  #stamp(high: number, low: number): void {
    const now = BigInt(this.seconds) * 1_000_000_000n + BigInt(this.nanos)
    const upper = now & ~(TS_MSB - 1n)
    this.#set(upper | (BigInt(high) << 27n) | BigInt(low))
  }

  #set(time: bigint): void {
    this.seconds = Number(time / 1_000_000_000n)
    this.nanos = Number(time % 1_000_000_000n)
  }

  /** The next page that has events. */
  #turn(): boolean {
    for (;;) {
      if (this.#nextPage + this.#pageSize > this.#pages.length && !this.#load()) return false
      const base = this.#nextPage
      this.#nextPage += this.#pageSize
      const { view, little } = this.record
      this.#set(view.getBigUint64(base, little))
      const commit = view.getUint32(base + 8 + (little || this.#longBytes === 4 ? 0 : 4), little)
      const filled = commit & COMMIT
      const data = base + this.#headBytes
      this.#at = data
      this.#pageEnd = Math.min(data + filled, base + this.#pageSize)
      if ((commit & MISSED) !== 0) this.lost = this.#lostCount(commit, data + filled, base)
      if (filled > 0) return true
    }
  }

  #lostCount(commit: number, at: number, base: number): number {
    if ((commit & MISSED_STORED) === 0 || at + this.#longBytes > base + this.#pageSize) return -1
    const { view, little } = this.record
    return this.#longBytes === 4 ? view.getUint32(at, little) : Number(view.getBigUint64(at, little))
  }

  /** More pages into memory. */
  #load(): boolean {
    const pages = this.#compressed ? this.#inflated() : this.#plain()
    if (pages === undefined || pages.length < this.#pageSize) return false
    if (this.#compressed) this.#file.release?.(this.#pages)
    this.#pages = pages
    this.#nextPage = 0
    this.record.over(pages)
    return true
  }

  #plain(): Uint8Array<ArrayBuffer> | undefined {
    const most = Math.max(this.#pageSize, READ - (READ % this.#pageSize))
    const length = Math.min(most, this.#end - this.#offset, this.#file.size - this.#offset)
    if (length < this.#pageSize) return undefined
    const bytes = new Uint8Array(this.#file.read(this.#offset, length))
    this.#offset += bytes.length
    this.done += bytes.length
    return bytes
  }

  #inflated(): Uint8Array | undefined {
    if (this.#chunksLeft === 0 || this.#offset + 8 > this.#end) return undefined
    this.#chunksLeft--
    const packed = this.#number()
    const plain = this.#number()
    if (plain > limits.traceDatChunk || this.#offset + packed > Math.min(this.#end, this.#file.size)) {
      this.broken ??= `a chunk of ${packed} bytes at byte ${this.#offset} of the data of CPU ${this.cpu}`
      this.#chunksLeft = 0
      return undefined
    }
    const bytes = this.#ahead.read(this.#offset, packed)
    this.#offset += packed
    this.done += packed + 8
    try {
      return this.#file.inflate(this.#dat.compression === 'zlib' ? 'zlib' : 'zstd', bytes, plain)
    } catch {
      this.broken ??= `a chunk at byte ${this.#offset - packed} that does not decompress, CPU ${this.cpu}`
      this.#chunksLeft = 0
      return undefined
    }
  }

  #number(): number {
    const cursor = new Cursor(this.#ahead.read(this.#offset, 4), { little: this.#dat.little, base: this.#offset })
    this.#offset += 4
    return cursor.u32()
  }
}

/** From events/header_page: where the data begins, how much of it there is, and how wide `commit` is. */
function pageLayout(text: string): { dataOffset: number; dataSize: number; commitSize: 4 | 8 } {
  const field = (name: string) => new RegExp(`field:\\s*\\w+ ${name};\\s*offset:(\\d+);\\s*size:(\\d+)`).exec(text)
  const commit = field('commit')
  const data = field('data')
  if (commit === null || data === null) throw damage('its page header names no commit or no data')
  const commitSize = Number(commit[2]) === 4 ? 4 : 8
  return { dataOffset: Number(data[1]), dataSize: Number(data[2]), commitSize }
}

function pageSizeOf(declared: number, described: number): number {
  const size = declared > 0 ? declared : described
  if (size < 64 || size > limits.traceDatChunk) throw damage(`pages of ${size} bytes`)
  return size
}
