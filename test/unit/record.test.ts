/** A simulated run as a trace: the same rules as for an import, and the raw events alone say what the spans say. */
import { describe, expect, it } from 'vitest'
import { analyses } from '#shared/analysis/index.ts'
import { stream } from '#shared/base/prng.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { assertTrace } from '#shared/model/check.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { SPAN_CONTENDED, SPAN_TRY } from '#shared/model/kinds.ts'
import { SPAN_TABLES, type EventChunk, type Trace } from '#shared/model/trace.ts'
import { Kernel } from '#shared/sim/kernel.ts'
import { MUTEX, RWSEM, SPINLOCK, type SimLock } from '#shared/sim/locks.ts'
import { SimRecorder } from '#shared/sim/record.ts'
import { RunSink } from '#shared/sim/run-sink.ts'
import type { Steps } from '#shared/sim/task.ts'
import { CONTEXT_TASK, Recorder } from '#shared/spans/recorder.ts'
import { decodeUtf8 } from '#shared/base/bytes.ts'

const PHASES = ['user', 'map_blocks', 'zero', 'handle']
const COSTS = {
  lock: 20,
  unlock: 20,
  spinHandoff: 300,
  wake: 4000,
  contextSwitch: 1200,
  quantum: 100_000,
  sharedLine: 0,
}

interface Run {
  readonly trace: Trace
  readonly chunks: readonly EventChunk[]
  readonly kernel: Kernel
  readonly digest: string
}

type Body = (kernel: Kernel, locks: Record<'mutex' | 'rwsem' | 'spin', SimLock>, task: number) => Steps

function run(body: Body, options: { tasks?: number; cpus?: number; steps?: number } = {}): Run {
  const collector = new TraceCollector()
  const recorder = new SimRecorder({ builder: new TraceBuilder(collector, 'run', 'simulation'), phases: PHASES })
  const digest = new RunSink(recorder)
  const kernel = new Kernel({ cpus: options.cpus ?? 3, seed: 1, costs: COSTS, timed: true, sink: digest })
  recorder.attach(kernel)
  digest.attach(kernel, undefined)
  const locks = {
    mutex: kernel.newLock('&ei->truncate_mutex', MUTEX, 12),
    rwsem: kernel.newLock('mapping.rwsem', RWSEM, 12),
    spin: kernel.newLock('ptlock_ptr(page)', SPINLOCK),
  }
  for (let i = 0; i < (options.tasks ?? 6); i++) kernel.spawn(`worker/${i}`, body(kernel, locks, i))
  kernel.runUntil(Infinity, options.steps ?? 3_000)
  recorder.finish({ scenario: 'T', strategy: 'S', seed: '1', cpus: 3, digest: digest.digest }, kernel)
  return { trace: collector.trace(), chunks: collector.chunks, kernel, digest: digest.digest }
}

/** Every kind of lock, contended and not, nested phases, trylocks, sleep inside and outside operations. */
const busy: Body = function* (k, { mutex, rwsem, spin }, task) {
  const random = stream(7, task)
  for (let i = 0; ; i++) {
    if (k.work(0, random.below(2_000))) yield
    if (random.below(9) === 0 && k.sleep(random.below(9_000))) yield
    k.sink.opBegin(k.current, i % 3 === 0 ? 'punch_hole' : 'write_fault', 12, i * 4096, 4096)
    const mode = random.below(4) === 0 ? 'exclusive' : 'shared'
    if (k.lock(rwsem, mode)) yield
    k.enter(1)
    if (random.below(3) === 0 && k.tryLock(mutex, 'exclusive')) {
      if (k.work(2, random.below(3_000))) yield
      k.unlock(mutex)
    }
    if (k.lock(spin, 'exclusive')) yield
    if (k.work(2, random.below(500))) yield
    k.unlock(spin)
    if (random.below(20) === 0 && k.sleep(random.below(50_000))) yield
    k.leave(1)
    k.unlock(rwsem, mode)
    k.sink.opEnd(k.current, random.below(50) === 0 ? -28 : 0)
  }
}

describe('a simulated run', () => {
  const { trace, chunks } = run(busy, { steps: 20_000 })

  it('is a trace that passes every check', () => {
    expect(() => assertTrace(trace)).not.toThrow()
    expect(trace.meta).toMatchObject({
      sourceFormat: 'simulation',
      clock: 'sim',
      scenario: 'T',
      strategy: 'S',
      seed: '1',
    })
    expect(trace.op.length).toBeGreaterThan(500)
    expect(trace.waitEdge.length).toBeGreaterThan(100)
    expect(trace.diagnostics.filter(({ code }) => code !== 'open-at-end' && !code.startsWith('unfinished'))).toEqual([])
  })

  it.each(analyses.items.map(({ id }) => [id]))('%s works on it', (id) => {
    const analysis = analyses.get(id)
    const result = analysis.run(trace, analysis.params.parse({}))
    expect(JSON.stringify(result).length).toBeGreaterThan(100)
  })

  it('spans built from its raw events alone are the same', () => {
    const again = replay(trace, chunks)
    for (const table of SPAN_TABLES) {
      expect(again[table].length).toBe(trace[table].length)
      for (const [name, column] of Object.entries(again[table].cols)) {
        const original = (trace[table].cols as Record<string, ArrayLike<number>>)[name]
        expect([...column], `${table}.${name}`).toEqual(Array.from(original))
      }
    }
    expect(again.opKinds).toEqual(trace.opKinds)
    expect(again.phaseNames).toEqual(trace.phaseNames)
    expect(again.lockClasses).toEqual(trace.lockClasses)
  })

  it('prints lock and scheduler events as ftrace does', () => {
    const texts = new Set(eventTexts(trace, chunks).map((text) => text.replace(/\d+/g, '#')))
    expect([...texts].filter((text) => /^(lock_|sched_)/.test(text)).sort()).toMatchSnapshot()
  })
})

/** The run's raw events through the door of every importer. */
function replay(trace: Trace, chunks: readonly EventChunk[]): Trace {
  const collector = new TraceCollector()
  const builder = new TraceBuilder(collector, 'again', 'ftrace')
  const recorder = new Recorder(builder)
  recorder.spans.state.showsWaits()
  trace.tasks.forEach(({ pid, comm }, task) => builder.nameTask(builder.task(pid, cpuOf(task, chunks)), comm))
  for (const { length, ts, cpu, task, name, args, argsEnd } of chunks) {
    for (let i = 0; i < length; i++) {
      const text = new TextEncoder().encode(trace.eventNames[name[i]])
      const id = builder.eventNames.intern(text, 0, text.length)
      recorder.event(ts[i], cpu[i], task[i], CONTEXT_TASK, id, args, i === 0 ? 0 : argsEnd[i - 1], argsEnd[i])
    }
  }
  recorder.end()
  return collector.trace()
}

/** Where a task's first event was: idle tasks are told apart by their CPU. */
function cpuOf(task: number, chunks: readonly EventChunk[]): number {
  for (const chunk of chunks) {
    const at = chunk.task.indexOf(task)
    if (at >= 0) return chunk.cpu[at]
  }
  return -1
}

function eventTexts(trace: Trace, chunks: readonly EventChunk[]): string[] {
  return chunks.flatMap(({ length, name, args, argsEnd }) =>
    Array.from(
      { length },
      (_, i) => `${trace.eventNames[name[i]]}: ${decodeUtf8(args, i === 0 ? 0 : argsEnd[i - 1], argsEnd[i])}`,
    ),
  )
}

describe('waiting', () => {
  it('in a simulated mutex is what a queue of one server says', () => {
    const { trace } = run(
      function* (k, { mutex }) {
        k.sink.opBegin(k.current, 'fsync', 12, 0, 0)
        if (k.lock(mutex, 'exclusive')) yield
        if (k.work(1, 10_000)) yield
        k.unlock(mutex)
        k.sink.opEnd(k.current, 0)
      },
      { tasks: 4, cpus: 4, steps: Infinity },
    )
    const { requestedNs, acquiredNs, flags } = trace.lockSpan.cols
    const waits = Array.from({ length: 4 }, (_, i) => acquiredNs[i] - requestedNs[i]).sort((a, b) => a - b)
    // Work plus the lock's own 20 ns, and 300 ns for each hand-over to a spinning waiter.
    expect(waits).toEqual([0, 10_020, 20_340, 30_660])
    expect(Array.from(flags.slice(0, 4)).filter((flag) => (flag & SPAN_CONTENDED) !== 0)).toHaveLength(3)
    expect([...trace.op.cols.waitNs.slice(0, 4)].sort((a, b) => a - b)).toEqual(waits)
  })

  it('never happens in a trylock: one that fails leaves no span', () => {
    const { trace } = run(
      function* (k, { mutex }, task) {
        if (task === 0) {
          if (k.lock(mutex, 'exclusive')) yield
          if (k.work(1, 50_000)) yield
          k.unlock(mutex)
          return
        }
        if (k.work(0, 100)) yield
        expect(k.tryLock(mutex, 'exclusive')).toBe(false)
        if (k.work(0, 60_000)) yield
        expect(k.tryLock(mutex, 'exclusive')).toBe(true)
        k.unlock(mutex)
      },
      { tasks: 2, steps: Infinity },
    )
    expect(trace.lockSpan.length).toBe(2)
    expect(
      Array.from(trace.lockSpan.cols.flags.slice(0, 2))
        .map((flag) => flag & SPAN_TRY)
        .sort(),
    ).toEqual([0, SPAN_TRY])
  })
})

describe('what was found violated', () => {
  const { trace, chunks } = run(
    function* (k, _, task) {
      if (k.work(0, 1_000 + task)) yield
      k.report('V3', () => ({ message: 'a block beyond the end of file', objects: [] }))
    },
    { tasks: 3, cpus: 3, steps: Infinity },
  )

  it('is an error diagnostic that says when, counted per invariant', () => {
    expect(trace.diagnostics).toContainEqual({
      severity: 'error',
      code: 'V3',
      message: expect.stringMatching(/^at \d+ ns: worker\/0: a block beyond the end of file$/) as string,
      firstLine: undefined,
      count: 3,
    })
  })

  it('names the task once, where its sentence begins with it', () => {
    const told = run(function* (k, _, task) {
      if (k.work(0, 1_000 + task)) yield
      k.report('V18', () => ({ message: `${k.current.comm} faults again and again`, objects: [] }))
    })
    const message = told.trace.diagnostics.find(({ code }) => code === 'V18')?.message
    expect(message).toMatch(/^at \d+ ns: worker\/0 faults again and again$/)
  })

  it('is an event of the task at the time it showed', () => {
    const at = chunks.flatMap((chunk) =>
      [...chunk.name].flatMap((name, i) => (trace.eventNames[name] === 'invariant_violated' ? [chunk.ts[i]] : [])),
    )
    expect(at).toHaveLength(3)
    expect(trace.diagnostics.find(({ code }) => code === 'V3')?.message).toContain(`at ${at[0]} ns`)
  })
})

describe('the digest', () => {
  it('is the same for the same run and another for another', () => {
    const digest = run(busy).digest
    expect(run(busy).digest).toBe(digest)
    expect(digest).toMatch(/^[0-9a-f]{16}$/)
    expect(run(busy, { cpus: 4 }).digest).not.toBe(digest)
    expect(run(busy, { steps: 3_001 }).digest).not.toBe(digest)
  })
})
