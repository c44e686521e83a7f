/**
 * perf script text in every layout of the corpus: counts of the inventory, one trace whatever the layout, and call chains
 * that name locks. Chunks of any size give the same events.
 */

import { describe, expect, it } from 'vitest'
import { isSkip } from '#shared/model/diagnostics.ts'
import { sniff } from '#shared/formats/index.ts'
import { PerfScriptReader } from '#shared/formats/perf-script.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { assertTrace } from '#shared/model/check.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import { describeWithCorpus, inventory, readCorpus } from '../support/corpus.ts'
import { plainEvents, type ReadDat } from '../support/trace-dat.ts'

function read(bytes: Uint8Array, chunk = bytes.length): ReadDat {
  const collector = new TraceCollector()
  const recorder = new Recorder(new TraceBuilder(collector, 'test', 'perf-script'))
  const reader = new PerfScriptReader(recorder)
  for (let at = 0; at < bytes.length; at += chunk) reader.push(bytes.subarray(at, at + chunk))
  reader.end()
  recorder.end()
  const trace = collector.trace()
  assertTrace(trace)
  return { trace, chunks: collector.chunks }
}

function countsOf({ trace }: ReadDat): Record<string, number> {
  return Object.fromEntries(trace.eventNames.map((name, id) => [name, trace.eventCounts[id]]))
}

interface Expected {
  readonly file: string
  readonly events: number
  readonly event_counts: Readonly<Record<string, number>>
}

const files = (inventory() as unknown as readonly Expected[]).filter(({ file }) => file.includes('perf-script'))

describeWithCorpus('perf script text', () => {
  it.each(files)('$file has the events of the inventory', ({ file, events, event_counts }) => {
    const bytes = readCorpus(file.replace(/\.zst$/, ''))
    expect(sniff(bytes.subarray(0, 65_536)).id).toBe('perf-script')
    const got = read(bytes)
    expect(got.trace.meta.eventCount).toBe(events)
    expect(countsOf(got)).toEqual(event_counts)
    expect(got.trace.diagnostics.filter(isSkip)).toEqual([])
  })

  it('gives one trace in every layout of one recording', () => {
    const base = [...plainEvents(read(readCorpus('host/small-ext4.perf-script.txt')))]
    for (const layout of ['Ftid', 'header', 'meta', 'reltime', 'Fnocpu', 'ns', 'deltatime']) {
      const other = [...plainEvents(read(readCorpus(`host/small-ext4.perf-script-${layout}.txt`)))]
      expect(other.length).toBe(base.length)
      const worst = base.reduce((most, event, i) => Math.max(most, Math.abs(event.ts - other[i].ts)), 0)
      // Differences were cut to µs one by one: 6981 of them.
      expect(worst).toBeLessThanOrEqual(layout === 'deltatime' ? 6_981_000 : 1000)
      base.forEach(({ pid, comm, name, args, cpu }, i) => {
        const same = { pid, comm, name, args, cpu: layout === 'Fnocpu' ? -1 : cpu }
        expect(other[i]).toMatchObject(same)
      })
    }
  })

  it('does not depend on where the bytes were cut', () => {
    const bytes = readCorpus('host/tiny-ext4-callgraph.perf-script.txt')
    const whole = [...plainEvents(read(bytes))]
    for (const chunk of [1, 7, 1000, 65_536]) expect([...plainEvents(read(bytes, chunk))]).toEqual(whole)
  })

  it('keeps call chains and names locks by them', () => {
    const { trace, chunks } = read(readCorpus('host/tiny-ext4-callgraph.perf-script.txt'))
    const [first] = plainEvents({ trace, chunks })
    expect(first.stack?.split('\n').slice(0, 2)).toEqual(['exc_page_fault+0x2f0', 'asm_exc_page_fault+0x22'])
    const names = new Set(
      [...trace.lockSpan.cols.lock].map((lock) => trace.lockClasses[trace.locks[lock].lockClass].name),
    )
    expect([...names]).toContain('mapping.invalidate_lock')
  })
})

describe('perf script lines', () => {
  const events = (text: string): object[] =>
    [...plainEvents(read(Buffer.from(text)))].map(({ ts, cpu, pid, comm, name, args }) => ({
      ts,
      cpu,
      pid,
      comm,
      name,
      args,
    }))

  it('are read from both ends, whatever the name of the task', () => {
    const comms = ['a b', 'x 1 [000] 2', '[1]', 'c:0', 'e 1.5: f', ': 12', '-1 0.1234567:']
    const text = comms.map(
      (comm, i) => `${comm.padStart(16)} ${i + 1} [001] 7.00000${i}: lock:contention_end: 0x1 (ret=0)\n`,
    )
    expect(events(text.join(''))).toEqual(
      comms.map((comm, i) => ({
        ts: i * 1000,
        cpu: 1,
        pid: i + 1,
        comm,
        name: 'lock:contention_end',
        args: '0x1 (ret=0)',
      })),
    )
  })

  it('whose times are told from differences by the same first bytes, however they are cut', () => {
    const line = (time: string) => `app 1 [000] ${time}: lock:contention_end: 0x1 (ret=0)\n`
    // A line too long to be one, then times that go back, behind the bytes that are looked at.
    const text = Buffer.from(
      `${line('0.000000')}${'x'.repeat(1_100_000)}\n${line('0.000005').repeat(3)}${line('0.000001')}`,
    )
    const times = (chunk: number) => [...plainEvents(read(text, chunk))].map(({ ts }) => ts)
    for (const chunk of [4096, 65_888, 500_000]) expect(times(chunk)).toEqual(times(text.length))
  })

  it('with unknown tasks, lost events and periods', () => {
    const text = [
      '              :5     5 [000]     1.000000: sched:sched_waking: comm=a pid=6 prio=120 target_cpu=000',
      'perf 9 [002] 1.000001: PERF_RECORD_LOST lost 122',
      '  swapper     0 [003]     1.000002:          1 sched:sched_stat_runtime: x',
      '',
    ].join('\n')
    const got = read(Buffer.from(text))
    expect(got.trace.meta.lostEvents).toBe(122)
    expect([...plainEvents(got)].map(({ pid, comm, name, cpu }) => ({ pid, comm, name, cpu }))).toEqual([
      { pid: 5, comm: '<...>', name: 'sched:sched_waking', cpu: 0 },
      { pid: 0, comm: '<idle>', name: 'sched:sched_stat_runtime', cpu: 3 },
    ])
  })

  it('with the mode each sample was taken in, and marks of the recorder', () => {
    const text = [
      'PERF_RECORD_FINISHED_ROUND',
      '            perf 11870 [000] U     29756.027944:                      syscalls:sys_enter_ioctl: fd: 0x00000378',
      '           a KUH 11871 [001] KSp   29756.027945: lock:contention_end: 0x1 (ret=0)',
      '           b U 4 11872/11873 HGM   29756.027946: lock:contention_end: 0x1 (ret=0)',
      '',
    ].join('\n')
    const got = read(Buffer.from(text))
    expect(got.trace.diagnostics.filter(isSkip)).toEqual([])
    expect([...plainEvents(got)].map(({ pid, comm, cpu }) => ({ pid, comm, cpu }))).toEqual([
      { pid: 11870, comm: 'perf', cpu: 0 },
      { pid: 11871, comm: 'a KUH', cpu: 1 },
      { pid: 11873, comm: 'b U 4', cpu: -1 },
    ])
  })

  it('of events that are no tracepoints, with their call chains', () => {
    const text = [
      'app   7 49822.647934:          1        page-faults: ',
      '\tffffffff817554ea elf_load+0x28a ([kernel.kallsyms])',
      '',
      'app   7 [001] 49822.647935:     250000        cpu-clock:pppH: ',
      '\tffffffff81755b8a load_elf_binary+0x66a ([kernel.kallsyms])',
      '\t    7f17486f2ad7 [unknown] ([unknown])',
      '',
      'app   7 [001] 49822.647936:          1 cycles:P:  ffffffff821f49f9 clear_page_erms+0x9 ([kernel.kallsyms])',
      'app   7 [001] 49822.647937: sched:sched_stat_runtime: x',
      '',
    ].join('\n')
    expect(sniff(Buffer.from(text)).id).toBe('perf-script')
    const got = read(Buffer.from(text))
    expect(got.trace.diagnostics.filter(isSkip)).toEqual([])
    expect([...plainEvents(got)].map(({ ts, cpu, name, args, stack }) => [ts, cpu, name, args, stack])).toEqual([
      [0, -1, 'page-faults', '', 'elf_load+0x28a'],
      [1000, 1, 'cpu-clock:pppH', '', 'load_elf_binary+0x66a\n7f17486f2ad7'],
      [2000, 1, 'cycles:P', 'ffffffff821f49f9 clear_page_erms+0x9 ([kernel.kallsyms])', undefined],
      [3000, 1, 'sched:sched_stat_runtime', 'x', undefined],
    ])
  })

  it('of a task that goes back to an earlier name, which is its last', () => {
    const line = (comm: string, us: number) => `${comm} 7 [000] 1.00000${us}: lock:contention_end: 0x1 (ret=0)\n`
    const text = `${line('worker', 0)}${line('sh', 1)}${line('worker', 2)}${line(':7', 3)}`
    expect(read(Buffer.from(text)).trace.tasks.map(({ comm }) => comm)).toEqual(['worker'])
    expect(read(Buffer.from(`${text}${line('sh', 4)}`)).trace.tasks.map(({ comm }) => comm)).toEqual(['sh'])
  })

  it('of tasks whose names begin with #, beside headers', () => {
    const line = (comm: string, us: number) => `${comm} 7 [000] 1.00000${us}: lock:contention_end: 0x1 (ret=0)\n`
    const text = `# ========\n# os release : 6.1\n#\n${line('#w', 0)}${line('#', 1)}${line('# x', 2)}`
    expect(sniff(Buffer.from(text)).id).toBe('perf-script')
    const got = read(Buffer.from(text))
    expect(got.trace.meta).toMatchObject({ eventCount: 3, kernel: '6.1' })
    expect(got.trace.diagnostics.filter(isSkip)).toEqual([])
  })

  it('of which nothing is an event are refused', () => {
    expect(() => read(Buffer.from('one\ntwo\n'))).toThrow(/no perf script text: 2 of the 2 lines/)
  })
})
