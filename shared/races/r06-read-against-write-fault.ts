/**
 * R06: a read fault against a write fault on a hole (2016; ac401cc78242). The reader has seen the hole, the writer allocates,
 * finds nobody on a zero page and maps its block, and then the reader maps the zero page: it reads zeroes for ever.
 */
import { process } from '../sim/scenarios/actors.ts'
import type { Race } from './race.ts'
import { always, loadTwice, mapped, past, run, storeOnce, toEnd } from './stage.ts'

export const readAgainstWriteFault: Race = {
  id: 'R06',
  title: 'read fault against write fault on a hole',
  about: 'A reader looks a hole up, a writer allocates the block and stores, the reader maps the zero page for good.',
  severity: 'corruption',
  invariants: ['V7'],
  sources: ['ac401cc78242'],
  notApplicable: always,
  setUp(w) {
    const { file, vma } = mapped(w)
    const reader = process(w, file)
    return [
      { id: 'R', comm: 'read-fault', steps: loadTwice(w, reader) },
      { id: 'W', comm: 'write-fault', steps: storeOnce(w, vma) },
    ]
  },
  scripts: [
    {
      title: 'the whole write fault between look-up and zero page',
      moves: [past('R', 'map_blocks'), toEnd('W'), toEnd('R')],
    },
    {
      title: 'both look up the hole first',
      moves: [past('R', 'map_blocks'), run('W', 'phase', 'alloc'), run('R', 'phase', 'user'), toEnd('W'), toEnd('R')],
    },
  ],
}
