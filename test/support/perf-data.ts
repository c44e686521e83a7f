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

/** The one tracepoint (include/uapi/linux/perf_event.h). Flags are a bit field: its first bit is the highest in big endian. */
function attribute(little: boolean): Buffer {
  const flags = 1n << BigInt(little ? SAMPLE_ID_ALL : 63 - SAMPLE_ID_ALL)
  const out = new Bytes(little).u32(2).u32(ATTR).u64(TEST_EVENT).u64(1).u64(SAMPLE_TYPE).u64(0).u64(flags)
  return out.add(Buffer.alloc(ATTR - 48)).done()
}

/** A file around any data; of one whose recorder was killed the size of the data is 0, and nothing is behind them. */
export function perfFile(
  data: Uint8Array,
  { killed = false, little = true }: { readonly killed?: boolean; readonly little?: boolean } = {},
): Buffer {
  const ids = HEADER
  const attrs = ids + TIDS.length * 8
  const dataAt = attrs + ATTR + 16
  const out = new Bytes(little).add(magic(little)).u64(HEADER).u64(ATTR + 16).u64(attrs).u64(ATTR + 16) // prettier-ignore
  out.u64(dataAt).u64(killed ? 0 : data.length).u64(0).u64(0) // prettier-ignore
  // Tracing data, the host's name, the kernel's release, the number of CPUs: bits 1, 3, 4 and 7.
  out.u64((1 << 1) | (1 << 3) | (1 << 4) | (1 << 7)).add(Buffer.alloc(24))
  out.add(idList(little)).add(attribute(little)).u64(ids).u64(TIDS.length * 8).add(data) // prettier-ignore
  if (killed) return out.done()
  const features = [tracingData, host, release, cpus].map((feature) => feature(little))
  let at = out.length + features.length * 16
  for (const feature of features) {
    out.u64(at).u64(feature.length)
    at += feature.length
  }
  for (const feature of features) out.add(feature)
  return out.done()
}
