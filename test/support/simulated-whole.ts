/** A short simulated run with its raw events: every kind of event the simulated kernel has. */

import { stream } from '#shared/base/prng.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { Kernel } from '#shared/sim/kernel.ts'
import { MUTEX, RWSEM } from '#shared/sim/locks.ts'
import { SimRecorder } from '#shared/sim/record.ts'
import type { Steps } from '#shared/sim/task.ts'
import type { Whole } from './round-trip.ts'

/** A mutex, and a lock that can be shared. */
export type LockNames = readonly [exclusive: string, shared: string]

export function simulated(seed: number, names: LockNames = ['&ei->truncate_mutex', 'mapping.rwsem']): Whole {
  const collector = new TraceCollector()
  const recorder = new SimRecorder({
    builder: new TraceBuilder(collector, 'run', 'simulation'),
    phases: ['user', 'zero'],
  })
  const costs = {
    lock: 20,
    unlock: 20,
    spinHandoff: 300,
    wake: 4000,
    contextSwitch: 1200,
    quantum: 90_000,
    sharedLine: 0,
  }
  const kernel = new Kernel({ cpus: 3, seed, costs, timed: true, sink: recorder })
  recorder.attach(kernel)
  const mutex = kernel.newLock(names[0], MUTEX, 12)
  const rwsem = kernel.newLock(names[1], RWSEM, 12)
  function* body(task: number): Steps {
    const random = stream(seed, task)
    for (let i = 0; ; i++) {
      if (kernel.work(0, 500 + random.below(2_000))) yield
      if (random.below(9) === 0 && kernel.sleep(random.below(9_000))) yield
      kernel.sink.opBegin(kernel.current, i % 3 === 0 ? 'punch_hole' : 'write_fault', 12, i * 4096, 4096)
      const mode = random.below(4) === 0 ? 'exclusive' : 'shared'
      if (kernel.lock(rwsem, mode)) yield
      kernel.enter(1)
      if (kernel.tryLock(mutex, 'exclusive')) {
        if (kernel.work(1, random.below(3_000))) yield
        kernel.unlock(mutex)
      }
      kernel.leave(1)
      kernel.unlock(rwsem, mode)
      kernel.sink.opEnd(kernel.current, random.below(50) === 0 ? -28 : 0)
    }
  }
  for (let i = 0; i < 24; i++) kernel.spawn(`worker/${i}`, body(i))
  kernel.runUntil(3_000_000, Infinity)
  recorder.finish({ scenario: 'T', strategy: 'S', seed: String(seed), cpus: 3, digest: 'd' }, kernel)
  return { trace: collector.trace(), chunks: collector.chunks }
}
