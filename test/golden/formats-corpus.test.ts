/**
 * The text readers against the whole corpus: what inventory.json counted with other tools, what kernel headers say of
 * themselves, and what two tools print of one buffer must all be what Faultline reads.
 */

import { expect, it } from 'vitest'
import { describeWithCorpus, inventory, readCorpus } from '../support/corpus.ts'
import { naiveEvents } from '../support/naive-text.ts'
import {
  eventsOf,
  fingerprint,
  readText,
  type ReadResult,
  type TextEvent,
  type TextFormat,
} from '../support/read-text.ts'

interface Expected {
  readonly file: string
  readonly events: number
  readonly first: number
  readonly last: number
  readonly backsteps: number
  readonly tasks: number
  readonly event_types: number
  readonly odd_comms: readonly string[]
  readonly event_counts: Readonly<Record<string, number>>
  readonly lock_event_counts: Readonly<Record<string, number>>
}

const entries = (inventory() as unknown as readonly Expected[]).filter(({ file }) => !file.includes('perf'))

function formatOf(file: string): TextFormat {
  return file.includes('report') ? 'trace-cmd-report' : 'ftrace'
}

interface Columns {
  readonly counts: Record<string, number>
  readonly locks: Record<string, number>
  readonly people: ReadonlySet<string>
  readonly first: number
  readonly last: number
  readonly backsteps: number
}

/** What the inventory counts, from the columns: an object per event would take a minute for all of them. */
function countColumns(read: ReadResult): Columns {
  const { eventNames, eventCounts, tasks } = read.trace
  const lockNames = new Set(
    eventNames.flatMap((name, id) => (/^lock_(acquire|acquired|contended|release)$/.test(name) ? id : [])),
  )
  const locks: Record<string, number> = {}
  const seen = new Set<number>()
  let first = NaN
  let last = NaN
  let backsteps = 0
  for (const { length, ts, task, name, args, argsEnd } of read.chunks) {
    const text = Buffer.from(args.buffer, args.byteOffset, args.byteLength)
    for (let row = 0; row < length; row++) {
      if (Number.isNaN(first)) first = ts[row]
      if (ts[row] < last) backsteps++
      last = ts[row]
      seen.add(task[row])
      if (!lockNames.has(name[row])) continue
      // The class is everything behind the address, `try ` and `read `.
      const lock = text
        .toString('latin1', row === 0 ? 0 : argsEnd[row - 1], argsEnd[row])
        .replace(/^\S+ (try )?(read )?/, '')
      locks[lock] = (locks[lock] ?? 0) + 1
    }
  }
  return {
    counts: Object.fromEntries(
      eventNames.flatMap((name, id) => (eventCounts[id] > 0 ? [[name, eventCounts[id]]] : [])),
    ),
    locks,
    people: new Set([...seen].map((id) => `${tasks[id].comm}-${tasks[id].pid}`)),
    first,
    last,
    backsteps,
  }
}

/** A time of the trace as the whole clock, in ns or ticks. */
function clockAt(read: ReadResult, ts: number): bigint {
  return BigInt(read.trace.meta.startClock) + BigInt(ts)
}

/** The inventory's figures are doubles of seconds, or ticks. */
function asClock(value: number, ticks: boolean): bigint {
  return ticks ? BigInt(value) : BigInt(Math.round(value * 1e9))
}

describeWithCorpus('the corpus inventory', () => {
  it('has the text traces this test expects', () => {
    expect(entries.length).toBeGreaterThanOrEqual(28)
  })

  it.each(entries)('$file reads to exactly what was counted', (expected) => {
    const read = readText(formatOf(expected.file), readCorpus(expected.file), { chunk: 300_000 })
    expect(read.trace.meta.eventCount).toBe(expected.events)
    expect(read.reader.skipped).toBe(0)
    expect(read.reader.events + read.reader.others).toBe(read.reader.lines)

    const { counts, locks, people, first, last, backsteps } = countColumns(read)
    expect(counts).toEqual(expected.event_counts)
    expect(Object.keys(counts).length).toBe(expected.event_types)
    expect(locks).toEqual(expected.lock_event_counts)

    const ticks = read.trace.meta.clockUnit === 'tick'
    const precision = ticks ? 1n : expected.file.includes('report-t') ? 1n : 1000n
    const round = (clock: bigint) => (clock + precision / 2n) / precision
    expect(round(clockAt(read, first))).toBe(round(asClock(expected.first, ticks)))
    expect(round(clockAt(read, last))).toBe(round(asClock(expected.last, ticks)))
    expect(backsteps).toBe(expected.backsteps)

    const comms = new Set([...people].map((person) => person.replace(/-\d+$/, '')))
    expect(expected.odd_comms.filter((comm) => !comms.has(comm))).toEqual([])
    expect(people.size).toBe(expected.tasks)
  })
})

describeWithCorpus('layouts the inventory does not list', () => {
  const count = (file: string, format: TextFormat) => readText(format, readCorpus(file))

  it.each(['latency-format', 'latency-verbose'])('%s has as many events as its header says', (layout) => {
    const bytes = readCorpus(`host/small-ext4-${layout}.trace.txt`)
    const said = /, #(\d+)\/\d+, CPU#/.exec(bytes.toString('latin1'))
    const read = readText('ftrace', bytes)
    expect(read.reader.events).toBe(Number(said?.[1]))
    expect(read.reader.skipped).toBe(0)
    expect(read.trace.meta.kernel).toBe('6.18.44-fc-v669')
  })

  it('the function tracer has as many events as its header says', () => {
    const bytes = readCorpus('dax/fn-dax-ext4.trace.txt')
    const read = readText('ftrace', bytes)
    expect(read.reader.events).toBe(Number(/entries-in-buffer\/entries-written: (\d+)/.exec(bytes.toString())?.[1]))
    expect(new Set(eventsOf(read).map(({ name }) => name))).toEqual(new Set(['function']))
  })

  it('trace_pipe: every line is an event or a loss marker, but for the cut last one', () => {
    const bytes = readCorpus('host/small-ext4-trace_pipe-lost.txt')
    const lines = bytes.toString('latin1').split('\n')
    const markers = lines.flatMap((line) => /^CPU:\d+ \[LOST (\d+) EVENTS\]$/.exec(line)?.[1] ?? [])
    const read = count('host/small-ext4-trace_pipe-lost.txt', 'ftrace')
    expect(read.reader.events).toBe(lines.length - markers.length - 1)
    expect(read.reader.skipped).toBe(1)
    expect(read.lost.length).toBe(markers.length)
    expect(read.trace.meta.lostEvents).toBe(markers.reduce((sum, lost) => sum + Number(lost), 0))
    expect(read.trace.diagnostics.map(({ code }) => code)).toContain('unfinished-last-line')
  })

  it('the overrun buffer lost what its header says, and trace-cmd what its markers say', () => {
    expect(count('host/small-ext4-overrun.trace.txt', 'ftrace').trace.meta.lostEvents).toBe(217_086 - 2975)
    const report = count('host/small-ext4-overrun.report.txt', 'trace-cmd-report')
    expect(report.lost).toEqual([
      { cpu: 0, count: undefined },
      { cpu: 1, count: 108_756 },
    ])
    expect(report.trace.meta.lostEvents).toBe(108_756)
  })

  it('stack traces belong to the event before and are no events', () => {
    for (const [file, events] of [
      ['host/small-ext4-stacktrace.trace.txt', 1450],
      ['nolockdep/nl-dax-ext4-contention-stacks.trace.txt', 396],
    ] as const) {
      const read = count(file, 'ftrace')
      const withStack = eventsOf(read).filter(({ stack }) => stack !== undefined)
      expect(withStack.length).toBe(events)
      if (file.includes('contention')) {
        expect(new Set(withStack.map(({ name }) => name))).toEqual(new Set(['contention_begin']))
        expect(withStack.every(({ stack }) => stack?.startsWith('trace_event_raw_event_contention_begin\n'))).toBe(true)
      }
    }
  })
})

/** A report's event as tracefs text spells it: system calls lose `enter_` and `exit_`. */
function likeTracefs(name: string): string {
  return name.replace(/^sys_(enter|exit)_/, 'sys_')
}

describeWithCorpus('one buffer printed by two tools', () => {
  const key = (event: TextEvent, name: string) => `${event.ts} ${event.cpu} ${event.pid} ${event.comm} ${name}`

  it.each([
    ['host/small2-ext4.trace.txt', 'host/small2-ext4.report.txt'],
    ['host/small-ext4-overrun.trace.txt', 'host/small-ext4-overrun.report.txt'],
    ['host/tiny-ext4.trace.txt', 'host/tiny-ext4.extract.report.txt'],
  ])('%s and %s have the same events, tasks, CPUs and times', (trace, report) => {
    const a = readText('ftrace', readCorpus(trace))
    const b = readText('trace-cmd-report', readCorpus(report))
    expect(b.trace.meta.startClock).toBe(a.trace.meta.startClock)
    const left = eventsOf(a).map((event) => key(event, event.name))
    const right = eventsOf(b).map((event) => key(event, likeTracefs(event.name)))
    expect(right.sort()).toEqual(left.sort())
  })

  it.each(['-t', '-l', '-lt', '-R', '-w', '-tsdiff'])('report %s has the events of the plain report', (option) => {
    const plain = eventsOf(readText('trace-cmd-report', readCorpus('host/small2-ext4.report.txt')))
    const read = readText('trace-cmd-report', readCorpus(`host/small2-ext4.report${option}.txt`))
    expect(read.reader.skipped).toBe(0)
    const cut = option.startsWith('-l') ? 8 : 16
    const like = (events: readonly TextEvent[]) =>
      events.map((event) => `${event.cpu} ${event.pid} ${event.comm.slice(0, cut)} ${event.name}`)
    const events = eventsOf(read)
    expect(like(events)).toEqual(like(plain))
    // -t and -lt print ns where the others round to us.
    for (let i = 0; i < events.length; i++) expect(Math.abs(events[i].ts - plain[i].ts)).toBeLessThanOrEqual(1000)
    if (!['-R', '-w'].includes(option))
      expect(events.map(({ payload }) => payload)).toEqual(plain.map(({ payload }) => payload))
  })
})

describeWithCorpus('every text trace of the corpus', () => {
  it.each(entries)('$file: fast path, slow path and odd chunks agree', ({ file }) => {
    const bytes = readCorpus(file)
    // The slow ways are slow: the first part shows it, cut at a line.
    const part = bytes.subarray(0, bytes.indexOf(10, 300_000) + 1 || bytes.length)
    const whole = fingerprint(readText(formatOf(file), part))
    expect(fingerprint(readText(formatOf(file), part, { columns: false }))).toBe(whole)
    expect(fingerprint(readText(formatOf(file), part, { chunk: 4099 }))).toBe(whole)
  })

  it.each(entries.filter(({ events }) => events < 20_000))('$file: the naive reader agrees', ({ file }) => {
    const bytes = readCorpus(file)
    const read = readText(formatOf(file), bytes)
    const start = BigInt(read.trace.meta.startClock)
    const expected = naiveEvents(bytes.toString('utf8'), formatOf(file) === 'trace-cmd-report')
    const actual = eventsOf(read).map(({ ts, stack: _, ...rest }) => ({ ...rest, clock: start + BigInt(ts) }))
    expect(actual.length).toBe(expected.length)
    const differs = actual.findIndex(
      (event, i) =>
        JSON.stringify(Object.entries(event).sort(), big) !== JSON.stringify(Object.entries(expected[i]).sort(), big),
    )
    expect(differs === -1 ? undefined : [actual[differs], expected[differs]]).toBeUndefined()
  })
})

function big(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
