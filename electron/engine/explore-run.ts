/**
 * Exploring, in a thread: slices of a unit of the search, as many as it is asked for, and films of what was found. It keeps
 * the unit it is in between slices, so that going on costs nothing; `split` ends the unit and hands over what it has left.
 */

import { isMainThread, parentPort } from 'node:worker_threads'
import { DEFAULT_PREEMPTIONS, type ExploreViolation, type ReplayResult } from '#shared/contract/exploration.ts'
import { crashOf, notThere, replayCrash, type CrashName } from '#shared/explore/crash.ts'
import { minimise } from '#shared/explore/minimise.ts'
import { circleInWords, orderOf, OrderWatch } from '#shared/explore/order-watch.ts'
import { film, play, type Filmed } from '#shared/explore/replay.ts'
import { sample } from '#shared/explore/sample.ts'
import { decodeSchedule, encodeSchedule } from '#shared/explore/schedule.ts'
import { findingKey, Search } from '#shared/explore/search.ts'
import { Seen, type SharedMemory } from '#shared/explore/seen.ts'
import type { Found, UnitResult, UnitSpec } from '#shared/explore/unit.ts'
import { parseSubjectId, type Subject } from '#shared/explore/subject.ts'
import { subjectOf } from '#shared/races/subjects.ts'
import { lockOrderRows, violationIn, violationsIn } from '#shared/explore/verdict.ts'
import type { ExploredFinding, Outcome } from '#shared/explore/execution.ts'
import type { FilmStep } from '#shared/explore/film.ts'
import type { OrderEdge } from '#shared/lockorder/order-graph.ts'
import { races } from '#shared/races/index.ts'
import { invariants } from '#shared/sim/invariants/invariants.ts'
import type { OrderWitness } from '#shared/sim/invariants/lock-order.ts'
import { silent } from '#shared/sim/sink.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import '../strategy/find.ts'
import { slotsOf } from './strategy-slots.ts'
import { serveThread } from './threads.ts'

export interface ExploreSpec {
  readonly subject: string
  readonly strategy: string
  readonly preemptions: number | undefined
  readonly depth: number
  readonly reduce: boolean
  /** Where several threads remember what has been searched; left out: each by itself. */
  readonly memory: SharedMemory | undefined
  /** Which of those threads it is, from 0. */
  readonly lane: number
}

export interface SliceSpec {
  /** Left out: go on with the one that is under way. */
  readonly unit: UnitSpec | undefined
  readonly executions: number
  readonly ms: number
}

export interface SliceResult {
  /** Executions and steps of this slice. */
  readonly executions: number
  readonly steps: number
  /** The unit's, if it has ended. */
  readonly result: UnitResult | undefined
}

export interface SampleSpec {
  readonly mode: 'random' | 'pct'
  readonly seed: number
  readonly from: number
  readonly to: number
}

export interface SampleResult {
  readonly steps: number
  readonly cut: number
  readonly found: readonly Found[]
}

let spec: ExploreSpec
let subject: Subject
let watch: OrderWatch
let seen: Seen
let search: Search | undefined
let expected = 0

const functions = {
  /** Names of the tasks there are. */
  begin(given: ExploreSpec): readonly string[] {
    spec = given
    subject = subjectOf(spec.subject, parseStrategy(spec.strategy))
    watch = new OrderWatch()
    seen = new Seen(spec.memory)
    expected = play(subject, []).moves.length
    return tasksOf(subject)
  },
  slice({ unit, executions, ms }: SliceSpec): SliceResult {
    const { preemptions, depth, reduce, lane } = spec
    if (unit !== undefined) search = new Search(subject, unit, { preemptions, depth, reduce, lane, watch, seen })
    const under = search as Search
    const before = { executions: under.executions, steps: under.steps }
    const until = performance.now() + ms
    let more = true
    while (more && under.executions - before.executions < executions && performance.now() < until) more = under.next()
    if (!more) search = undefined
    return {
      executions: under.executions - before.executions,
      steps: under.steps - before.steps,
      result: more ? undefined : under.result(),
    }
  },
  /** Ends the unit that is under way. */
  split(): UnitResult {
    const result = (search as Search).result()
    search = undefined
    return result
  },
  /** Schedules by lot, by number. */
  sample({ mode, seed, from, to }: SampleSpec): SampleResult {
    const options = { mode, seed, depth: spec.depth, changes: spec.preemptions ?? DEFAULT_PREEMPTIONS, watch }
    const found = new Map<string, Found>()
    let steps = 0
    let cut = 0
    for (let n = from; n < to; n++) {
      const one = sample(subject, n, expected, options)
      steps += one.moves
      if (one.cut) cut++
      for (const each of one.found) if (!found.has(each.key)) found.set(each.key, each)
    }
    return { steps, cut, found: [...found.values()] }
  },
  order(): readonly OrderEdge<OrderWitness>[] {
    return watch.all.graph.edges
  },
  violation(found: Found): ExploreViolation {
    return violationOf(subject, found)
  },
  replay(text: string, strategy: string | undefined): ReplayResult {
    return replay(text, strategy)
  },
}

export type ExploreFunctions = typeof functions

function shows(of: Subject, key: string): (outcome: Outcome) => boolean {
  return ({ findings, moves }) =>
    findings.some((one) => findingKey(one.invariant, one.message) === key) ||
    (key.startsWith('V11 lock order') &&
      orderOf(of, moves).graph.cycles.some((one) => findingKey('V11', circleInWords(one)) === key))
}

function violationOf(of: Subject, { key, moves }: Found): ExploreViolation {
  const short = minimise(of, moves, shows(of, key))
  const filmed = film(of, short.moves)
  const { invariant, severity, message, tasks, objects, event, task } =
    violationIn(filmed, key) ?? violationsIn(filmed)[0]
  return {
    invariant,
    severity,
    race: races.find(parseSubjectId(of.id).id)?.id ?? null,
    message,
    tasks,
    objects,
    event,
    task: task ?? null,
    preemptions: filmed.preemptions,
    schedule: encodeSchedule({ subject: of.id, strategy: of.strategy, moves: short.moves }),
    steps: filmed.steps,
    initialState: filmed.initialState,
    deadlock: filmed.deadlock ?? null,
  }
}

export function replay(text: string, under: string | undefined): ReplayResult {
  const started = performance.now()
  const given = decodeSchedule(text)
  const strategy = parseStrategy(under ?? given.strategy)
  const cut = crashOf(given.subject)
  const of = subjectOf(cut?.subject ?? given.subject, strategy)
  const filmed = film(of, given.moves, { lenient: under !== undefined })
  // A power cut belongs to the strategy it was found under: under another one the moves are played without it.
  const played =
    cut === undefined || under !== undefined
      ? { findings: violationsIn(filmed), steps: filmed.steps }
      : withPowerCut(of, filmed, { ...cut, moves: given.moves })
  const { findings } = played
  const { id, settings } = parseSubjectId(of.id)
  return {
    schedule: under === undefined ? text.trim() : filmed.schedule,
    scenario: id,
    subject: of.id,
    strategy: strategy.label,
    slots: slotsOf(strategy),
    fs: settings['fs'] ?? strategy.fs,
    outcome: findings.length > 0 ? 'violated' : 'held',
    invariants: [...new Set(findings.map((one) => one.invariant))],
    findings,
    deadlock: filmed.deadlock ?? null,
    tasks: tasksOf(of),
    preemptions: filmed.preemptions,
    steps: played.steps,
    initialState: filmed.initialState,
    lockOrder: lockOrderRows(filmed.lockOrder),
    wallMs: Math.round(performance.now() - started),
  }
}

/** What recovery shows where the schedule cuts the power, in its place in the film; what follows is what would have been. */
function withPowerCut(
  of: Subject,
  filmed: Filmed,
  cut: CrashName & { readonly moves: readonly number[] },
): { readonly findings: readonly ExploredFinding[]; readonly steps: readonly FilmStep[] } {
  const after = replayCrash(of, cut.moves, cut)
  if (after === undefined) throw notThere(of, cut)
  const move = cut.moves.length
  const findings = after.violations.map(({ invariant, message, objects }): ExploredFinding => {
    const { severity } = invariants.get(invariant)
    const event = `power cut ${cut.point}, after move ${move}`
    return { invariant, severity, message, tasks: [], objects, event, task: undefined, move }
  })
  const lines = cut.lines === 'none' ? 'no unflushed line' : cut.lines === 'all' ? 'all unflushed lines' : cut.lines
  const cutSteps = [
    { action: `power cut ${cut.point}: had the power failed here and ${lines} survived, recovery would show` },
    ...Object.entries(after.recovered).map(([name, value]) => ({ action: `  ${name}: ${value}` })),
    ...findings.map(({ invariant }) => ({ action: `violates ${invariant}`, invariant })),
  ].map((step) => ({ n: 0, move: move - 1, task: '', ...step }))
  const at = filmed.steps.findIndex((step) => step.move >= move || step.move === -1)
  const steps = filmed.steps.toSpliced(at === -1 ? filmed.steps.length : at, 0, ...cutSteps)
  return { findings: [...findings, ...violationsIn(filmed)], steps: steps.map((step, i) => ({ ...step, n: i + 1 })) }
}

function tasksOf(of: Subject): readonly string[] {
  return of.build(silent).k.tasks.map((task) => task.comm)
}

if (!isMainThread && parentPort !== null) serveThread(parentPort, functions)
