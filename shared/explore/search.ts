/**
 * Stateless depth-first search of one subtree of schedules, with dynamic partial-order reduction (Flanagan and Godefroid,
 * POPL 2005): after every move the races with earlier moves are looked up, and where the other order might matter the other
 * task, or one that must go before it, is put on the list of the earlier point.
 *
 *   without a bound    one of the tasks that could begin such an order is enough (source sets: Abdulla, Aronis, Jonsson
 *                      and Sagonas, POPL 2014), and what a sibling has covered is not gone into again (sleep sets)
 *   preemption bound   a run over the bound is not made. The order that a race asks for may then only be reachable by
 *                      switching earlier, where it costs nothing; so every race, not just the last with each task, also
 *                      puts its task on the lists at the starts of the stretches before, back to one where it can go
 *                      (after Coons, Musuvathi and McKinley, OOPSLA 2013: BPOR). Sleep sets are off, because the run that
 *                      covers for a sleeping one may itself be over the bound.
 *
 * A unit is a prefix and everything below it. Points above its prefix belong to others: what races ask for there is handed
 * up as escapes. A unit may be stopped after any execution; what it has left are units again (frontier.ts), so the tree is
 * shared among workers and the result does not depend on how many there are.
 */

import { ApiError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { Ends } from './ends.ts'
import { atRest, canMove, judgeEnd, pauses } from './execution.ts'
import { codeOfAccess, dependent, FootprintSink } from './footprint.ts'
import { Order } from './order.ts'
import { pick } from './lane.ts'
import { circleInWords } from './order-watch.ts'
import { Seen, turnOf, type Turn } from './seen.ts'
import type { Subject } from './subject.ts'
import { Point, type Found, type OpenPoint, type SearchOptions, type UnitResult, type UnitSpec } from './unit.ts'
import type { Kernel } from '../sim/kernel.ts'
import type { World } from '../sim/world.ts'

export class Search {
  readonly #subject: Subject
  readonly #options: SearchOptions
  readonly #sink: FootprintSink
  readonly #points: Point[] = []
  readonly #spec: UnitSpec
  readonly #floor: number
  readonly #seen: Seen | undefined
  readonly #lane: number
  readonly #escapes: number[] = []
  readonly #keys = new Set<string>()
  readonly #found: Found[] = []
  #order: Order | undefined
  #blocked: boolean[] = []
  #world!: World
  #k!: Kernel
  #ends!: Ends
  #length = 0
  #ended = false
  #executions = 0
  #redundant = 0
  #steps = 0
  #cut = 0
  #bounded = false

  constructor(subject: Subject, spec: UnitSpec, options: SearchOptions) {
    this.#subject = subject
    this.#spec = spec
    this.#options = options
    this.#sink = new FootprintSink(options.watch)
    this.#floor = spec.prefix.length
    this.#lane = options.lane ?? 0
    const remembers = options.preemptions !== undefined && options.reduce
    this.#seen = remembers ? (options.seen ?? new Seen()) : undefined
  }

  get executions(): number {
    return this.#executions
  }

  get steps(): number {
    return this.#steps
  }

  /** Moves of the last execution. */
  get path(): readonly number[] {
    return this.#moves(this.#length)
  }

  /** One more execution; false when there is none left. */
  next(): boolean {
    if (this.#ended) return false
    const from = this.#executions === 0 ? 0 : this.#backtrack()
    if (from === -1) {
      this.#ended = true
      return false
    }
    this.#executions++
    this.#build()
    this.#repeat(from)
    this.#run()
    return true
  }

  result(): UnitResult {
    const open: OpenPoint[] = []
    if (!this.#ended && this.#executions > 0) {
      for (let depth = this.#floor; depth < this.#length; depth++) {
        const point = this.#points[depth]
        open.push({
          depth,
          done: point.done,
          doneCodes: [...point.doneCodes, ...(point.chosen === -1 ? [] : [{ task: point.chosen, codes: point.codes }])],
          todo: point.backtrack & ~point.done,
          sleepers: point.sleepers,
          continues: point.continues,
          preemptions: point.preemptions,
        })
      }
    }
    const escapes = [...this.#escapes.entries()].filter(([, tasks]) => tasks !== undefined && tasks !== 0)
    return {
      executions: this.#executions,
      redundant: this.#redundant,
      steps: this.#steps,
      cut: this.#cut,
      bounded: this.#bounded,
      escapes: escapes.map(([depth, tasks]) => ({ depth, tasks })),
      path: this.#ended ? [] : this.path,
      open,
      found: this.#found,
    }
  }

  #moves(length: number): number[] {
    return this.#points.slice(0, length).map((point) => point.chosen)
  }

  // ---- one execution ----

  #build(): void {
    this.#sink.reset()
    this.#options.watch?.begin()
    this.#world = this.#subject.build(this.#sink)
    this.#k = this.#world.k
    const { length } = this.#k.tasks
    if (this.#order === undefined) {
      refuseTasks(this.#subject, length)
      this.#order = new Order(length)
      this.#blocked = new Array<boolean>(length).fill(false)
    }
    this.#blocked.fill(false)
    this.#ends = new Ends(this.#k)
  }

  /** The deepest point with something left on its list; -1 none. The points below it are dropped. */
  #backtrack(): number {
    for (let depth = this.#length - 1; depth >= this.#floor; depth--) {
      const point = this.#points[depth]
      if (point.chosen !== -1) this.#ascend(depth)
      this.#retire(point)
      for (;;) {
        const left = point.backtrack & ~point.done
        if (left === 0) break
        const task = pick(left, { lane: this.#lane, depth, last: -1 })
        point.done |= 1 << task
        if (this.#sleeps(point, task) || this.#overBound(point, task) || this.#covered(depth, task)) continue
        point.chosen = task
        this.#length = depth + 1
        return depth
      }
    }
    return -1
  }

  /** All below a point's move has been searched: what that asked for above goes up to the point. */
  #ascend(depth: number): void {
    const seen = this.#seen
    if (seen === undefined) return
    const order = this.#order as Order
    const point = this.#points[depth]
    const { asks } = this.#points[depth + 1]
    const first = this.#askBit(depth, 0)
    let own = 0
    for (let asker = 0; asker < order.tasks; asker++) if (asks.take(first + asker)) own |= 1 << asker
    if ((point.enabled & (point.enabled - 1)) !== 0) seen.add(this.#turn(depth, point.chosen), asks, own)
    if (this.#stretch(depth) === depth) asks.crossing &= ~point.enabled
    asks.crossing |= own
    point.asks.add(asks)
  }

  /** The bit of a move, by its index, and a task that asks to go before it. */
  #askBit(move: number, asker: number): number {
    const order = this.#order as Order
    return (order.ordinalOf(move) * order.tasks + order.taskOf(move)) * order.tasks + asker
  }

  #turn(depth: number, task: number): Turn {
    const { continues, preemptions } = this.#points[depth]
    const order = this.#order as Order
    return turnOf(task, order.sumsAt(depth), preemptions + (continues === -1 || continues === task ? 0 : 1))
  }

  /** Has all below a task's move been searched on another way? Then what that asked for above is asked for here. */
  #covered(depth: number, task: number): boolean {
    const seen = this.#seen
    const at = seen === undefined ? -1 : seen.find(this.#turn(depth, task))
    if (seen === undefined || at === -1) return false
    const order = this.#order as Order
    const { tasks } = order
    const point = this.#points[depth]
    const { asks } = point
    point.chosen = task
    const begins = this.#stretch(depth) === depth
    seen.eachEvent(at, (bit) => {
      asks.set(bit)
      const event = Math.floor(bit / tasks)
      this.#askWithin(order.indexOf(event % tasks, Math.floor(event / tasks)), bit % tasks)
    })
    const own = seen.ownOf(at)
    const crossing = seen.crossingOf(at)
    for (let left = own; left !== 0; left &= left - 1) this.#askWithin(depth, 31 - Math.clz32(left & -left))
    for (let left = crossing; left !== 0; left &= left - 1) {
      this.#askBefore(depth, depth + 1, 31 - Math.clz32(left & -left))
    }
    asks.crossing |= own | (begins ? crossing & ~point.enabled : crossing)
    point.chosen = -1
    return true
  }

  /** The chosen move has been explored: it sleeps from now on. */
  #retire(point: Point): void {
    if (point.chosen === -1) return
    if (this.#options.preemptions === undefined) point.doneCodes.push({ task: point.chosen, codes: point.codes })
    point.codes = []
    point.chosen = -1
  }

  #sleeps(point: Point, task: number): boolean {
    return point.sleepers.some((one) => one.task === task)
  }

  #overBound(point: Point, task: number): boolean {
    const { preemptions } = this.#options
    if (preemptions === undefined || point.continues === -1 || point.continues === task) return false
    if (point.preemptions < preemptions) return false
    this.#bounded = true
    return true
  }

  /** Makes the moves up to `from` again, which are known; the first time they are the unit's prefix. */
  #repeat(from: number): void {
    const order = this.#order as Order
    order.cutTo(from)
    const { tasks } = this.#k
    for (let depth = 0; depth < from; depth++) {
      const task = tasks[this.#points[depth].chosen]
      task.footprint = 0
      this.#sink.begin(task.id)
      this.#k.step(task)
    }
    this.#steps += from
    this.#options.watch?.moved(from)
    this.#k.touched.length = 0
    this.#sink.codes.length = 0
    for (const task of tasks) this.#blocked[task.id] = task.state === 'blocked'
  }

  #run(): void {
    const k = this.#k
    const { prefix } = this.#spec
    let depth = (this.#order as Order).length
    if (depth < this.#length) {
      this.#move(depth)
      depth++
    }
    for (; ; depth++) {
      if (atRest(k)) break
      if (depth >= this.#options.depth) {
        this.#cut++
        this.#length = depth
        this.#pendingRaces()
        return
      }
      const point = this.#arrive(depth)
      const task = depth < prefix.length ? prefix[depth] : this.#choose(point)
      if (task === -1) {
        // Everything that could move is asleep: covered elsewhere. Who waits for a lock could have been before who has it.
        this.#redundant++
        this.#length = depth
        this.#pendingRaces(point)
        return
      }
      point.done |= 1 << task
      point.backtrack |= 1 << task
      this.#length = depth + 1
      if (depth >= prefix.length && this.#covered(depth, task)) {
        this.#redundant++
        return
      }
      point.chosen = task
      this.#move(depth)
    }
    this.#length = depth
    this.#pendingRaces()
    judgeEnd(this.#subject, this.#world)
    this.#judge()
  }

  /** A new point: who can move, who sleeps. */
  #arrive(depth: number): Point {
    const k = this.#k
    const point = (this.#points[depth] ??= new Point())
    point.enabled = 0
    for (const task of k.tasks) if (canMove(k, task)) point.enabled |= 1 << task.id
    point.done = 0
    point.backtrack = 0
    point.chosen = -1
    if (this.#options.preemptions === undefined) {
      point.codes = []
      point.doneCodes = []
      point.sleepers = []
    }
    point.continues = -1
    point.preemptions = 0
    if (depth === 0) {
      if (this.#floor === 0) return point
    } else {
      const before = this.#points[depth - 1]
      const last = k.tasks[before.chosen]
      if ((point.enabled & (1 << last.id)) !== 0 && !pauses(last)) point.continues = last.id
      const preempted = before.continues !== -1 && before.continues !== before.chosen
      point.preemptions = before.preemptions + (preempted ? 1 : 0)
      if (this.#options.preemptions === undefined) this.#passSleepers(before, point)
    }
    if (depth === this.#floor - 1) point.sleepers = [...this.#spec.sleepers]
    return point
  }

  /** Who slept before a move, and is independent of it, sleeps after it. */
  #passSleepers(before: Point, after: Point): void {
    for (const one of before.sleepers) {
      if (one.task !== before.chosen && !dependent(one.codes, before.codes)) after.sleepers.push(one)
    }
    for (const one of before.doneCodes) {
      if (one.task !== before.chosen && !dependent(one.codes, before.codes)) after.sleepers.push(one)
    }
  }

  /** Who goes first at a new point: who moved last, else the next in turn, but nobody who sleeps. -1: all sleep. */
  #choose(point: Point): number {
    const awake = point.sleepers.reduce((mask, one) => mask & ~(1 << one.task), point.enabled)
    if (!this.#options.reduce) point.backtrack = awake
    if (point.continues !== -1 && (awake & (1 << point.continues)) !== 0) return point.continues
    if (awake === 0) return -1
    const last = this.#length === 0 ? -1 : this.#points[this.#length - 1].chosen
    return pick(awake, { lane: this.#lane, depth: this.#length, last })
  }

  /** Makes the chosen move of a point; races put others on the lists of earlier points. */
  #move(depth: number): void {
    const k = this.#k
    const order = this.#order as Order
    const point = this.#points[depth]
    const task = k.tasks[point.chosen]
    const { codes } = this.#sink
    ;(this.#points[depth + 1] ??= new Point()).asks.clear()
    this.#sink.begin(task.id)
    k.touched.length = 0
    if (task.footprint !== 0) codes.push(codeOfAccess(task.footprint))
    this.#ends.before(task, codes)
    task.footprint = 0
    k.step(task)
    this.#steps++
    this.#options.watch?.moved()
    for (const touched of k.touched) codes.push(codeOfAccess(touched))
    this.#ends.after(task, codes)
    if (this.#options.preemptions === undefined) point.codes = this.#ends.asleep(task, codes)
    order.clockOf(task.id)
    if (this.#options.reduce) this.#reverse(depth + 1, task.id, codes)
    order.push(task.id, codes)
    for (const other of k.tasks) {
      const blocked = other.state === 'blocked'
      if (this.#blocked[other.id] && !blocked) order.wakes(other.id)
      this.#blocked[other.id] = blocked
    }
  }

  /** At the end: what the tasks that are left would have done next races too. */
  #pendingRaces(at?: Point): void {
    if (!this.#options.reduce) return
    const order = this.#order as Order
    for (const task of this.#k.tasks) {
      if (!this.#k.canStep(task) || (at !== undefined && this.#sleeps(at, task.id))) continue
      const codes = this.#ends.pending(task)
      if (codes.length === 0) continue
      order.clockOf(task.id)
      this.#reverse(this.#length, task.id, codes, true)
    }
  }

  /** Each earlier move that races with this one of `task`, which ends at `depth`, is to be seen after it too. */
  #reverse(depth: number, task: number, codes: readonly number[], pending = false): void {
    const order = this.#order as Order
    const bounded = this.#options.preemptions !== undefined
    const races = order.races(task, codes, bounded)
    if (races.length === 0) return
    order.join(task, codes)
    for (const move of races) {
      if (bounded) {
        this.#points[depth].asks.set(this.#askBit(move - 1, task))
        this.#askWithin(move - 1, task)
      } else this.#askInitials(move - 1, task, pending)
    }
  }

  /** A move that is not made may touch more than what it begins with: the others could have to go first. */
  #askInitials(move: number, task: number, pending: boolean): void {
    const initials = (this.#order as Order).initials(move, task)
    const others = pending ? initials & ~(1 << task) : 0
    if (others !== 0) this.#askOne(move, others)
    if (others !== initials) this.#askOne(move, initials & ~others)
  }

  /** One of these is to go from the point before a move. Who sleeps there is covered, and is enough. */
  #askOne(move: number, initials: number): void {
    const point = this.#points[move]
    if (move >= this.#floor && (initials & point.backtrack) !== 0) return
    const could = initials & point.enabled
    this.#list(move, could === 0 ? point.enabled : could & -could)
  }

  /**
   * With a bound: the task itself is to go, there and where switching to it costs nothing more, at the start of the stretch
   * and of the ones before, until one where it can.
   */
  #askWithin(move: number, task: number): void {
    this.#listOrAll(move, task)
    this.#askBefore(move, move, task)
  }

  /** At the start of the stretch `from` is in and of those before it, until one before `move` where it can go. */
  #askBefore(from: number, move: number, task: number): void {
    for (let at = from; at >= 0;) {
      const start = this.#stretch(at)
      const could = this.#listOrAll(start, task)
      if (could && start < move) return
      at = start - 1
    }
  }

  /** First move of the stretch of one task's moves that this one belongs to: a task that pauses begins another. */
  #stretch(move: number): number {
    let at = move
    const { chosen } = this.#points[move]
    while (at > 0 && this.#points[at - 1].chosen === chosen && this.#points[at].continues === chosen) at--
    return at
  }

  /** A task, or all that can move where it cannot. */
  #listOrAll(move: number, task: number): boolean {
    const { enabled } = this.#points[move]
    const could = (enabled & (1 << task)) !== 0
    this.#list(move, could ? 1 << task : enabled)
    return could
  }

  #list(move: number, tasks: number): void {
    if (move >= this.#floor) this.#points[move].backtrack |= tasks
    else this.#escapes[move] = (this.#escapes[move] ?? 0) | tasks
  }

  #judge(): void {
    for (const { invariant, message } of this.#k.findings) this.#find(invariant, message)
    const circles = this.#options.watch?.circles(this.#subject, () => this.path) ?? []
    for (const circle of circles) this.#find('V11', circleInWords(circle))
  }

  #find(invariant: string, message: string): void {
    const key = findingKey(invariant, message)
    if (this.#keys.has(key)) return
    this.#keys.add(key)
    this.#found.push({ key, moves: this.path })
  }
}

/** Sets of tasks are the bits of a number. */
export function refuseTasks(subject: Subject, tasks: number): void {
  if (tasks <= limits.exploreTasks) return
  throw new ApiError(
    'limit',
    `a search has at most ${limits.exploreTasks} tasks, those of the journal among them, and ${subject.id} has ${tasks}`,
    'set fewer actors, or have schedules drawn by lot (mode random or pct)',
  )
}

/** The same violation in another execution: numbers of blocks, tasks and stores differ, parts of a circle may turn. */
export function findingKey(invariant: string, message: string): string {
  const parts = message.replace(/\d+/g, '#').split('; ').sort()
  return `${invariant} ${parts.join('; ')}`
}
