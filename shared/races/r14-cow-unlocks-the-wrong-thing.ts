/**
 * R14: a COW fault whose handler leaves a lock for generic code to release (mail of 2014-04-08: a lock taken in the filesystem
 * and released in mm code). Generic code releases by its own idea of lock and mode: 4.3-rc1 took i_mmap as a writer and it was
 * released as by a reader (0df9d41ab5d4), the range-lock posting of 2015 called the wrong function.
 *
 * Matching modes are no violation. It is called a hazard where the lock handed over is one the fault holds for its
 * own protection since before the block look-up (F, G): who changes that protection breaks code in another layer. A lock taken
 * for nothing but the hand-over (E, J) is not.
 */
import type { Contender, Race } from './race.ts'
import { always, mapped, storeThenLoad, toEnd } from './stage.ts'
import { process } from '../sim/scenarios/actors.ts'
import type { World } from '../sim/world.ts'

function handsProtectionOver(w: World, { policy }: Contender): string | undefined {
  const kind = policy.cow.handOver
  if (kind === undefined || w.dax !== true) return undefined
  const own =
    kind === 'entry'
      ? policy.pairing.before !== undefined && policy.pairing.entries === true
      : kind === 'immap' && policy.guard.beforeLookup !== undefined
  return own ? `the lock that generic code releases protects the whole fault (${policy.cow.id})` : undefined
}

export const cowUnlocksWrong: Race = {
  id: 'R14',
  title: 'COW finish unlocks the wrong thing',
  about:
    'A private store faults; the handler returns with a lock held, generic code installs the copy and releases it.',
  severity: 'hang',
  invariants: ['V12'],
  sources: ['mail of 2014-04-08 (Kara)', '0df9d41ab5d4'],
  notApplicable: always,
  hazard: handsProtectionOver,
  setUp(w) {
    const { file } = mapped(w, { blocks: 'written' })
    const vma = process(w, file, { shared: false })
    return [{ id: 'F', comm: 'cow-fault', steps: storeThenLoad(w, vma) }]
  },
  scripts: [{ title: 'one private store', moves: [toEnd('F')] }],
}
