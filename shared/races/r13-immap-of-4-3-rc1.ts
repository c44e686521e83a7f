/**
 * R13a, R13b and R13c: the lock handling of 4.3-rc1 (0f90cc6609c7, 0df9d41ab5d4; list archive, August to October 2015), which
 * took i_mmap as a writer around get_block. (a) The 2 MiB path returned with it when get_block failed. (b) A fault that found a
 * hole page after it had taken the lock unmapped it, and UNMAP takes the lock again. (c) The first posting let UNMAP skip the
 * lock for DAX, so nothing kept the list of mappings still while it was walked. `R13` is any of them.
 */
import { blockOf } from '../sim/extents.ts'
import { filePte } from '../sim/mm.ts'
import { munmap, unlinkVma } from '../sim/ops/munmap.ts'
import { punchHole } from '../sim/ops/punch-hole.ts'
import { process } from '../sim/scenarios/actors.ts'
import type { Race, RaceGroup } from './race.ts'
import { always, inTurn, loadOnce, mapped, PAGE, run, storeOnce, toEnd } from './stage.ts'

const SOURCES = ['0f90cc6609c7', '0df9d41ab5d4', '843172978bb9', 'list archive, August to October 2015']

export const immapOfRc1: RaceGroup = {
  id: 'R13',
  title: 'i_mmap leaked, recursed, skipped',
  about: 'Any of R13a, R13b and R13c.',
  severity: 'hang',
  sources: SOURCES,
  parts: ['R13a', 'R13b', 'R13c'],
}

export const immapLeaked: Race = {
  id: 'R13a',
  title: 'i_mmap leaked by a failed 2 MiB fault',
  about: 'A 2 MiB write fault on a full device fails in get_block; who holds i_mmap then?',
  severity: 'hang',
  invariants: ['V12', 'V11'],
  sources: SOURCES,
  notApplicable: always,
  blocks: 1,
  setUp(w) {
    const file = w.newFile({ dax: w.dax, pages: 512 })
    w.newFile({ dax: w.dax, pages: 1, blocks: 'written' })
    const vma = process(w, file, { pmd: true })
    const other = process(w, file)
    return [
      { id: 'F', comm: 'pmd-fault', steps: storeOnce(w, vma) },
      { id: 'O', comm: 'other-fault', steps: loadOnce(w, other) },
    ]
  },
  scripts: [{ title: 'a 2 MiB fault without space, and the next fault', moves: [toEnd('F'), toEnd('O')] }],
}

export const immapSkipped: Race = {
  id: 'R13c',
  title: 'UNMAP walks mappings without i_mmap',
  about: 'A punch unmaps the first of two mappings, its process unmaps it meanwhile, and the walk misses the second.',
  severity: 'security',
  invariants: ['V1'],
  sources: SOURCES,
  notApplicable: always,
  setUp(w) {
    const { file, vma } = mapped(w, { blocks: 'written' })
    const second = process(w, file)
    if (w.dax) {
      const pte = filePte(blockOf(file.extents.tree[PAGE]), false)
      for (const one of [vma, second]) w.setPte(one, PAGE, pte)
    }
    return [
      { id: 'P', comm: 'punch', steps: punchHole(w, file, { from: PAGE, to: PAGE + 1 }) },
      {
        id: 'U',
        comm: 'munmap',
        steps: inTurn(munmap(w, vma, 'munmap'), unlinkVma(w, vma)),
      },
    ]
  },
  scripts: [
    { title: 'the first mapping goes during the walk', moves: [run('P', 'phase', 'tlb'), toEnd('U'), toEnd('P')] },
  ],
}

export const immapRecursed: Race = {
  id: 'R13b',
  title: 'i_mmap taken twice by UNMAP of a hole page',
  about:
    'A write fault has looked for a hole page and takes its lock, a reader makes the page, the fault unmaps it under the lock.',
  severity: 'hang',
  invariants: ['V11'],
  sources: SOURCES,
  notApplicable: always,
  setUp(w) {
    const { file, vma } = mapped(w)
    const reader = process(w, file)
    return [
      { id: 'F', comm: 'write-fault', steps: storeOnce(w, vma) },
      { id: 'R', comm: 'read-fault', steps: loadOnce(w, reader) },
    ]
  },
  scripts: [
    { title: 'the hole page after the look for it', moves: [run('F', 'acquire', 'i_mmap'), toEnd('R'), toEnd('F')] },
  ],
}
