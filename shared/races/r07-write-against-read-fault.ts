/**
 * R07: write(2) into a hole against a read fault (13e451fdc1af): the reader has seen the hole, write() allocates, finds no
 * zero page to take away, copies and returns, and the reader maps the zero page. R07b (cd656375f946, xfstests generic/428): the
 * zero page was a 2 MiB one, mapped earlier, and write() looked for 4 KiB entries only.
 */
import { write } from '../sim/ops/file-io.ts'
import { process } from '../sim/scenarios/actors.ts'
import type { Race } from './race.ts'
import { always, either, hugeFaults, loadTwice, locksEntries, mapped, PAGE, past, run, toEnd } from './stage.ts'

export const writeAgainstReadFault: Race = {
  id: 'R07',
  title: 'write(2) into a hole against a read fault',
  about: 'A reader looks a hole up, a write() allocates and fills the block, the reader maps the zero page.',
  severity: 'corruption',
  invariants: ['V7'],
  sources: ['13e451fdc1af'],
  notApplicable: always,
  setUp(w) {
    const { file, vma } = mapped(w)
    return [
      { id: 'R', comm: 'read-fault', steps: loadTwice(w, vma) },
      { id: 'W', comm: 'write', steps: write(w, file, { from: PAGE, pages: 1 }) },
    ]
  },
  scripts: [
    {
      title: 'the whole write() between look-up and zero page',
      moves: [past('R', 'map_blocks'), toEnd('W'), toEnd('R')],
    },
  ],
}

export const writeAgainstHugeZero: Race = {
  id: 'R07b',
  title: 'write(2) below a 2 MiB zero page',
  about: 'A reader has 2 MiB of a hole mapped as zeroes, a write() allocates one page in it; does the reader see it?',
  severity: 'corruption',
  invariants: ['V7'],
  sources: ['cd656375f946', 'xfstests generic/428'],
  notApplicable: either(locksEntries, hugeFaults),
  blocks: 1024,
  setUp(w) {
    const file = w.newFile({ dax: w.dax, pages: 512 })
    const vma = process(w, file, { pmd: true })
    return [
      { id: 'R', comm: 'read-fault', steps: loadTwice(w, vma) },
      { id: 'W', comm: 'write', steps: write(w, file, { from: PAGE, pages: 1 }) },
    ]
  },
  scripts: [{ title: 'load, write(), load', moves: [run('R', 'phase', 'user'), toEnd('W'), toEnd('R')] }],
}
