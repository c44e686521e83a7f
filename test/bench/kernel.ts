/** The simulated kernel alone: how many happenings a second its tasks, CPUs and locks make on one core, by number of tasks. */
import { Kernel } from '#shared/sim/kernel.ts'
import { MUTEX } from '#shared/sim/locks.ts'
import { silent } from '#shared/sim/sink.ts'
import type { Steps } from '#shared/sim/task.ts'
import { printFigures, type Figure } from './measure.ts'

const COSTS = {
  lock: 20,
  unlock: 20,
  spinHandoff: 300,
  wake: 4_000,
  contextSwitch: 1_200,
  quantum: 3_000_000,
  sharedLine: 0,
}

export function benchKernel(): boolean {
  const figures: Figure[] = [1, 16, 64, 256].map((tasks) => ({
    what: `${tasks} tasks, one mutex, no recording`,
    value: happeningsPerSecond(tasks) / 1e6,
    unit: 'M/s',
    bound: { kind: 'min', value: 3 },
  }))
  return printFigures('simulated kernel', figures)
}

function happeningsPerSecond(tasks: number): number {
  let count = 0
  const tick = () => void count++
  const sink = {
    ...silent,
    lockAcquire: tick,
    lockContended: tick,
    lockAcquired: tick,
    lockRelease: tick,
    phaseBegin: tick,
    phaseEnd: tick,
  }
  const kernel = new Kernel({ cpus: Math.max(8, tasks), seed: 1, costs: COSTS, sink, timed: true })
  const lock = kernel.newLock('mutex', MUTEX)
  function* body(): Steps {
    for (;;) {
      if (kernel.work(0, 1_000)) yield
      if (kernel.lock(lock, 'exclusive')) yield
      if (kernel.work(1, 5_000)) yield
      kernel.unlock(lock)
    }
  }
  for (let i = 0; i < tasks; i++) kernel.spawn(`t${i}`, body())
  const began = performance.now()
  kernel.runUntil(1e9, Infinity)
  return (count / (performance.now() - began)) * 1000
}
