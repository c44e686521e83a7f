/** Chrome trace JSON: ours comes back the same and is laid out for viewers; others' become operations and steps. */

import { describe, expect, it } from 'vitest'
import { gzipSync } from 'node:zlib'
import { openSource } from '#electron/engine/source.ts'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { Window } from '#shared/export/writer.ts'
import { sniff } from '#shared/formats/index.ts'
import { describeWithCorpus, readCorpus, readFixture } from '../support/corpus.ts'
import {
  asChromeJson,
  asFtraceText,
  CARRIED,
  differences,
  eventWords,
  metaOf,
  readBytes,
  spanWords,
  type Whole,
} from '../support/round-trip.ts'
import { simulated } from '../support/simulated-whole.ts'

interface Viewed {
  readonly ph: string
  readonly name: string
  readonly cat?: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly dur?: number
  readonly id?: number
  readonly args?: Readonly<Record<string, unknown>>
}

/** What a viewer gets: the file through JSON.parse, nothing of ours. */
function viewed(bytes: Uint8Array): readonly Viewed[] {
  return (JSON.parse(Buffer.from(bytes).toString('utf8')) as { traceEvents: Viewed[] }).traceEvents
}

const again = (whole: Whole) => readBytes('chrome-json', asChromeJson(whole))
const json = (value: unknown) => Buffer.from(JSON.stringify(value))
const read = (value: unknown) => readBytes('chrome-json', json(value))

describeWithCorpus('real traces as Chrome JSON and back', () => {
  it.each(CARRIED)('%s %s', (format, file) => {
    const whole = readBytes(format, readCorpus(file))
    const back = again(whole)
    expect(differences(whole, back)).toEqual([])
    expect(metaOf(back)).toEqual(metaOf(whole))
  })
})

describe('a simulated run as Chrome JSON', () => {
  const whole = simulated(1, ['sb_pagefaults', 'jbd2_handle'])
  const events = viewed(asChromeJson(whole))

  it('comes back the same', () => {
    const back = again(whole)
    expect(differences(whole, back)).toEqual([])
    expect(metaOf(back)).toEqual(metaOf(whole))
  })

  it('has slices that nest on every thread, as viewers draw them', () => {
    const byThread = new Map<string, Viewed[]>()
    for (const event of events) {
      if (event.ph !== 'X') continue
      const key = `${event.pid} ${event.tid}`
      byThread.set(key, [...(byThread.get(key) ?? []), event])
    }
    expect(byThread.size).toBeGreaterThan(20)
    const ns = (us: number) => Math.round(us * 1000)
    for (const slices of byThread.values()) {
      const open: number[] = []
      for (const { ts, dur = 0 } of slices) {
        while (open.length > 0 && open[open.length - 1] <= ns(ts)) open.pop()
        const end = ns(ts) + ns(dur)
        if (open.length > 0) expect(end).toBeLessThanOrEqual(open[open.length - 1])
        open.push(end)
      }
    }
  })

  it('has a slice per operation, and an arrow from each wait to the hold in its way', () => {
    expect(events.filter(({ ph, cat }) => ph === 'X' && cat === 'op')).toHaveLength(whole.trace.op.length)
    const [from, to] = ['s', 'f'].map((phase) => events.filter(({ ph }) => ph === phase))
    expect(from).toHaveLength(whole.trace.waitEdge.length)
    expect(new Set(from.map(({ id }) => id))).toEqual(new Set(to.map(({ id }) => id)))
    const start = new Map(from.map(({ id, ts }) => [id, ts]))
    const within = (flow: Viewed, cat: string) =>
      events.some(
        ({ ph, cat: its, pid, tid, ts, dur = 0 }) =>
          ph === 'X' &&
          its === cat &&
          pid === flow.pid &&
          tid === flow.tid &&
          ts <= flow.ts &&
          flow.ts <= ts + dur + 0.001,
      )
    for (const arrow of to.slice(0, 50)) {
      expect(arrow.ts).toBeGreaterThanOrEqual(start.get(arrow.id) ?? Infinity)
      expect(within(arrow, 'hold')).toBe(true)
    }
    for (const arrow of from.slice(0, 50)) expect(within(arrow, 'wait')).toBe(true)
  })

  it('has the begin of an arrow before its end for viewers that sort by time, too', () => {
    const met = new Set<unknown>()
    const arrows = events.filter(({ ph }) => ph === 's' || ph === 'f').toSorted((a, b) => a.ts - b.ts)
    for (const { ph, id } of arrows) {
      if (ph === 's') met.add(id)
      else expect(met.has(id)).toBe(true)
    }
    expect(met.size).toBeGreaterThan(100)
  })

  it('names every process and thread it draws on', () => {
    const named = new Set(events.filter(({ name }) => name === 'thread_name').map(({ pid, tid }) => `${pid} ${tid}`))
    for (const { ph, pid, tid } of events) if (ph === 'X' || ph === 'i') expect(named).toContain(`${pid} ${tid}`)
    const processes = events.filter(({ name }) => name === 'process_name').map(({ args }) => args?.['name'])
    expect(processes).toEqual(expect.arrayContaining(['CPUs', 'ftrace events', 'waiting for locks', 'worker/0']))
  })

  it('counts waiting tasks: never below 0, and nobody waits at the end of a trace cut where nobody does', () => {
    const values = events.filter(({ ph }) => ph === 'C').map(({ args }) => args?.['tasks'] as number)
    expect(values.length).toBeGreaterThan(100)
    expect(Math.min(...values)).toBe(0)
  })

  it('of a window has what overlaps it, cut to it', () => {
    const { durationNs } = whole.trace.meta
    const window = { from: Math.floor(durationNs / 3), to: Math.floor(durationNs / 2) }
    const part = viewed(asChromeJson(whole, window))
    const at = (event: Viewed) => Math.round(event.ts * 1000)
    for (const event of part) {
      if (event.ph === 'M') continue
      expect(at(event)).toBeGreaterThanOrEqual(window.from)
      expect(at(event) + Math.round((event.dur ?? 0) * 1000)).toBeLessThanOrEqual(window.to)
    }
    const inside = eventWords(whole).filter((_, i) => i >= 0).length
    expect(part.filter(({ ph }) => ph === 'i').length).toBeLessThan(inside)
    expect(readBytes('chrome-json', asChromeJson(whole, window)).trace.meta.eventCount).toBe(
      part.filter(({ ph }) => ph === 'i').length,
    )
  })
})

it('a wait lasts until it is given up, one that never ended to the end, and both are counted', () => {
  const line = (second: number, pid: number, event: string) => `a-${pid} [000] ..... ${second}.000000: ${event}`
  const begin = (second: number, pid: number, lock: string) =>
    line(second, pid, `contention_begin: 00000000aaaaaaa${lock} (flags=MUTEX)`)
  const text = [
    '# tracer: nop',
    begin(10, 1, '1'),
    begin(11, 2, '2'),
    line(14, 2, 'contention_end: 00000000aaaaaaa2 (ret=-4)'),
    line(20, 3, 'x: y'),
    '',
  ].join('\n')
  const whole = readBytes('ftrace', Buffer.from(text))
  const of = (kind: string, window?: Window) => viewed(asChromeJson(whole, window)).filter(({ ph }) => ph === kind)
  expect(of('X').map(({ tid, ts, dur, args }) => [tid, ts, dur, args?.['end']])).toEqual([
    [1, 10e6, 10e6, 'not in the trace'],
    [2, 11e6, 3e6, 'given up'],
  ])
  const counts = (window?: Window) => of('C', window).map(({ ts, args }) => [ts / 1e6, args?.['tasks']])
  expect(counts()).toEqual([
    [10, 1],
    [11, 2],
    [14, 1],
    [20, 0],
  ])
  const later = { from: 5e9, to: 8e9 }
  expect(of('X', later).map(({ tid, ts, dur }) => [tid, ts, dur])).toEqual([[1, 15e6, 3e6]])
  expect(counts(later)).toEqual([
    [15, 1],
    [18, 0],
  ])
})

it('a task has its own name again, whatever number a CPU has', () => {
  const line = (pid: number, us: number, name: string) =>
    `  ${name}-${pid}   [001] d..2.   100.00000${us}: sched_waking: comm=x pid=9 prio=120 target_cpu=001\n`
  const whole = readBytes('ftrace', Buffer.from(line(1, 1, 'systemd') + line(2, 2, 'kthreadd') + line(1, 3, 'systemd')))
  expect(again(whole).trace.tasks.map(({ pid, comm }) => [pid, comm])).toEqual(
    whole.trace.tasks.map(({ pid, comm }) => [pid, comm]),
  )
  expect(
    viewed(asChromeJson(whole))
      .filter(({ name }) => name === 'thread_name')
      .map(({ args }) => args?.['name']),
  ).toContain('CPU 1')
})

const ONE = { ph: 'X', name: 'one', ts: 10, dur: 5, pid: 1, tid: 2 }

describe('Chrome JSON of others', () => {
  it('is recognised in both forms, packed or not, and other JSON is not', async () => {
    expect(sniff(json([ONE])).id).toBe('chrome-json')
    expect(sniff(json({ traceEvents: [ONE] })).id).toBe('chrome-json')
    expect(sniff(json({ otherData: {}, displayTimeUnit: 'ms', traceEvents: [] })).id).toBe('chrome-json')
    const packed = await openSource(gzipSync(json([ONE])), 'x.json.gz')
    expect(sniff(packed.head).id).toBe('chrome-json')
    await packed.close()
    expect(() => sniff(json({ a: 1 }))).toThrow(ApiError)
    expect(() => sniff(json([1, 2, 3]))).toThrow(ApiError)
  })

  it('nests complete slices whatever order they come in', () => {
    const inner = { ...ONE, name: 'inner', ts: 11, dur: 1 }
    const outer = { ...ONE, name: 'outer', ts: 1, dur: 100 }
    const whole = read([inner, ONE, outer])
    expect(spanWords(whole).op).toEqual(['2 outer 0 100000 NaN - NaN NaN NaN -1 0'])
    expect(spanWords(whole).phase).toEqual(['2 0 one 9000 5000 0', '2 0 inner 10000 1000 1'])
    expect(whole.trace.meta.eventCount).toBe(3)
  })

  it('pairs begins and ends per thread, and one without its other half has no length', () => {
    const at = (ph: string, ts: number, tid: number, name = 'n') => ({ ph, ts, pid: 1, tid, name })
    const whole = read([at('B', 0, 1, 'a'), at('B', 1, 2, 'b'), at('E', 5, 1), at('E', 6, 9), at('i', 7, 1)])
    expect(spanWords(whole).op).toEqual(['1 a 0 5000 NaN - NaN NaN NaN -1 0', '2 b 1000 NaN NaN - NaN NaN NaN -1 0'])
    expect(whole.trace.diagnostics.map(({ code }) => code)).toContain('slice-end-without-begin')
  })

  it('gives overlapping asynchronous slices tracks of their own', () => {
    const at = (ph: string, ts: number, id: string) => ({ ph, ts, id, cat: 'net', name: 'request', pid: 1, tid: 1 })
    const whole = read([
      at('b', 0, 'x'),
      at('b', 2, 'y'),
      at('e', 5, 'x'),
      at('b', 6, 'z'),
      at('e', 8, 'z'),
      at('e', 9, 'y'),
    ])
    const { trace } = whole
    expect(trace.op.length).toBe(3)
    expect(trace.tasks.map(({ comm }) => comm)).toEqual(['request', 'request'])
    expect([...trace.op.cols.durationNs.subarray(0, 3)]).toEqual([5000, 7000, 2000])
    expect(trace.op.cols.task[2]).toBe(trace.op.cols.task[0])
  })

  it('tells threads of one number in two processes apart, and takes any word for one', () => {
    const whole = read([ONE, { ...ONE, pid: 7 }, { ...ONE, pid: 'browser', tid: 'main' }])
    expect(new Set(whole.trace.op.cols.task.subarray(0, 3)).size).toBe(3)
    expect(whole.trace.tasks.map(({ comm }) => comm)).toContain('main')
  })

  it('keeps counters, arrows and marks as events, with their arguments', () => {
    const at = (ph: string, rest: object) => ({ ph, ts: 1, pid: 1, tid: 1, name: 'it', ...rest })
    const whole = read([at('C', { args: { v: 3 } }), at('s', { id: 5 }), at('N', { id: '0x1' }), at('P', {})])
    const words = eventWords(whole).map((word) => word.replace(/^\S+ \S+ \S+ \S+ /, '').trim())
    expect(words).toEqual([
      'counter: name="it" args={"v":3}',
      'flow: name="it" ph=s id=5',
      'mark: name="it" ph=N id=0x1',
      'mark: name="it" ph=P',
    ])
  })

  it('comes back the same from ftrace text and from our own Chrome JSON', () => {
    const whole = read([ONE, { ...ONE, name: 'a=b "c"\n', ts: 11, dur: 2.5, args: { deep: { list: [1, '='] } } }])
    // ftrace text has a CPU on every line, so one that was not known becomes 0.
    const known = (words: readonly string[]) => words.map((word) => word.replace(/ (-1|0) 0$/, ''))
    const text = readBytes('ftrace', asFtraceText(whole))
    expect(known(spanWords(text).op)).toEqual(known(spanWords(whole).op))
    expect(spanWords(text).phase).toEqual(spanWords(whole).phase)
    expect(differences(whole, again(whole))).toEqual([])
    expect(whole.trace.phaseNames).toContain('a=b "c"\n')
  })

  it('keeps nanoseconds of clocks that count from 1970', () => {
    const epoch = 1_700_000_000_000_000
    const whole = read([
      { ...ONE, ts: epoch },
      { ...ONE, ts: epoch + 1, dur: 0.25 },
    ])
    expect(whole.trace.op.cols.startNs[0]).toBe(0)
    expect(whole.trace.meta.startClock).toBe('1700000000000000000')
    expect(whole.trace.phase.cols.durationNs[0]).toBe(250)
  })
})

describe('damaged Chrome JSON', () => {
  const text = Buffer.from(asChromeJson(readBytes('ftrace', readFixture('ftrace/dax-xfs.txt'))))

  it('gives the same answer however its bytes are cut', () => {
    // A reader that takes pieces of 512 KiB is cut by the size of what stands before.
    const padded = Buffer.concat([
      Buffer.from('{"x":"'),
      Buffer.alloc(512 * 1024 - 200, 0x61),
      Buffer.from('","traceEvents":'),
      json([ONE, ONE]),
      Buffer.from('}'),
    ])
    for (let cut = 0; cut < 200; cut += 7) {
      const whole = readBytes(
        'chrome-json',
        Buffer.concat([padded.subarray(0, 6), Buffer.alloc(cut, 0x62), padded.subarray(6)]),
      )
      expect(whole.trace.meta.eventCount).toBe(2)
    }
  })

  it('that ends anywhere gives what is before, and says where it ends', () => {
    const whole = readBytes('chrome-json', text).trace.meta.eventCount
    const half = readBytes('chrome-json', text.subarray(0, text.length >> 1))
    expect(half.trace.meta.eventCount).toBeGreaterThan(0)
    expect(half.trace.meta.eventCount).toBeLessThanOrEqual(whole)
    const said = half.trace.diagnostics.find(({ message }) => message.includes('ends early'))
    expect(said?.message).toContain(`up to byte ${text.length >> 1}`)
  })

  it('inside a string keeps what is before, and says where the event begins that has no end', () => {
    const at = text.indexOf('{"ph":"i"', text.length >> 1)
    const quote = text.indexOf('"payload":"', at) + '"payload":"'.length + 2
    for (const spoilt of [
      Buffer.concat([text.subarray(0, quote), Buffer.from('"'), text.subarray(quote)]),
      Buffer.concat([text.subarray(0, quote - 3), text.subarray(quote - 2)]),
    ]) {
      const { meta, diagnostics } = readBytes('chrome-json', spoilt).trace
      expect(meta.eventCount).toBeGreaterThan(50)
      expect(diagnostics.map(({ message }) => message).join()).toContain(`what begins at byte ${at} has no end`)
    }
  })

  it('costs the event it is in, and says at which byte', () => {
    const spoilt = Buffer.concat([
      json([ONE]).subarray(0, -1),
      Buffer.from(',{"ph":"X",oops},'),
      json(ONE),
      Buffer.from(']'),
    ])
    const whole = readBytes('chrome-json', spoilt)
    expect(whole.trace.meta.eventCount).toBe(2)
    expect(whole.trace.diagnostics.map(({ message }) => message).join()).toMatch(
      /first at byte \d+: 1 events were read/,
    )
  })

  it('of absurd depth or size is passed over in bounded memory', () => {
    const deep = `{"ph":"X","ts":1,"args":${'['.repeat(5000)}${']'.repeat(5000)}}`
    const large = `{"ph":"X","ts":1,"args":"${'x'.repeat(limits.jsonEventBytes)}"}`
    const whole = readBytes('chrome-json', Buffer.from(`[${deep},${large},${JSON.stringify(ONE)}]`))
    expect(whole.trace.meta.eventCount).toBe(1)
    expect(whole.trace.diagnostics.find(({ code }) => code === 'line-too-long')?.count).toBe(2)
  })

  it('without a single event is refused in one sentence', () => {
    for (const bad of ['{', '[{]', 'nonsense', '{"traceEvents":[{"ph"']) {
      expect(() => readBytes('chrome-json', Buffer.from(bad))).toThrow(/no event could be read/)
    }
  })
})
