/**
 * What the race files share: the files and processes of a tiny world as the catalogue draws them (page 5 of a file of 10
 * pages), actors of one operation each, points of a script, and the reasons why a race cannot be asked of a strategy.
 */

import type { Inode } from '../sim/inode.ts'
import type { Vma } from '../sim/mm.ts'
import { load, store } from '../sim/ops/access.ts'
import { P } from '../sim/phases.ts'
import { process } from '../sim/scenarios/actors.ts'
import type { Steps, StepsOf } from '../sim/task.ts'
import type { FileSpec, World } from '../sim/world.ts'
import type { Point } from '../explore/directed.ts'
import type { Contender, Move } from './race.ts'

/** The page every race is about, and the file's size. */
export const PAGE = 5
export const SIZE = 10

export function fileOf(w: World, spec: Partial<FileSpec> = {}): Inode {
  return w.newFile({ dax: w.dax, pages: SIZE, ...spec })
}

/** A mapped file and nothing else. */
export function mapped(w: World, spec: Partial<FileSpec> = {}): { file: Inode; vma: Vma } {
  const file = fileOf(w, spec)
  return { file, vma: process(w, file) }
}

/** Time in user code: a point where others may run. */
export function* userTime(w: World): Steps {
  w.k.enter(P.user)
  if (w.k.sleep(0)) yield
  w.k.leave(P.user)
}

export function* storeOnce(w: World, vma: Vma, slot = 0): Steps {
  yield* store(w, vma, { index: PAGE, slot })
}

export function* loadOnce(w: World, vma: Vma, slot = 0): Steps {
  yield* load(w, vma, { index: PAGE, slot })
}

/** Stores, and looks later whether the store is still there. */
export function* storeThenLoad(w: World, vma: Vma, slot = 0): Steps {
  yield* store(w, vma, { index: PAGE, slot })
  yield* userTime(w)
  yield* load(w, vma, { index: PAGE, slot })
}

/** Loads, and looks later what is there. */
export function* loadTwice(w: World, vma: Vma, slot = 0): Steps {
  yield* load(w, vma, { index: PAGE, slot })
  yield* userTime(w)
  yield* load(w, vma, { index: PAGE, slot })
}

/**
 * One after the other. No generator function of its own per actor: each would be a class of objects to the engine, which holds
 * on to its world until a full collection, and worlds are built by the thousand.
 */
export function* inTurn(...parts: readonly StepsOf<unknown>[]): Steps {
  for (const part of parts) yield* part
}

/** fsync of nothing in particular: asks for a commit of the running transaction and waits for it. */
export function* commit(w: World): Steps {
  yield* w.journal.waitCommit(w.journal.running.tid)
}

// ---- scripts ----

export function run(actor: string, until: Point['at'], name?: string, nth?: number): Move {
  return { actor, until: { at: until, ...(name === undefined ? {} : { name }), ...(nth === undefined ? {} : { nth }) } }
}

/** Until the actor has left a phase. */
export function past(actor: string, phase: string): Move {
  return run(actor, 'phase-end', phase)
}

export function toEnd(actor: string): Move {
  return run(actor, 'done')
}

/** As far as it gets. */
export function on(actor: string): Move {
  return run(actor, 'blocked')
}

/** The actor asks for a commit, the journal's thread makes it. */
export function commits(actor: string): Move[] {
  return [on(actor), on('J'), toEnd(actor)]
}

// ---- why a race cannot be asked ----

export function always(): undefined {
  return undefined
}

export function daxOnly({ strategy }: Contender): string | undefined {
  return strategy.media === 'dax'
    ? undefined
    : 'its files are in the page cache, where a page is filled under its lock before anyone may map it'
}

/** 2.6.22 and before: a fault changes nothing in the filesystem. */
export function allocatingFaults({ policy }: Contender): string | undefined {
  return policy.pairing.ptlOnly === true
    ? 'before page_mkwrite (2.6.23) a fault asked the filesystem for nothing: blocks came at writeback'
    : undefined
}

export function journaled({ fs }: Contender): string | undefined {
  return fs.journal === 'none' ? `${fs.title} has no journal` : undefined
}

export function locksEntries({ policy }: Contender): string | undefined {
  return policy.pairing.entries === true ? undefined : 'it locks no DAX entries'
}

export function hugeFaults({ policy }: Contender): string | undefined {
  return policy.switches.pmdFaults ? undefined : 'it has no 2 MiB faults'
}

export function flushesMappings({ strategy, policy }: Contender): string | undefined {
  return strategy.media === 'dax' && !policy.switches.fsyncFlushesMappings
    ? 'its fsync does not look at mappings, so there is nothing to lose beyond that (R22b)'
    : undefined
}

/** The first reason there is. */
export function either(
  ...reasons: readonly ((contender: Contender) => string | undefined)[]
): (contender: Contender) => string | undefined {
  return (contender) => {
    for (const reason of reasons) {
      const why = reason(contender)
      if (why !== undefined) return why
    }
    return undefined
  }
}
