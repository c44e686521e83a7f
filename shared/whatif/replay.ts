/**
 * A recorded workload as a scenario: its tasks do their operations again in the simulated kernel, under any strategy. Each
 * operation is paced (pace.ts): the steps of each part of it are stretched so that they add up to the work the trace shows
 * for that part. Locks are never paced: waiting is what the model is asked for.
 */

import { lowerBound } from '../base/search.ts'
import * as z from 'zod'
import type { Ns } from '../model/trace.ts'
import { stream } from '../base/prng.ts'
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
import { Pacer, type Pilot } from './pace.ts'
import type { BackgroundTask } from './machine.ts'
import { machinePrices, stepPrices } from './prices.ts'
import { arrive, startsOf, type Starts } from './start.ts'
import type { Workload, WorkloadTask } from './workload.ts'

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
      ...(workload.simulated ? {} : { recorded: fairOptions(fairOf(workload)) }),
      costs: {
        ...stepPrices(workload.prices),
      },
    }),
    setUp: (w) => setUp(w, options, onPilot),
    expected: [],
  }
}

function fairOf({ cpus, sticky, seenSpinning, slices }: Workload) {
  return { cpus, sticky, seenSpinning, sliceScale: slices?.scale ?? 1 }
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
  const starts = startsOf(workload, options.demands === 'exact' && !anew ? w.k.seed : undefined)
  const stretchNs = stretchNsOf(workload)
  const together = !workload.simulated
  const mms = new Map<number, Mm>()
  workload.tasks.forEach((task, number) => {
    const mm = mms.get(task.mm) ?? w.newMm()
    mms.set(task.mm, mm)
    mm.users++
    const place: Place = { w, inodes, mm, mapped: mappings(w, { mm, inodes }) }
    // Mapped before anything runs: mapping is no operation here.
    for (const op of task.ops) if (isFault(op)) place.mapped(op.file, op.kind !== 'cow_fault')
    const steps = replay({ place, task, number, pacer, starts, stretchNs, together, demands: options.demands, onPilot })
    const [step] = task.steps
    const first = typeof step === 'number' ? task.ops[step] : step
    const one = w.k.spawn(task.comm, steps, { daemon: task.ops.length === 0, startNs: first.readyNs })
    one.movesTo = first.cpu
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
  readonly starts: Starts
  readonly stretchNs: Ns
  /** What tasks of a recording take changes together; tasks of a simulation draw from streams of their own. */
  readonly together: boolean
  readonly demands: ReplayOptions['demands']
  readonly onPilot: ((task: number, op: number, sums: Float64Array) => void) | undefined
}

function* replay(context: TaskContext): Steps {
  const { place, task, number, pacer, starts, stretchNs, together, onPilot } = context
  const { w } = place
  const draws =
    context.demands === 'exact'
      ? undefined
      : new Draws(w.k.seed, { task, peers: pacer.peersOf(number), stretchNs, together: together ? 0 : number })
  let begun = false
  for (const [at, step] of task.steps.entries()) {
    if (w.k.now >= w.stopAt) return
    const op = typeof step === 'number' ? task.ops[step] : step
    const like = typeof step !== 'number' || draws === undefined ? op : task.ops[draws.of(step)]
    const how = step === 0 ? 'first' : begun ? 'going' : at === 0 ? 'spawned' : 'before'
    yield* arrive(w.k, { task, number, starts, op, like, how })
    begun ||= step === 0
    if (op.kind === 'outside') {
      if (w.k.call(doOutside(place, op))) yield
    } else if (typeof step === 'number' && like.kind !== 'outside') {
      const pace = pacer.begin(number, { op: step, like })
      if (w.k.call(doOp(place, op, pace))) yield
      onPilot?.(number, step, pace.paid)
      pacer.end()
    }
  }
}

/**
 * Demands of operations nearby in the recording, for all tasks moved alike for a while: what belongs together in time, in one
 * task and between them, stays together, and what changes while the file fills and tasks end is not mixed (a local block
 * bootstrap: Paparoditis and Politis, 2002).
 */
class Draws {
  readonly #seed: number
  readonly #of: DrawnTask

  constructor(seed: number, of: DrawnTask) {
    this.#seed = seed
    this.#of = of
  }

  /** Whose demands the operation takes: one of its peers. */
  of(op: number): number {
    const peers = this.#of.peers[op]
    const { together, task, stretchNs } = this.#of
    const stretch = Math.floor(task.ops[op].startNs / stretchNs)
    const random = stream(this.#seed, 0x7ace, stretch, together)
    const reach = Math.max(STRETCH, peers.length >> 3)
    const shift = Math.round(((random.below(2 * STEPS + 1) - STEPS) / STEPS) * reach)
    return peers[mirrored(lowerBound(peers, op) + shift, peers.length)]
  }
}

interface DrawnTask {
  readonly task: WorkloadTask
  readonly peers: readonly (readonly number[])[]
  readonly stretchNs: Ns
  /** Tasks with the same number are moved alike. */
  readonly together: number
}

/** Beyond an end it goes back in. */
function mirrored(at: number, length: number): number {
  const turn = 2 * length
  const place = ((at % turn) + turn) % turn
  return place < length ? place : turn - 1 - place
}

/** Operations of a stretch of the busiest task. */
const STRETCH = 16
const STEPS = 1 << 16

function stretchNsOf({ tasks, durationNs }: Workload): Ns {
  const most = tasks.reduce((count, { ops }) => Math.max(count, ops.length), 1)
  return Math.max(1, (durationNs * STRETCH) / most)
}
