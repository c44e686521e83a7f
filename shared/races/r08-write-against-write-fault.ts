/**
 * R08: DAX write(2) against a write fault (12735f881952). write() found or made the block unwritten; the fault initialises and
 * maps it and its task stores; write(), on its stale flags, zeroes the edges around its own bytes. Since 4.7 fresh blocks of
 * write() are zeroed in the allocation as well, at the price of writing them twice.
 */
import { write } from '../sim/ops/file-io.ts'
import type { Race } from './race.ts'
import { daxOnly, mapped, PAGE, past, run, storeThenLoad, toEnd } from './stage.ts'

export const writeAgainstWriteFault: Race = {
  id: 'R08',
  title: 'write(2) against a write fault: initialised twice',
  about:
    'A write() gets a block, a fault initialises it and its task stores beside the write, the write() zeroes the edges.',
  severity: 'corruption',
  invariants: ['V6', 'V20'],
  sources: ['12735f881952'],
  notApplicable: daxOnly,
  setUp(w) {
    const { file, vma } = mapped(w)
    return [
      { id: 'W', comm: 'write', steps: write(w, file, { from: PAGE, pages: 1, slots: [0] }) },
      { id: 'F', comm: 'write-fault', steps: storeThenLoad(w, vma, 1) },
    ]
  },
  scripts: [
    {
      title: 'the fault between get_block and the zeroing of the edges',
      moves: [past('W', 'map_blocks'), run('F', 'phase', 'user'), toEnd('W'), toEnd('F')],
    },
  ],
}
