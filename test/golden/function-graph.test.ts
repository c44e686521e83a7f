/**
 * function_graph in every layout of the corpus: every line is an event or accounted for, every handle_mm_fault is one
 * operation of exactly the printed length, the touches the workload logged contain them, and trace.dat and the text
 * trace-cmd prints of it are the same events and spans.
 */

import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { eventArgs } from '#shared/formats/event-args.ts'
import { formats, sniff } from '#shared/formats/index.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { assertTrace } from '#shared/model/check.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import { corpusPath, describeWithCorpus, readCorpus } from '../support/corpus.ts'
import { importText, opsOf, phasesOf, type Imported } from '../support/import-text.ts'
import { feed } from '../support/read-text.ts'
import { plainEvents, readDat } from '../support/trace-dat.ts'

const LAYOUTS = ['default', 'deep', 'latfmt', 'abstime-proc-tail', 'with-events']
const TIMED = new Set(['abstime-proc-tail', 'with-events'])

interface Read extends Imported {
  readonly events: number
  readonly others: number
  readonly skipped: number
  readonly lines: number
}

function readGraph(bytes: Uint8Array, chunk = bytes.length): Read {
  const collector = new TraceCollector()
  const recorder = new Recorder(new TraceBuilder(collector, 'test', 'function-graph'))
  const format = formats.get('function-graph')
  if (format.input !== 'stream') throw new Error('function_graph is text')
  const reader = format.reader(recorder) as ReturnType<typeof format.reader> & {
    readonly events: number
    readonly others: number
    readonly skipped: number
  }
  feed(reader, bytes, chunk)
  reader.end()
  recorder.end()
  const trace = collector.trace()
  assertTrace(trace)
  return {
    trace,
    chunks: collector.chunks,
    startNs: Number(trace.meta.startClock),
    events: reader.events,
    others: reader.others,
    skipped: reader.skipped,
    lines: reader.lines ?? 0,
  }
}

function reportOf(path: string): Buffer | undefined {
  try {
    return execFileSync('trace-cmd', ['report', '-t', '-i', path], {
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch {
    return undefined
  }
}

const text = (layout: string) => readCorpus(`dax/fg-dax-ext4-${layout}.trace.txt`)

/** A touch of a mapped page, on an emulated CPU that may be taken away. */
const MOMENT_NS = 100_000

/** ns of a printed length. */
const ns = (printed: string) => Math.round(Number(printed) * 1000)

describeWithCorpus('function_graph text', () => {
  it.each(LAYOUTS)('%s is recognised, and every line of it is an event, a switch block or a header', (layout) => {
    const bytes = text(layout)
    expect(sniff(bytes.subarray(0, 65_536)).id).toBe('function-graph')
    const read = readGraph(bytes)
    const lines = bytes.toString('utf8').split('\n').slice(0, -1)
    // Of a switch block: two rules, the switch, a blank line.
    const events = lines.filter((line) => line !== '' && !/^#|^ -+$|^ *\d+\) .* => /.test(line))
    expect(read.events).toBe(events.length)
    expect([read.skipped, read.events + read.others]).toEqual([0, read.lines])
    expect(read.trace.meta.eventCount).toBe(read.events)
  })

  it.each(LAYOUTS)('%s gives the same events and spans however it is cut', (layout) => {
    const bytes = text(layout).subarray(0, 200_000)
    expect(opsOf(readGraph(bytes, 977).trace)).toEqual(opsOf(readGraph(bytes).trace))
  })

  it.each(['default', 'latfmt', 'abstime-proc-tail', 'with-events'])(
    '%s: every handle_mm_fault is one fault of exactly the length printed',
    (layout) => {
      const lines = text(layout).toString('utf8').split('\n')
      const leaves = lines.flatMap((line) => /([\d.]+) us +\| {2}handle_mm_fault\(\);$/.exec(line)?.[1] ?? [])
      const { trace } = readGraph(text(layout))
      const faults = opsOf(trace).filter(({ kind }) => kind.endsWith('fault') || kind === 'mkwrite')
      const all = lines.filter((line) => /\| {2}handle_mm_fault\(\)/.test(line))
      expect(faults.length).toBe(all.length)
      const lengths = faults.map(({ startNs, endNs }) => endNs - startNs)
      for (const leaf of leaves) {
        const at = lengths.indexOf(ns(leaf))
        expect(at, `a fault of ${leaf} us`).toBeGreaterThanOrEqual(0)
        lengths.splice(at, 1)
      }
    },
  )

  it.each(['abstime-proc-tail', 'with-events'])('%s: the touches the workload logged contain its faults', (layout) => {
    const { trace, startNs } = readGraph(text(layout))
    const faults = opsOf(trace).filter(({ kind }) => kind.endsWith('fault') || kind === 'mkwrite')
    const log = readCorpus(`dax/fg-dax-ext4-${layout}.ops.tsv`).toString('utf8').trimEnd().split('\n').slice(1)
    let touches = 0
    let without = 0
    for (const row of log) {
      const [, tid, op, begin, end, , , result] = row.split('\t')
      if (!/^(rfault|wfault|cowfault)$/.test(op) || result !== '0') continue
      const from = Number(begin) - startNs - 1000
      const to = Number(end) - startNs + 1000
      const inside = faults.filter(({ pid, startNs: at, endNs }) => pid === Number(tid) && at >= from && endNs <= to)
      // Another thread of the same memory may have mapped the page: such a touch is over in a moment.
      if (inside.length === 0 && Number(end) - Number(begin) < MOMENT_NS) continue
      if (inside.length === 0) without++
      else touches++
      expect(inside.every(({ inferred }) => !inferred)).toBe(true)
    }
    // Its CPU was taken away from a touch of a mapped page.
    expect(without).toBeLessThan(touches / 50)
    expect(touches).toBeGreaterThan(40)
  })

  it('without times it says so, and begins are inferred; with times nothing is', () => {
    for (const layout of LAYOUTS) {
      const { trace } = readGraph(text(layout))
      const told = trace.diagnostics.some(({ code }) => code === 'times-inferred')
      expect([layout, told, trace.meta.clock === 'inferred']).toEqual([layout, !TIMED.has(layout), !TIMED.has(layout)])
      expect(opsOf(trace).every(({ inferred }) => inferred === !TIMED.has(layout))).toBe(true)
    }
  })

  it('embedded lock events make waits inside the faults, and full comms where a switch spells them', () => {
    const { trace } = readGraph(text('with-events'))
    expect(trace.tasks.map(({ comm }) => comm)).toEqual(expect.arrayContaining(['punch-hole-0 9', 'cow:priv 0']))
    expect(trace.lockSpan.length).toBeGreaterThan(100)
    const phases = phasesOf(trace)
    expect(phases.some(({ name, op }) => name === 'dax_iomap_pte_fault' && op >= 0)).toBe(true)
  })
})

describeWithCorpus('function_graph from trace.dat', () => {
  const file = 'dax/tc-dax-ext4-fgraph.v7.dat'

  it('is what trace-cmd report prints of it, event by event and span by span', (context) => {
    const report = reportOf(corpusPath(file))
    if (report === undefined) {
      context.skip('trace-cmd is not installed here')
      return
    }
    const binary = readDat(readCorpus(file))
    const printed = importText(report, 'trace-cmd-report')
    const likeReport = (name: string, args: string) =>
      // trace-cmd knows no marks for more than a millisecond, and no names of exits.
      name.startsWith('funcgraph') ? args.replace(/ \/\* .*$/, '').replace(/^[#*@$]/, '#') : ''
    const [a, b] = [binary, printed].map((read) =>
      [...plainEvents(read)].map(({ ts, cpu, pid, name, args }) => [ts, cpu, pid, name, likeReport(name, args)]),
    )
    expect(a.length).toBe(report.toString().trimEnd().split('\n').length - 1)
    expect(a).toEqual(b)
    expect(opsOf(binary.trace)).toEqual(opsOf(printed.trace))
    expect(phasesOf(binary.trace)).toEqual(phasesOf(printed.trace))
  })

  it('has the operations of its workload, none of them inferred', () => {
    const { trace } = readDat(readCorpus(file))
    const ops = opsOf(trace)
    expect(new Set(ops.map(({ kind }) => kind))).toEqual(
      new Set(['fault', 'punch_hole', 'writeback', 'dax_iomap_rw', 'write', 'read']),
    )
    expect(ops.some(({ inferred }) => inferred)).toBe(false)
    expect(trace.diagnostics.filter(({ code }) => code === 'print-format')).toEqual([])
  })
})

describe('one line of function_graph', () => {
  const HEAD = '# tracer: function_graph\n#\n'
  const ops = (...lines: string[]) => {
    const { trace, skipped } = readGraph(Buffer.from(`${HEAD}${lines.join('\n')}\n`))
    return { ops: opsOf(trace), phases: phasesOf(trace), skipped, trace }
  }

  it('an exit that lost its entry is counted, not matched to another call', () => {
    const { ops: found, trace } = ops(
      '  1.000000 |   0)    sh-60     |   5.000 us    |    } /* f */',
      '  1.000010 |   0)    sh-60     |               |  handle_mm_fault() {',
      '  1.000030 |   0)    sh-60     | + 20.125 us   |  } /* handle_mm_fault */',
    )
    expect(found).toEqual([expect.objectContaining({ kind: 'fault', startNs: 10_000, endNs: 30_125 })])
    expect(trace.diagnostics.map(({ code }) => code)).toContain('phase-end-without-begin')
  })

  it('an entry that lost its exit has no end once something outside it happens', () => {
    const { ops: found } = ops(
      '  1.000000 |   0)    sh-60     |               |  handle_mm_fault() {',
      '  1.000010 |   0)    sh-60     |               |    g() {',
      '  1.000020 |   0)    sh-60     |   1.000 us    |  handle_mm_fault();',
    )
    expect(found.map(({ endNs }) => endNs)).toEqual([NaN, 21_000])
  })

  it.each([
    ['a module', ' 0)   1.500 us    |  ext4_map_blocks [ext4]();'],
    ['a return value', ' 0)   1.500 us    |  vfs_read(); /* = 0x10 */'],
    ['arguments', ' 0)   1.500 us    |  vfs_read(file=0xff, buf=0x7f (oh), count=16);'],
    ['no CPU', '   1.500 us    |  down_read();'],
    ['only a call', ' 3) down_read();'],
    ['interrupt marks', ' 0)   ==========> |\n 0)   1.500 us    |  do_softirq();\n 0)   <========== |'],
    ['flags and a task', ' 0)    sh-60     | d.h2. |   1.500 us    |  do_softirq();'],
  ])('with %s it is understood', (_, line) => {
    const { skipped, trace } = ops(line, ' 0)   1.500 us    |  up_read();')
    expect([skipped, trace.meta.eventCount]).toEqual([0, 2])
  })

  it('a comm with a bar in it is one task', () => {
    const { trace } = ops('  1.000000 |   0)   a|b -61    |   1.000 us    |  down_read();')
    expect(trace.tasks.map(({ comm, pid }) => `${comm}-${pid}`)).toEqual(['a|b-61'])
  })

  it('whoever ran before the first switch of a CPU is named by it', () => {
    const { trace, ops: found } = ops(
      ' 0) + 20.000 us   |  handle_mm_fault();',
      ' ------------------------------------------',
      ' 0)     sh-60      =>   flwork-61   ',
      ' ------------------------------------------',
      '',
      ' 0) + 21.000 us   |  handle_mm_fault();',
      ' 1) + 22.000 us   |  handle_mm_fault();',
    )
    expect(found.map(({ pid }) => pid)).toEqual([60, 61, 4_194_305])
    expect(trace.tasks.map(({ comm }) => comm)).toEqual(['sh', 'flwork', '<cpu 1>'])
  })

  it('made-up times keep every order and length that the text tells', () => {
    const { ops: found } = ops(
      ' 0)    a-1    |               |  handle_mm_fault() {',
      ' 1)    b-2    | ! 500.000 us  |  handle_mm_fault();',
      ' 0)    c-3    |   7.000 us    |  handle_mm_fault();',
      ' 1)    b-2    |   1.000 us    |  handle_mm_fault();',
      ' 0)    a-1    | ! 600.000 us  |  }',
    )
    const [a, b, c, d] = [600_000, 500_000, 7000, 1000].map((length) => found.find((op) => op.endNs - op.startNs === length)) // prettier-ignore
    // The last call of CPU 1 begins after the one before it ended, and before the call of CPU 0 around it ends.
    expect((d?.startNs ?? 0) >= (b?.endNs ?? NaN) && (d?.startNs ?? NaN) <= (a?.endNs ?? 0)).toBe(true)
    expect((c?.startNs ?? 0) >= (b?.startNs ?? NaN)).toBe(true)
  })

  it('an entry is moved as late as its exit says', () => {
    const { ops: found } = ops(
      ' 1)    b-2    | ! 500.000 us  |  handle_mm_fault();',
      ' 0)    a-1    |               |  handle_mm_fault() {',
      ' 1)    b-2    |   1.000 us    |  handle_mm_fault();',
      ' 0)    a-1    | + 20.000 us   |  }',
    )
    const inner = found.find(({ pid }) => pid === 1)
    expect([inner?.startNs, inner?.endNs]).toEqual([480_000, 500_000])
  })

  it('text that contradicts itself is read in a moment, with its lengths', () => {
    const lines = Array.from({ length: 2000 }, () => [
      ' 0)    a-1    |               |  handle_mm_fault() {',
      ' 1)    b-2    | ! 500.000 us  |  down_read();',
      ' 1)    b-2    |   1.000 us    |  down_read();',
      ' 0)    a-1    |   2.000 us    |  }',
    ]).flat()
    const { ops: found } = ops(...lines)
    expect(new Set(found.map(({ startNs, endNs }) => endNs - startNs))).toEqual(new Set([2000]))
  })
})

it('the fields of a call are its function, depth, length and mark', () => {
  expect(eventArgs('funcgraph_entry', '+ 24.239 us   |    ext4_map_blocks();')).toEqual({
    func: 'ext4_map_blocks',
    depth: 1,
    duration_ns: 24_239,
    mark: '+',
    leaf: 1,
  })
  expect(eventArgs('funcgraph_exit', '1.500 us    |  }')).toEqual({ depth: 0, duration_ns: 1500 })
  expect(eventArgs('funcgraph_entry', 'func=vfs_read depth=2')).toEqual({ func: 'vfs_read', depth: 2 })
})
