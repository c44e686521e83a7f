/**
 * The fields of a sample, in the order perf_event_open(2) gives them for a sample_type. Results are fields of the object;
 * offsets are into the buffer of the record that was read.
 */

import type { RecordView } from '../trace-dat/record.ts'
import type { PerfHeader } from './perf-header.ts'
import type { PerfAttr } from './parts.ts'

/** PERF_SAMPLE_* */
const IP = 1
const TID = 2
const TIME = 4
const ADDR = 8
const READ = 16
const CALLCHAIN = 32
const ID = 64
const CPU = 128
const PERIOD = 256
const STREAM_ID = 512
const RAW = 1024
const IDENTIFIER = 1 << 16
/** PERF_FORMAT_* */
const FORMAT_GROUP = 8
const HEAD = 8

export class Sample {
  pid = 0
  tid = 0
  /** -1 unknown. */
  cpu = -1
  rawFrom = 0
  rawTo = 0
  chainFrom = 0
  chainCount = 0
  readonly #header: PerfHeader
  /** Where a sample has its id: all attributes agree on it, or there is only one. */
  readonly #idAt: number

  constructor(header: PerfHeader) {
    this.#header = header
    this.#idAt = idOffset(header.attrs[0].sampleType)
  }

  /** Time of a record, ns; other records than samples have it at their end. 0 where none has. */
  timeOf(isSample: boolean, record: Uint8Array): number {
    const view = new DataView(record.buffer, record.byteOffset, record.byteLength)
    const { attrs, little } = this.#header
    const { sampleType, sampleIdAll } = attrs[0]
    if ((sampleType & TIME) === 0) return 0
    let at: number
    if (isSample) at = HEAD + 8 * countBits(sampleType & (IDENTIFIER | IP | TID))
    else if (sampleIdAll) at = record.length - 8 * countBits(sampleType & (TIME | ID | STREAM_ID | CPU | IDENTIFIER))
    else return 0
    if (at < HEAD || at + 8 > record.length) return 0
    return Number(view.getBigUint64(at, little))
  }

  /** Reads the record the view is at; undefined where it ends too early or its id is unknown. */
  read(record: RecordView): PerfAttr | undefined {
    const attr = this.#attr(record)
    if (attr === undefined) return undefined
    const type = attr.sampleType
    const start = record.at
    const length = record.end - start
    let at = HEAD + ((type & IDENTIFIER) !== 0 ? 8 : 0) + ((type & IP) !== 0 ? 8 : 0)
    if ((type & TID) !== 0) {
      this.pid = record.word(at)
      this.tid = record.word(at + 4)
      at += 8
    }
    at += 8 * countBits(type & (TIME | ADDR | ID | STREAM_ID))
    this.cpu = -1
    if ((type & CPU) !== 0) {
      this.cpu = Math.max(-1, record.word(at) | 0)
      at += 8
    }
    if ((type & PERIOD) !== 0) at += 8
    if ((type & READ) !== 0) at += readBytes(record, at, attr.readFormat)
    this.chainCount = 0
    if ((type & CALLCHAIN) !== 0) {
      const count = record.number(at, 8, false)
      if (count * 8 > length - at) return undefined
      this.chainFrom = start + at + 8
      this.chainCount = count
      at += 8 + count * 8
    }
    this.rawFrom = this.rawTo = 0
    if ((type & RAW) !== 0) {
      const size = record.word(at)
      if (size > length - at - 4) return undefined
      this.rawFrom = start + at + 4
      this.rawTo = this.rawFrom + size
    }
    return at > length ? undefined : attr
  }

  #attr(record: RecordView): PerfAttr | undefined {
    const { attrs, attrOfId } = this.#header
    if (attrs.length === 1 || this.#idAt === -1) return attrs[0]
    const id = record.big(this.#idAt, 8, false)
    return attrOfId.get(id)
  }
}

/** Offset of the id in a sample, -1 where there is none. */
function idOffset(type: number): number {
  if ((type & IDENTIFIER) !== 0) return HEAD
  if ((type & ID) === 0) return -1
  return HEAD + 8 * countBits(type & (IP | TID | TIME | ADDR))
}

function readBytes(record: RecordView, at: number, format: number): number {
  const times = countBits(format & 3)
  const extra = countBits(format & 0b1_0100)
  if ((format & FORMAT_GROUP) === 0) return 8 * (1 + times + extra)
  return 8 * (1 + times + record.number(at, 8, false) * (1 + extra))
}

function countBits(mask: number): number {
  let count = 0
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++
  return count
}
