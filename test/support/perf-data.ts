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
}

const [TIDS, SAMPLE_TYPE, SAMPLE_ID_ALL] = [[7n, 8n], 1 | 2 | 4 | 32 | 64 | 128 | 256 | 1024, 1 << 18]
const RECORD = { comm: 3, sample: 9, mmap2: 10, attr: 64, tracingData: 66, finishedRound: 68, feature: 80, compressed: 81 } as const // prettier-ignore
const HEADER = 104
const ATTR = 128

/** One record: a type, whose it is, its length, its body. */
export function perfRecord(type: number, body: Uint8Array, misc = 0): Buffer {
  return new Bytes()
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
const trailer = (tid: number, ts: bigint) => new Bytes().u32(tid).u32(tid).u64(ts).u64(TIDS[0]).u32(0).u32(0).done()

function sample({ cpu, chain = [], ...event }: PerfSample): Buffer {
  const raw = recordOf(event)
  const padded = Math.ceil((raw.length + 4) / 8) * 8 - 4
  const out = new Bytes().u64(0).u32(event.pid).u32(event.pid).u64(event.ts).u64(TIDS[0]).u32(cpu).u32(0).u64(1)
  out.u64(chain.length)
  for (const address of chain) out.u64(address)
  return out
    .u32(padded)
    .add(raw)
    .add(Buffer.alloc(padded - raw.length))
    .done()
}

/** Every record of the data, in file order: a name and a mapping, then the samples of a round. */
export function perfRecords(samples: readonly PerfSample[]): Buffer[] {
  const [{ pid }] = samples
  const ts = samples.reduce((least, one) => (one.ts < least ? one.ts : least), samples[0].ts)
  const mapping = new Bytes().u32(pid).u32(pid).u64(0x400000).u64(0x1000).u64(0).u64(0).u64(0).u64(0).u32(5).u32(2)
  return [
    perfRecord(RECORD.comm, new Bytes().u32(pid).u32(pid).add(named('worker')).add(trailer(pid, ts)).done()),
    perfRecord(RECORD.mmap2, mapping.add(named('/bin/app')).add(trailer(pid, ts)).done(), 2),
    ...samples.map((one) => perfRecord(RECORD.sample, sample(one), 1)),
    perfRecord(RECORD.finishedRound, Buffer.alloc(0)),
  ]
}

function compressed(records: Buffer, pieces: readonly number[]): Buffer[] {
  const stream = zstdCompressSync(records)
  const out: Buffer[] = []
  for (let at = 0, i = 0; at < stream.length; i++) {
    const size = i < pieces.length ? pieces[i] : stream.length
    out.push(perfRecord(RECORD.compressed, stream.subarray(at, at + size)))
    at += size
  }
  return out
}

export function writePerf(samples: readonly PerfSample[], { packed }: PerfOptions = {}): Buffer {
  return perfFile(dataOf(samples, packed))
}

/** The same as `perf record -o -` writes it. */
export function writePerfPipe(samples: readonly PerfSample[], { packed }: PerfOptions = {}): Buffer {
  const tracing = tracingData()
  const padded = Buffer.concat([tracing, Buffer.alloc((8 - (tracing.length % 8)) % 8)])
  const out = new Bytes().add('PERFILE2').u64(16)
  out.add(perfRecord(RECORD.attr, Buffer.concat([attribute(), idList()])))
  for (const [id, content] of [
    [4, release()],
    [7, cpus()],
  ] as const)
    // prettier-ignore
    out.add(perfRecord(RECORD.feature, new Bytes().u64(id).add(content).done()))
  const size = new Bytes().u32(padded.length).u32(0).done()
  return out.add(perfRecord(RECORD.tracingData, size)).add(padded).add(dataOf(samples, packed)).done()
}

function dataOf(samples: readonly PerfSample[], packed: PerfOptions['packed']): Buffer {
  const records = perfRecords(samples)
  return Buffer.concat(packed === undefined ? records : compressed(Buffer.concat(records), packed))
}

const release = () => new Bytes().u32(8).add('6.1.0-x\0').done()
const cpus = () => new Bytes().u32(2).u32(2).done()

function idList(): Buffer {
  const out = new Bytes()
  for (const id of TIDS) out.u64(id)
  return out.done()
}

/** The one tracepoint (include/uapi/linux/perf_event.h). */
function attribute(): Buffer {
  const out = new Bytes().u32(2).u32(ATTR).u64(TEST_EVENT).u64(1).u64(SAMPLE_TYPE).u64(0).u64(SAMPLE_ID_ALL)
  return out.add(Buffer.alloc(ATTR - 48)).done()
}

/** A file around any data; of one whose recorder was killed the size of the data is 0, and nothing is behind them. */
export function perfFile(data: Uint8Array, killed = false): Buffer {
  const ids = HEADER
  const attrs = ids + TIDS.length * 8
  const dataAt = attrs + ATTR + 16
  const out = new Bytes().add('PERFILE2').u64(HEADER).u64(ATTR + 16).u64(attrs).u64(ATTR + 16) // prettier-ignore
  out.u64(dataAt).u64(killed ? 0 : data.length).u64(0).u64(0) // prettier-ignore
  // Tracing data, the kernel's release, the number of CPUs: bits 1, 4 and 7.
  out.u64((1 << 1) | (1 << 4) | (1 << 7)).add(Buffer.alloc(24))
  out.add(idList()).add(attribute()).u64(ids).u64(TIDS.length * 8).add(data) // prettier-ignore
  if (killed) return out.done()
  const features = [tracingData(), release(), cpus()]
  let at = out.length + features.length * 16
  for (const feature of features) {
    out.u64(at).u64(feature.length)
    at += feature.length
  }
  for (const feature of features) out.add(feature)
  return out.done()
}
