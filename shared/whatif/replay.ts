/**
 * A recorded workload as a scenario: its tasks do their operations again in the simulated kernel, under any strategy. Each
 * operation is paced: its steps are stretched so that they add up to the service time the trace shows for it. How much,
 * is found by a pilot that does every operation at list prices under the strategy it was recorded with. Locks are never
 * paced: waiting is what the model is asked for.
 */

import * as z from 'zod'
import { stream, type Stream } from '../base/prng.ts'
import type { Ns } from '../model/trace.ts'
import { C } from '../sim/costs.ts'
import type { Inode } from '../sim/inode.ts'
import { filePte, PTE_NONE, type Vma } from '../sim/mm.ts'
import { blockOf, isMapped } from '../sim/extents.ts'
import { fsync } from '../sim/ops/fsync.ts'
import { read, write } from '../sim/ops/file-io.ts'
import { pageFault } from '../sim/ops/page-fault.ts'
import { punchHole } from '../sim/ops/punch-hole.ts'
import { truncate } from '../sim/ops/truncate.ts'
import { P } from '../sim/phases.ts'
import { run } from '../sim/run.ts'
import type { Scenario } from '../sim/scenarios/scenario.ts'
import type { ResolvedStrategy } from '../sim/strategies/index.ts'
import type { Steps } from '../sim/task.ts'
import type { World } from '../sim/world.ts'
import type { Workload, WorkloadOp, WorkloadTask } from './workload.ts'

/** Per task and operation: what its steps cost at list prices. */
export type Pilot = readonly Float64Array[]

export interface ReplayOptions {
  readonly workload: Workload
  /** Undefined: this is the pilot, at list prices. */
  readonly pilot: Pilot | undefined
  /**
   * `exact`: each operation takes what it took. `drawn`: what another of the same kind of the same task took, drawn anew
   * for every seed and alike for every strategy, so that seeds differ as recordings would.
   */
  readonly demands: 'exact' | 'drawn'
}

/** Pace of the operation each task is in; 0 none. Sums: what its steps cost so far at list prices. */
interface Pace {
  readonly factor: Float64Array
  readonly sum: Float64Array
}

const LONGEST_RUN = 20

export function replayOf(options: ReplayOptions, onPilot?: (task: number, op: number, ns: Ns) => void): Scenario {
  const { workload } = options
  const pages = workload.files.reduce((sum, file) => sum + file.pages, 0)
  return {
    id: 'recorded',
    title: 'Recorded workload',
    question: 'What would this recorded workload have done under another strategy?',
    about: `${workload.tasks.length} recorded tasks do their operations again.`,
    params: z.object({}),
    strategies: ['K'],
    machine: () => ({
      cpus: workload.cpus,
      blocks: pages * 2 + 64,
      slots: 1,
      durationNs: Math.min(LONGEST_RUN * Math.max(workload.durationNs, 1_000_000), 3_000_000_000_000),
    }),
    setUp: (w) => setUp(w, options, onPilot),
    expected: [],
  }
}

/** What each operation's steps cost at list prices, under the strategy the trace was recorded with. */
export function pilotOf(workload: Workload, strategy: ResolvedStrategy, fs: string): Pilot {
  const nominal = workload.tasks.map(({ ops }) => new Float64Array(ops.length))
  const scenario = replayOf({ workload, pilot: undefined, demands: 'exact' }, (task, op, ns) => {
    nominal[task][op] = ns
  })
  run({ scenario: scenario.id, recorded: scenario, strategy, fs, jitter: false, checks: false })
  return nominal
}

function setUp(w: World, options: ReplayOptions, onPilot?: (task: number, op: number, ns: Ns) => void): void {
  const { workload, pilot } = options
  const inodes = workload.files.map((file) => {
    const inode = w.newFile({ dax: w.dax && workload.dax, pages: file.pages })
    const holes = new Set(file.holes)
    for (let page = 0; page < file.pages; page++) {
      if (holes.has(page)) continue
      w.preallocate(inode, { from: page, to: page + 1, kind: 'written' })
      if (!inode.dax) w.cachePage(inode, page)
    }
    return inode
  })
  const pace: Pace = {
    factor: new Float64Array(workload.tasks.length + 8),
    sum: new Float64Array(workload.tasks.length + 8),
  }
  w.prices.pace = (task, cost, ns) => {
    const factor = pace.factor[task]
    // The device's share of a transfer runs beside the CPU's: it is no step of its own.
    if (!(factor > 0) || cost === C.pmemWriteShare || cost === C.pmemReadShare) return ns
    pace.sum[task] += ns
    return Math.round(ns * factor)
  }
  const mms = new Map([...new Set(workload.tasks.map(({ mm }) => mm))].map((mm) => [mm, w.newMm()]))
  for (const { mm } of workload.tasks) {
    const shared = mms.get(mm)
    if (shared !== undefined) shared.users++
  }
  workload.tasks.forEach((task, number) => {
    const vmas = new Map<string, Vma>()
    const mapped = (file: number, shared: boolean): Vma => {
      const key = `${file} ${shared}`
      const vma = vmas.get(key) ?? w.map(mms.get(task.mm) ?? w.newMm(), inodes[file], { shared })
      vmas.set(key, vma)
      return vma
    }
    // Mapped before anything runs: mapping is no operation here.
    for (const op of task.ops) if (isFault(op)) mapped(op.file, op.kind !== 'cow_fault')
    const context: TaskContext = { w, task, number, inodes, mapped, pace, pilot, demands: options.demands, onPilot }
    w.k.spawn(task.comm, replay(context))
  })
  w.startJournal(workload.commitEveryNs ?? Infinity)
}

interface TaskContext {
  readonly w: World
  readonly task: WorkloadTask
  readonly number: number
  readonly inodes: readonly Inode[]
  readonly mapped: (file: number, shared: boolean) => Vma
  readonly pace: Pace
  readonly pilot: Pilot | undefined
  readonly demands: ReplayOptions['demands']
  readonly onPilot: ((task: number, op: number, ns: Ns) => void) | undefined
}

function* replay(context: TaskContext): Steps {
  const { w, task, number, pace, pilot, onPilot } = context
  const random = stream(w.k.seed, 0x7ace, number)
  const peers = peersOf(task, pilot?.[number])
  const { id } = w.k.current
  for (let i = 0; i < task.ops.length && w.k.now < w.stopAt; i++) {
    const op = task.ops[i]
    const like = context.demands === 'exact' ? op : task.ops[drawn(random, peers[i])]
    if (task.arrival === 'open') {
      if (op.startNs > w.k.now && w.k.sleep(op.startNs - w.k.now)) yield
    } else {
      if (like.thinkCpuNs > 0 && w.k.work(P.user, like.thinkCpuNs)) yield
      if (like.thinkSleepNs > 0 && w.k.sleep(like.thinkSleepNs)) yield
    }
    const nominal = pilot?.[number][i] ?? 0
    pace.sum[id] = 0
    pace.factor[id] = nominal > 0 ? Math.max(like.serviceNs / nominal, Number.EPSILON) : 1
    yield* doOp(context, op)
    pace.factor[id] = 0
    onPilot?.(number, i, pace.sum[id])
  }
}

/** For each operation those of the task it may take its time from: same kind, and as costly to within a factor of two. */
function peersOf({ ops }: WorkloadTask, nominal: Float64Array | undefined): readonly (readonly number[])[] {
  const groups = new Map<string, number[]>()
  const keys = ops.map(({ kind }, i) => `${kind} ${32 - Math.clz32(nominal?.[i] ?? 0)}`)
  keys.forEach((key, i) => {
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [i])
    else group.push(i)
  })
  return keys.map((key) => groups.get(key) ?? [])
}

function drawn(random: Stream, peers: readonly number[]): number {
  return peers[random.below(peers.length)]
}

function isFault({ kind }: WorkloadOp): boolean {
  return kind.endsWith('_fault') || kind === 'mkwrite'
}

function* doOp({ w, inodes, mapped }: TaskContext, op: WorkloadOp): Steps {
  const inode = inodes[op.file]
  switch (op.kind) {
    case 'truncate':
      yield* truncate(w, inode, Math.min(op.page, inode.pages))
      return
    case 'punch_hole':
      yield* punchHole(w, inode, { from: op.page, to: op.page + op.pages })
      return
    case 'read':
      yield* read(w, inode, { from: op.page, pages: op.pages })
      return
    case 'write':
      yield* write(w, inode, { from: op.page, pages: Math.min(op.pages, inode.pages - op.page) })
      return
    case 'fsync':
    case 'fdatasync':
    case 'msync':
      yield* fsync(w, inode, op.kind)
      return
    default:
      yield* fault(w, mapped(op.file, op.kind !== 'cow_fault'), op)
  }
}

/** The PTE that made the recorded access fault: none, or one that may not be written. */
function* fault(w: World, vma: Vma, op: WorkloadOp): Steps {
  const index = Math.min(op.page, vma.pages - 1)
  const isWrite = op.kind !== 'read_fault'
  if (vma.pte(index) !== PTE_NONE) w.clearAtOnce(vma, index)
  const mapping = w.inode(vma.inode).extents.tree[index]
  if (op.kind === 'mkwrite' && w.inode(vma.inode).dax && isMapped(mapping)) {
    w.setPte(vma, index, filePte(blockOf(mapping), false))
  }
  yield* pageFault(w, vma, { index, write: isWrite })
}
