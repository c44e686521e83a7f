/**
 * R09, R09b, R09c: what others see while a fresh block is made safe (mail of 2015-02-17: a block must be zero or unwritten
 * whenever another path can see it). R09: linked as written and published before it is zeroed, a read(2) returns its last
 * owner's bytes; i_mmap hides that from other faults, not from read(2). R09b: unwritten until the end, so a direct read after a
 * user's store still returns zeroes, until the conversion. R09c: an fsync in that gap promises what a power cut takes away.
 * R09b and R09c are judged on preallocated (unwritten) space, which every strategy meets, whatever slot `init` does to holes.
 */
import { store } from '../sim/ops/access.ts'
import { fsync } from '../sim/ops/fsync.ts'
import { read } from '../sim/ops/file-io.ts'
import type { Contender, Race } from './race.ts'
import { daxOnly, either, flushesMappings, inTurn, mapped, on, PAGE, past, run, storeOnce, toEnd } from './stage.ts'

export const uninitialisedBlock: Race = {
  id: 'R09',
  title: 'uninitialised block visible',
  about: 'A fault publishes its block before it zeroes it; a read() in between returns what the block held before.',
  severity: 'security',
  invariants: ['V5'],
  sources: ['mail of 2015-02-17 (Kara, Wilcox)'],
  notApplicable: daxOnly,
  setUp(w) {
    const { file, vma } = mapped(w)
    return [
      { id: 'F', comm: 'write-fault', steps: storeOnce(w, vma) },
      { id: 'R', comm: 'read', steps: read(w, file, { from: PAGE, pages: 1 }) },
    ]
  },
  scripts: [
    { title: 'the read between publication and zeroing', moves: [past('F', 'map_blocks'), toEnd('R'), toEnd('F')] },
  ],
}

function hasUnwritten({ fs }: Contender): string | undefined {
  return fs.unwritten ? undefined : `${fs.title} has no unwritten extents`
}

export const conversionGap: Race = {
  id: 'R09b',
  title: 'gap between store and conversion',
  about:
    'A fault has mapped its unwritten block, another thread stores through the new PTE, and a read() still sees unwritten space.',
  severity: 'corruption',
  invariants: ['V7'],
  sources: ['mail of 2015-02-17 (Kara, Wilcox)', '02fbd139759f', '1ca191576fc8', 'xfstests generic/446'],
  notApplicable: either(daxOnly, hasUnwritten),
  setUp(w) {
    const { file, vma } = mapped(w, { blocks: 'unwritten' })
    return [
      { id: 'F', comm: 'write-fault', steps: storeOnce(w, vma) },
      { id: 'S', comm: 'store', steps: storeOnce(w, vma, 1) },
      { id: 'R', comm: 'read', steps: read(w, file, { from: PAGE, pages: 1 }) },
    ]
  },
  scripts: [
    {
      title: 'store and read before the conversion',
      moves: [run('F', 'release', 'ptl'), toEnd('S'), toEnd('R'), toEnd('F')],
    },
  ],
}

export const conversionCrash: Race = {
  id: 'R09c',
  title: 'power loss between fsync and conversion',
  about:
    'A store and an fsync fall between the PTE and the conversion of its extent; the power fails, and the synced store is gone.',
  severity: 'corruption',
  invariants: ['V15'],
  sources: ['mail of 2015-02-17 (Kara, Wilcox)'],
  notApplicable: either(daxOnly, hasUnwritten, flushesMappings),
  crashes: true,
  setUp(w) {
    const { file, vma } = mapped(w, { blocks: 'unwritten' })
    w.startJournal(Infinity)
    return [
      { id: 'F', comm: 'write-fault', steps: storeOnce(w, vma) },
      {
        id: 'S',
        comm: 'store-fsync',
        steps: inTurn(store(w, vma, { index: PAGE, slot: 1 }), fsync(w, file)),
      },
    ]
  },
  scripts: [
    {
      title: 'store and fsync before the conversion',
      moves: [run('F', 'release', 'ptl'), on('S'), on('J'), toEnd('S'), toEnd('F')],
    },
  ],
}
