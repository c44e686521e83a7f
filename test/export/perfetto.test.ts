/** Perfetto traces: ours come back the same and are sound to a decoder that is not ours; others' are understood. */

import { deflateSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ApiError } from '#shared/base/errors.ts'
import { sniff } from '#shared/formats/index.ts'
import { stateLetters, stateNumber } from '#shared/formats/perfetto/ftrace-text.ts'
import { describeWithCorpus, readCorpus, readFixture } from '../support/corpus.ts'
import { all, decode, message, one, packed, traceOf, type Field, type Message } from '../support/proto.ts'
import {
  asPerfetto,
  CARRIED,
  differences,
  eventWords,
  metaOf,
  readBytes,
  spanWords,
  type Whole,
} from '../support/round-trip.ts'
import { simulated } from '../support/simulated-whole.ts'

const again = (whole: Whole) => readBytes('perfetto', asPerfetto(whole))
const read = (...packets: readonly Message[]) => readBytes('perfetto', traceOf(...packets))
const payloads = (whole: Whole) => eventWords(whole).map((word) => word.replace(/^(\S+ ){4}/, '').trim())

describeWithCorpus('real traces as Perfetto traces and back', () => {
  it.each(CARRIED)('%s %s', (format, file) => {
    const whole = readBytes(format, readCorpus(file))
    const back = again(whole)
    expect(differences(whole, back)).toEqual([])
    expect(metaOf(back)).toEqual(metaOf(whole))
  })

  it('trace-cmd report: the same spans; scheduling events are in the kernel’s spelling', () => {
    const whole = readBytes('trace-cmd-report', readCorpus('host/small2-ext4.report.txt'))
    const back = again(whole)
    expect(spanWords(back)).toEqual(spanWords(whole))
    expect(differences(whole, back).join()).toMatch(/^event \d+: [^\n]*sched_switch/)
  })
})

const text = (field: Field | undefined) => field?.bytes.toString('utf8') ?? ''
const number = (field: Field | undefined) => Number(field?.value ?? -1n)

describe('a simulated run as a Perfetto trace', () => {
  const whole = simulated(1, ['sb_pagefaults', 'jbd2_handle'])
  const bytes = Buffer.from(asPerfetto(whole))
  const packets = decode(bytes).map((packet) => decode(packet.bytes))
  const events = packets.flatMap((packet) => {
    const event = one(packet, 11)
    return event === undefined ? [] : [{ at: number(one(packet, 8)), fields: decode(event.bytes) }]
  })

  it('comes back with the same spans', () => {
    const back = again(whole)
    expect(spanWords(back).op).toEqual(spanWords(whole).op)
    expect(spanWords(back).phase).toEqual(spanWords(whole).phase)
    expect(spanWords(back).lockSpan).toEqual(spanWords(whole).lockSpan)
    expect(spanWords(back).waitEdge).toEqual(spanWords(whole).waitEdge)
    expect(back.trace.meta.eventCount).toBe(whole.trace.meta.eventCount)
    expect(metaOf(back)).toEqual(metaOf(whole))
  })

  it('has every raw event once, scheduling as Perfetto’s own messages', () => {
    const ftrace = packets.flatMap((packet) => all(packet, 1).flatMap((bundle) => all(decode(bundle.bytes), 2)))
    const kinds = ftrace.map(
      (event) => decode(event.bytes).find(({ number: n }) => n !== 1 && n !== 2 && n !== 5)?.number,
    )
    const count = (kind: number) => kinds.filter((one) => one === kind).length
    // One generic event carries what the trace knows of itself.
    expect(ftrace).toHaveLength(whole.trace.meta.eventCount + 1)
    const named = (name: string) => whole.trace.eventCounts[whole.trace.eventNames.indexOf(name)]
    expect(count(4)).toBe(named('sched_switch'))
    expect(count(20)).toBe(named('sched_waking'))
  })

  it('begins its interning, and refers to nothing it did not intern or describe', () => {
    const known = new Set<string>()
    const tracks = new Set<number>()
    let cleared = false
    for (const packet of packets) {
      if (number(one(packet, 10)) !== 2) continue
      const flags = number(one(packet, 13))
      if (flags === 1) cleared = true
      for (const data of all(packet, 12)) {
        for (const entry of decode(data.bytes)) known.add(`${entry.number} ${number(one(decode(entry.bytes), 1))}`)
      }
      const descriptor = one(packet, 60)
      if (descriptor !== undefined) {
        const fields = decode(descriptor.bytes)
        tracks.add(number(one(fields, 1)))
        const parent = one(fields, 5)
        if (parent !== undefined) expect(tracks).toContain(number(parent))
      }
      const event = one(packet, 11)
      if (event === undefined) continue
      expect([cleared, flags]).toEqual([true, 2])
      const fields = decode(event.bytes)
      expect(tracks).toContain(number(one(fields, 11)))
      for (const [list, field] of [
        [2, 10],
        [1, 3],
      ] as const) {
        for (const used of all(fields, field)) expect(known).toContain(`${list} ${number(used)}`)
      }
    }
    expect(tracks.size).toBeGreaterThan(48)
  })

  it('has begins and ends that match on every track, and times that never go back on one', () => {
    const open = new Map<number, number[]>()
    const last = new Map<number, number>()
    for (const { at, fields } of events) {
      const track = number(one(fields, 11))
      expect(at).toBeGreaterThanOrEqual(last.get(track) ?? 0)
      last.set(track, at)
      const type = number(one(fields, 9))
      const stack = open.get(track) ?? []
      open.set(track, stack)
      if (type === 1) stack.push(at)
      if (type === 2) expect(stack.pop()).toBeDefined()
    }
    expect([...open.values()].filter((stack) => stack.length > 0)).toEqual([])
    expect(events.length).toBeGreaterThan(10_000)
  })

  it('has an arrow from each wait that ends once, not before it begins', () => {
    const begun = new Map<bigint, number>()
    const ended = new Map<bigint, number>()
    // A viewer leaves what is of one time as it comes.
    for (const { at, fields } of events.toSorted((a, b) => a.at - b.at)) {
      for (const flow of all(fields, 47)) begun.set(flow.value, at)
      for (const flow of all(fields, 48)) {
        expect(begun.has(flow.value)).toBe(true)
        ended.set(flow.value, at)
      }
    }
    expect(begun.size).toBe(whole.trace.waitEdge.length)
    expect([...ended.keys()].sort()).toEqual([...begun.keys()].sort())
    for (const [flow, at] of ended) expect(at).toBeGreaterThanOrEqual(begun.get(flow) ?? Infinity)
  })

  it('says what the clocks read, and names threads and counters', () => {
    const snapshot = packets.flatMap((packet) => all(packet, 6)).map((field) => decode(field.bytes))
    expect(number(one(snapshot[0], 2))).toBe(6)
    const tracks = packets.flatMap((packet) => all(packet, 60)).map((field) => decode(field.bytes))
    const threads = tracks.flatMap((track) => all(track, 4)).map((thread) => text(one(decode(thread.bytes), 5)))
    expect(threads).toContain('worker/3')
    expect(tracks.filter((track) => one(track, 8) !== undefined).map((track) => text(one(track, 2)))).toContain(
      'waiting for jbd2_handle',
    )
  })
})

describe('a clock of any size', () => {
  it('keeps its nanoseconds', () => {
    const whole = readBytes(
      'ftrace',
      Buffer.from(
        '# tracer: nop\n  a-1 [000] ..... 9007199254.740993123: x: y\n  a-1 [000] ..... 9007199254.740993124: x: y\n',
      ),
    )
    const back = again(whole)
    expect(back.trace.meta.startClock).toBe('9007199254740993123')
    expect(back.trace.meta.durationNs).toBe(1)
  })
})

/** A packet of one ftrace event. */
const ftrace = (cpu: number, ...events: readonly Message[]): Message => ({ 1: { 1: cpu, 2: events } })

describe('ftrace packets of others', () => {
  it('are in order of time, whatever CPU was flushed first', () => {
    const at = (ts: number, pid: number) => ({ 1: ts, 2: pid, 327: { 1: 'tick' } })
    const whole = read(ftrace(1, at(50, 1), at(70, 1)), ftrace(0, at(10, 2), at(60, 2)))
    expect([...whole.chunks[0].ts]).toEqual([0, 40, 50, 60])
    expect([...whole.chunks[0].cpu]).toEqual([0, 1, 0, 1])
    expect(whole.trace.meta.startClock).toBe('10')
  })

  it('print as the kernel prints: file systems, system calls, scheduling, marks', () => {
    const dev = 259 * 256 + 3
    const whole = read(
      ftrace(
        0,
        { 1: 1, 2: 9, 166: { 1: dev, 2: 12, 3: 7, 4: 1, 5: 0x200 } },
        { 1: 2, 2: 9, 167: { 1: dev, 2: 12, 3: 0x200, 4: 99, 5: 7, 6: 1, 7: 48, 8: 1 } },
        { 1: 3, 2: 9, 329: { 1: 77, 2: [3, 4096] } },
        { 1: 4, 2: 9, 330: { 1: 77, 2: -28 } },
        { 1: 5, 2: 9, 4: { 1: 'a b', 2: 9, 3: 120, 4: 2, 5: 'swapper/0', 6: 0, 7: 120 } },
        { 1: 6, 2: 0, 5: 8, 20: { 1: 'a b', 2: 9, 3: 120, 4: 1, 5: 3 } },
        { 1: 7, 2: 9, 3: { 2: 'B|9|frame\n' } },
        { 1: 8, 2: 9, 700: { 1: 5, 2: 'text' } },
        {
          1: 9,
          2: 9,
          327: {
            1: 'my_event',
            2: [
              { 1: 'a', 4: -1 },
              { 1: 'b', 3: 'c' },
            ],
          },
        },
      ),
    )
    expect(payloads(whole)).toEqual([
      'ext4_ext_map_blocks_enter: dev 259,3 ino 12 lblk 7 len 1 flags ZERO',
      'ext4_ext_map_blocks_exit: dev 259,3 ino 12 flags ZERO pblk 99 lblk 7 len 1 mflags NM ret 1',
      'sys_enter: NR 77 (3, 1000)',
      'sys_exit: NR 77 = -28',
      'sched_switch: prev_comm=a b prev_pid=9 prev_prio=120 prev_state=D ==> next_comm=swapper/0 next_pid=0 next_prio=120',
      'sched_waking: comm=a b pid=9 prio=120 target_cpu=003',
      'tracing_mark_write: B|9|frame',
      'ftrace_event_700: f1=5 f2=text',
      'my_event: a=-1 b=c',
    ])
    expect(whole.chunks[0].flags?.[5]).toBe(2)
    expect(whole.trace.op.length).toBe(1)
    expect(whole.trace.opKinds[whole.trace.op.cols.kind[0]]).toBe('truncate')
    expect(whole.trace.inodes).toEqual(['259:3:12'])
  })

  it('compact scheduling: times add up, who is switched out is who was switched in', () => {
    const compact = {
      5: ['idle', 'worker'],
      1: packed([1_000_000_000_000n, 10, 20]),
      2: packed([0, 2, 0]),
      3: packed([7, 0, 7]),
      4: packed([120, 120, 120]),
      6: packed([1, 0, 1]),
      7: packed([1_000_000_000_015n]),
      8: packed([7]),
      9: packed([1]),
      10: packed([120]),
      11: packed([1]),
      12: packed([16]),
    }
    const whole = read({ 1: { 1: 2, 4: compact } })
    expect([...whole.chunks[0].ts]).toEqual([0, 10, 15, 30])
    expect(payloads(whole)[1]).toBe(
      'sched_switch: prev_comm=worker prev_pid=7 prev_prio=120 prev_state=D ==> next_comm=idle next_pid=0 next_prio=120',
    )
    expect(payloads(whole)[2]).toBe('sched_waking: comm=worker pid=7 prio=120 target_cpu=001')
    expect(whole.chunks[0].flags?.[2]).toBe(1)
    expect(whole.trace.meta.startClock).toBe('1000000000000')
  })

  it('after a loss nobody knows who is switched out first', () => {
    const switches = (at: number, ...pids: number[]) => ({
      5: ['a'],
      1: packed(pids.map((_, i) => (i === 0 ? at : 1))),
      2: packed(pids.map(() => 2)),
      3: packed(pids),
      4: packed(pids.map(() => 120)),
      6: packed(pids.map(() => 0)),
    })
    const whole = read({ 1: { 1: 0, 4: switches(1000, 7, 8) } }, { 1: { 1: 0, 3: 1, 4: switches(5000, 9, 7) } })
    const out = payloads(whole).map((payload) => /prev_pid=\d+/.exec(payload)?.[0])
    expect(out).toEqual(['prev_pid=0', 'prev_pid=7', 'prev_pid=0', 'prev_pid=9'])
  })

  it('events that Perfetto does not know are called as their bundle describes them', () => {
    const field = (name: string, number: number, type: number) => ({ 1: name, 3: number, 5: type })
    const described = (number: number, name: string, ...fields: Message[]) => ({ 1: number, 2: { 1: name, 2: fields } })
    const fault = described(65_536, 'page_fault_user', field('address', 1, 4), field('ip', 2, 4), field('error_code', 3, 4)) // prettier-ignore
    const mine = described(70_000, 'my_event', field('a', 1, 3), field('b', 4, 9), field('c', 2, 4))
    const event = { 1: -1, 4: 'text', 2: -1 }
    const whole = read(
      { 1: { 1: 0, 11: [fault, mine] } },
      ftrace(1, { 1: 5, 2: 9, 65_536: { 1: 0x7f00, 2: 16, 3: 6 } }, { 1: 6, 2: 9, 70_000: event }),
      { 1: { 1: 1, 11: [described(70_001, 'late')], 2: [{ 1: 7, 2: 9, 70_001: { 3: 1 } }] } },
    )
    expect(payloads(whole)).toEqual([
      'page_fault_user: address=0x7f00 ip=0x10 error_code=6',
      'my_event: a=-1 c=18446744073709551615 b=text',
      'late: f3=1',
    ])
  })

  it('a loss is told, and closes what was open', () => {
    const whole = read(ftrace(0, { 1: 1, 2: 9, 329: { 1: 77 } }), {
      1: { 1: 0, 3: 1, 2: [{ 1: 5, 2: 9, 327: { 1: 'tick' } }] },
    })
    expect(whole.trace.diagnostics.map(({ code }) => code)).toContain('lost-events')
    expect(Number.isNaN(whole.trace.op.cols.durationNs[0])).toBe(true)
  })

  it('packets packed with deflate or zstd are unpacked, once', () => {
    const inner = traceOf(ftrace(0, { 1: 5, 2: 9, 327: { 1: 'tick' } }))
    const whole = read({ 50: deflateSync(inner) }, { 133: zstdCompressSync(inner) })
    expect(whole.trace.meta.eventCount).toBe(2)
    const twice = read(
      { 50: deflateSync(traceOf({ 50: deflateSync(inner) })) },
      ftrace(0, { 1: 6, 2: 9, 327: { 1: 'tick' } }),
    )
    expect(twice.trace.meta.eventCount).toBe(1)
  })

  it('process trees name tasks and their groups', () => {
    const whole = read(ftrace(0, { 1: 5, 2: 9, 327: { 1: 'tick' } }), {
      2: { 1: { 1: 8, 3: '/bin/app' }, 2: { 1: 9, 3: 8, 2: 'worker' } },
    })
    expect(whole.trace.tasks).toEqual([{ pid: 9, tgid: 8, comm: 'worker' }])
  })
})

/** A sequence whose state is clear, with a thread track 1. */
const OPENING: Message = {
  10: 5,
  13: 1,
  60: { 1: 1, 4: { 1: 100, 2: 101, 5: 'main' } },
  12: {
    1: { 1: 1, 2: 'cat' },
    2: [
      { 1: 1, 2: 'outer' },
      { 1: 2, 2: 'inner' },
    ],
    3: { 1: 1, 2: 'key' },
  },
}
const event = (at: number, fields: Message): Message => ({ 8: at, 10: 5, 13: 2, 11: fields })

describe('track events of others', () => {
  it('are operations and steps, with interned names and annotations', () => {
    const whole = read(
      OPENING,
      event(10, {
        9: 1,
        11: 1,
        10: 1,
        3: 1,
        4: [
          { 1: 1, 4: -5 },
          { 10: 'list', 12: [{ 3: 1 }, { 6: 'two' }] },
        ],
        47: undefined,
      }),
      event(12, { 9: 1, 11: 1, 10: 2 }),
      event(15, { 9: 2, 11: 1 }),
      event(20, { 9: 2, 11: 1 }),
    )
    expect(spanWords(whole).op).toEqual(['101 outer 0 10 NaN - NaN NaN NaN -1 0'])
    expect(spanWords(whole).phase).toEqual(['101 0 inner 2 3 0'])
    expect(payloads(whole)[0]).toBe('slice_begin: name="outer" cat=cat args={"key":-5,"list":[1,"two"]}')
    expect(whole.trace.tasks[0]).toEqual({ pid: 101, tgid: 100, comm: 'main' })
  })

  it('whose state was lost are skipped until it begins anew', () => {
    const lost = { ...event(12, { 9: 3, 11: 1, 10: 2 }), 42: 1 }
    const whole = read(
      OPENING,
      event(10, { 9: 3, 11: 1, 10: 1 }),
      lost,
      event(13, { 9: 3, 11: 1, 10: 2 }),
      OPENING,
      event(14, { 9: 3, 11: 1, 10: 2 }),
    )
    expect(payloads(whole)).toEqual(['instant: name="outer"', 'instant: name="inner"'])
    expect(whole.trace.diagnostics.find(({ code }) => code === 'unparsed-line')?.count).toBe(2)
  })

  it('on counter tracks are counters, on tracks of their own are tasks of their own', () => {
    const whole = read(
      OPENING,
      { 10: 5, 60: { 1: 7, 2: 'memory', 8: {} } },
      { 10: 5, 60: { 1: 8, 2: 'gpu', 5: 1 } },
      event(10, { 9: 4, 11: 7, 30: 42 }),
      event(11, { 9: 1, 11: 8, 23: 'draw' }),
      event(19, { 9: 2, 11: 8 }),
    )
    expect(payloads(whole)[0]).toBe('counter: name="memory" value=42')
    expect(whole.trace.tasks.map(({ comm }) => comm)).toContain('gpu')
    expect(whole.trace.op.cols.durationNs[0]).toBe(8)
  })

  it('of a clock of their own are put on the axis: microseconds, from packet to packet', () => {
    const clocks = {
      10: 5,
      6: {
        1: [
          { 1: 6, 2: 1_000_000 },
          { 1: 64, 2: 500, 3: 1, 4: 1000 },
        ],
      },
    }
    const whole = read(
      OPENING,
      clocks,
      { ...event(3, { 9: 3, 11: 1, 10: 1 }), 58: 64 },
      { ...event(4, { 9: 3, 11: 1, 10: 1 }), 58: 64 },
    )
    expect([...whole.chunks[0].ts]).toEqual([0, 4000])
  })

  it('tracks that are each other’s parents end nothing', () => {
    const whole = read(
      OPENING,
      { 60: { 1: 8, 5: 9, 2: 'a' } },
      { 60: { 1: 9, 5: 8, 2: 'b' } },
      event(5, { 9: 3, 11: 8, 23: 'x' }),
    )
    expect(whole.trace.meta.eventCount).toBe(1)
  })
})

describe('damaged Perfetto traces', () => {
  const bytes = Buffer.from(asPerfetto(readBytes('ftrace', readFixture('ftrace/dax-xfs.txt'))))

  it('cut anywhere give what is before', () => {
    const whole = readBytes('perfetto', bytes).trace.meta.eventCount
    let last = 0
    for (const share of [0.1, 0.3, 0.5, 0.9, 1]) {
      const count = readBytes('perfetto', bytes.subarray(0, Math.floor(bytes.length * share))).trace.meta.eventCount
      expect(count).toBeGreaterThanOrEqual(last)
      last = count
    }
    expect(last).toBe(whole)
  })

  it('with lying lengths say where, and how much was read before', () => {
    const tick = ftrace(0, { 1: 5, 2: 9, 327: { 1: 'tick' } })
    const lying = Buffer.concat([traceOf(tick), Buffer.from([0x0a, 0xff, 0xff, 0x03, 0x01])])
    const whole = readBytes('perfetto', lying)
    const said = whole.trace.diagnostics.find(({ code }) => code === 'damaged-data')?.message
    expect(said).toMatch(/^the packet at byte \d+ says it has 65535 bytes, 1 are left: 1 events were read before it$/)
    const huge = Buffer.concat([traceOf(tick), Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x01])])
    expect(readBytes('perfetto', huge).trace.meta.eventCount).toBe(1)
  })

  it('with numbers that do not end, absurd nesting and unpackable packets stay bounded', () => {
    let deep: Message = { 6: 'x' }
    for (let i = 0; i < 3000; i++) deep = { 12: message({ 11: message(deep) }) }
    const whole = read(
      OPENING,
      event(1, { 9: 3, 11: 1, 4: message(deep) }),
      { 1: Buffer.concat([Buffer.from([0x08]), Buffer.alloc(20, 0xff)]) },
      { 50: Buffer.from('no deflate') },
      event(2, { 9: 3, 11: 1, 10: 1 }),
    )
    expect(whole.trace.meta.eventCount).toBe(2)
    expect(whole.trace.diagnostics.filter(({ severity }) => severity === 'warning').length).toBeGreaterThan(1)
  })

  it('are recognised, and other bytes are not', () => {
    expect(sniff(bytes.subarray(0, 65_536)).id).toBe('perfetto')
    expect(() => sniff(Buffer.from([0x0a, 0xff, 0x01, 0x02]))).toThrow(ApiError)
    expect(() => sniff(Buffer.from('\nplain text after a line break\n'))).toThrow(ApiError)
  })
})

describe('task states', () => {
  it('are printed as the kernel prints them, and read back', () => {
    for (const letters of ['R', 'R+', 'S', 'D', 'T', 't', 'X', 'Z', 'I', 'S|D', 'D+']) {
      expect(stateLetters(stateNumber(letters) ?? -1)).toBe(letters)
    }
    for (const other of ['', '?', 'RD', 'DS', 'K']) expect(stateNumber(other)).toBeUndefined()
  })
})
