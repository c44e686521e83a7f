/**
 * Who waited for whom. A wait is open from the moment its lock was found taken; whoever releases that lock while the
 * wait is open, in a mode that excludes the waiter, is a reason for it. Nothing is remembered per lock but its open
 * waits, so an uncontended release costs one array look-up. Readers of an rwsem also wait for a writer that is only
 * queued (kernel/locking/rwsem.c: a queued writer blocks later readers); that gets edges of its own kind.
 */

import { limits } from '../base/limits.ts'
import { EDGE_KINDS, SPAN_HOLD_KNOWN } from '../model/kinds.ts'
import type { Ns } from '../model/trace.ts'
import { DOING_OTHER, EXCLUSIVE, SHARED, Waiters, type Hold, type TaskTrack } from './track.ts'
import type { SpanState } from './state.ts'

const EDGE_HOLDER = EDGE_KINDS.indexOf('holder')
const EDGE_QUEUED_WRITER = EDGE_KINDS.indexOf('queued-writer')

/** A wait that was given up before the lock was released: who held it is told by what comes later. */
interface GivenUp {
  readonly wait: Pick<Hold, 'id' | 'task' | 'mode' | 'contendedNs'>
  readonly atNs: Ns
  /** Releases of the lock since. */
  seen: number
}

/** What held a lock from when until the release that is told of now. */
interface Held {
  readonly span: number
  readonly mode: number
  readonly fromNs: Ns
}

export class Edges {
  readonly #state: SpanState
  readonly #waiters: (Waiters | undefined)[] = []
  /** Those with anybody in them. */
  readonly #queues = new Set<Waiters>()
  /** By lock, oldest first. */
  readonly #givenUp = new Map<number, GivenUp[]>()
  /** Waiters of one release mostly share the time they were blocked, and so what the holder did then. */
  #asked: { track: TaskTrack | undefined; from: Ns; to: Ns; phase: number } = {
    track: undefined,
    from: NaN,
    to: NaN,
    phase: -1,
  }

  constructor(state: SpanState) {
    this.#state = state
  }

  waitBegins(wait: Hold): void {
    while (this.#waiters.length <= wait.lock) this.#waiters.push(undefined)
    const waiters = (this.#waiters[wait.lock] ??= new Waiters())
    if (waiters.length === 0) this.#queues.add(waiters)
    waiters.add(wait)
  }

  /** The mode of a wait is told late. */
  shares(wait: Hold): void {
    if (wait.mode === SHARED) return
    wait.mode = SHARED
    const waiters = this.#waiters[wait.lock]
    if (waiters !== undefined && wait.queue === waiters) waiters.shared++
  }

  /** The wait is over: the lock was got (or given up). Readers queued behind a writer waited for its turn. */
  waitEnds(wait: Hold, granted: boolean): void {
    const waiters = this.#waiters[wait.lock]
    if (waiters === undefined || !waiters.remove(wait)) return
    if (waiters.length === 0) this.#queues.delete(waiters)
    if (!granted || wait.mode !== EXCLUSIVE || waiters.shared === 0) return
    const { most, perWait } = this.#state.queuedEdges
    let at = 0
    let left = 0
    for (let reader = waiters.first; reader !== undefined; reader = reader.behind) {
      const told = at++ < most || waiters.seenBy(reader) < perWait
      // Where holds are not recorded, an unseen writer may have held the lock all along.
      const holdsKnown = (reader.flags & wait.flags & SPAN_HOLD_KNOWN) !== 0
      if (!holdsKnown || reader.mode !== SHARED || reader.contendedNs < wait.contendedNs) continue
      if (told) this.#queued(reader, wait)
      else left++
    }
    if (left > 0) this.#cut(left)
  }

  /** A wait that has ended got nothing: whoever holds the lock now was in its way, and is told of when it lets go. */
  gaveUp(wait: Hold): void {
    const { ts } = this.#state
    wait.gaveUpNs = ts
    if (wait.broken) return
    const { task, mode, contendedNs, lock } = wait
    const all = this.#givenUp.get(lock) ?? []
    this.#givenUp.set(lock, all)
    if (all.length === limits.givenUpWaits) all.shift()
    all.push({ wait: { id: this.#id(wait), task, mode, contendedNs }, atNs: ts, seen: 0 })
  }

  /** A lock that was held since before waits for it were given up is released now. Nobody else held it beside a writer. */
  tellGivenUp(lock: number, held: Held, track: TaskTrack): void {
    const all = this.#givenUp.get(lock)
    if (all === undefined) return
    const rest: GivenUp[] = []
    for (const each of all) {
      const { wait, atNs } = each
      if (held.mode === SHARED && ++each.seen < limits.edgesPerWait) rest.push(each)
      if (wait.task === track.task || (wait.mode === SHARED && held.mode === SHARED)) continue
      const from = Math.max(wait.contendedNs, held.fromNs)
      const phase = from < atNs ? this.phaseOf(track, from, atNs) : -1
      if (from < atNs) this.#state.edge(wait.id, held.span, atNs - from, phase, EDGE_HOLDER)
    }
    if (rest.length > 0) this.#givenUp.set(lock, rest)
    else this.#givenUp.delete(lock)
  }

  /**
   * `hold` ends now. N tasks in one queue would make N² edges: told of it are the longest waiting, and those that have not yet
   * been told of so many; so no wait is without a reason.
   */
  released(hold: Hold, track: TaskTrack): void {
    if (this.#givenUp.size > 0 && this.#givenUp.has(hold.lock)) {
      this.tellGivenUp(hold.lock, { span: this.#id(hold), mode: hold.mode, fromNs: hold.acquiredNs }, track)
    }
    const waiters = hold.lock < this.#waiters.length ? this.#waiters[hold.lock] : undefined
    if (waiters?.last === undefined) return
    const { most, perWait } = this.#state.releaseEdges
    const reading = hold.mode === SHARED
    let left = reading ? waiters.length - waiters.shared : waiters.length
    const tell = (wait: Hold): void => {
      if (!reading || wait.mode !== SHARED) left--
      this.blocked(wait, hold, track)
    }
    let wait = waiters.first
    for (let i = 0; wait !== undefined && i < most; wait = wait.behind, i++) tell(wait)
    if (wait !== undefined && perWait > 0) {
      // Who came later has seen fewer: they stand at the end of the queue.
      let newer = waiters.newest(wait, reading, perWait)
      if (!reading && waiters.shared > 0) {
        for (; wait !== newer && wait !== undefined; wait = wait.behind) this.#overlap(wait, hold)
      }
      for (; newer !== undefined; newer = newer.behind) if (waiters.seenBy(newer) < perWait) tell(newer)
    }
    waiters.releases++
    if (!reading) waiters.writes++
    if (left > 0) this.#cut(left)
  }

  /** The edge of one waiter to one holder, up to now. */
  blocked(waiter: Hold, holder: Hold, track: TaskTrack): void {
    const state = this.#state
    const overlap = this.#overlap(waiter, holder)
    if (!(overlap >= 0)) return
    const from = state.ts - overlap
    waiter.blamedOn = holder.task
    state.edge(this.#id(waiter), this.#id(holder), overlap, this.phaseOf(track, from, state.ts), EDGE_HOLDER)
  }

  /** How long the holder kept the waiter waiting up to now, NaN where it did not; of a reader it is explained then. */
  #overlap(waiter: Hold, holder: Hold): Ns {
    if (waiter.task === holder.task || (waiter.mode === SHARED && holder.mode === SHARED)) return NaN
    const overlap = this.#state.ts - Math.max(waiter.contendedNs, holder.acquiredNs)
    if (waiter.mode === SHARED && overlap >= 0) waiter.explainedNs += overlap
    return overlap
  }

  /** An edge to a holder that was deduced: it held the lock at least during [from, to]. */
  inferred(waiter: Hold, holder: number, track: TaskTrack, fromNs: Ns, toNs: Ns): void {
    if (toNs >= fromNs)
      this.#state.edge(this.#id(waiter), holder, toNs - fromNs, this.phaseOf(track, fromNs, toNs), EDGE_HOLDER)
  }

  /** Nothing that comes later is a reason for the waits that are open now; how long they are is not known either. */
  breakWaits(): void {
    for (const waiters of this.#queues) {
      while (waiters.first !== undefined) {
        waiters.first.broken = true
        waiters.remove(waiters.first)
      }
    }
    this.#queues.clear()
    this.#givenUp.clear()
  }

  /** What a task did most of an interval, as an index into phaseNames; -1 unknown. */
  phaseOf(track: TaskTrack, from: Ns, to: Ns): number {
    const asked = this.#asked
    if (asked.track === track && asked.from === from && asked.to === to) return asked.phase
    asked.track = track
    asked.from = from
    asked.to = to
    return (asked.phase = this.#phaseOf(track, from, to))
  }

  #phaseOf(track: TaskTrack, from: Ns, to: Ns): number {
    const doing = track.history?.most(from, to) ?? -1
    return doing === DOING_OTHER ? this.#state.builder.phaseNames.id('other') : doing
  }

  #cut(count: number): void {
    const { most, perWait } = this.#state.releaseEdges
    const others = perWait > 0 ? `, and the first ${perWait} releases a wait sees are named` : ''
    const message = `a release names the ${most} longest of its waiters${others}: later ones in the queue have fewer wait edges`
    this.#state.builder.diagnose('info', 'wait-edges-cut', message, undefined, count)
  }

  #queued(reader: Hold, writer: Hold): void {
    const overlap = this.#state.ts - reader.contendedNs - reader.explainedNs
    if (!(overlap > 0)) return
    reader.explainedNs += overlap
    const doing = this.#state.builder.phaseNames.id(
      `wait:${this.#state.builder.lockClasses[writer.lockClass]?.name ?? '?'}`,
    )
    this.#state.edge(this.#id(reader), this.#id(writer), overlap, doing, EDGE_QUEUED_WRITER)
  }

  #id(hold: Hold): number {
    if (hold.id < 0) hold.id = this.#state.builder.begin('lockSpan')
    return hold.id
  }
}
