/**
 * R23: collapse range flushes what is dirty before it takes its locks (32ebffd3bbb4). A store falls in between, its page is dropped
 * as if it were clean, and the file's tail moves without it. Judged on page-cache files of the strategy's kernel: a DAX store is
 * in its block already, and what it loses is its dirty tag (R22).
 */
import { load, store } from '../sim/ops/access.ts'
import { collapseRange } from '../sim/ops/shift-range.ts'
import type { Race } from './race.ts'
import { punchesCachedFiles } from './r04-punch-against-read.ts'
import { allocatingFaults, either, inTurn, mapped, PAGE, run, toEnd, userTime } from './stage.ts'

export const flushOutsideLock: Race = {
  id: 'R23',
  title: 'collapse flushes outside its lock',
  about: 'A collapse has flushed, a task stores behind the range, the collapse drops the page and moves the tail.',
  severity: 'corruption',
  invariants: ['V6'],
  sources: ['32ebffd3bbb4'],
  pageCache: true,
  notApplicable: either(allocatingFaults, punchesCachedFiles),
  setUp(w) {
    const { file, vma } = mapped(w, { blocks: 'written' })
    return [
      { id: 'P', comm: 'collapse', steps: collapseRange(w, file, { from: 2, pages: 1 }) },
      {
        id: 'M',
        comm: 'store',
        steps: inTurn(store(w, vma, { index: PAGE, slot: 0 }), userTime(w), load(w, vma, { index: PAGE - 1, slot: 0 })),
      },
    ]
  },
  scripts: [
    {
      title: 'the store between the flush and the lock',
      moves: [run('P', 'acquire', 'i_rwsem'), run('M', 'phase', 'user'), toEnd('P'), toEnd('M')],
    },
  ],
}
