/**
 * One execution of a subject: a fresh world, moved one task at a time by whoever chooses, judged at its end. Every mode of
 * exploring, replaying and directing goes through it, so they all mean the same by "a move".
 *
 * A task that asks for a lock which is held exclusively is not offered as a move (its turn comes when the lock is free); one
 * that asks for a lock exclusively while readers hold it is, because from the moment it queues no later reader gets in.
 */

import { limits } from '../base/limits.ts'
import { invariants, type InvariantSeverity } from '../sim/invariants/invariants.ts'
import type { Kernel } from '../sim/kernel.ts'
import { judgeRest } from '../sim/run.ts'
import { silent, type SimSink } from '../sim/sink.ts'
import type { SimTask } from '../sim/task.ts'
import type { World } from '../sim/world.ts'
import type { Subject } from './subject.ts'

export interface ExploredFinding {
  readonly invariant: string
  readonly severity: InvariantSeverity
  readonly message: string
  /** Everybody who has a part in it, and what it is about: the sentence names them all. Of a power cut nobody. */
  readonly tasks: readonly string[]
  readonly objects: readonly string[]
  /** What had just happened, in words; in a film with the number of its step. */
  readonly event: string
  /** In whose move it showed. */
  readonly task: string | undefined
  /** Moves made when it was found; the whole length if it was judged at the end. */
  readonly move: number
}

export interface WaitLink {
  readonly task: string
  readonly waitsFor: string
  readonly holds: readonly string[]
}

export interface Outcome {
  readonly findings: readonly ExploredFinding[]
  /** The wait-for circle it ended in, if it did. */
  readonly deadlock: readonly WaitLink[] | undefined
  /** Every move, in order. */
  readonly moves: readonly number[]
  /** Switches away from a task that could have gone on. */
  readonly preemptions: number
  /** It was stopped because it was too long: what it would have led to is not known. */
  readonly cut: boolean
}

export class Execution {
  readonly subject: Subject
  readonly world: World
  readonly k: Kernel
  readonly moves: number[] = []
  /** Task that moved last, -1 none. */
  last = -1
  preemptions = 0
  cut = false
  /** Moves made when each of the kernel's findings came up. */
  readonly #foundAt: number[] = []

  constructor(subject: Subject, sink: SimSink = silent) {
    this.subject = subject
    this.world = subject.build(sink)
    this.k = this.world.k
  }

  canMove(task: SimTask): boolean {
    return canMove(this.k, task)
  }

  /** Would it be a preemption to let another task than the last one move? Who paused by itself is not preempted. */
  get lastWouldGoOn(): boolean {
    if (this.last === -1) return false
    const task = this.k.tasks[this.last]
    return this.canMove(task) && !pauses(task)
  }

  get atRest(): boolean {
    return atRest(this.k)
  }

  move(id: number): void {
    if (id !== this.last && this.lastWouldGoOn) this.preemptions++
    const task = this.k.tasks[id]
    task.footprint = 0
    this.moves.push(id)
    this.last = id
    this.k.step(task)
    this.note()
  }

  /** Who goes on if nobody chooses: who moved last, unless it paused, else the next in turn; -1 nobody can. */
  next(): number {
    if (this.lastWouldGoOn) return this.last
    const { tasks } = this.k
    for (let i = 1; i <= tasks.length; i++) {
      const task = tasks[(this.last + i) % tasks.length]
      if (this.canMove(task)) return task.id
    }
    return -1
  }

  /** Lets everybody go on in the default order until nobody can. */
  runOut(): void {
    while (!this.atRest) {
      if (this.moves.length >= limits.exploreDepth) {
        this.cut = true
        return
      }
      this.move(this.next())
    }
  }

  end(): void {
    if (!this.cut) judgeEnd(this.subject, this.world)
    this.note()
  }

  /** Findings that came up since it was last called belong to the moves made so far. */
  note(): void {
    while (this.#foundAt.length < this.k.findings.length) this.#foundAt.push(this.moves.length)
  }

  outcome(): Outcome {
    const { k } = this
    return {
      findings: k.findings.map((finding, i) => ({
        invariant: finding.invariant,
        severity: invariants.get(finding.invariant).severity,
        message: finding.message,
        tasks: finding.tasks,
        objects: finding.objects,
        event: `in move ${this.#foundAt[i]}, of ${finding.task.comm}`,
        task: finding.task.comm,
        move: this.#foundAt[i],
      })),
      deadlock: k.deadlock?.cycle.map(waitLink),
      moves: this.moves,
      preemptions: this.preemptions,
      cut: this.cut,
    }
  }
}

/** Is it a choice to let this task move now? */
export function canMove(k: Kernel, task: SimTask): boolean {
  if (!k.canStep(task)) return false
  const lock = task.waitingFor
  return lock === undefined || lock.admits(task.waitingMode) || (task.waitingMode === 'exclusive' && lock.readers > 0)
}

/** Nothing is left to happen: nobody can move but timers, and nobody is left to need them. */
export function atRest(k: Kernel): boolean {
  for (const task of k.tasks) if (canMove(k, task) && (k.live > 0 || !task.daemon || !pauses(task))) return false
  return true
}

/**
 * Nobody can move (a deadlock ends nothing for those outside it): who wants a lock queues up for it, the aftermath runs, and what is
 * left is judged.
 */
export function judgeEnd(subject: Subject, world: World): void {
  const { k } = world
  for (const task of k.tasks) if (k.canStep(task) && task.waitingFor !== undefined) k.step(task)
  if (k.deadlock === undefined && k.live === 0) settle(subject, world)
  judgeRest(world)
  subject.judge?.(world)
}

function settle(subject: Subject, world: World): void {
  const { k } = world
  world.checks?.atRest()
  if (subject.settle === undefined) return
  world.rounds = Infinity
  const before = k.tasks.length
  subject.settle(world)
  for (let steps = 0; k.tasks.length > before && k.live > 0 && steps < limits.exploreDepth; steps++) {
    const task = k.tasks.find((one) => k.canStep(one) && !one.daemon) ?? k.tasks.find((one) => k.canStep(one))
    if (task === undefined) return
    k.step(task)
  }
}

/** Its next move is just going on after a pause. */
export function pauses(task: SimTask): boolean {
  return task.waitingFor === undefined && task.footprint === 0
}

function waitLink(task: SimTask): WaitLink {
  return {
    task: task.comm,
    waitsFor: (task.waitingFor ?? task.waitingOn)?.className ?? 'a wake-up',
    holds: task.held.map((held) => held.lock.className),
  }
}
