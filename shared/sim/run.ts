/**
 * One simulated run: a scenario with its parameters under a strategy, from setting up to the last finding. The result is a
 * value: same specification, same digest, in every host. A deadlock in simulated time ends the run and is a finding with
 * its circle; tasks that sleep for something free, or never end, are findings too. Nothing here knows a strategy's name.
 */

import { ApiError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Ns } from '../model/trace.ts'
import { COSTS, type CostId, type CostSpec } from './costs.ts'
import { awaited, blockersOf, waitsNow } from './deadlock.ts'
import type { Told } from './finding.ts'
import { filesystems } from './fs/index.ts'
import { Checks } from './invariants/checks.ts'
import { invariants } from './invariants/invariants.ts'
import { classesOf, lockdepSees, needsQueuedWriter } from '../lockorder/order-graph.ts'
import { LockOrder } from './invariants/lock-order.ts'
import { RunSink } from './run-sink.ts'
import { scenarios } from './scenarios/index.ts'
import type { Machine, Scenario } from './scenarios/scenario.ts'
import type { SimSink } from './sink.ts'
import { parseStrategy, policyOf, refuseFilesystem, type ResolvedStrategy } from './strategies/index.ts'
import type { SimTask } from './task.ts'
import { LEAST_JOURNAL } from './log-space.ts'
import { MACHINE_SETTINGS } from './machine-costs.ts'
import { MACHINE, World, type MachineCostId } from './world.ts'
import type { RunLockStats, RunResult } from './run-result.ts'

export interface RunSpec {
  readonly scenario: string
  /** A scenario that is in no registry (a recorded workload); `scenario` is only its name then. */
  readonly recorded?: Scenario
  /** As a user gives them: missing ones take their defaults. */
  readonly params?: Readonly<Record<string, unknown>>
  /** Resolved, or as text: `F,tx=tx-before-locks`. */
  readonly strategy: ResolvedStrategy | string
  readonly fs?: string
  readonly seed?: number
  readonly cpus?: number
  readonly durationNs?: Ns
  /** Stop beginning operations after this many. */
  readonly ops?: number
  readonly costs?: Readonly<Partial<Record<CostId, number>>>
  readonly machine?: Readonly<Partial<Record<MachineCostId, number>>>
  /** False: every cost is its median. */
  readonly jitter?: boolean
  /** False: no oracle, no lock order; for pure speed. */
  readonly checks?: boolean
}

export interface RunHooks {
  /** The world stands and nothing has happened yet: a recorder attaches to `world.k`. */
  readonly onStart?: (world: World) => void
  /** Simulated time so far and happenings so far; throw to cancel. */
  readonly onProgress?: (nowNs: Ns, events: number) => void
  readonly maxEvents?: number
}

/** A world that stands ready, for callers that drive it themselves (the explorer), and how to end it. */
export interface Prepared {
  readonly world: World
  readonly sink: RunSink
  readonly order: LockOrder | undefined
  readonly scenario: Scenario
  readonly params: Record<string, unknown>
  readonly machine: Machine
  /** Simulated time after the end in which the operations that had begun are expected to come to theirs. */
  readonly graceNs: Ns
  readonly strategy: ResolvedStrategy
}

const SLICE_STEPS = 50_000
const GRACE_NS: Ns = 2_000_000_000
/** An operation pays a price this often at most, with those it waits for: a truncate frees thousands of blocks. */
const PRICE_PAID = 10_000

export function run(spec: RunSpec, sink?: SimSink, hooks: RunHooks = {}): RunResult {
  const slices = runSlices(prepare(spec, { sink, timed: true }), hooks)
  for (;;) {
    const slice = slices.next()
    if (slice.done === true) return slice.value
  }
}

/** A prepared run a slice at a time, for hosts that have something to do between two slices. */
export function* runSlices(prepared: Prepared, hooks: RunHooks = {}): Generator<undefined, RunResult> {
  const { world, scenario, params } = prepared
  hooks.onStart?.(world)
  const budget = Math.min(hooks.maxEvents ?? limits.simEvents, limits.simEvents)
  let alive = yield* drive(prepared, hooks, budget)
  const endedAt = world.k.now
  const { completed } = world.stats
  const tasks = world.k.tasks.length
  if (alive && world.k.live === 0) world.checks?.atRest()
  if (alive && world.k.live === 0 && scenario.settle !== undefined) {
    world.stopAt = Infinity
    world.maxOps = Infinity
    scenario.settle(world, params)
    if (world.k.tasks.length > tasks) alive = yield* drive(prepared, hooks, budget)
  }
  if (prepared.sink.events < budget) judgeRest(world)
  return resultOf(prepared, {
    simulatedNs: Math.max(1, endedAt),
    completed,
    truncated: prepared.sink.events >= budget,
  })
}

export function prepare(spec: RunSpec, options: { sink?: SimSink | undefined; timed: boolean }): Prepared {
  const scenario = spec.recorded ?? scenarios.get(spec.scenario)
  const params = parseParams(scenario, spec.params ?? {})
  const strategy = typeof spec.strategy === 'string' ? parseStrategy(spec.strategy) : spec.strategy
  const fsId = filesystems.get(spec.fs ?? strategy.fs).id
  refuseFilesystem(strategy, fsId)
  checkCosts(spec)
  const machine = { ...scenario.machine(params), ...(spec.cpus === undefined ? {} : { cpus: spec.cpus }) }
  if (!Number.isInteger(machine.cpus) || machine.cpus < 1 || machine.cpus > limits.simCpus) {
    throw new ApiError('bad-request', `cpus=${machine.cpus} is not within 1 … ${limits.simCpus}`)
  }
  if (machine.blocks > limits.simPages) {
    throw new ApiError(
      'limit',
      `the scenario needs ${machine.blocks} blocks, the limit is ${limits.simPages}`,
      'make its files smaller',
    )
  }
  const digest = new RunSink(options.sink)
  const world = new World({
    cpus: machine.cpus,
    seed: spec.seed ?? 1,
    sink: digest,
    timed: options.timed,
    policy: policyOf(strategy),
    dax: strategy.media === 'dax',
    fs: filesystems.get(fsId),
    blocks: machine.blocks,
    costs: { ...machine.costs, ...spec.costs },
    ...(spec.machine === undefined ? {} : { machine: spec.machine }),
    ...(spec.jitter === undefined ? {} : { jitter: spec.jitter }),
    ...(machine.slots === undefined ? {} : { slots: machine.slots }),
    ...(machine.eadr === undefined ? {} : { eadr: machine.eadr }),
    ...(machine.recorded === undefined ? {} : { recorded: machine.recorded }),
  })
  const order = spec.checks === false ? undefined : new LockOrder()
  if (spec.checks !== false) world.checks = new Checks(world)
  digest.attach(world.k, order)
  world.stopAt = spec.durationNs ?? machine.durationNs
  world.maxOps = spec.ops ?? Infinity
  if (world.stopAt > limits.simNs) {
    throw new ApiError('limit', `${world.stopAt} ns is more simulated time than the limit of ${limits.simNs} ns`)
  }
  scenario.setUp(world, params)
  if (world.k.tasks.length > limits.simTasks) {
    throw new ApiError('limit', `${world.k.tasks.length} tasks are more than the limit of ${limits.simTasks}`)
  }
  const graceNs = Math.max(machine.graceNs ?? GRACE_NS, PRICE_PAID * dearest(spec))
  return { world, sink: digest, order, scenario, params, machine, graceNs, strategy }
}

export function parseParams(scenario: Scenario, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const parsed = scenario.params.strict().safeParse(given)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const known = Object.keys(scenario.params.shape).join(', ')
  const where = issue.path.join('.')
  throw new ApiError(
    'bad-request',
    `${scenario.id}: ${where === '' ? '' : `parameter ${where}: `}${issue.message}`,
    `parameters of ${scenario.id}: ${known}`,
  )
}

function checkCosts(spec: RunSpec): void {
  const known = new Map<string, CostSpec>(COSTS.map((one) => [one.id, one]))
  for (const [id, value = NaN] of Object.entries(spec.costs ?? {})) {
    const cost = known.get(id)
    if (cost === undefined) {
      throw new ApiError('unknown-id', `unknown cost '${id}'`, `known: ${[...known.keys()].join(', ')}`)
    }
    if (!Number.isInteger(value) || value < 0 || value > Math.max(cost.max, 1_000_000_000)) {
      throw new ApiError(
        'bad-request',
        `cost ${id}=${value} is no time in whole ns`,
        `its range is ${cost.min} … ${cost.max} ns`,
      )
    }
  }
  for (const [id, value = NaN] of Object.entries(spec.machine ?? {})) {
    if (!(id in MACHINE))
      throw new ApiError('unknown-id', `unknown cost '${id}'`, `known: ${Object.keys(MACHINE).join(', ')}`)
    if (!Number.isInteger(value) || value < 0)
      throw new ApiError('bad-request', `cost ${id}=${value} is no time in whole ns`)
    if (id === 'journalBlocks' && value > 0 && value < LEAST_JOURNAL) {
      throw new ApiError(
        'bad-request',
        `a journal of ${value} blocks is too small`,
        `give it ${LEAST_JOURNAL} or more, or 0 for one that is never full`,
      )
    }
  }
}

/** The highest of the given prices that are beyond their ranges: with those, who is slow is not hung yet. 0: none is. */
function dearest({ costs = {}, machine = {} }: RunSpec): Ns {
  const most = new Map<string, number>([...COSTS, ...MACHINE_SETTINGS].map(({ id, max }) => [id, max]))
  const beyond = Object.entries({ ...costs, ...machine }).filter(([id, ns]) => ns > (most.get(id) ?? Infinity))
  return Math.max(0, ...beyond.map(([, ns]) => ns))
}

/** Runs until all tasks have ended. False: nothing can happen any more, or too late. */
function* drive(prepared: Prepared, hooks: RunHooks, budget: number): Generator<undefined, boolean> {
  const { world, sink, graceNs } = prepared
  const { k } = world
  const last = Math.max(k.now, world.stopAt === Infinity ? k.now : world.stopAt) + graceNs
  for (;;) {
    const before = k.stepsTaken
    const going = k.runUntil(last, before + SLICE_STEPS)
    hooks.onProgress?.(k.now, sink.events)
    yield
    if (!going) return false
    if (k.live === 0) return true
    if (sink.events >= budget) return true
    if (k.stepsTaken === before) return false
  }
}

/** V13, V18: what is left when nothing moves. */
export function judgeRest(world: World): void {
  const { k } = world
  for (const task of hungTasks(world)) {
    if (k.deadlock !== undefined) continue
    const lock = task.waitingOn ?? task.waitingFor
    if (lock !== undefined && task.state === 'blocked' && lock.free) {
      const message = `${task.comm} sleeps for ${lock.className}, which is free`
      k.report('V13', () => ({ message, objects: [lock.className] }), task)
    } else k.report('V18', () => notEnded(task), task)
  }
}

function notEnded(task: SimTask): Told {
  if (!waitsNow(task)) return { message: `${task.comm} has not ended: it is ${task.state}`, objects: [] }
  const what = awaited(task)
  const by = [...blockersOf(task)].filter((one) => one !== task).map(({ comm }) => comm)
  const whose = by.length === 0 ? '' : `, which ${by.join(' and ')} ${by.length === 1 ? 'has' : 'have'}`
  return {
    message: `${task.comm} has not ended: it is ${task.state} and waits for ${what}${whose}`,
    tasks: [task.comm, ...by],
    objects: [what],
  }
}

function hungTasks(world: World): readonly SimTask[] {
  return world.k.tasks.filter((task) => !task.daemon && task.state !== 'done')
}

function resultOf(prepared: Prepared, end: { simulatedNs: Ns; completed: number; truncated: boolean }): RunResult {
  const { world, sink, order, strategy, scenario, params } = prepared
  const { k, stats } = world
  return {
    scenario: scenario.id,
    strategy,
    fs: world.fs.id,
    seed: k.seed,
    params,
    digest: sink.digest,
    events: sink.events,
    ops: stats.ops,
    simulatedNs: end.simulatedNs,
    completed: end.completed,
    opsPerSecond: (end.completed * 1e9) / end.simulatedNs,
    findings: k.findings.map((finding, i) => ({
      invariant: finding.invariant,
      severity: invariants.get(finding.invariant).severity,
      message: finding.message,
      tasks: finding.tasks,
      objects: finding.objects,
      task: { id: finding.task.id, pid: finding.task.pid, comm: finding.task.comm },
      atNs: finding.at,
      event: sink.findingEvents[i] ?? 0,
    })),
    findingCounts: Object.fromEntries(k.findingCounts),
    deadlock: k.deadlock && {
      atNs: k.deadlock.at,
      cycle: k.deadlock.cycle.map((task) => ({
        task: task.comm,
        lock: (task.waitingFor ?? task.waitingOn)?.className ?? '',
      })),
    },
    hung: end.truncated ? [] : hungTasks(world).map((task) => task.comm),
    opStats: [...stats.kinds.values()].map((one) => {
      const [p50Ns, p90Ns, p99Ns, p999Ns] = one.quantiles([0.5, 0.9, 0.99, 0.999])
      return {
        kind: one.kind,
        count: one.count,
        failed: one.failed,
        meanNs: Math.round(one.totalNs / one.count),
        p50Ns,
        p90Ns,
        p99Ns,
        p999Ns,
        maxNs: one.maxNs,
      }
    }),
    lockStats: lockStats(world),
    counters: Object.fromEntries(stats.counters),
    lockOrder: {
      edges: order?.graph.edges ?? [],
      cycles: (order?.graph.cycles ?? []).map((cycle) => ({
        classes: classesOf(cycle),
        lockdepSees: lockdepSees(classesOf(cycle)),
        needsQueuedWriter: needsQueuedWriter(cycle),
      })),
    },
    truncated: end.truncated,
  }
}

function lockStats(world: World): RunLockStats[] {
  const classes = new Set(world.k.locks.map(({ of }) => of))
  return [...classes]
    .filter(({ acquisitions }) => acquisitions > 0)
    .map((of) => ({
      class: of.name,
      acquisitions: of.acquisitions,
      contended: of.contended,
      waitTotalNs: of.waitNs,
      holdTotalNs: of.holdNs,
    }))
    .sort((a, b) => b.waitTotalNs - a.waitTotalNs || (a.class < b.class ? -1 : 1))
}
