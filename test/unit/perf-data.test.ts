/**
 * perf.data without the corpus: compressed records as perf wrote them, what was written to a pipe, recorders that were
 * killed, files that were cut, sizes that lie, and what a sample can hold.
 */

import { describe, expect, it } from 'vitest'
import { sniff } from '#shared/formats/index.ts'
import { isSkip, DAMAGED_DATA } from '#shared/model/diagnostics.ts'
import { readFixture } from '../support/corpus.ts'
import { perfFile, perfRecord, perfRecords, writePerf, writePerfPipe, type PerfSample } from '../support/perf-data.ts'
import { eventWords, readBytes, type Whole } from '../support/round-trip.ts'

const SAMPLES: readonly PerfSample[] = [3, 1, 2].map((n) => ({
  ...{ ts: BigInt(n * 1000), pid: 4, count: n, address: 9n, text: `t${n}`, cpu: n % 2 },
  chain: [0xffffffffffffff80n, 0xffffffff81000010n, 0xfffffffffffffe00n, 0x400010n],
}))
const WORDS = [1, 2, 3].map((n) => `${(n - 1) * 1000} ${n % 2} 4 0 test:tested: count ${n} at 0x9: t${n} ffffffff81000010\napp+0x10`) // prettier-ignore

const read = (bytes: Uint8Array) => readBytes('perf-data', bytes)
const damage = ({ trace }: Whole) => trace.diagnostics.find(({ code }) => code === DAMAGED_DATA)?.message

describe('perf.data', () => {
  it('of perf record -z is what perf script prints of it', () => {
    const binary = read(readFixture('perf-data/compressed.data'))
    const text = readBytes('perf-script', readFixture('perf-data/compressed.txt.zst'))
    // Kernel functions are addresses without a kallsyms, and perf names those of files; where they lie is the same.
    const plain = (word: string) =>
      word
        .split('\n')[0]
        .replaceAll('0x', '')
        .replace(/ [\w.]+(\+\w+)?$/, '')
    expect(eventWords(binary).map(plain)).toEqual(eventWords(text).map(plain))
    expect(binary.trace.meta).toMatchObject({ eventCount: 254, kernel: '6.18.44-fc-v595', cpus: 2 })
    expect(binary.trace.diagnostics.filter(isSkip)).toEqual([])
    for (const table of ['op', 'lockSpan'] as const) expect(binary.trace[table].length).toBe(text.trace[table].length)
    expect(binary.trace.op.length).toBeGreaterThan(100)
  })

  it.each([
    ['plain', writePerf(SAMPLES)],
    ['compressed in pieces of any size', writePerf(SAMPLES, { packed: [1, 30, 3] })],
    ['written to a pipe', writePerfPipe(SAMPLES)],
    ['compressed and written to a pipe', writePerfPipe(SAMPLES, { packed: [40] })],
    ['of a machine with the highest byte first', writePerf(SAMPLES, { big: true })],
    ['of such a machine, compressed', writePerf(SAMPLES, { big: true, packed: [30] })],
    ['of such a machine, written to a pipe', writePerfPipe(SAMPLES, { big: true })],
  ])('%s: the same events, in order of time', (_, bytes) => {
    expect(sniff(bytes).id).toBe('perf-data')
    const whole = read(bytes)
    expect(eventWords(whole)).toEqual(WORDS)
    expect(whole.trace.meta).toMatchObject({ startClock: '1000', kernel: '6.1.0-x', cpus: 2, lostEvents: 0 })
    expect(whole.trace.tasks.map(({ pid, comm }) => [pid, comm])).toEqual([[4, 'worker']])
    expect(damage(whole)).toBeUndefined()
  })

  it('of a sample taken on no CPU that is known', () => {
    const { chunks, trace } = read(writePerf([{ ...SAMPLES[0], cpu: 0xffff_fffb }]))
    expect([...chunks[0].cpu].slice(0, trace.meta.eventCount)).toEqual([-1])
  })

  it.each([
    [{ type: 1, config: 0 }, 'cpu-clock'],
    [{ type: 1, config: 2 }, 'page-faults'],
    [{ type: 0, config: 1 }, 'instructions'],
    // exclude_kernel and exclude_hv; precise_ip of 3; exclude_user alone.
    [{ type: 0, config: 0, flags: [5, 6] }, 'cycles:u'],
    [{ type: 1, config: 0, flags: [15, 16] }, 'cpu-clock:ppp'],
    [{ type: 1, config: 3, flags: [4] }, 'context-switches:kh'],
    [{ type: 0, config: 99 }, 'perf:type-0-config-99'],
    [{ type: 9, config: 1 }, 'perf:type-9-config-1'],
    [{ type: 9, config: 1, described: 'cycles:P' }, 'cycles:P'],
    [{ type: 1, config: 0, described: 'mine' }, 'mine'],
  ])('of %o has events by the name perf gives them: %s', (event, name) => {
    for (const little of [true, false]) {
      const whole = read(perfFile(Buffer.concat(perfRecords(SAMPLES, little)), { little, event }))
      expect(whole.trace.eventNames).toEqual([name])
      expect(whole.trace.meta.eventCount).toBe(3)
    }
  })

  it.each([true, false])('puts what a process maps in its place in time, lowest byte first: %s', (little) => {
    const [comm, mapping, ...rest] = perfRecords(SAMPLES, little)
    // The trailer every record but a sample ends with: task, time, id, CPU.
    const moved = new DataView(mapping.buffer, mapping.byteOffset + mapping.length - 24, 8)
    moved.setBigUint64(0, 2500n, little)
    const words = eventWords(read(perfFile(Buffer.concat([comm, mapping, ...rest]), { little })))
    expect(words.map((word) => word.split('\n')[1])).toEqual(['400010', '400010', 'app+0x10'])
  })

  it('of a 32-bit machine with the highest byte first has its halves of the list of features in place', () => {
    const bytes = writePerf(SAMPLES, { big: true })
    // Bits 0 to 31 in the first word instead of the second.
    bytes.copyWithin(72, 76, 80).fill(0, 76, 80)
    expect(eventWords(read(bytes))).toEqual(WORDS)
  })

  it('of a recorder that was killed has times, tasks and call chains, and says why no names', () => {
    const whole = read(perfFile(Buffer.concat(perfRecords(SAMPLES)), { killed: true }))
    expect(eventWords(whole)).toEqual(
      WORDS.map((word) => word.replace(/test:tested.*: t\d/, 'perf:type-2-config-77: ')),
    )
    expect(damage(whole)).toMatch(
      /^read 3 events up to byte \d+, then: perf was ended before .*; events have .* no names$/,
    )
  })

  it('that was cut anywhere behind its header gives the samples before the cut', () => {
    const bytes = writePerf(SAMPLES)
    let last = 0
    for (let length = 264; length < bytes.length; length += 5) {
      const whole = read(bytes.subarray(0, length))
      expect(whole.trace.meta.eventCount).toBeGreaterThanOrEqual(last)
      last = whole.trace.meta.eventCount
      expect(damage(whole)).toMatch(/^read \d events up to byte \d+, then: /)
    }
    expect(last).toBe(3)
  })

  it.each([
    [8, 40n, 'a header of 40 bytes'],
    [16, 3n, 'attributes of 3 bytes'],
    [16, 1n << 60n, 'an impossible size at byte 16'],
    [24, 1n << 40n, 'a section of 144 bytes at byte 1099511627776'],
    [32, 1n << 50n, 'a section of 1125899906842624 bytes at byte 120'],
    [32, 0n, 'it describes no event'],
  ])('whose header says at byte %i what cannot be is refused in a sentence', (at, value, what) => {
    const bytes = writePerf(SAMPLES)
    bytes.writeBigUInt64LE(value, at)
    expect(() => read(bytes)).toThrow(`this perf.data is damaged: ${what}`)
  })

  it('whose tracing data lie is read without names', () => {
    const bytes = writePerf(SAMPLES)
    const table = 264 + Number(bytes.readBigUInt64LE(48))
    bytes.writeBigUInt64LE(1n << 45n, table + 8)
    expect(damage(read(bytes))).toContain('the description of its tracepoints at byte')
    const other = writePerf(SAMPLES)
    other.fill(0x41, Number(other.readBigUInt64LE(table)), Number(other.readBigUInt64LE(table)) + 20)
    expect(read(other).trace.meta.eventCount).toBe(3)
  })

  it.each([
    ['a call chain of 5000 frames', 8 + 48],
    ['a payload longer than the record', 8 + 56 + 4 * 8],
    ['an event of CPU 67108864', 8 + 32],
  ])('with a sample that says it holds %s loses that sample, and says so', (_, at) => {
    const records = perfRecords(SAMPLES)
    records[3].writeUInt32LE(67_108_864, at)
    const whole = read(perfFile(Buffer.concat(records)))
    expect(whole.trace.meta.eventCount).toBe(2)
    expect(damage(whole)).toContain('samples that end before what they say they hold')
  })

  it('names a task that was forked as its parent was named then, until it gets a name', () => {
    const [comm, mapping, ...rest] = perfRecords([
      ...SAMPLES,
      ...[5, 6, 7, 8].map((pid) => ({ ...SAMPLES[0], pid, ts: 9000n })),
    ])
    const words = (...values: readonly number[]) => Buffer.from(Uint32Array.from(values).buffer)
    const trailer = (ts: number) => words(4, 4, ts, 0, 7, 0, 0, 0)
    // Whose it is: pid and parent's, tid and parent's, time.
    const fork = (tid: number, parent: number, ts: number) =>
      perfRecord(7, Buffer.concat([words(tid, parent, tid, parent, ts, 0), trailer(ts)]))
    const name = (tid: number, text: string, ts: number) =>
      perfRecord(3, Buffer.concat([words(tid, tid), Buffer.from(text.padEnd(8, '\0')), trailer(ts)]))
    const born = [fork(5, 4, 1100), fork(6, 5, 1200), name(4, 'later', 1300), fork(7, 6, 1400), name(7, 'own', 1500)]
    const whole = read(perfFile(Buffer.concat([comm, mapping, ...born, fork(9, 4, 1600), ...rest])))
    expect(Object.fromEntries(whole.trace.tasks.map((task) => [task.pid, task.comm]))).toEqual({
      4: 'later',
      5: 'worker',
      6: 'worker',
      7: 'own',
      8: '<...>',
    })
  })

  it('counts what was lost, as records of two kinds tell it', () => {
    const number = (...values: readonly number[]) => Buffer.from(BigUint64Array.from(values, BigInt).buffer)
    const trailer = number(4, 500, 7, 0)
    const lost = perfRecord(2, Buffer.concat([number(7, 40), trailer]))
    const lostSamples = perfRecord(13, Buffer.concat([number(2), trailer]))
    const whole = read(perfFile(Buffer.concat([lost, lostSamples, ...perfRecords(SAMPLES)])))
    expect(whole.trace.meta).toMatchObject({ lostEvents: 42, eventCount: 3 })
  })

  it('with compressed records that are none says so, and keeps what came before them', () => {
    const data = Buffer.concat([...perfRecords(SAMPLES), perfRecord(81, Buffer.from('this is no zstd'))])
    const whole = read(perfFile(data))
    expect(eventWords(whole)).toEqual(WORDS)
    expect(damage(whole)).toContain('compressed records that do not decompress')
  })
})
