/**
 * One schedule as a trace, so that the timeline and every other page can show it: the moves are made again and everything the
 * model tells is recorded as a simulated run is. A search has no clock; the trace's counts happenings, and says so. One task
 * moves at a time, so all of them share one CPU.
 */

import { crashOf } from '#shared/explore/crash.ts'
import { Execution } from '#shared/explore/execution.ts'
import { play } from '#shared/explore/replay.ts'
import { decodeSchedule } from '#shared/explore/schedule.ts'
import { parseSubjectId } from '#shared/explore/subject.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import type { TraceSink } from '#shared/model/trace.ts'
import { subjectOf } from '#shared/races/subjects.ts'
import type { SimLock } from '#shared/sim/locks.ts'
import { PHASES } from '#shared/sim/phases.ts'
import { SimRecorder } from '#shared/sim/record.ts'
import type { SimSink } from '#shared/sim/sink.ts'
import { parseStrategy, strategyNamed } from '#shared/sim/strategies/index.ts'
import type { SimTask } from '#shared/sim/task.ts'
import type { RunOutcome, RunSpec } from './sim-run.ts'
import { slotsOf } from './strategy-slots.ts'
import '../strategy/find.ts'

/** Of the schedule, among the trace's diagnostics. */
const TEXT = 2000

/** The clock of a trace without time. */
interface Happenings {
  now: number
}

/** Plays the schedule into the sink. Its moves are checked first, so nothing is written of one that does not fit. */
export function recordSchedule(text: string, sink: TraceSink): RunOutcome {
  const given = decodeSchedule(text)
  const strategy = parseStrategy(given.strategy)
  const subject = subjectOf(crashOf(given.subject)?.subject ?? given.subject, strategy)
  const { moves, findings } = play(subject, given.moves)
  const { id, settings } = parseSubjectId(subject.id)
  const builder = new TraceBuilder(sink, `${id} ${strategy.label} schedule`, 'simulation')
  const clock: Happenings = { now: 0 }
  const recorder = new SimRecorder({ builder, phases: PHASES }).attach(clock)
  const recording = new ScheduleSink(recorder, clock)
  const execution = new Execution(subject, recording)
  let last: SimTask | undefined
  for (const move of moves) {
    const task = execution.k.tasks[move]
    if (task !== last) recording.switch(0, last, task)
    last = task
    execution.move(move)
    for (const each of execution.k.tasks) recording.waits(each)
  }
  execution.end()
  if (last !== undefined) recording.switch(0, last, undefined)
  builder.diagnose('info', 'schedule-clock', 'times count happenings of the schedule, they are no ns', undefined, 1)
  builder.diagnose('info', 'schedule', text.slice(0, TEXT))
  builder.meta.clockUnit = 'tick'
  const { findingCounts } = execution.k
  const found = execution.k.findings.map((finding, i) => ({ ...finding, at: recording.foundAt[i] ?? clock.now }))
  const meta = { scenario: id, strategy: strategy.label, seed: settings['seed'] ?? '1', cpus: 1, digest: undefined }
  recorder.finish(meta, { findings: found, findingCounts })
  return {
    strategy: strategy.label,
    title: strategyNamed(strategy.id).title,
    slots: slotsOf(strategy),
    fs: settings['fs'] ?? strategy.fs,
    params: settings,
    digest: '',
    events: builder.eventCount,
    ops: recording.ops,
    simulatedNs: clock.now,
    violations: found.map(({ invariant, message, at }) => ({ invariant, message, count: 1, atNs: at, seed: 1 })),
    counters: { moves: moves.length, findings: findings.length },
    deadlock: null,
    truncated: false,
    opCounts: [],
    daemonPids: execution.k.tasks.filter(({ daemon }) => daemon).map(({ pid }) => pid),
  }
}

/**
 * Passes on what happens, a tick each. A search does not offer a task whose lock is taken, so nobody tells that it waits: that is
 * told here, once per wait, as the kernel's slow path would.
 */
class ScheduleSink implements SimSink {
  readonly foundAt: number[] = []
  ops = 0
  readonly #next: SimSink
  readonly #clock: Happenings
  readonly #waiting = new Map<SimTask, SimLock>()

  constructor(next: SimSink, clock: Happenings) {
    this.#next = next
    this.#clock = clock
  }

  waits(task: SimTask): void {
    const lock = task.waitingFor
    if (lock !== undefined && !lock.admits(task.waitingMode)) this.lockContended(task, lock)
  }

  lockAcquire(...args: Parameters<SimSink['lockAcquire']>): void {
    this.#tick().lockAcquire(...args)
  }
  lockContended(task: SimTask, lock: SimLock): void {
    if (this.#waiting.get(task) === lock) return
    this.#waiting.set(task, lock)
    this.#tick().lockContended(task, lock)
  }
  lockAcquired(task: SimTask, lock: SimLock): void {
    this.#waiting.delete(task)
    this.#tick().lockAcquired(task, lock)
  }
  lockRelease(...args: Parameters<SimSink['lockRelease']>): void {
    this.#tick().lockRelease(...args)
  }
  phaseBegin(...args: Parameters<SimSink['phaseBegin']>): void {
    this.#tick().phaseBegin(...args)
  }
  phaseEnd(...args: Parameters<SimSink['phaseEnd']>): void {
    this.#tick().phaseEnd(...args)
  }
  opBegin(...args: Parameters<SimSink['opBegin']>): void {
    this.ops++
    this.#tick().opBegin(...args)
  }
  opEnd(...args: Parameters<SimSink['opEnd']>): void {
    this.#tick().opEnd(...args)
  }
  switch(...args: Parameters<SimSink['switch']>): void {
    this.#tick().switch(...args)
  }
  wakeup(...args: Parameters<SimSink['wakeup']>): void {
    this.#tick().wakeup(...args)
  }
  finding(task: SimTask | undefined, invariant: string): void {
    const next = this.#tick()
    this.foundAt.push(this.#clock.now)
    next.finding(task, invariant)
  }

  #tick(): SimSink {
    this.#clock.now++
    return this.#next
  }
}

/** What the simulating job takes; what is no schedule of anything is refused here, before a thread starts. */
export function scheduleSpec(text: string): RunSpec {
  const schedule = text.trim()
  const { subject, strategy } = decodeSchedule(schedule)
  const named = crashOf(subject)?.subject ?? subject
  subjectOf(named, parseStrategy(strategy))
  return { scenario: parseSubjectId(named).id, strategy, slots: {}, set: {}, seed: 1, schedule }
}
