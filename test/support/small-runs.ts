/** Runs of a tiny model on the simulated kernel: what a comparison is made of, without the big one. */
import { stream } from '#shared/base/prng.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import type { Trace } from '#shared/model/trace.ts'
import type { CompareResult, ComparedStrategy } from '#shared/contract/simulation.ts'
import { Kernel } from '#shared/sim/kernel.ts'
import { MUTEX } from '#shared/sim/locks.ts'
import { SimRecorder } from '#shared/sim/record.ts'
import type { Steps } from '#shared/sim/task.ts'
import { figuresOf } from '#shared/whatif/figures.ts'
import { measured, type Run } from '#shared/whatif/side-by-side.ts'

const COSTS = {
  lock: 20,
  unlock: 20,
  spinHandoff: 300,
  wake: 4000,
  contextSwitch: 1200,
  quantum: 3_000_000,
  sharedLine: 0,
}

/** Eight tasks that work outside a lock and `heldNs` inside, for 2 ms. */
export function smallTrace(seed: number, heldNs: number): Trace {
  const collector = new TraceCollector()
  const recorder = new SimRecorder({
    builder: new TraceBuilder(collector, 'run', 'simulation'),
    phases: ['user', 'zero'],
  })
  const kernel = new Kernel({ cpus: 8, seed, costs: COSTS, timed: true, sink: recorder })
  recorder.attach(kernel)
  const lock = kernel.newLock('&mapping->i_mmap_mutex', MUTEX, 12)
  function* body(task: number): Steps {
    const random = stream(seed, task)
    for (;;) {
      if (kernel.work(0, 1_000 + random.below(1_000))) yield
      kernel.sink.opBegin(kernel.current, 'write_fault', 12, 0, 4096)
      if (kernel.lock(lock, 'exclusive')) yield
      if (kernel.work(1, heldNs + random.below(200))) yield
      kernel.unlock(lock)
      kernel.sink.opEnd(kernel.current, 0)
    }
  }
  for (let i = 0; i < 8; i++) kernel.spawn(`w${i}`, body(i))
  kernel.runUntil(2_000_000, Infinity)
  recorder.finish({ scenario: 'S', strategy: 'A', seed: String(seed), cpus: 8, digest: '' }, kernel)
  return collector.trace()
}

export function smallRuns(heldNs: number, seeds: readonly number[]): Run[] {
  return seeds.map((seed) => ({
    seed,
    figures: figuresOf(smallTrace(seed, heldNs), 2_000_000, () => true),
    deadlocked: false,
    violations:
      heldNs > 2_000 ? [{ invariant: 'V3', message: `a block left by <worker & co>`, count: 2, atNs: 500, seed }] : [],
  }))
}

export const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8] as const

/** Three strategies: the baseline, one that holds the lock twice as long, one that is as good as the same. */
export function smallComparison(): CompareResult {
  const baseline = smallRuns(1_500, SEEDS)
  const strategy = (id: string, runs: readonly Run[]): ComparedStrategy => ({
    id,
    title: `title of ${id}`,
    slots: { guard: 'inval' },
    ...measured(runs, baseline),
    digest: '0123456789abcdef',
    trace: null,
    counters: { 'blocks left beyond EOF': id === 'F' ? 2.5 : 0 },
    deadlocks: 0,
  })
  return {
    workload: {
      kind: 'scenario',
      scenario: 'S',
      title: 'Small',
      question: 'Which <b>lock</b> costs what?',
      fs: 'ext4',
      params: { threads: 8 },
    },
    baseline: 'E',
    seeds: SEEDS,
    strategies: [
      strategy('E', baseline),
      strategy('F', smallRuns(3_000, SEEDS)),
      strategy('K', smallRuns(1_499, SEEDS)),
    ],
    curve: {
      param: 'threads',
      unit: null,
      values: [1, 2],
      seeds: 2,
      strategies: ['E', 'F', 'K'].map((id) => ({
        id,
        points: [
          { mean: 1e5, ci95: null },
          { mean: 2e5, ci95: [1.9e5, 2.1e5] },
        ],
      })),
    },
    assumptions: ['Eight CPUs.'],
    file: null,
    opened: null,
    wallMs: 1,
  }
}
