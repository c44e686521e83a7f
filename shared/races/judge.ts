/**
 * What comes out of a race under a strategy, by running it: its scripts, which drive the bad interleaving as far as the
 * strategy lets them; then, if nothing broke, a search of all interleavings of its actors with at most two preemptions, up to a
 * budget of steps. So `held` means more than one schedule, and says how many.
 */

import { direct } from '../explore/directed.ts'
import { minimise } from '../explore/minimise.ts'
import { encodeSchedule } from '../explore/schedule.ts'
import { Search } from '../explore/search.ts'
import type { Subject } from '../explore/subject.ts'
import { limits } from '../base/limits.ts'
import type { World } from '../sim/world.ts'
import type { Contender, Race } from './race.ts'
import { linesOf, raceSubject } from './subject.ts'

export type RaceOutcome = 'violated' | 'held' | 'hazard' | 'not-applicable'

export interface RaceVerdict {
  readonly race: string
  readonly outcome: RaceOutcome
  /** Those that were violated, or that make the hazard. */
  readonly invariants: readonly string[]
  /** What was seen; why the race does not apply. */
  readonly why: string | undefined
  /** The schedule that shows it; of a race that held its first script's. */
  readonly schedule: string | undefined
  readonly moves: readonly number[]
  /** Number of the script that showed it (the first of a race that held); undefined: the search did, or nothing ran. */
  readonly script: number | undefined
  /** Executions of the search behind `held`, and whether it left nothing out within its bound. */
  readonly executions: number
  readonly complete: boolean
  /** Preemptions within which nothing was left out: two where it is complete; undefined: nothing can be said. */
  readonly within: number | undefined
}

export interface JudgeOptions {
  /** Steps the search behind `held` may take. */
  readonly budget?: number
}

/** Every race of the catalogue needs at most two preemptions. */
const PREEMPTIONS = 2
/** What building a world costs, in steps per block. */
const STEPS_PER_BLOCK = 1
const SMALL_WORLD = 32

interface Bad {
  readonly outcome: 'violated' | 'hazard'
  readonly invariants: readonly string[]
  readonly why: string
}

export function judge(race: Race, on: Contender, options: JudgeOptions = {}): RaceVerdict {
  const none = {
    race: race.id,
    invariants: [],
    executions: 0,
    complete: false,
    within: undefined,
    moves: [],
    schedule: undefined,
    script: undefined,
  }
  const reason = race.notApplicable(on)
  if (reason !== undefined) return { ...none, outcome: 'not-applicable', why: reason }
  const watched = new Watched(race, on)
  let hazard: RaceVerdict | undefined
  let first: Pick<RaceVerdict, 'schedule' | 'moves' | 'script'> | undefined
  for (const [script, lines] of linesOf(race, on).entries()) {
    const { schedule, moves } = direct(watched.subject, lines, { state: false })
    const bad = watched.take()
    first ??= { schedule, moves, script }
    if (bad === undefined) continue
    if (bad.outcome === 'violated') return { ...none, ...bad, script, ...shortened(watched, bad, moves) }
    hazard ??= { ...none, ...bad, script, schedule, moves }
  }
  if (hazard !== undefined) return { ...hazard, ...shortened(watched, hazard, hazard.moves) }
  return { ...none, ...first, ...search(race, watched, options) }
}

/** A subject that says of each execution whether it was bad. */
class Watched {
  readonly subject: Subject
  #bad: Bad | undefined

  constructor(race: Race, on: Contender) {
    this.subject = {
      ...raceSubject(race, on),
      judge: (world) => {
        this.#bad = badIn(race, on, world)
      },
    }
  }

  take(): Bad | undefined {
    const bad = this.#bad
    this.#bad = undefined
    return bad
  }
}

export function badIn(race: Race, on: Contender, world: World): Bad | undefined {
  const { findings } = world.k
  const told = findings.filter(
    (finding) => race.invariants.includes(finding.invariant) && (race.counts?.(world, finding) ?? true),
  )
  // A mistake in a strategy's own file comes first: what else was seen may follow from it.
  const found = [...findings.filter(({ invariant }) => invariant === 'S1'), ...told]
  if (found.length > 0) {
    return {
      outcome: race.onlyHazard === true ? 'hazard' : 'violated',
      invariants: [...new Set(found.map((finding) => finding.invariant))],
      why: found[0].message,
    }
  }
  const hazard = race.hazard?.(world, on)
  return hazard === undefined ? undefined : { outcome: 'hazard', invariants: [], why: hazard }
}

type Searched = Pick<RaceVerdict, 'outcome' | 'why' | 'executions' | 'complete' | 'within'> & Partial<RaceVerdict>

interface Seen {
  readonly bad: (Bad & { readonly moves: readonly number[] }) | undefined
  readonly executions: number
  readonly complete: boolean
}

/** Within two preemptions; where that is too much for the budget, within one, which is not. */
function search(race: Race, watched: Watched, options: JudgeOptions): Searched {
  const budget = options.budget ?? limits.raceSteps
  const build = (race.blocks ?? SMALL_WORLD) * STEPS_PER_BLOCK
  const all = searchWithin(watched, PREEMPTIONS, { budget, build })
  const fewer =
    all.bad === undefined && !all.complete ? searchWithin(watched, PREEMPTIONS - 1, { budget, build }) : undefined
  const executions = all.executions + (fewer?.executions ?? 0)
  const { complete } = all
  const bad = all.bad ?? fewer?.bad
  const within = complete ? PREEMPTIONS : fewer?.complete === true ? PREEMPTIONS - 1 : undefined
  if (bad === undefined) return { outcome: 'held', why: undefined, executions, complete, within }
  return { ...bad, script: undefined, ...shortened(watched, bad, bad.moves), executions, complete, within: undefined }
}

function searchWithin(
  watched: Watched,
  preemptions: number,
  { budget, build }: { readonly budget: number; readonly build: number },
  wanted: (found: Bad) => boolean = () => true,
): Seen {
  const tree = new Search(
    watched.subject,
    { prefix: [], sleepers: [] },
    { preemptions, depth: limits.exploreDepth, reduce: true },
  )
  let bad: Seen['bad']
  let complete = false
  while (tree.steps + tree.executions * build < budget) {
    if (!tree.next()) {
      complete = true
      break
    }
    const found = watched.take()
    if (found === undefined || bad !== undefined || !wanted(found)) continue
    bad = { ...found, moves: tree.path }
    if (found.outcome === 'violated') break
  }
  return { bad, executions: tree.executions, complete }
}

type Short = Pick<RaceVerdict, 'schedule' | 'moves'>

/** Told with fewest preemptions, then with fewest moves before everybody may go on in the default order. */
function shortened(
  watched: Watched,
  bad: Pick<RaceVerdict, 'outcome' | 'invariants'>,
  moves: readonly number[],
): Short {
  const { subject } = watched
  const wanted = bad.invariants.join()
  const same = (found: Bad | undefined) => found?.outcome === bad.outcome && found.invariants.join() === wanted
  let short = minimise(subject, moves, () => same(watched.take()))
  while (short.preemptions > 0 && bad.outcome === 'violated') {
    const bounds = { budget: limits.raceShortenSteps, build: STEPS_PER_BLOCK }
    const fewer = searchWithin(watched, short.preemptions - 1, bounds, same)
    if (fewer.bad === undefined) break
    short = minimise(subject, fewer.bad.moves, () => same(watched.take()))
  }
  const { strategy } = subject
  return { schedule: encodeSchedule({ subject: subject.id, strategy, moves: short.moves }), moves: short.moves }
}
