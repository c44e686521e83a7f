/** Several traces on one axis are one trace: their events in order of time, whoever recorded them. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { importTrace } from '#electron/engine/import.ts'
import { openFile } from '#electron/store/open.ts'
import { loadTrace } from '#electron/store/load.ts'
import { ApiError } from '#shared/base/errors.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { assertTrace } from '#shared/model/check.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { JoinedTraces, type Alignment } from '#shared/formats/joined.ts'
import { ftraceReader } from '#shared/formats/ftrace-text.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import { at } from '../support/import-text.ts'
import { readFixture } from '../support/corpus.ts'
import { tempFolder } from '../support/store.ts'
import { differences, eventWords, readBytes, spanWords, type Whole } from '../support/round-trip.ts'

const text = (lines: readonly string[]) => Buffer.from(`# tracer: nop\n#\n${lines.join('\n')}\n`)

function joined(
  parts: readonly (readonly [bytes: Uint8Array, offsetNs?: number])[],
  align: Alignment = 'clock',
): Whole {
  const collector = new TraceCollector()
  const recorder = new Recorder(new TraceBuilder(collector, 'joined', 'ftrace'))
  const traces = new JoinedTraces(recorder, align)
  for (const [bytes, offsetNs = 0] of parts) {
    const reader = ftraceReader(traces.begin())
    reader.push(bytes)
    reader.end()
    traces.place('part', offsetNs)
  }
  while (traces.pass(100));
  traces.end()
  recorder.end()
  const trace = collector.trace()
  assertTrace(trace)
  return { trace, chunks: collector.chunks }
}

const WAITER = [
  at(10, 2, 'lock_acquire: 0xffff8880 &ei->i_mmap_sem'),
  at(11, 2, 'lock_contended: 0xffff8880 &ei->i_mmap_sem'),
  at(30, 2, 'lock_acquired: 0xffff8880 &ei->i_mmap_sem'),
  at(40, 2, 'lock_release: 0xffff8880 &ei->i_mmap_sem'),
]
const HOLDER = [
  at(5, 1, 'lock_acquire: 0xffff8880 &ei->i_mmap_sem', { cpu: 1 }),
  at(6, 1, 'lock_acquired: 0xffff8880 &ei->i_mmap_sem', { cpu: 1 }),
  at(29, 1, 'lock_release: 0xffff8880 &ei->i_mmap_sem', { cpu: 1 }),
]

describe('traces on one axis', () => {
  it('lost as many events as all of them, or nobody knows how many', () => {
    const known = readFixture('ftrace/overrun.txt')
    const unknown = text([...WAITER, 'CPU:0 [LOST EVENTS]', at(50, 2, 'lock_acquire: 0xffff8880 &ei->i_mmap_sem')])
    const lost = (...parts: readonly Uint8Array[]) => joined(parts.map((bytes) => [bytes])).trace.meta.lostEvents
    expect(lost(known)).toBeGreaterThan(0)
    expect(lost(known, known)).toBe(2 * (lost(known) ?? NaN))
    expect([lost(unknown), lost(known, unknown), lost(unknown, known)]).toEqual([undefined, undefined, undefined])
  })

  it('of one clock are what one recording would have been, spans and wait edges too', () => {
    const inOrder = [...HOLDER.slice(0, 2), ...WAITER.slice(0, 2), HOLDER[2], ...WAITER.slice(2)]
    const whole = readBytes('ftrace', text(inOrder))
    expect(spanWords(whole).waitEdge).toHaveLength(1)
    expect(differences(whole, joined([[text(WAITER)], [text(HOLDER)]]))).toEqual([])
    expect(differences(whole, joined([[text(HOLDER)], [text(WAITER)]]))).toEqual([])
  })

  it('a real trace split by CPU comes back as it was', () => {
    const bytes = readFixture('ftrace/dax-xfs.txt')
    const whole = readBytes('ftrace', bytes)
    const lines = bytes.toString('utf8').split('\n')
    const of = (cpu: string) => text(lines.filter((line) => !line.startsWith('#') && line.includes(`[${cpu}]`)))
    const back = joined([[of('000')], [of('001')]])
    expect(back.trace.meta.eventCount).toBe(whole.trace.meta.eventCount)
    expect(back.trace.meta.startClock).toBe(whole.trace.meta.startClock)
    expect(back.trace.op.length).toBe(whole.trace.op.length)
    expect([...eventWords(back)].sort()).toEqual([...eventWords(whole)].sort())
  })

  it('an offset moves a trace, also in front of the first', () => {
    const whole = joined([[text(WAITER)], [text(HOLDER), -20_000]])
    expect(whole.trace.meta.startClock).toBe(String(100_000_005_000 - 20_000))
    expect(eventWords(whole)[0]).toMatch(/^0 1 1 /)
  })

  it('of clocks that have nothing to do with each other are refused, or begin together', () => {
    const later = text([
      '  late-7 [000] .....  9000000.000000: tick: x',
      '  late-7 [000] .....  9000000.000009: tick: y',
    ])
    expect(() => joined([[text(WAITER)], [later]])).toThrow(/--align start|by their clocks/)
    const whole = joined([[text(WAITER)], [later]], 'start')
    expect(whole.trace.meta.durationNs).toBe(30_000)
  })

  it('that count in other units are refused', () => {
    const ticks = text(['  a-7 [000] .....  123456789: tick: x'])
    expect(() => joined([[text(WAITER)], [ticks]])).toThrow(ApiError)
  })

  it('are imported into one file, each by its own format', async () => {
    const folder = tempFolder()
    const [a, b, out] = ['a.txt', 'b.json', 'out.faultline'].map((name) => join(folder, name))
    writeFileSync(a, text(WAITER))
    writeFileSync(b, JSON.stringify([{ ph: 'X', name: 'frame', ts: 100_000_020, dur: 5, pid: 9, tid: 9 }]))
    const more = [{ source: b, name: 'b.json', offsetNs: 1000 }]
    const summary = await importTrace({ source: a, name: 'a.txt', out, joining: { more, align: 'clock' } })
    expect(summary.events).toBe(5)
    const db = openFile(out)
    const trace = loadTrace(db, 1)
    const frame = trace.opKinds.indexOf('frame')
    expect(trace.op.cols.startNs[trace.op.cols.kind.indexOf(frame)]).toBe(11_000)
    db.close()
    await expect(
      importTrace({
        source: a,
        name: 'a.txt',
        out: join(folder, 'c'),
        joining: { more: [{ source: join(folder, 'no'), name: 'no', offsetNs: 0 }], align: 'clock' },
      }),
    ).rejects.toThrow(/no/)
  })
})
