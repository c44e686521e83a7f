/**
 * trace.dat against the text of the same buffers: the same events in the same order, byte for byte but for pointers (values
 * in a recording, hashes in tracefs text), system calls' spelling and µs rounding; the same operations and locks.
 */

import { expect, it } from 'vitest'
import { isSkip } from '#shared/model/diagnostics.ts'
import type { Trace } from '#shared/model/trace.ts'
import { contention } from '#shared/analysis/contention.ts'
import { latency } from '#shared/analysis/latency.ts'
import { asBigEndian } from '../support/big-endian.ts'
import { describeWithCorpus, readCorpus } from '../support/corpus.ts'
import { importText } from '../support/import-text.ts'
import { overlaps, spanDifferences } from '../support/round-trip.ts'
import { plainEvents, readDat } from '../support/trace-dat.ts'

const PAIRS = [
  ['host/small2-ext4.v7.dat', 'host/small2-ext4.trace.txt'],
  ['host/small2-ext4.v6.dat', 'host/small2-ext4.trace.txt'],
  ['host/tiny-ext4.extract.dat', 'host/tiny-ext4.trace.txt'],
  ['dax/dax-xfs-small.v7.dat', 'dax/dax-xfs-small.trace.txt'],
  ['dax/dax-ext4-small.v7.dat', 'dax/dax-ext4-small.trace.txt'],
  ['dax/dax-ext2-small.v7.dat', 'dax/dax-ext2-small.trace.txt'],
  ['dax/dax-ext4-lockstat.v7.dat', 'dax/dax-ext4-lockstat.trace.txt'],
  ['dax/dax-ext2-lockstat.v7.dat', 'dax/dax-ext2-lockstat.trace.txt'],
  ['dax/dax-ext4-faultheavy-lockstat.v7.dat', 'dax/dax-ext4-faultheavy-lockstat.trace.txt'],
  ['nolockdep/nl-dax-ext4-small.v7.dat', 'nolockdep/nl-dax-ext4-small.trace.txt'],
  ['nolockdep/nl-dax-ext4-medium.v7.dat', 'nolockdep/nl-dax-ext4-medium.trace.txt'],
  ['host/medium-ext4.v7.dat', 'host/medium-ext4.trace.txt'],
  ['host/small-ext4-overrun.v7.dat', 'host/small-ext4-overrun.trace.txt'],
] as const

/** Text rounds or cuts to 1 us, so an overlap of two spans is up to 2 us longer or shorter; one in sums over many. */
const [LEAST_OVERLAP_NS, SUM_NS] = [10_000, 25_000]

/** What the two spell differently, made equal. */
function plain(name: string, args: string): string {
  const sys = /^sys_(?:(?:enter|exit)_)?(.*)$/.exec(name)
  if (sys !== null) {
    const values = args.replace(/^-> /, '').replaceAll(/(: |^)(?:0x)?0*([0-9a-f]+)/g, '$1$2')
    return `sys_${sys[1]} ${values}`
  }
  const pointers = args.replaceAll(/0x[0-9a-f]{12,16}|\b[0-9a-f]{16}\b|\(____ptrval____\)/g, 'POINTER')
  return `${name} ${pointers.replaceAll(/(\+0x[0-9a-f]+)\/0x[0-9a-f]+/g, '$1').trim()}`
}

function totals(trace: Trace): unknown {
  return {
    ops: latency
      .run(trace, latency.params.parse({}))
      .rows.map(({ op, count, failed }) => `${op} ${count} ${failed}`)
      .sort(),
    locks: contention
      .run(trace, contention.params.parse({ top: 10_000 }))
      .rows.map((row) => `${row.class} ${row.mode} ${row.acquisitions} ${row.contended}`)
      .sort(),
    lost: trace.meta.lostEvents,
  }
}

describeWithCorpus('trace.dat and the text of the same buffer', () => {
  it.each(PAIRS)('%s is %s', (dat, text) => {
    const binary = readDat(readCorpus(dat))
    const printed = importText(readCorpus(text))
    const [a, b] = [binary, printed].map((read) => [...plainEvents(read)])
    expect(a.length).toBe(b.length)
    const differing = a.flatMap((event, i) => {
      const other = b[i]
      const same =
        Math.abs(event.ts - other.ts) <= 1500 &&
        event.cpu === other.cpu &&
        event.pid === other.pid &&
        event.comm === other.comm &&
        plain(event.name, event.args) === plain(other.name, other.args)
      return same ? [] : [[event, other]]
    })
    expect(differing.slice(0, 3)).toEqual([])
    expect(totals(binary.trace)).toEqual(totals(printed.trace))
    expect(spanDifferences(binary, printed, { slack: 1500 })).toEqual([])
    const [who, whoPrinted] = [binary, printed].map((read) => overlaps(read, LEAST_OVERLAP_NS))
    for (const pair of new Set([...who.keys(), ...whoPrinted.keys()])) {
      const off = Math.abs((who.get(pair) ?? 0) - (whoPrinted.get(pair) ?? 0))
      expect(off, `overlap of ${pair}, ns`).toBeLessThan(SUM_NS)
    }
    expect(binary.trace.diagnostics.filter(isSkip)).toEqual([])
  })

  it('counts the events a recorder lost as the kernel did, whose statistics are in the file', () => {
    const { trace } = readDat(readCorpus('dax/tc-dax-ext4-lost.v7.dat'))
    // Marks in the pages count 29,279 of them; where one has no number, trace-cmd report says no more either.
    expect([trace.meta.eventCount, trace.meta.lostEvents]).toEqual([35_507, 30_115])
  })
})

/** Bytes of the section behind a buffer's data, which says where every CPU's are (trace-cmd.dat.v7(5)). */
function behindData(file: Uint8Array): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  // Magic, version, byte order, size of a long, page size, compression and its version, where the options are.
  let at = 37
  for (;;) {
    const id = view.getUint16(at, true)
    at += 16 + Number(view.getBigUint64(at + 8, true))
    if (id === 3) return at
  }
}

describeWithCorpus('a trace.dat of the clock tsc2nsec', () => {
  it('has nanoseconds, as trace-cmd prints them', () => {
    const file = Buffer.from(readCorpus('host/small2-ext4.v6.dat'))
    const counted = readDat(Buffer.from(file))
    // What `uname` was is now what the counter is: 2.5 GHz, mult 0.4·2^29, shift 29, an offset that is not used.
    const uname = file.indexOf('Linux ', file.indexOf('options  \0')) - 6
    expect(file.readUInt16LE(uname)).toBe(5)
    file.writeUInt16LE(14, uname)
    file.writeUInt32LE(214_748_365, uname + 6)
    file.writeUInt32LE(29, uname + 10)
    file.writeBigUInt64LE(77n, uname + 14)
    const { trace, chunks } = readDat(file)
    expect(trace.meta.clockUnit).toBe('ns')
    const ns = (ticks: bigint) => (ticks * 214_748_365n) >> 29n
    const zero = BigInt(counted.trace.meta.startClock ?? 0)
    expect(trace.meta.startClock).toBe(String(ns(zero)))
    expect(Array.from(chunks[0].ts)).toEqual(
      Array.from(counted.chunks[0].ts, (ts) => Number(ns(zero + BigInt(ts)) - ns(zero))),
    )
  })
})

describeWithCorpus('a trace.dat that was cut', () => {
  const whole = () => Buffer.from(readCorpus('dax/dax-xfs-small.v7.dat'))
  const eventsOf = (bytes: Uint8Array) => {
    const read = readDat(bytes)
    const damage = read.trace.diagnostics.find(({ code }) => code === 'damaged-data')
    return { events: [...plainEvents(read)].map(({ cpu, name, args }) => `${cpu} ${name} ${args}`), damage }
  }

  it('behind its data has all events', () => {
    const file = whole()
    const { events, damage } = eventsOf(file.subarray(0, behindData(file)))
    expect(events).toEqual(eventsOf(file).events)
    expect(damage?.message).toMatch(
      new RegExp(`^read ${events.length} events up to byte ${behindData(file)}, then: it ends`),
    )
  })

  it.each([0.98, 0.9, 0.75, 0.6])('within its data, at %d of it, has those of every CPU up to there', (part) => {
    const file = whole()
    const end = behindData(file)
    const at = Math.floor(end - (1 - part) * 0.5 * file.length)
    const { events, damage } = eventsOf(file.subarray(0, at))
    const all = eventsOf(file).events
    expect(events.length).toBeGreaterThan(0)
    expect(events.length).toBeLessThan(all.length)
    for (let cpu = 0; cpu < 8; cpu++) {
      const of = (list: readonly string[]) => list.filter((event) => event.startsWith(`${cpu} `))
      expect(of(events)).toEqual(of(all).slice(0, of(events).length))
    }
    expect(damage?.message).toMatch(new RegExp(`^read ${events.length} events up to byte ${at}, then: `))
  })

  it('before its data is refused with a sentence', () => {
    expect(() => readDat(whole().subarray(0, 100_000))).toThrow(/damaged: it ends before its options at byte \d+/)
  })
})

describeWithCorpus('a trace.dat of a machine with the highest byte first', () => {
  it.each(['dax/tc-dax-ext4-small.v6.dat', 'host/small2-ext4.v6.dat'])('%s is the trace of this one', (name) => {
    const bytes = readCorpus(name)
    const [little, big] = [readDat(bytes), readDat(asBigEndian(bytes))]
    const [expected, events] = [little, big].map((read) => [...plainEvents(read)])
    expect(events.length).toBe(expected.length)
    expect(events.find((event, i) => JSON.stringify(event) !== JSON.stringify(expected[i]))).toBeUndefined()
    expect(big.trace).toEqual(little.trace)
  })
})
