/**
 * R31: two restartable unmaps of one file (2aa15890f3c). Each drops the spinlock when somebody wants it and starts its walk again,
 * skipping what carries its own mark; the other one's marks overwrite its own, so both scan again what they had done. Time, not data:
 * a hazard.
 */
import { pagePte } from '../sim/mm.ts'
import { unmap } from '../sim/ops/unmap.ts'
import { process } from '../sim/scenarios/actors.ts'
import type { Contender, Race } from './race.ts'
import { run, toEnd } from './stage.ts'

const PAGES = 12

function restarts({ policy }: Contender): string | undefined {
  return policy.switches.unmapLock === 'spin+lockbreak' ? undefined : 'its UNMAP does not restart'
}

export const restartInterference: Race = {
  id: 'R31',
  title: 'restartable unmaps interfere',
  about: 'Two unmaps of one file make each other drop the lock and overwrite each other’s marks; both scan again.',
  severity: 'liveness',
  invariants: [],
  sources: ['mail of 2006-01-11 (Dickins)', '2aa15890f3c', 'mm/memory.c of 2.6.18: unmap_mapping_range_tree'],
  pageCache: true,
  notApplicable: restarts,
  hazard: (w) =>
    (w.stats.counters.get('unmap rescans') ?? 0) > 0 ? 'mappings that were done are scanned again' : undefined,
  setUp(w) {
    const file = w.newFile({ dax: w.dax, pages: PAGES, blocks: 'written' })
    const vmas = [process(w, file), process(w, file)]
    for (let index = 0; index < PAGES; index++) {
      w.cachePage(file, index)
      const page = file.mapping.cache.get(index)
      if (page !== undefined) for (const vma of vmas) w.setPte(vma, index, pagePte(page.number, false))
    }
    const span = { inode: file, from: 0, to: PAGES }
    return [1, 2].map((n) => ({ id: `U${n}`, comm: `unmap-${n}`, steps: unmap(w, span, { evenCows: true }) }))
  },
  scripts: [
    {
      title: 'the second wants the lock while the first walks',
      moves: [run('U1', 'acquired', 'ptl', 2), run('U2', 'blocked'), toEnd('U1'), toEnd('U2')],
    },
  ],
}
