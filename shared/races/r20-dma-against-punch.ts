/**
 * R20: a device writes into a DAX page that is punched or truncated meanwhile (5fac7408d828, 4.18): with DAX the pinned page *is*
 * the block, so it goes to somebody else with the DMA still running. In the page cache the page outlives the mapping. The fix
 * waits for pins before freeing. R20b (2019): that wait unmapped with private copies, which are not the file's to take.
 */
import { dma } from '../sim/ops/direct-io.ts'
import { punchHole } from '../sim/ops/punch-hole.ts'
import { process } from '../sim/scenarios/actors.ts'
import type { Race } from './race.ts'
import { always, fileOf, mapped, PAGE, run, storeThenLoad, toEnd } from './stage.ts'

export const dmaAgainstPunch: Race = {
  id: 'R20',
  title: 'DMA into a punched page',
  about: 'A device has pinned the page, a punch frees its block, the device writes.',
  severity: 'security',
  invariants: ['V1', 'V5'],
  sources: ['5fac7408d828'],
  notApplicable: always,
  setUp(w) {
    const { file, vma } = mapped(w, { blocks: 'written' })
    return [
      { id: 'D', comm: 'device', steps: dma(w, vma, { index: PAGE, ns: 1000 }) },
      { id: 'P', comm: 'punch', steps: punchHole(w, file, { from: PAGE, to: PAGE + 1 }) },
    ]
  },
  scripts: [{ title: 'the punch during the transfer', moves: [run('D', 'phase', 'dma'), toEnd('P'), toEnd('D')] }],
}

export const punchTakesCopies: Race = {
  id: 'R20b',
  title: 'punch takes private copies',
  about: 'A page has a private copy, a punch of the file range unmaps; the copy must stay.',
  severity: 'corruption',
  invariants: ['V19'],
  sources: ['mm and dax fixes of 2019'],
  notApplicable: always,
  setUp(w) {
    const file = fileOf(w, { blocks: 'written' })
    const vma = process(w, file, { shared: false })
    return [
      { id: 'M', comm: 'private-store', steps: storeThenLoad(w, vma) },
      { id: 'P', comm: 'punch', steps: punchHole(w, file, { from: PAGE, to: PAGE + 1 }) },
    ]
  },
  scripts: [{ title: 'store, punch, load', moves: [run('M', 'phase', 'user'), toEnd('P'), toEnd('M')] }],
}
