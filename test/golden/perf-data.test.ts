/** perf.data against what `perf script --ns` printed of the same file, and its call chains against a trace of waits. */

import { expect, it } from 'vitest'
import { ApiError } from '#shared/base/errors.ts'
import { isSkip } from '#shared/model/diagnostics.ts'
import { perfData } from '#shared/formats/perf-data/perf-data.ts'
import { PerfScriptReader } from '#shared/formats/perf-script.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { assertTrace } from '#shared/model/check.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import { describeWithCorpus, readCorpus } from '../support/corpus.ts'
import { plainEvents, randomFile, type ReadDat } from '../support/trace-dat.ts'

function record(format: string, read: (recorder: Recorder) => void): ReadDat {
  const collector = new TraceCollector()
  const recorder = new Recorder(new TraceBuilder(collector, 'test', format))
  read(recorder)
  recorder.end()
  const trace = collector.trace()
  assertTrace(trace)
  return { trace, chunks: collector.chunks }
}

function readData(bytes: Uint8Array): ReadDat {
  return record('perf-data', (recorder) => {
    const reader = perfData.open(randomFile(bytes), recorder)
    while (reader.step());
    reader.end()
  })
}

function readScript(bytes: Uint8Array): ReadDat {
  return record('perf-script', (recorder) => {
    const reader = new PerfScriptReader(recorder)
    reader.push(bytes)
    reader.end()
  })
}

/** A perf.data has no kernel symbols; perf's own plugins print these for people, not as the kernel does. */
const PLUGIN = /^(sched:sched_(switch|wakeup|waking|wakeup_new)|kmem:|timer:hrtimer)/
const plain = (name: string, args: string): string =>
  PLUGIN.test(name)
    ? name
    : `${name} ${args
        .replaceAll(/(ip=|caller )\S+/g, '$1FUNCTION')
        .replaceAll(/\b0x0*([0-9a-f]+)/g, '$1')
        .replaceAll(/\/0x[0-9a-f]+/g, '')
        .trim()}`

describeWithCorpus('perf.data', () => {
  it('is what perf script prints of it, to the nanosecond', () => {
    const binary = readData(readCorpus('host/small-ext4.perf.data'))
    const text = readScript(readCorpus('host/small-ext4.perf-script-ns.txt'))
    const [a, b] = [binary, text].map((read) => [...plainEvents(read)])
    expect(a.length).toBe(6981)
    const differing = a.flatMap((event, i) => {
      const other = b[i]
      const same =
        event.ts === other.ts &&
        event.cpu === other.cpu &&
        event.pid === other.pid &&
        event.comm === other.comm &&
        plain(event.name, event.args) === plain(other.name, other.args)
      return same ? [] : [[event, other]]
    })
    expect(differing.slice(0, 4)).toEqual([])
    expect(binary.trace.diagnostics.filter(isSkip)).toEqual([])
    expect(binary.trace.meta).toMatchObject({ kernel: '6.18.44-fc-v669', cpus: 2, lostEvents: 0 })
    for (const table of ['op', 'lockSpan', 'phase'] as const) {
      expect([table, binary.trace[table].length]).toEqual([table, text.trace[table].length])
    }
  })

  it('keeps the call chains of lock waits', () => {
    const { trace, chunks } = readData(readCorpus('host/ext4.perf-lock.data'))
    expect(trace.meta.eventCount).toBe(3615)
    const chained = [...plainEvents({ trace, chunks })].filter(({ stack }) => stack !== undefined)
    expect(chained.length).toBe(
      [...plainEvents(readScript(readCorpus('host/ext4.perf-lock.perf-script.txt')))].filter(
        ({ stack }) => stack !== undefined,
      ).length,
    )
  })

  it('that was cut or damaged costs a sentence', () => {
    const whole = readCorpus('host/small-ext4.perf.data')
    for (let length = 16; length < whole.length; length += length < 400 ? 40 : 99_730)
      survives(whole.subarray(0, length))
    for (let at = 8; at < whole.length; at += at < 300 ? 7 : 29_119) {
      const bytes = Buffer.from(whole)
      bytes[at] ^= 0xff
      survives(bytes)
    }
  })
})

function survives(bytes: Uint8Array): void {
  try {
    readData(bytes)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    expect(error.code).toMatch(/bad-input|limit/)
  }
}
