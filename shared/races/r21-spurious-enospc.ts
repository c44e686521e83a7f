/**
 * R21: no space, although space is on its way (mail of 2015-02-17; 7cb476f834d0). Freed blocks may not be reused before their
 * transaction commits; a fault that gives up at once raises SIGBUS on a filesystem with room. ext2 has no journal: there it is the
 * space that a removal under way has freed and not yet accounted. R21b: waiting for the commit with a handle of that very
 * transaction open waits for itself.
 */
import { punchHole } from '../sim/ops/punch-hole.ts'
import type { Contender, Race } from './race.ts'
import { allocatingFaults, either, journaled, mapped, on, past, storeOnce, toEnd } from './stage.ts'
import type { World } from '../sim/world.ts'
import type { Actor } from './race.ts'

/** The range-lock proposal changes who waits for whom, and leaves space to the filesystem. */
function leavesSpaceAlone({ policy }: Contender): string | undefined {
  return policy.guard.io === 'range' && policy.enospc.retries > 0 && !policy.enospc.keepsHandle
    ? "a range lock says nothing about space: running out of it is the filesystem's affair"
    : undefined
}

/** A full device: one file has all blocks, the page of the other is a hole. */
function fullDevice(w: World): readonly Actor[] {
  const full = w.newFile({ dax: w.dax, pages: 3, blocks: 'written' })
  const { vma } = mapped(w)
  w.startJournal(Infinity)
  return [
    { id: 'P', comm: 'punch', steps: punchHole(w, full, { from: 0, to: 3 }) },
    { id: 'F', comm: 'write-fault', steps: storeOnce(w, vma) },
  ]
}

const ABOUT = 'On a full device a punch frees blocks that no transaction has committed, and a write fault needs one.'
const SOURCES = ['mail of 2015-02-17 (Kara, Wilcox)', '7cb476f834d0', 'fs/ext4/balloc.c: ext4_should_retry_alloc']

export const spuriousEnospc: Race = {
  id: 'R21',
  title: 'spurious ENOSPC',
  about: ABOUT,
  severity: 'resource',
  invariants: ['V17'],
  sources: SOURCES,
  notApplicable: either(allocatingFaults, leavesSpaceAlone),
  blocks: 3,
  setUp: fullDevice,
  scripts: [
    { title: 'the fault before the commit', moves: [toEnd('P'), on('F'), on('J'), toEnd('F')] },
    {
      title: 'the fault while the punch frees',
      moves: [
        past('P', 'drop'),
        { actor: 'P', until: { at: 'see', name: 'file 1 block map of page 1' } },
        on('F'),
        toEnd('P'),
        on('J'),
        toEnd('F'),
      ],
    },
  ],
}

export const retryHoldingHandle: Race = {
  id: 'R21b',
  title: 'ENOSPC retry with the handle open',
  about: `${ABOUT} It waits for the commit, which waits for its handle.`,
  severity: 'hang',
  invariants: ['V11'],
  sources: SOURCES,
  notApplicable: either(allocatingFaults, journaled),
  blocks: 3,
  setUp: fullDevice,
  scripts: [{ title: 'the fault before the commit', moves: [toEnd('P'), on('F'), on('J'), toEnd('F')] }],
}
