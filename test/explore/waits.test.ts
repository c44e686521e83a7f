/**
 * Who waits for a commit that is over learns that it is over: an order with the commit, though nobody sleeps and no lock is
 * taken. The reduced search has to see both sides of it, as the naive enumeration does.
 */
import { describe, expect, it } from 'vitest'
import { Search } from '../../shared/explore/search.ts'
import { worldMaker, type Subject } from '../../shared/explore/subject.ts'
import type { StepsOf } from '../../shared/sim/task.ts'
import { parseStrategy } from '../../shared/sim/strategies/index.ts'
import type { World } from '../../shared/sim/world.ts'
import { enumerate } from './naive.ts'

/** Asks for the commit of the first transaction; another one looks whether it is over, and says what it found. */
function subjectOf(look: (w: World) => StepsOf<boolean>): Subject {
  const machine = { cpus: 2, blocks: 8, slots: 1 }
  const make = worldMaker({ machine, strategy: parseStrategy('K') })
  function* looks(w: World): StepsOf<void> {
    if (w.k.sleep(0)) yield
    const over = yield* look(w)
    w.k.report('V18', () => ({ message: over ? 'it was over' : 'it was not over', objects: [] }))
  }
  return {
    id: 'commit-seen',
    strategy: 'K',
    build(sink) {
      const w = make(sink)
      w.startJournal(Infinity)
      w.k.spawn('asks', w.journal.waitCommit(w.journal.running.tid))
      w.k.spawn('looks', looks(w))
      return w
    },
  }
}

const LOOKS: Readonly<Record<string, (w: World) => StepsOf<boolean>>> = {
  // A wait that returns at once, or after a sleep; `commits` is not marked: only the wait tells the search of the order.
  *'waits for it'(w) {
    const before = w.journal.commits
    yield* w.journal.waitCommit(1)
    return before > 0
  },
  *'asks whether it is over'(w) {
    return w.journal.isDone(1)
  },
}

describe.each(Object.keys(LOOKS))('a task that %s', (name) => {
  it.each([undefined, 0, 1, 2])('is seen on both sides of the commit within a bound of %s', (preemptions) => {
    const subject = subjectOf(LOOKS[name])
    const search = new Search(subject, { prefix: [], sleepers: [] }, { preemptions, depth: 1_000, reduce: true })
    while (search.next());
    const { found, complete } = enumerate(subject, { preemptions })
    expect(complete).toBe(true)
    expect(
      search
        .result()
        .found.map(({ key }) => key)
        .sort(),
    ).toEqual([...found].sort())
    expect(found.size).toBe(2)
  })
})
