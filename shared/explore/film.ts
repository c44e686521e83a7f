/**
 * A film of one execution: every happening of every move as a line (who takes, waits for, releases, looks at what, in which
 * phase), with what changed in the world by the move. Films are for people: replay, race pages, reports.
 */

import { LockOrder } from '../sim/invariants/lock-order.ts'
import type { LockMode, SimLock } from '../sim/locks.ts'
import { PHASES } from '../sim/phases.ts'
import type { SimSink } from '../sim/sink.ts'
import type { SimTask } from '../sim/task.ts'
import type { World } from '../sim/world.ts'
import { changedState, notePages, objectName, stateOf, type PageNames, type WorldState } from './state.ts'

export interface FilmStep {
  readonly n: number
  /** Which move of the schedule it belongs to, from 0; -1 after the last one. */
  readonly move: number
  readonly task: string
  readonly action: string
  readonly lock?: string
  readonly phase?: string
  /** Invariant that was found violated here. */
  readonly invariant?: string
  /** With the last happening of a move: what it changed, '' for what is gone. */
  readonly state?: Readonly<Record<string, string>>
}

type Draft = { -readonly [K in keyof FilmStep]: FilmStep[K] }

/** What one happening is to a directed script. */
export interface Happening {
  readonly at: 'acquire' | 'acquired' | 'release' | 'phase' | 'phase-end' | 'op' | 'op-end' | 'see' | 'found'
  readonly task: number
  readonly name: string
}

export class FilmSink implements SimSink {
  readonly steps: FilmStep[] = []
  readonly order = new LockOrder()
  /** What had happened when each violation was found, in words. */
  readonly events: string[] = []
  /** Happenings of the move under way. */
  happened: Happening[] = []
  #world: World | undefined
  #state: WorldState = new Map()
  #move = -1
  #drafts: Draft[] = []
  readonly #withState: boolean
  readonly #phases: string[][] = []
  readonly #pages: PageNames = new Map()
  /** Tasks that have moved. */
  readonly #seen = new Set<number>()

  constructor(options: { readonly state: boolean }) {
    this.#withState = options.state
  }

  /** The world stands, nothing has moved. */
  begin(world: World): void {
    this.#world = world
    if (this.#withState) this.#state = stateOf(world)
  }

  get initialState(): WorldState {
    return this.#state
  }

  /** A task is about to make move `move`; `footprint` is what it is about to look at. */
  moveBegins(move: number, task: SimTask, footprint: number): void {
    this.#move = move
    this.#drafts = []
    this.happened = []
    const world = this.#world
    if (footprint === 0 || world === undefined) return
    const write = footprint < 0
    notePages(world, this.#pages)
    const name = objectName(world, write ? -1 - footprint : footprint, this.#pages)
    this.#add(task, `${write ? 'changes' : 'looks at'} ${name}`)
    this.happened.push({ at: 'see', task: task.id, name })
  }

  moveEnds(task: SimTask): void {
    const world = this.#world
    const first = !this.#seen.has(task.id)
    this.#seen.add(task.id)
    if (this.#drafts.length === 0) this.#add(task, task.state === 'done' ? 'ends' : first ? 'begins' : 'goes on')
    else if (task.state === 'done') this.#add(task, 'ends')
    if (this.#withState && world !== undefined) {
      const after = stateOf(world)
      const changed = changedState(this.#state, after)
      if (Object.keys(changed).length > 0) this.#drafts[this.#drafts.length - 1].state = changed
      this.#state = after
    }
    this.steps.push(...this.#drafts)
    this.#drafts = []
  }

  #add(
    task: SimTask | undefined,
    action: string,
    more: { lock?: string; phase?: string; invariant?: string } = {},
  ): void {
    const phases = task === undefined ? undefined : this.#phases[task.id]
    const phase = more.phase ?? phases?.at(-1)
    this.#drafts.push({
      n: this.steps.length + this.#drafts.length + 1,
      move: this.#move,
      task: task?.comm ?? '',
      action,
      ...(more.lock === undefined ? {} : { lock: more.lock }),
      ...(phase === undefined ? {} : { phase }),
      ...(more.invariant === undefined ? {} : { invariant: more.invariant }),
    })
  }

  #tell(at: Happening['at'], task: SimTask, name: string): void {
    this.happened.push({ at, task: task.id, name })
  }

  lockAcquire(task: SimTask, lock: SimLock, mode: LockMode, trylock: boolean): void {
    if (!trylock && task.held.length > 0) this.order.wanted(task, lock, mode, this.#move)
    this.#tell('acquire', task, lock.className)
    this.#add(task, `${trylock ? 'tries' : 'asks for'} ${lock.className}${shared(mode)}`, { lock: lock.className })
  }

  lockContended(task: SimTask, lock: SimLock): void {
    this.#add(task, `waits for ${lock.className}`, { lock: lock.className })
  }

  lockAcquired(task: SimTask, lock: SimLock): void {
    this.#tell('acquired', task, lock.className)
    this.#add(task, `takes ${lock.className}${shared(task.held.at(-1)?.mode ?? 'exclusive')}`, { lock: lock.className })
  }

  lockRelease(task: SimTask, lock: SimLock): void {
    this.#tell('release', task, lock.className)
    this.#add(task, `releases ${lock.className}`, { lock: lock.className })
  }

  phaseBegin(task: SimTask, phase: number): void {
    const name = PHASES[phase]
    ;(this.#phases[task.id] ??= []).push(name)
    this.#tell('phase', task, name)
    this.#add(task, name, { phase: name })
  }

  phaseEnd(task: SimTask, phase: number): void {
    this.#phases[task.id]?.pop()
    this.#tell('phase-end', task, PHASES[phase])
  }

  opBegin(task: SimTask, kind: string, inode: number, offset: number, length: number): void {
    this.#tell('op', task, kind)
    const page = `page ${Math.floor(offset / 4096)}`
    const where = inode < 0 ? '' : length > 4096 ? ` from ${page}, ${Math.ceil(length / 4096)} pages` : ` at ${page}`
    this.#add(task, `begins ${kind}${where}`)
  }

  opEnd(task: SimTask, result: number): void {
    this.#tell('op-end', task, '')
    this.#add(task, result < 0 ? `operation fails (${result})` : 'operation ends')
  }

  switch(): void {
    // There are no CPUs in search mode.
  }

  wakeup(task: SimTask): void {
    this.#add(task, 'is woken')
  }

  finding(task: SimTask | undefined, invariant: string): void {
    if (task !== undefined) this.#tell('found', task, invariant)
    this.events.push(this.#event())
    this.#add(task, `violates ${invariant}`, { invariant })
  }

  /** The last happening that was no violation itself. */
  #event(): string {
    const last =
      this.#drafts.findLast(({ invariant }) => invariant === undefined) ??
      (this.#move === -1 ? undefined : this.steps.findLast(({ invariant }) => invariant === undefined))
    if (last === undefined) return 'at the end, when nothing moves any more'
    const { n, task, action, phase } = last
    return `step ${n}: ${task} ${action}${phase === undefined || phase === action ? '' : `, in ${phase}`}`
  }
}

function shared(mode: LockMode): string {
  return mode === 'shared' ? ' shared' : ''
}
