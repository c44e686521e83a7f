/**
 * R18a, R18b, R18c: lost wake-ups of DAX entry locks. (a, 2017) A reader replaces the locked entry by a hole page and wakes one
 * waiter, which goes on with the page and wakes nobody. (b, 2019; 23c84eb78375) A waiter hashes its own index, the waker the start of
 * the 2 MiB entry: another queue. (c, 2021; 237388320def) Of three invalidators one deletes the entry and wakes the second,
 * which finds nothing and does not wake the third. `R18` is any of them.
 */
import { invalidateEntries } from '../sim/ops/direct-io.ts'
import { process } from '../sim/scenarios/actors.ts'
import type { Race, RaceGroup } from './race.ts'
import { either, hugeFaults, loadOnce, locksEntries, mapped, on, PAGE, past, run, storeOnce, toEnd } from './stage.ts'

const SOURCES = ['23c84eb78375', '237388320def']

export const lostWakeUp: RaceGroup = {
  id: 'R18',
  title: 'lost wake-up on an entry lock',
  about: 'Any of R18a, R18b and R18c.',
  severity: 'hang',
  sources: SOURCES,
  parts: ['R18a', 'R18b', 'R18c'],
}

export const wakeLostToPage: Race = {
  id: 'R18a',
  title: 'lost wake-up: entry replaced by a hole page',
  about: 'Three read faults on one hole; the first turns the entry into a page, the second is woken and wakes nobody.',
  severity: 'hang',
  invariants: ['V13'],
  sources: SOURCES,
  notApplicable: locksEntries,
  setUp(w) {
    const { file } = mapped(w)
    return ['1', '2', '3'].map((n) => ({ id: `R${n}`, comm: `reader-${n}`, steps: loadOnce(w, process(w, file)) }))
  },
  scripts: [
    {
      title: 'two wait for the entry of the first',
      moves: [past('R1', 'map_blocks'), on('R2'), on('R3'), toEnd('R1'), toEnd('R2'), toEnd('R3')],
    },
  ],
}

export const wakeLostToHash: Race = {
  id: 'R18b',
  title: 'lost wake-up: 2 MiB entry, another hash',
  about: 'A 4 KiB fault waits for the entry of a 2 MiB fault; does the wake-up reach the queue it sleeps on?',
  severity: 'hang',
  invariants: ['V13'],
  sources: SOURCES,
  notApplicable: either(locksEntries, hugeFaults),
  blocks: 1024,
  setUp(w) {
    const file = w.newFile({ dax: w.dax, pages: 512, blocks: 'written' })
    return [
      { id: 'R1', comm: 'pmd-fault', steps: loadOnce(w, process(w, file, { pmd: true })) },
      { id: 'R2', comm: 'pte-fault', steps: loadOnce(w, process(w, file)) },
    ]
  },
  scripts: [
    {
      title: 'a 4 KiB fault waits for a 2 MiB entry',
      moves: [past('R1', 'map_blocks'), on('R2'), toEnd('R1'), toEnd('R2')],
    },
  ],
}

export const wakeLostToInvalidator: Race = {
  id: 'R18c',
  title: 'lost wake-up: three invalidators',
  about: 'Three invalidators wait for one entry; the first deletes it and wakes the second, which finds nothing.',
  severity: 'hang',
  invariants: ['V13'],
  sources: SOURCES,
  notApplicable: locksEntries,
  setUp(w) {
    const { file, vma } = mapped(w)
    const span = { inode: file, from: PAGE, to: PAGE + 1 }
    return [
      { id: 'F', comm: 'write-fault', steps: storeOnce(w, vma) },
      ...['A', 'B', 'C'].map((id) => ({
        id,
        comm: `invalidate-${id.toLowerCase()}`,
        steps: invalidateEntries(w, span),
      })),
    ]
  },
  scripts: [
    {
      title: 'three wait for the entry of a fault',
      moves: [run('F', 'acquired', 'entry'), on('A'), on('B'), on('C'), toEnd('F'), toEnd('A'), toEnd('B'), toEnd('C')],
    },
  ],
}
