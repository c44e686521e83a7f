/**
 * What is mutated, and which tests are to notice: the parts whose mistakes no other part would show. The tests named are the
 * quick ones that look at that part, so that a mutant costs a second or so and not the whole suite.
 */

export interface MutationGroup {
  readonly mutate: readonly string[]
  readonly tests: readonly string[]
}

export const groups: Readonly<Record<string, MutationGroup>> = {
  /** Who gets a lock, in which order, and who is handed it. */
  locks: {
    mutate: ['shared/sim/locks.ts', 'shared/sim/range-lock.ts', 'shared/sim/deadlock.ts'],
    tests: [
      'test/unit/sim-locks.test.ts',
      'test/unit/sim-range-lock.test.ts',
      'test/unit/sim-handing-on.test.ts',
      'test/unit/sim-queues.test.ts',
      'test/unit/sim-waits-told.test.ts',
    ],
  },
  /** What a run or a schedule is judged by. */
  oracles: {
    mutate: ['shared/sim/invariants/*.ts'],
    tests: ['test/sim/*.test.ts', 'test/races/schedules.test.ts', 'test/explore/crash.test.ts'],
  },
  /** Operations, phases, holds, waits and who blocked whom, from events. */
  spans: {
    mutate: [
      'shared/spans/span-builder.ts',
      'shared/spans/state.ts',
      'shared/spans/track.ts',
      'shared/spans/lockdep.ts',
      'shared/spans/contention.ts',
      'shared/spans/edges.ts',
      'shared/spans/mm-locks.ts',
      'shared/spans/own-holds.ts',
      'shared/spans/xfs-locks.ts',
      'shared/spans/phases.ts',
      'shared/spans/ops.ts',
      'shared/spans/sched.ts',
      'shared/spans/graph.ts',
    ],
    tests: [
      'test/unit/spans-*.test.ts',
      'test/property/spans.test.ts',
      'test/golden/spans.test.ts',
      'test/golden/function-graph.test.ts',
    ],
  },
}

/** The group $FAULTLINE_MUTATE names. */
export function chosenGroup(): MutationGroup {
  const name = process.env['FAULTLINE_MUTATE'] ?? ''
  const group = groups[name]
  if (group === undefined) throw new Error(`FAULTLINE_MUTATE='${name}' is none of ${Object.keys(groups).join(', ')}`)
  return group
}
