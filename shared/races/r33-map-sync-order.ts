/**
 * R33: a MAP_SYNC write fault must not map its block writable before the block's transaction is durable (4.15). If it
 * does, another thread stores, flushes its cache lines and believes it has saved; the power fails and the extent was never committed.
 */
import { persist } from '../sim/ops/user-flush.ts'
import { process } from '../sim/scenarios/actors.ts'
import type { Contender, Race } from './race.ts'
import { daxOnly, either, fileOf, journaled, on, PAGE, toEnd } from './stage.ts'

/** 4.15: entries around the look-up, the one zero page (4.14). */
function hasMapSync({ policy }: Contender): string | undefined {
  const { pairing, switches } = policy
  return pairing.entries === true && pairing.before !== undefined && switches.holePage === 'global-zero'
    ? undefined
    : 'MAP_SYNC came with 4.15, on entry locks around the look-up and entries for holes'
}

export const mapSyncOrder: Race = {
  id: 'R33',
  title: 'MAP_SYNC: writable before durable',
  about: 'Two threads store through one MAP_SYNC mapping and flush their cache lines; the power fails.',
  severity: 'corruption',
  invariants: ['V15'],
  sources: ['xfstests generic/470', 'fs/dax.c of 4.15: dax_finish_sync_fault'],
  notApplicable: either(daxOnly, journaled, hasMapSync),
  crashes: true,
  setUp(w) {
    const file = fileOf(w)
    const vma = process(w, file, { sync: true })
    w.startJournal(Infinity)
    return [1, 2].map((n) => ({
      id: `F${n}`,
      comm: `persist-${n}`,
      steps: persist(w, vma, { index: PAGE, slot: n - 1 }),
    }))
  },
  scripts: [
    {
      title: 'one waits for the commit, another thread stores and flushes',
      moves: [on('F1'), on('F2'), on('J'), toEnd('F1'), toEnd('F2')],
    },
  ],
}
