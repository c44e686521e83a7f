/** perf.data against what `perf script --ns` printed of the same file, and its call chains against a trace of waits. */

import { expect, it } from 'vitest'
import { ApiError } from '#shared/base/errors.ts'
import type { FormatHost } from '#shared/formats/format.ts'
import { perfData } from '#shared/formats/perf-data/perf-data.ts'
import { PerfScriptReader } from '#shared/formats/perf-script.ts'
import { isSkip, SYMBOLS_FROM } from '#shared/model/diagnostics.ts'
import { callerOf } from '#shared/model/call-site.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { assertTrace } from '#shared/model/check.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import { describeWithCorpus, readCorpus } from '../support/corpus.ts'
import { spanDifferences } from '../support/round-trip.ts'
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

function readData(bytes: Uint8Array, host?: FormatHost): ReadDat {
  return record('perf-data', (recorder) => {
    const reader = perfData.open(randomFile(bytes), recorder, host)
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
    expect(spanDifferences(binary, text, { slack: 0, named: false })).toEqual([])
  })

  it.each(['host/ext4.perf-lock', 'nolockdep/nl-perf-lock-dax-ext4'])('%s has the spans of its text', (name) => {
    const binary = readData(readCorpus(`${name}.data`))
    const text = readScript(readCorpus(`${name}.perf-script.txt`))
    expect(binary.trace.lockSpan.length).toBeGreaterThan(300)
    // perf cuts to microseconds where it is not asked for ns.
    expect(spanDifferences(binary, text, { slack: 1000, named: false })).toEqual([])
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

  it.each([0, 0x3000000, -0x1000])('names functions by a kallsyms of a kernel loaded %i bytes lower', (lower) => {
    const printed = readCorpus('host/ext4.perf-lock.perf-script.txt')
    const asked: (string | undefined)[] = []
    const host: FormatHost = {
      kernelSymbols(buildId) {
        asked.push(buildId)
        return { kallsyms: kallsymsOf(printed.toString('latin1'), lower), from: 'a copy' }
      },
    }
    const text = readScript(printed)
    const binary = readData(readCorpus('host/ext4.perf-lock.data'), host)
    expect(asked).toEqual(['4a5a9b0affb66c437abcd455d2738af879985fa9'])
    expect(sites(binary)).toEqual(sites(text))
    expect(new Set(sites(binary).map(({ site }) => site)).size).toBeGreaterThan(20)
    const functions = (read: ReadDat) =>
      [...plainEvents(read)].map(({ stack }) => stack?.split('\n').filter((frame) => KERNEL.test(frame)))
    expect(functions(binary)).toEqual(functions(text))
    const said = binary.trace.diagnostics.find(({ code }) => code === SYMBOLS_FROM)?.message
    expect(said).toContain(lower === 0 ? 'named by a copy' : 'which was loaded elsewhere')
  })

  it('says that functions are addresses, and that a kallsyms is of another kernel', () => {
    const bytes = readCorpus('host/ext4.perf-lock.data')
    const messages = ({ trace }: ReadDat) => trace.diagnostics.map(({ message }) => message).join('\n')
    expect(messages(readData(bytes))).toMatch(/functions are addresses \(before that machine reboots: sudo cat/)
    const given = (lines: string): FormatHost => ({
      kernelSymbols: () => ({ kallsyms: Buffer.from(lines), from: 'other.txt' }),
    })
    expect(messages(readData(bytes, given('ffffffff81000010 T start_kernel\n')))).toContain(
      'other.txt is of another kernel than this recording',
    )
    expect(messages(readData(bytes, given('0000000000000000 T _text\n')))).toContain('other.txt has no addresses')
  })

  it('names frames of user space by their file', () => {
    const stacks = [...plainEvents(readData(readCorpus('host/ext4.perf-lock.data')))].map(({ stack }) => stack ?? '')
    // perf script prints fallocate64+0x57 (…/flwork) for 4a467: the offset in the file, as objdump has it.
    expect(stacks.some((stack) => stack.endsWith('flwork+0x4a467'))).toBe(true)
  })

  it('with a record of no length gives what came before it', () => {
    const bytes = Buffer.from(readCorpus('host/small-ext4.perf.data'))
    bytes.fill(0, 491_520, 507_904)
    const { trace } = readData(bytes)
    expect(trace.meta.eventCount).toBe(4383)
    expect(trace.diagnostics.filter(isSkip).map(({ message }) => message)).toEqual([
      'read 4383 events up to byte 491568, then: a record of 0 bytes at byte 491568',
    ])
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

/** Not the workload's own: perf printed names for those, which a perf.data does not have. */
const KERNEL = /^(ext4|vfs|do_sys|__x64_sys|rwsem|down|up|filemap|page_cache|jbd2|mutex|ksys)_?\w*\+0x/

interface Site {
  readonly site: string | undefined
  readonly lock: string
  readonly mode: number
}

/** Call site, name and mode of every wait. */
function sites({ trace }: ReadDat): Site[] {
  const stacks = trace.extras?.spanStacks
  if (stacks === undefined) return []
  return [...stacks.span].map((span, i) => ({
    site: callerOf(trace.stacks[stacks.stack[i]]),
    lock: trace.lockClasses[trace.locks[trace.lockSpan.cols.lock[span]].lockClass].name,
    mode: trace.lockSpan.cols.mode[span],
  }))
}

/** What `/proc/kallsyms` must have been for perf to print this, for a kernel loaded so much lower. */
function kallsymsOf(printed: string, lower: number): Buffer {
  const found = new Map<bigint, string>([[0xffffffff81000000n, '_text']])
  for (const [, address, name, offset] of printed.matchAll(
    /^\s+(ffffffff[0-9a-f]{8}) (\S+?)\+0x([0-9a-f]+) \(\[kernel/gm,
  ))
    found.set(BigInt(`0x${address}`) - BigInt(`0x${offset}`), name)
  const ordered = [...found, [0xffffffffc0000000n, 'behind'] as const].sort(([a], [b]) => (a < b ? -1 : 1))
  return Buffer.from(ordered.map(([at, name]) => `${(at - BigInt(lower)).toString(16)} T ${name}\n`).join(''))
}

function survives(bytes: Uint8Array): void {
  try {
    readData(bytes)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    expect(error.code).toMatch(/bad-input|limit/)
  }
}
