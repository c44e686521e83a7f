/**
 * How fast the readers are by themselves, in events per second of processor time: `raw` hands events to nobody (decoding
 * alone), `spans` goes through all decoders and the span builder and drops what comes out. Processor time, because what else
 * the machine does must not count. `npm run bench -- formats`; by itself it prints one line per input.
 */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { constants, inflateSync, zstdDecompressSync } from 'node:zlib'
import { formats } from '#shared/formats/index.ts'
import type { RandomFile } from '#shared/formats/random-file.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import type { TraceSink } from '#shared/model/trace.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import { corpusDir, corpusPath, readCorpus } from '../support/corpus.ts'
import type { Figure } from './measure.ts'

const NOBODY: TraceSink = { events: () => undefined, spans: () => undefined, end: () => undefined }
const PIECE = 1 << 20
const RUNS = 3

interface Input {
  readonly name: string
  readonly format: string
  readonly file: string
  /** M events/s of raw decoding that are aimed at. */
  readonly aim: number
  /** Text is read this often in a row, for a measurable time. */
  readonly times: number
}

const INPUTS: readonly Input[] = [
  { name: 'trace.dat, 3.02 M events', format: 'trace-dat', file: 'large/large-ext4.v7.dat', aim: 2.5, times: 1 },
  { name: 'perf script text', format: 'perf-script', file: 'host/medium-ext4.perf-script.txt', aim: 1.2, times: 12 },
  { name: 'function_graph text', format: 'function-graph', file: 'dax/fg-dax-ext4-abstime-proc-tail.trace.txt', aim: 0.5, times: 8 }, // prettier-ignore
]

function fileOf(path: string): { readonly file: RandomFile; readonly close: () => void } {
  const fd = openSync(path, 'r')
  const file: RandomFile = {
    size: fstatSync(fd).size,
    read(offset, length) {
      const bytes = Buffer.alloc(length)
      return bytes.subarray(0, readSync(fd, bytes, 0, length, offset))
    },
    inflate(method, bytes, most) {
      const options = { maxOutputLength: Math.max(1, most), chunkSize: Math.min(Math.max(most, 16_384), 4 << 20) }
      return method === 'zstd' ? zstdDecompressSync(bytes, options) : inflateSync(bytes, options)
    },
    inflateOpen: (bytes, most) =>
      zstdDecompressSync(bytes, { maxOutputLength: most, finishFlush: constants.ZSTD_e_continue }),
  }
  return { file, close: () => closeSync(fd) }
}

/** Events per second of processor time of one reading. */
function once({ format: id, file, times }: Input, spans: boolean): number {
  const format = formats.get(id)
  const text = format.input === 'stream' ? readCorpus(file) : undefined
  let events = 0
  const before = process.cpuUsage()
  for (let n = 0; n < times; n++) {
    const recorder = new Recorder(new TraceBuilder(NOBODY, 'bench', id))
    let seen = 0
    if (!spans) recorder.event = () => void seen++
    if (format.input === 'file') {
      const { file: random, close } = fileOf(corpusPath(file))
      const reader = format.open(random, recorder)
      while (reader.step());
      close()
    } else {
      const reader = format.reader(recorder)
      for (let at = 0; text !== undefined && at < text.length; at += PIECE) reader.push(text.subarray(at, at + PIECE))
      reader.end()
    }
    events += spans ? recorder.builder.eventCount : seen
  }
  const { user, system } = process.cpuUsage(before)
  return events / ((user + system) / 1e6)
}

/** The best of a few: processor time only ever gets longer by what disturbs it. */
function best(input: Input, spans: boolean): number {
  return Math.max(...Array.from({ length: RUNS }, () => once(input, spans)))
}

export function benchFormats(): readonly Figure[] {
  if (corpusDir() === undefined) return []
  return INPUTS.flatMap((input) => [
    {
      what: `${input.name}: raw`,
      value: best(input, false) / 1e6,
      unit: 'M/cpu s',
      bound: { kind: 'min', value: input.aim },
    },
    { what: `${input.name}: with spans`, value: best(input, true) / 1e6, unit: 'M/cpu s' },
  ])
}

if (import.meta.main) {
  for (const { what, value } of benchFormats()) process.stdout.write(`${value.toFixed(2).padStart(6)}  ${what}\n`)
}
