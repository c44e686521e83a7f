/**
 * R04: read(2), or readahead, against a hole punch on a page-cache file. The read makes a page after punch has dropped it and
 * before the block is freed; the page keeps the freed block. Faults had a lock for that from 4.1 on, reads only since
 * invalidate_lock (730633f0b7f9, d4f5258eae7b; 5.15). Judged on the page-cache files of the strategy's kernel.
 */
import { read } from '../sim/ops/file-io.ts'
import { punchHole } from '../sim/ops/punch-hole.ts'
import type { Contender, Race } from './race.ts'
import { fileOf, inTurn, PAGE, past, toEnd } from './stage.ts'

/** Also R27's reason. */
export function punchesCachedFiles({ strategy, fs }: Contender): string | undefined {
  return strategy.media === 'dax' && fs.journal === 'none'
    ? `${fs.title} has no fallocate for its page-cache files`
    : undefined
}

export const punchAgainstRead: Race = {
  id: 'R04',
  title: 'punch against read and readahead',
  about: 'A punch has dropped the page, a read() makes it again with its old block, the punch frees the block.',
  severity: 'corruption',
  invariants: ['V4', 'V5', 'V8'],
  sources: ['d4f5258eae7b', '730633f0b7f9'],
  pageCache: true,
  notApplicable: punchesCachedFiles,
  setUp(w) {
    const file = fileOf(w, { blocks: 'written' })
    return [
      { id: 'P', comm: 'punch', steps: punchHole(w, file, { from: PAGE, to: PAGE + 1 }) },
      {
        id: 'R',
        comm: 'read',
        steps: inTurn(read(w, file, { from: PAGE, pages: 1 }), read(w, file, { from: PAGE, pages: 1 })),
      },
    ]
  },
  scripts: [{ title: 'the read between DROP and the freeing', moves: [past('P', 'drop'), toEnd('R'), toEnd('P')] }],
}
