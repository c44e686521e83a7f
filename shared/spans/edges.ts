/**
 * Who waited for whom. A wait is open from the moment its lock was found taken; whoever releases that lock while the
 * wait is open, in a mode that excludes the waiter, is a reason for it. Nothing is remembered per lock but its open
 * waits, so an uncontended release costs one array look-up. Readers of an rwsem also wait for a writer that is only
 * queued (kernel/locking/rwsem.c: a queued writer blocks later readers); that gets edges of its own kind.
 */

import { EDGE_KINDS, MODES, SPAN_HOLD_KNOWN } from '../model/kinds.ts'
import type { Ns } from '../model/trace.ts'
import { DOING_OTHER, type Hold, type TaskTrack } from './track.ts'
import type { SpanState } from './state.ts'

const EDGE_HOLDER = EDGE_KINDS.indexOf('holder')
const EDGE_QUEUED_WRITER = EDGE_KINDS.indexOf('queued-writer')
export const EXCLUSIVE = MODES.indexOf('exclusive')
export const SHARED = MODES.indexOf('shared')

/** Open waits for one lock, oldest first. */
class Waiters {
  readonly list: Hold[] = []
  /** Those that want to share it. */
  shared = 0

  remove(wait: Hold): boolean {
    const { list } = this
    const at = list[0] === wait ? 0 : list.indexOf(wait)
    if (at === -1) return false
    if (at === 0) list.shift()
    else list.splice(at, 1)
    if (wait.mode === SHARED) this.shared--
    return true
  }
}

export class Edges {
  readonly #state: SpanState
  readonly #waiters: (Waiters | undefined)[] = []
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
    waiters.list[waiters.list.length] = wait
    if (wait.mode === SHARED) waiters.shared++
  }

  /** The mode of a wait is told late. */
  shares(wait: Hold): void {
    if (wait.mode === SHARED) return
    wait.mode = SHARED
    const waiters = this.#waiters[wait.lock]
    if (waiters?.list.includes(wait) === true) waiters.shared++
  }

  /** The wait is over: the lock was got (or given up). Readers queued behind a writer waited for its turn. */
  waitEnds(wait: Hold, granted: boolean): void {
    const waiters = this.#waiters[wait.lock]
    if (waiters === undefined || !waiters.remove(wait)) return
    if (!granted || wait.mode !== EXCLUSIVE || waiters.shared === 0) return
    for (const reader of waiters.list) {
      // Where holds are not recorded, an unseen writer may have held the lock all along.
      const holdsKnown = (reader.flags & wait.flags & SPAN_HOLD_KNOWN) !== 0
      if (holdsKnown && reader.mode === SHARED && reader.contendedNs >= wait.contendedNs) this.#queued(reader, wait)
    }
  }

  /** `hold` ends now. */
  released(hold: Hold, track: TaskTrack): void {
    const waiters = hold.lock < this.#waiters.length ? this.#waiters[hold.lock]?.list : undefined
    if (waiters === undefined) return
    const kept = Math.min(waiters.length, this.#state.edgesPerRelease)
    for (let i = 0; i < kept; i++) this.blocked(waiters[i], hold, track)
    if (kept < waiters.length) this.#cut(waiters.length - kept)
  }

  /** The edge of one waiter to one holder, up to now. */
  blocked(waiter: Hold, holder: Hold, track: TaskTrack): void {
    const state = this.#state
    if (waiter.task === holder.task) return
    if (waiter.mode === SHARED && holder.mode === SHARED) return
    const from = Math.max(waiter.contendedNs, holder.acquiredNs)
    const overlap = state.ts - from
    if (!(overlap >= 0)) return
    if (waiter.mode === SHARED) waiter.explainedNs += overlap
    waiter.blamedOn = holder.task
    state.edge(this.#id(waiter), this.#id(holder), overlap, this.phaseOf(track, from, state.ts), EDGE_HOLDER)
  }

  /** An edge to a holder that was deduced: it held the lock at least during [from, to]. */
  inferred(waiter: Hold, holder: number, track: TaskTrack, fromNs: Ns, toNs: Ns): void {
    if (toNs >= fromNs)
      this.#state.edge(this.#id(waiter), holder, toNs - fromNs, this.phaseOf(track, fromNs, toNs), EDGE_HOLDER)
  }

  /** Nothing that comes later is a reason for the waits that are open now; how long they are is not known either. */
  breakWaits(): void {
    for (const waiters of this.#waiters) {
      if (waiters === undefined) continue
      for (const wait of waiters.list) wait.broken = true
      waiters.list.length = 0
      waiters.shared = 0
    }
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
    const most = this.#state.edgesPerRelease
    const message = `a release names the ${most} longest of its waiters: later ones in the queue have fewer wait edges`
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
