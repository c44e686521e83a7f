/**
 * Small perf.data files for tests that need to know every byte: a header, one tracepoint with ids, its data, the features
 * the reader looks at. Written from tools/perf/Documentation/perf.data-file-format.txt and perf_event_open(2), independently
 * of the reader.
 */

import { zstdCompressSync } from 'node:zlib'
import { Bytes, recordOf, TEST_EVENT, tracingData, type WrittenEvent } from './trace-dat.ts'

export interface PerfSample extends WrittenEvent {
  readonly cpu: number
  readonly chain?: readonly bigint[]
}

interface PerfOptions {
  /** Sizes of the pieces the records are cut into after they were compressed (`perf record -z`); undefined: plain. */
  readonly packed?: readonly number[] | undefined
  /** Recorded on a machine that has the highest byte first. */
  readonly big?: boolean
}

const [TIDS, SAMPLE_TYPE, SAMPLE_ID_ALL] = [[7n, 8n], 1 | 2 | 4 | 32 | 64 | 128 | 256 | 1024, 18]
const RECORD = { comm: 3, sample: 9, mmap2: 10, attr: 64, tracingData: 66, finishedRound: 68, feature: 80, compressed: 81 } as const // prettier-ignore
const HEADER = 104
const ATTR = 128

/** One record: a type, whose it is, its length, its body. */
export function perfRecord(type: number, body: Uint8Array, misc = 0, little = true): Buffer {
  return new Bytes(little)
    .u32(type)
    .u16(misc)
    .u16(8 + body.length)
    .add(body)
    .done()
}

function named(text: string): Buffer {
  return Buffer.concat([Buffer.from(text), Buffer.alloc(8 - (text.length % 8))])
}

/** What every record but a sample ends with: task, time, id, CPU (sample_id_all). */
const trailer = (tid: number, ts: bigint, little: boolean) =>
  new Bytes(little).u32(tid).u32(tid).u64(ts).u64(TIDS[0]).u32(0).u32(0).done()

function sample({ cpu, chain = [], ...event }: PerfSample, little: boolean): Buffer {
  const raw = recordOf(event, little)
  const padded = Math.ceil((raw.length + 4) / 8) * 8 - 4
  const out = new Bytes(little).u64(0).u32(event.pid).u32(event.pid).u64(event.ts).u64(TIDS[0]).u32(cpu).u32(0).u64(1)
  out.u64(chain.length)
  for (const address of chain) out.u64(address)
  return out
    .u32(padded)
    .add(raw)
    .add(Buffer.alloc(padded - raw.length))
    .done()
}

/** Every record of the data, in file order: a name and a mapping, then the samples of a round. */
export function perfRecords(samples: readonly PerfSample[], little = true): Buffer[] {
  const [{ pid }] = samples
  const ts = samples.reduce((least, one) => (one.ts < least ? one.ts : least), samples[0].ts)
  const mapping = new Bytes(little)
    .u32(pid)
    .u32(pid)
    .u64(0x400000)
    .u64(0x1000)
    .u64(0)
    .u64(0)
    .u64(0)
    .u64(0)
    .u32(5)
    .u32(2)
  const record = (type: number, body: Uint8Array, misc = 0) => perfRecord(type, body, misc, little)
  return [
    record(
      RECORD.comm,
      new Bytes(little)
        .u32(pid)
        .u32(pid)
        .add(named('worker'))
        .add(trailer(pid, ts, little))
        .done(),
    ),
    record(
      RECORD.mmap2,
      mapping
        .add(named('/bin/app'))
        .add(trailer(pid, ts, little))
        .done(),
      2,
    ),
    ...samples.map((one) => record(RECORD.sample, sample(one, little), 1)),
    record(RECORD.finishedRound, Buffer.alloc(0)),
  ]
}

function compressed(records: Buffer, pieces: readonly number[], little: boolean): Buffer[] {
  const stream = zstdCompressSync(records)
  const out: Buffer[] = []
  for (let at = 0, i = 0; at < stream.length; i++) {
    const size = i < pieces.length ? pieces[i] : stream.length
    out.push(perfRecord(RECORD.compressed, stream.subarray(at, at + size), 0, little))
    at += size
  }
  return out
}

export function writePerf(samples: readonly PerfSample[], { packed, big = false }: PerfOptions = {}): Buffer {
  return perfFile(dataOf(samples, packed, !big), { little: !big })
}

/** The same as `perf record -o -` writes it. */
export function writePerfPipe(samples: readonly PerfSample[], { packed, big = false }: PerfOptions = {}): Buffer {
  const little = !big
  const tracing = tracingData(little)
  const padded = Buffer.concat([tracing, Buffer.alloc((8 - (tracing.length % 8)) % 8)])
  const out = new Bytes(little).add(magic(little)).u64(16)
  out.add(perfRecord(RECORD.attr, Buffer.concat([attribute(little), idList(little)]), 0, little))
  for (const [id, content] of [
    [4, release(little)],
    [7, cpus(little)],
  ] as const)
    // prettier-ignore
    out.add(perfRecord(RECORD.feature, new Bytes(little).u64(id).add(content).done(), 0, little))
  const size = new Bytes(little).u32(padded.length).u32(0).done()
  return out
    .add(perfRecord(RECORD.tracingData, size, 0, little))
    .add(padded)
    .add(dataOf(samples, packed, little))
    .done()
}

function dataOf(samples: readonly PerfSample[], packed: PerfOptions['packed'], little: boolean): Buffer {
  const records = perfRecords(samples, little)
  return Buffer.concat(packed === undefined ? records : compressed(Buffer.concat(records), packed, little))
}

/** The number 0x32454c4946524550 in the machine's order. */
const magic = (little: boolean) => (little ? 'PERFILE2' : '2ELIFREP')
const host = (little: boolean) => new Bytes(little).u32(8).add('machine\0').done()
const release = (little: boolean) => new Bytes(little).u32(8).add('6.1.0-x\0').done()
const cpus = (little: boolean) => new Bytes(little).u32(2).u32(2).done()

function idList(little: boolean): Buffer {
  const out = new Bytes(little)
  for (const id of TIDS) out.u64(id)
  return out.done()
}

/** What is recorded: the tracepoint of the samples, where nothing else is said. */
export interface PerfEvent {
  readonly type: number
  readonly config: number
  /** Bits of perf_event_attr's flags beside sample_id_all; two of them, 15 and 16, are a number. */
  readonly flags?: readonly number[]
  /** HEADER_EVENT_DESC. */
  readonly described?: string
}

const TRACEPOINT: PerfEvent = { type: 2, config: TEST_EVENT }

/** The one event (include/uapi/linux/perf_event.h). Flags are a bit field: its first bit is the highest in big endian. */
function attribute(little: boolean, { type, config, flags = [] }: PerfEvent = TRACEPOINT): Buffer {
  const bits = [SAMPLE_ID_ALL, ...flags].reduce((sum, bit) => sum | (1n << BigInt(little ? bit : 63 - bit)), 0n)
  const out = new Bytes(little).u32(type).u32(ATTR).u64(config).u64(1).u64(SAMPLE_TYPE).u64(0).u64(bits)
  return out.add(Buffer.alloc(ATTR - 48)).done()
}

/** How many events, how long their attributes are; of each its attributes, the number of its ids, its name, its ids. */
function description(little: boolean, event: PerfEvent): Buffer {
  const name = named(event.described ?? '')
  const out = new Bytes(little).u32(1).u32(ATTR).add(attribute(little, event)).u32(TIDS.length)
  return out.u32(name.length).add(name).add(idList(little)).done()
}

/** A file around any data; of one whose recorder was killed the size of the data is 0, and nothing is behind them. */
export function perfFile(
  data: Uint8Array,
  {
    killed = false,
    little = true,
    event = TRACEPOINT,
  }: { readonly killed?: boolean; readonly little?: boolean; readonly event?: PerfEvent } = {},
): Buffer {
  const ids = HEADER
  const attrs = ids + TIDS.length * 8
  const dataAt = attrs + ATTR + 16
  const out = new Bytes(little).add(magic(little)).u64(HEADER).u64(ATTR + 16).u64(attrs).u64(ATTR + 16) // prettier-ignore
  out.u64(dataAt).u64(killed ? 0 : data.length).u64(0).u64(0) // prettier-ignore
  // Tracing data, the host's name, the kernel's release, the number of CPUs, the names of events: bits 1, 3, 4, 7 and 12.
  const isDescribed = event.described !== undefined
  out.u64((1 << 1) | (1 << 3) | (1 << 4) | (1 << 7) | (isDescribed ? 1 << 12 : 0)).add(Buffer.alloc(24))
  out.add(idList(little)).add(attribute(little, event)).u64(ids).u64(TIDS.length * 8).add(data) // prettier-ignore
  if (killed) return out.done()
  const features = [tracingData, host, release, cpus].map((feature) => feature(little))
  if (isDescribed) features.push(description(little, event))
  let at = out.length + features.length * 16
  for (const feature of features) {
    out.u64(at).u64(feature.length)
    at += feature.length
  }
  for (const feature of features) out.add(feature)
  return out.done()
}
