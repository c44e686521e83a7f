/**
 * Reading a trace.dat from memory with the real reader, recorder and builder; and writing small ones, versions 6 and 7, for
 * tests that need to know exactly what is inside. The writer follows trace-cmd.dat.v6(5), .v7(5) and ring_buffer.h
 * independently of the reader.
 */

import { constants, inflateSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { decodeUtf8 } from '#shared/base/bytes.ts'
import type { RandomFile } from '#shared/formats/random-file.ts'
import { traceDat } from '#shared/formats/trace-dat/trace-dat.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { assertTrace } from '#shared/model/check.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import type { EventChunk, Trace } from '#shared/model/trace.ts'
import { Recorder } from '#shared/spans/recorder.ts'

export function randomFile(bytes: Uint8Array): RandomFile {
  return {
    size: bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
    inflate: (method, packed, most) => {
      const options = { maxOutputLength: Math.max(1, most) }
      return method === 'zstd' ? zstdDecompressSync(packed, options) : inflateSync(packed, options)
    },
    inflateOpen: (packed, most) =>
      zstdDecompressSync(packed, { maxOutputLength: most, finishFlush: constants.ZSTD_e_continue }),
  }
}

export interface ReadDat {
  readonly trace: Trace
  readonly chunks: readonly EventChunk[]
}

export function readDat(bytes: Uint8Array): ReadDat {
  const collector = new TraceCollector()
  const recorder = new Recorder(new TraceBuilder(collector, 'test', 'trace-dat'))
  const reader = traceDat.open(randomFile(bytes), recorder)
  while (reader.step());
  reader.end()
  recorder.end()
  const trace = collector.trace()
  assertTrace(trace)
  return { trace, chunks: collector.chunks }
}

export interface PlainEvent {
  readonly ts: number
  readonly cpu: number
  readonly pid: number
  readonly comm: string
  readonly name: string
  readonly args: string
  readonly stack: string | undefined
}

export function* plainEvents({ trace, chunks }: ReadDat): Generator<PlainEvent> {
  for (const chunk of chunks) {
    let from = 0
    for (let i = 0; i < chunk.length; i++) {
      const to = chunk.argsEnd[i]
      const { pid, comm } = trace.tasks[chunk.task[i]]
      yield {
        ts: chunk.ts[i],
        cpu: chunk.cpu[i],
        pid,
        comm,
        name: trace.eventNames[chunk.name[i]],
        args: decodeUtf8(chunk.args, from, to),
        stack: chunk.stack[i] < 0 ? undefined : trace.stacks[chunk.stack[i]],
      }
      from = to
    }
  }
}

// ---- writing ----

/** An event of the one type these files have: a number, a 64-bit number and a text. */
export interface WrittenEvent {
  /** ns on the trace clock. */
  readonly ts: bigint
  readonly pid: number
  readonly count: number
  readonly address: bigint
  readonly text: string
  /** Its time stands before it as a whole instead of what went by. */
  readonly stamped?: boolean
}

export interface WrittenCpu {
  readonly pages: readonly {
    readonly events: readonly WrittenEvent[]
    /** Events lost before this page; -1: some. */
    readonly lost?: number
  }[]
}

export const TEST_EVENT = 77
const PAGE = 4096
const HEADER_PAGE =
  '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n' +
  '\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;\n'
const FORMAT = `name: tested
ID: ${TEST_EVENT}
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

\tfield:int count;\toffset:8;\tsize:4;\tsigned:1;
\tfield:__data_loc char[] text;\toffset:12;\tsize:4;\tsigned:0;
\tfield:u64 address;\toffset:16;\tsize:8;\tsigned:0;

print fmt: "count %d at %#llx: %s", REC->count, REC->address, __get_str(text)
`

/** What an event's payload has to read. */
export function textOf({ count, address, text }: WrittenEvent): string {
  return `count ${count} at 0x${address.toString(16)}: ${text}`
}

/** Bytes in the order of the machine that records: least first unless told otherwise. */
export class Bytes {
  readonly #parts: Buffer[] = []
  readonly #little: boolean
  length = 0

  constructor(little = true) {
    this.#little = little
  }

  add(part: Uint8Array | string): this {
    const bytes = Buffer.from(part as string)
    this.#parts.push(bytes)
    this.length += bytes.length
    return this
  }

  u16(value: number): this {
    const bytes = Buffer.alloc(2)
    if (this.#little) bytes.writeUInt16LE(value)
    else bytes.writeUInt16BE(value)
    return this.add(bytes)
  }

  u32(value: number): this {
    const bytes = Buffer.alloc(4)
    if (this.#little) bytes.writeUInt32LE(value)
    else bytes.writeUInt32BE(value)
    return this.add(bytes)
  }

  u64(value: number | bigint): this {
    const bytes = Buffer.alloc(8)
    if (this.#little) bytes.writeBigUInt64LE(BigInt(value))
    else bytes.writeBigUInt64BE(BigInt(value))
    return this.add(bytes)
  }

  done(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

/** An event as the ring buffer and a perf sample hold it. */
export function recordOf(event: WrittenEvent, little = true): Buffer {
  const text = Buffer.from(`${event.text}\0`)
  const out = new Bytes(little).u16(TEST_EVENT).u16(0).u32(event.pid >>> 0).u32(event.count >>> 0) // prettier-ignore
  out
    .u32((text.length << 16) | 24)
    .u64(event.address)
    .add(text)
  return out.add(Buffer.alloc((4 - (out.length % 4)) % 4)).done()
}

/** One sub-buffer. Records longer than 112 bytes have their length in a word of its own. */
function page({ events, lost = 0 }: WrittenCpu['pages'][number], little: boolean): Buffer {
  const body = new Bytes(little)
  // Bit fields fill a word from its low end in little endian, from its high end in big endian.
  const word = (type: number, delta: number): number => (little ? (delta << 5) | type : (type << 27) | delta) >>> 0
  let now = events[0].ts
  for (const event of events) {
    let delta = event.ts - now
    now = event.ts
    if (event.stamped) {
      const low = BigInt.asUintN(59, now)
      body.u32(word(31, Number(BigInt.asUintN(27, low)))).u32(Number(low >> 27n))
      delta = 0n
    } else if (delta >= 1n << 27n) {
      body.u32(word(30, Number(delta & ((1n << 27n) - 1n)))).u32(Number(delta >> 27n))
      delta = 0n
    }
    const data = recordOf(event, little)
    const head = (type: number): number => word(type, Number(delta))
    if (data.length <= 112) body.u32(head(data.length / 4)).add(data)
    else
      body
        .u32(head(0))
        .u32(data.length + 4)
        .add(data)
  }
  const filled = body.length
  if (filled > PAGE - 24) throw new Error('the events do not fit a page')
  const flags = lost === 0 ? 0 : lost === -1 ? 0x8000_0000 : 0xc000_0000
  const out = new Bytes(little)
    .u64(events[0].ts)
    .u64((flags | filled) >>> 0)
    .add(body.done())
  if (lost > 0) out.u64(lost)
  return out.add(Buffer.alloc(PAGE - out.length)).done()
}

function start(version: 6 | 7, little: boolean): Bytes {
  const out = new Bytes(little).add(Buffer.from('\x17\x08\x44tracing', 'latin1')).add(`${version}\0`)
  return out.add(Uint8Array.of(little ? 0 : 1, 8)).u32(PAGE)
}

const headers = (little: boolean): Buffer =>
  new Bytes(little).add('header_page\0').u64(HEADER_PAGE.length).add(HEADER_PAGE).add('header_event\0').u64(0).done()
const events = (little: boolean): Buffer =>
  new Bytes(little).u32(1).add('test\0').u32(1).u64(FORMAT.length).add(FORMAT).done()

/** What a perf.data says of its tracepoints: version 6 up to the names of tasks (tools/perf/util/trace-event-info.c). */
export function tracingData(little = true): Buffer {
  const magic = Buffer.from('\x17\x08\x44tracing0.6\0', 'latin1')
  const out = new Bytes(little)
    .add(magic)
    .add(Uint8Array.of(little ? 0 : 1, 8))
    .u32(PAGE)
  out.add(headers(little)).u32(0).add(events(little))
  return out.u32(0).u32(0).u64(0).done()
}

/** `comms`: `pid comm` per line. */
export function writeDat(version: 6 | 7, cpus: readonly WrittenCpu[], comms = '', little = true): Buffer {
  return version === 6 ? version6(cpus, comms, little) : version7(cpus, comms, little)
}

function version6(cpus: readonly WrittenCpu[], comms: string, little: boolean): Buffer {
  const out = start(6, little).add(headers(little)).u32(0).add(events(little)).u32(0).u32(0)
  out.u64(comms.length).add(comms)
  out.u32(cpus.length).add('options  \0').u16(0).add('flyrecord\0')
  let at = out.length + cpus.length * 16
  for (const { pages } of cpus) {
    out.u64(at).u64(pages.length * PAGE)
    at += pages.length * PAGE
  }
  for (const { pages } of cpus) for (const one of pages) out.add(page(one, little))
  return out.done()
}

function version7(cpus: readonly WrittenCpu[], comms: string, little: boolean): Buffer {
  const out = start(7, little).add('zstd\0').add('1.5\0')
  const optionsAt = out.length
  // The options come last; where they are is written into the hole at the end.
  out.u64(0)
  const section = (id: number, plain: Uint8Array): number => {
    const at = out.length
    const packed = zstdCompressSync(plain)
    out
      .u16(id)
      .u16(1)
      .u32(0)
      .u64(packed.length + 8)
      .u32(packed.length)
      .u32(plain.length)
      .add(packed)
    return at
  }
  const places = [
    [16, section(16, headers(little))],
    [18, section(18, events(little))],
    [21, section(21, new Bytes(little).u64(comms.length).add(comms).done())],
  ] as const
  const dataAt = out.length
  const data = new Bytes(little)
  const dataFrom = dataAt + 16
  const option = new Bytes(little).u64(dataAt).add('\0').add('mono\0').u32(PAGE).u32(cpus.length)
  cpus.forEach(({ pages }, cpu) => {
    data.add(Buffer.alloc((PAGE - ((dataFrom + data.length) % PAGE)) % PAGE))
    const at = dataFrom + data.length
    data.u32(pages.length)
    for (const one of pages) {
      const packed = zstdCompressSync(page(one, little))
      data.u32(packed.length).u32(PAGE).add(packed)
    }
    option
      .u32(cpu)
      .u64(at)
      .u64(dataFrom + data.length - at - 4)
  })
  out.u16(3).u16(1).u32(0).u64(data.length).add(data.done())
  const options = new Bytes(little)
  for (const [id, at] of places) options.u16(id).u32(8).u64(at)
  options.u16(3).u32(option.length).add(option.done()).u16(0).u32(8).u64(0)
  const at = out.length
  out.u16(0).u16(0).u32(0).u64(options.length).add(options.done())
  const file = out.done()
  new Bytes(little).u64(at).done().copy(file, optionsAt)
  return file
}
