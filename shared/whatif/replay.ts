/**
 * A recorded workload as a scenario: its tasks do their operations again in the simulated kernel, under any strategy. Each
 * operation is paced (pace.ts): the steps of each part of it are stretched so that they add up to the work the trace shows
 * for that part. Locks are never paced: waiting is what the model is asked for.
 */

import { lowerBound } from '../base/search.ts'
import * as z from 'zod'
import type { Ns } from '../model/trace.ts'
import { stream, type Stream } from '../base/prng.ts'
import { fairOptions } from '../sim/cpus.ts'
import { P } from '../sim/phases.ts'
import { run } from '../sim/run.ts'
import type { Scenario } from '../sim/scenarios/scenario.ts'
import type { Mm } from '../sim/mm.ts'
import type { ResolvedStrategy } from '../sim/strategies/index.ts'
import type { Steps } from '../sim/task.ts'
import type { World, MachineCostId } from '../sim/world.ts'
import { PARTS } from './demands.ts'
import { doOp, doOutside, isFault, mappings, type Place } from './doing.ts'
import { Pacer } from './pace.ts'
import type { BackgroundTask } from './machine.ts'
import { machinePrices, stepPrices } from './prices.ts'
import type { Workload, WorkloadTask } from './workload.ts'

/** Per task, and in it per operation and part: what its steps cost at list prices. */
export type Pilot = readonly Float64Array[]

export interface ReplayOptions {
  readonly workload: Workload
  /** Undefined: this is the pilot, at list prices. */
  readonly pilot: Pilot | undefined
  /** The pilot of the strategy that is asked about, where it is not the recorded one. */
  readonly own?: Pilot | undefined
  /**
   * `exact`: each operation takes what it took; one of a simulated trace pays its list prices anew, which a run with the
   * trace's seed draws as the trace did. `drawn`: what another of the same kind of the same task took, drawn anew
   * for every seed and alike for every strategy, so that seeds differ as recordings would.
   */
  readonly demands: 'exact' | 'drawn'
}

const LONGEST_RUN = 20

/** The prices of a simulated run are drawn again instead of stretched to what they came to. */
export function redraws({ workload, demands, pilot }: Pick<ReplayOptions, 'workload' | 'demands' | 'pilot'>): boolean {
  return workload.simulated && demands === 'exact' && pilot !== undefined
}

/** The machine of a recording: measured times include what its locks and switches cost (the model's show no switch). */
export function machineCosts({ wakeNs, prices, simulated }: Workload): Partial<Record<MachineCostId, number>> {
  const measured = simulated ? {} : { contextSwitch: 0, ...(wakeNs === undefined ? {} : { wake: wakeNs }) }
  return { lock: 0, unlock: 0, sharedLine: 0, ...measured, ...machinePrices(prices) }
}

export function replayOf(
  options: ReplayOptions,
  onPilot?: (task: number, op: number, sums: Float64Array) => void,
): Scenario {
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
      ...(workload.simulated ? {} : { recorded: fairOptions(workload) }),
      costs: {
        ...stepPrices(workload.prices),
      },
    }),
    setUp: (w) => setUp(w, options, onPilot),
    expected: [],
  }
}

/** What each operation's steps cost at list prices, under one strategy. */
export function pilotOf(workload: Workload, strategy: ResolvedStrategy, fs: string): Pilot {
  const nominal = workload.tasks.map(({ ops }) => new Float64Array(ops.length * PARTS.length))
  const scenario = replayOf({ workload, pilot: undefined, demands: 'exact' }, (task, op, sums) => {
    nominal[task].set(sums, op * PARTS.length)
  })
  const machine = machineCosts(workload)
  run({ scenario: scenario.id, recorded: scenario, strategy, fs, jitter: false, checks: false, machine })
  return nominal
}

function setUp(
  w: World,
  options: ReplayOptions,
  onPilot?: (task: number, op: number, sums: Float64Array) => void,
): void {
  const { workload, pilot, own } = options
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
  const { commit } = workload
  if (commit !== undefined) {
    const of = (list: readonly Ns[], number: number) => list[number % list.length]
    w.logTimes = (number) => ({ sleepNs: of(commit.sleepNs, number), workNs: of(commit.workNs, number) })
  }
  const anew = redraws(options)
  const pacer = new Pacer(w, workload, { pilot: anew ? undefined : pilot, own })
  const mms = new Map<number, Mm>()
  workload.tasks.forEach((task, number) => {
    const mm = mms.get(task.mm) ?? w.newMm()
    mms.set(task.mm, mm)
    mm.users++
    const place: Place = { w, inodes, mm, mapped: mappings(w, { mm, inodes }) }
    // Mapped before anything runs: mapping is no operation here.
    for (const op of task.ops) if (isFault(op)) place.mapped(op.file, op.kind !== 'cow_fault')
    const steps = replay({ place, task, number, pacer, demands: options.demands, onPilot })
    w.k.spawn(task.comm, steps, { daemon: task.ops.length === 0 })
  })
  for (const task of workload.background) w.k.spawn(task.comm, background(w, task), { daemon: true })
  w.startJournal(workload.commitEveryNs ?? Infinity)
}

function* background(w: World, { sleepNs, workNs }: BackgroundTask): Steps {
  for (let i = 0; i < workNs.length; i++) {
    if (sleepNs[i] > 0 && w.k.sleep(sleepNs[i])) yield
    if (w.k.work(P.user, workNs[i])) yield
  }
}

interface TaskContext {
  readonly place: Place
  readonly task: WorkloadTask
  readonly number: number
  readonly pacer: Pacer
  readonly demands: ReplayOptions['demands']
  readonly onPilot: ((task: number, op: number, sums: Float64Array) => void) | undefined
}

function* replay(context: TaskContext): Steps {
  const { place, task, number, pacer, onPilot } = context
  const { w } = place
  const draws =
    context.demands === 'exact' ? undefined : new Draws(stream(w.k.seed, 0x7ace, number), pacer.peersOf(number))
  for (const step of task.steps) {
    if (w.k.now >= w.stopAt) return
    const op = typeof step === 'number' ? task.ops[step] : step
    const like = typeof step !== 'number' || draws === undefined ? op : task.ops[draws.next(step)]
    if (task.arrival === 'open') {
      if (op.startNs > w.k.now && w.k.sleep(op.startNs - w.k.now)) yield
    } else {
      if (like.thinkCpuNs > 0 && w.k.work(P.user, like.thinkCpuNs)) yield
      if (like.thinkSleepNs > 0 && w.k.sleep(like.thinkSleepNs)) yield
    }
    if (op.kind === 'outside') yield* doOutside(place, op)
    else if (typeof step === 'number' && like.kind !== 'outside') {
      const pace = pacer.begin(number, { op: step, like })
      yield* doOp(place, op, pace)
      onPilot?.(number, step, pace.paid)
      pacer.end()
    }
  }
}

/** Stretches of the recording in another order, so that what belongs together in time stays together. */
class Draws {
  readonly #random: Stream
  readonly #peers: readonly (readonly number[])[]
  #shift = 0

  constructor(random: Stream, peers: readonly (readonly number[])[]) {
    this.#random = random
    this.#peers = peers
  }

  /** Whose demands the operation takes: one of its peers. */
  next(op: number): number {
    const peers = this.#peers[op]
    if (this.#random.below(STRETCH) === 0) this.#shift = this.#random.below(peers.length)
    const at = lowerBound(peers, op)
    return peers[(at + this.#shift) % peers.length]
  }
}

/** Operations of a stretch, on average (a moving-block bootstrap). */
const STRETCH = 16
