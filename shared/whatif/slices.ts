/**
 * How long a turn on a CPU lasts on the machine of a recording, against what kernel/sched/fair.c of 6.1 gives with HZ=250:
 * a guest whose CPUs its host takes away misses ticks, and so its turns end late; a later kernel ends them sooner. Only turns
 * that ended for somebody who had long waited tell that: who was just woken preempts by another rule. It fits nothing.
 */

import { firstWhere } from '../base/search.ts'
import { TASK_STATES } from '../model/kinds.ts'
import type { Ns, Trace } from '../model/trace.ts'
import { idealSliceNs, TICK_NS } from '../sim/cpus.ts'
import { ENOUGH } from './calibration.ts'

export interface Slices {
  /**
   * Median of turns against 6.1's slice and half a tick, for as many as wait once the turn is over, who lost the CPU among
   * them: queues are shorter while it lasts. Measured so, replays of the corpus with 6.1's slices themselves have 0.8 to 1.2.
   */
  readonly scale: number
  readonly samples: number
}

/** A task's time on a CPU. */
interface Turn {
  readonly from: Ns
  readonly to: Ns
  /** Since when it had waited for the CPU. */
  readonly since: Ns
  readonly preempted: boolean
}

interface CpuTurns {
  readonly turns: Turn[]
  /** When tasks that got this CPU began, and ceased, to wait for it. */
  readonly queuedFrom: Ns[]
  readonly queuedTo: Ns[]
}

const JUST_WOKEN_NS = 1_000_000

/** Undefined: too few turns ended for a task that waited. */
export function slicesOf(trace: Trace, cpus: number): Slices | undefined {
  const found: number[] = []
  for (const one of turnsOf(trace).values()) {
    const { turns, queuedFrom, queuedTo } = one
    turns.sort((a, b) => a.from - b.from)
    queuedFrom.sort((a, b) => a - b)
    queuedTo.sort((a, b) => a - b)
    for (let i = 0; i + 1 < turns.length; i++) {
      const { from, to, preempted } = turns[i]
      const next = turns[i + 1]
      if (!preempted || next.since > to - JUST_WOKEN_NS || next.from > to + JUST_WOKEN_NS) continue
      const waiting = countUpTo(queuedFrom, to) - countUpTo(queuedTo, to - 1)
      found.push((to - from) / (idealSliceNs(cpus, waiting) + TICK_NS / 2))
    }
  }
  if (found.length < ENOUGH) return undefined
  found.sort((a, b) => a - b)
  return { scale: found[found.length >> 1], samples: found.length }
}

function countUpTo(times: readonly Ns[], at: Ns): number {
  return firstWhere(0, times.length, (i) => times[i] > at)
}

function turnsOf({ taskState, tasks }: Trace): Map<number, CpuTurns> {
  const { cols, length } = taskState
  const byTask = new Map<number, number[]>()
  for (let row = 0; row < length; row++) {
    if (tasks[cols.task[row]].pid === 0 || !(cols.durationNs[row] >= 0)) continue
    const rows = byTask.get(cols.task[row])
    if (rows === undefined) byTask.set(cols.task[row], [row])
    else rows.push(row)
  }
  const cpus = new Map<number, CpuTurns>()
  const endOf = (row: number) => cols.startNs[row] + cols.durationNs[row]
  const isRunnable = (row: number | undefined): row is number =>
    row !== undefined && TASK_STATES[cols.state[row]] === 'runnable'
  for (const rows of byTask.values()) {
    rows.sort((a, b) => cols.startNs[a] - cols.startNs[b])
    rows.forEach((row, i) => {
      if (TASK_STATES[cols.state[row]] !== 'running') return
      const cpu = cpus.get(cols.cpu[row]) ?? { turns: [], queuedFrom: [], queuedTo: [] }
      cpus.set(cols.cpu[row], cpu)
      const before = rows.at(i - 1)
      const waited = i > 0 && isRunnable(before) && endOf(before) >= cols.startNs[row] ? before : undefined
      const since = waited === undefined ? cols.startNs[row] : cols.startNs[waited]
      if (waited !== undefined) {
        cpu.queuedFrom.push(since)
        cpu.queuedTo.push(cols.startNs[row])
      }
      cpu.turns.push({ from: cols.startNs[row], to: endOf(row), since, preempted: isRunnable(rows.at(i + 1)) })
    })
  }
  return cpus
}
