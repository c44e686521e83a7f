/**
 * How the tree of schedules is shared among threads. Each works on a unit of it in slices; when somebody has nothing to do, the
 * units that are under way are stopped after their slice and what they have left is handed out (frontier.ts). A search that
 * remembers is shared otherwise: each goes through all of the tree, and leaves out what any has done with (seen.ts); who is
 * through first ends it. The budget is counted in schedules and kept exactly.
 */

import { assert } from '#shared/base/assert.ts'
import { limits } from '#shared/base/limits.ts'
import type { Progress } from '#shared/contract/methods.ts'
import { Frontier } from '#shared/explore/frontier.ts'
import type { UnitResult, UnitSpec } from '#shared/explore/unit.ts'
import type { SliceResult, SliceSpec } from './explore-run.ts'
import type { ExploreThread, Team } from './explore-team.ts'

/** What a thread does before it looks up. */
const SLICE_MS = 40
const SLICE_EXECUTIONS = 5_000
const DRAW_EXECUTIONS = 200

export interface HuntOptions {
  readonly preemptions: number | undefined
  readonly budget: number
  readonly onProgress: (progress: Progress) => void
  readonly started: number
}

/** Gives threads something to do until nothing is left, or the budget is used up. */
export class Hunt {
  readonly frontier: Frontier
  readonly #team: Team
  readonly #options: HuntOptions
  /** Schedules that may still be handed out. */
  #left: number
  #done = 0
  #busy = 0
  #stopped = false
  #waiting: (() => void)[] = []
  readonly #byThread = new Map<ExploreThread, { executions: number; steps: number }>()

  constructor(team: Team, options: HuntOptions) {
    this.#team = team
    this.#options = options
    this.#left = options.budget
    this.frontier = new Frontier(options.preemptions)
  }

  /** What each thread has done, in the order in which they began. */
  get byWorker(): readonly { readonly executions: number; readonly steps: number }[] {
    return this.#team.threads.map((thread) => this.#of(thread))
  }

  /** Parts of the tree for everybody. */
  async run(): Promise<void> {
    await Promise.all(this.#team.threads.map((thread) => this.#work(thread)))
  }

  /** The whole tree for everybody; `join` brings more threads once the search is no short one. */
  async together(join: (() => Promise<readonly ExploreThread[]>) | undefined): Promise<void> {
    const whole = this.frontier.take()
    const results: UnitResult[] = []
    const walking: Promise<void>[] = []
    let through: UnitResult | undefined
    let failure: { readonly error: unknown } | undefined
    let joining = join === undefined
    assert(whole !== undefined, 'nothing has been handed out')
    const over = () => through !== undefined || failure !== undefined || this.#left === 0
    // Whatever is over by then: who fails may have found something.
    const fail = (error: unknown) => {
      failure ??= { error }
    }
    const walk = async (thread: ExploreThread): Promise<void> => {
      let unit: UnitSpec | undefined = whole
      for (; !over(); unit = undefined) {
        const { result } = await this.#slice(thread, unit)
        if (result !== undefined) return void (through === undefined ? (through = result) : results.push(result))
        if (!joining && this.#done >= limits.exploreAlone) {
          joining = true
          // Nobody waits for a thread that has not begun when the others are through.
          void join?.().then(begin, fail)
        }
      }
      // While others have all of the budget there is nothing for it to begin with.
      if (unit === undefined) results.push(await thread.call('split'))
    }
    const begin = (threads: readonly ExploreThread[]): void => {
      if (!over()) walking.push(...threads.map((thread) => walk(thread).catch(fail)))
    }
    begin(this.#team.threads)
    for (let i = 0; i < walking.length; i++) await walking[i]
    if (failure !== undefined) throw failure.error
    this.#stopped = through === undefined
    const [first, ...others] = through === undefined ? results : [through, ...results]
    this.frontier.put(whole, first)
    for (const result of others) this.frontier.add(result)
  }

  /** Schedules by lot, until the budget is used up. */
  async draw(mode: 'random' | 'pct', seed: number): Promise<void> {
    const { totals, found } = this.frontier
    let next = 0
    const work = async (thread: ExploreThread) => {
      while (next < this.#options.budget) {
        const from = next
        next = Math.min(from + DRAW_EXECUTIONS, this.#options.budget)
        const to = next
        const drawn = await thread.call('sample', { mode, seed, from, to })
        totals.executions += to - from
        totals.steps += drawn.steps
        totals.cut += drawn.cut
        for (const one of drawn.found) if (!found.has(one.key)) found.set(one.key, one)
        this.#count(thread, { executions: to - from, steps: drawn.steps })
      }
    }
    await Promise.all(this.#team.threads.map(work))
  }

  async #work(thread: ExploreThread): Promise<void> {
    for (;;) {
      const unit = this.#left > 0 ? this.frontier.take() : undefined
      if (unit !== undefined) {
        this.#busy++
        await this.#explore(thread, unit).finally(() => {
          this.#busy--
          this.#wake()
        })
      } else if (this.#busy === 0) {
        this.#wake()
        return
      } else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  async #explore(thread: ExploreThread, unit: UnitSpec): Promise<void> {
    let given: UnitSpec | undefined = unit
    for (;;) {
      if (this.#left === 0 && given !== undefined) return this.frontier.giveBack(given)
      const slice = this.#left === 0 ? undefined : await this.#slice(thread, given)
      given = undefined
      if (slice?.result !== undefined) return this.frontier.put(unit, slice.result)
      const wanted = this.#waiting.length > 0 && this.frontier.waiting === 0
      if (this.#left > 0 && !wanted) continue
      if (this.#left === 0) this.#stopped = true
      return this.frontier.put(unit, await thread.call('split'))
    }
  }

  async #slice(thread: ExploreThread, unit: SliceSpec['unit']): Promise<SliceResult> {
    const executions = Math.min(this.#left, SLICE_EXECUTIONS)
    this.#left -= executions
    const slice = await thread.call('slice', { unit, executions, ms: SLICE_MS })
    this.#left += executions - slice.executions
    this.#count(thread, slice)
    return slice
  }

  #count(thread: ExploreThread, { executions, steps }: Omit<SliceResult, 'result'>): void {
    this.#done += executions
    const of = this.#of(thread)
    of.executions += executions
    of.steps += steps
    this.#report()
  }

  #of(thread: ExploreThread): { executions: number; steps: number } {
    let of = this.#byThread.get(thread)
    if (of === undefined) this.#byThread.set(thread, (of = { executions: 0, steps: 0 }))
    return of
  }

  #report(): void {
    const { budget, started, onProgress } = this.#options
    const elapsedMs = Math.round(performance.now() - started)
    onProgress({ stage: 'exploring', done: this.#done, total: budget, unit: 'runs', events: null, elapsedMs })
  }

  /** Why not everything within the bound was seen. */
  leftOut(depth: number): string | undefined {
    const { cut } = this.frontier.totals
    if (this.#stopped || this.frontier.waiting > 0) {
      const { waiting } = this.frontier
      return (
        `the budget of ${this.#options.budget} schedules was used up before all were seen, ` +
        `${waiting} ${waiting === 1 ? 'branch is' : 'branches are'} not gone into: a larger budget sees more, ` +
        'a smaller bound of preemptions asks for less'
      )
    }
    return cut === 0 ? undefined : `${cut} schedules were longer than ${depth} moves and were not followed to their end`
  }
}
