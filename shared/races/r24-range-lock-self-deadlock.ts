/**
 * R24: write(2) whose source is a mapping of the range being written, under a range lock (mail of 2012-06-12; list archive,
 * 2013-09-27). With the range locked for the whole system call the copy faults and waits for its own task. Page by page, between
 * the prefault and the atomic copy, nothing is held when it faults.
 *
 * The catalogue judges the first form of the proposal, whole system calls; `rangeGranularity=page` is what a user can choose.
 */
import { write } from '../sim/ops/file-io.ts'
import type { Contender, Race } from './race.ts'
import { mapped, PAGE, toEnd } from './stage.ts'

function locksRanges({ policy }: Contender): string | undefined {
  return policy.guard.io === 'range' || (policy.guard.unmapEnter !== undefined && policy.guard.moved === undefined)
    ? undefined
    : 'it locks no ranges'
}

export const rangeSelfDeadlock: Race = {
  id: 'R24',
  title: 'range lock deadlocks with itself',
  about: 'A write() takes its bytes from a mapping of the very page it writes; the copy faults.',
  severity: 'hang',
  invariants: ['V11'],
  sources: ['mail of 2012-06-12 (Kara, Chinner)', 'list archive, 2013-09-27'],
  notApplicable: locksRanges,
  assumes: () => ({ rangeGranularity: 'syscall' }),
  setUp(w) {
    const { file, vma } = mapped(w, { blocks: 'written' })
    return [{ id: 'W', comm: 'write', steps: write(w, file, { from: PAGE, pages: 1, source: { vma, from: PAGE } }) }]
  },
  scripts: [{ title: 'one write() from its own file', moves: [toEnd('W')] }],
}
