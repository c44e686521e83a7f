/**
 * What fuzzing starts from: for every format of the registry real input of test/fixtures, and small files written here
 * whose every byte is known. A format without any is an error, so that a new one cannot be forgotten. The first seed of a
 * format is its smallest.
 */

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fixturePath, readFixture } from '../support/corpus.ts'
import { at } from '../support/import-text.ts'
import { writePerf, writePerfPipe, type PerfSample } from '../support/perf-data.ts'
import { packed, traceOf, type Message } from '../support/proto.ts'
import { asChromeJson, asPerfetto, readBytes } from '../support/round-trip.ts'
import { systracePage } from '../support/systrace.ts'
import { writeDat, type WrittenCpu } from '../support/trace-dat.ts'

const text = () => readBytes('ftrace', readFixture('ftrace/dax-xfs.txt').subarray(0, 60_000))

const small = [1, 2, 3].map((n) => at(n, n, `sys_fsync(fd: ${n})`)).join('\n')

/** Every phase of the trace-event format, as another program might write them. */
const CHROME = Buffer.from(
  JSON.stringify({
    otherData: { v: 1 },
    traceEvents: Array.from({ length: 13 }, (_, i) => ({
      ...{ ph: 'BEXiCbensfMN'[i % 12], name: `n${i % 5}`, cat: 'c', ts: (i * 7) % 50, dur: i % 9, pid: i % 3, tid: i % 4 },
      ...{ id: i % 3, args: { deep: [{ x: i }, 'text "quoted" \\', null] } },
    })),
  }),
) // prettier-ignore

const event = (at: number, fields: Message): Message => ({ 8: at, 10: 5, 13: 2, 11: fields })

/** Clocks, processes and threads, interned names, track events old and new, ftrace bundles plain and compact. */
const PERFETTO = traceOf(
  {
    6: {
      1: [
        { 1: 6, 2: 1000 },
        { 1: 64, 2: 5, 3: 1, 4: 1000 },
      ],
      2: 6,
    },
  },
  { 2: { 1: { 1: 8, 3: '/bin/app' }, 2: { 1: 9, 3: 8, 2: 'worker' } } },
  {
    10: 5,
    13: 1,
    60: { 1: 1, 4: { 1: 8, 2: 9, 5: 'main' } },
    12: { 1: { 1: 1, 2: 'c' }, 2: { 1: 1, 2: 'n' }, 3: { 1: 1, 2: 'k' } },
  },
  ...Array.from({ length: 20 }, (_, i) =>
    event(10 + i, { 9: 1 + (i % 4), 11: 1, 10: 1, 3: 1, 4: { 1: 1, 12: [{ 3: i }, { 6: 'x' }] }, 30: i }),
  ),
  ...Array.from({ length: 10 }, (_, i) => event(40 + i, { 10: 1, 6: { 2: 'BEXbenifsC'.charCodeAt(i), 3: 5, 6: 1 } })),
  {
    1: {
      1: 0,
      2: [
        { 1: 5, 2: 9, 4: { 1: 'a', 2: 9, 4: 2, 5: 'b', 6: 3 } },
        { 1: 6, 2: 3, 327: { 1: 'x', 2: { 1: 'k', 5: 1 } } },
        { 1: 7, 2: 9, 329: { 1: 77, 2: [1, 2] } },
      ],
    },
  },
  {
    1: {
      1: 1,
      3: 1,
      4: {
        ...{ 5: ['a', 'b'], 1: packed([100, 5]), 2: packed([0, 2]), 3: packed([9, 3]) },
        ...{ 4: packed([1, 1]), 6: packed([0, 1]) },
      },
    },
  },
)

const SAMPLES: readonly PerfSample[] = [1, 2, 3, 4].map((n) => ({
  ...{ ts: BigInt(n * 1000), pid: n === 3 ? 5 : 4, count: n, address: 9n, text: `hi ${n}`, cpu: n % 2 },
  chain: [0xffffffffffffff80n, 0xffffffff81000010n, 0xfffffffffffffe00n, 0x400010n].slice(0, n),
}))

const CPUS: readonly WrittenCpu[] = [
  { pages: [{ events: [1, 2, 3].map((n) => ({ ts: BigInt(n) * 1000n, pid: n, count: n, address: 5n, text: 'x' })) }] },
  { pages: [{ events: [{ ts: 1500n, pid: 2, count: 9, address: 0n, text: 'a'.repeat(150) }], lost: 3 }] },
]

const WRITTEN: Readonly<Record<string, () => readonly Buffer[]>> = {
  'chrome-json': () => [CHROME, Buffer.from(asChromeJson(text()))],
  'perf-data': () => [writePerf(SAMPLES), writePerf(SAMPLES, { packed: [30, 3, 8] }), writePerfPipe(SAMPLES)],
  perfetto: () => [PERFETTO, Buffer.from(asPerfetto(text()))],
  systrace: () => [systracePage(small), systracePage(readFixture('ftrace/fields.txt').toString())],
  'trace-dat': () => [
    writeDat(7, CPUS.slice(0, 1), '1 one\n'),
    ...([6, 7] as const).map((version) => writeDat(version, CPUS, '1 one\n2 two words\n')),
    writeDat(6, CPUS, '1 one\n', false),
  ],
}

const kept = new Map<string, readonly Buffer[]>()

export function seedsOf(format: string): readonly Buffer[] {
  const known = kept.get(format)
  if (known !== undefined) return known
  const written = Object.hasOwn(WRITTEN, format) ? WRITTEN[format]() : []
  const seeds = [...written, ...fixturesOf(format)].sort((a, b) => a.length - b.length)
  if (seeds.length === 0) throw new Error(`nothing to fuzz ${format} with: put input into test/fixtures/${format}`)
  kept.set(format, seeds)
  return seeds
}

function fixturesOf(format: string): readonly Buffer[] {
  const folder = fixturePath(format)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => /\.(txt|data|dat)$/.test(name))
    .map((name) => readFixture(join(format, name)))
}
