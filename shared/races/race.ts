/**
 * What a catalogued race is: a tiny world, actors that are operations of the model, one or more scripts that
 * drive the bad interleaving as far as the strategy lets it, and the invariants that make it bad. Whether it applies to a
 * strategy follows from what the strategy is made of (which files, which slots), never from its name; what comes out follows
 * from running it (judge.ts), never from a table.
 */

import type { Point } from '../explore/directed.ts'
import type { Filesystem } from '../sim/fs/fs.ts'
import type { InvariantSeverity } from '../sim/invariants/invariants.ts'
import type { Finding } from '../sim/finding.ts'
import type { SimLock } from '../sim/locks.ts'
import type { Policy } from '../sim/policies/slots.ts'
import type { ResolvedStrategy } from '../sim/strategies/strategy.ts'
import type { SimTask, StepsOf } from '../sim/task.ts'
import type { World } from '../sim/world.ts'

/** Whom a race is judged on. */
export interface Contender {
  readonly strategy: ResolvedStrategy
  readonly policy: Policy
  readonly fs: Filesystem
}

/** One task of a race: a letter as in the catalogue, the name its task has, what it does. */
export interface Actor {
  readonly id: string
  readonly comm: string
  readonly steps: StepsOf<unknown>
}

/**
 * Lets one actor run alone until it stands at a point. Actors by their letter, `J` the journal's thread; locks that are called
 * differently in different kernels by what they are: `i_mmap`, `guard`, `ptl`, `entry`, `handle`.
 */
export interface Move {
  readonly actor: string
  readonly until: Point
}

export interface Script {
  readonly title: string
  readonly moves: readonly Move[]
}

interface Described {
  readonly id: string
  readonly title: string
  /** Who does what, and what goes wrong, in a sentence or two. */
  readonly about: string
  readonly severity: InvariantSeverity
  readonly sources: readonly string[]
}

export interface Race extends Described {
  /** A finding of one of these is the race's. */
  readonly invariants: readonly string[]
  /** Judged on a page-cache file of the same kernel, also where the strategy's files are DAX. */
  readonly pageCache?: true
  /** Why it cannot be asked of this strategy; undefined: it can. */
  readonly notApplicable: (contender: Contender) => string | undefined
  /** Switches that belong to the race unless the user gave them (a proposal's first form, for instance). */
  readonly assumes?: (contender: Contender) => Partial<Policy['switches']>
  readonly blocks?: number
  /** Tries after which an operation gives up, where the search's own number (V18) makes too many orders of one loop. */
  readonly tries?: number
  readonly setUp: (w: World) => readonly Actor[]
  readonly scripts: readonly Script[]
  /** Narrows findings down: a deadlock through this lock, say. Asked when nothing moves any more. */
  readonly counts?: (w: World, finding: Finding) => boolean
  /** What its invariants break is time, not data: the outcome is `hazard`. */
  readonly onlyHazard?: true
  /** A run that broke nothing: is there a hazard in it? One sentence. */
  readonly hazard?: (w: World, contender: Contender) => string | undefined
  /** The power may fail after any step. */
  readonly crashes?: true
  /** A task has to wait for a lock: counts what `hazard` looks at. */
  readonly onContended?: (w: World, task: SimTask, lock: SimLock) => void
}

/** A race that is any of several others: `R18`. */
export interface RaceGroup extends Described {
  readonly parts: readonly string[]
}

export function isGroup(race: Race | RaceGroup): race is RaceGroup {
  return 'parts' in race
}
