/**
 * R17: remap_file_pages (and MAP_POPULATE) of 2.6 put pages into the page table without a look at truncate_count (mail of
 * 2006-01-11). It finds the page, truncate runs through, it maps the page beyond the end. Later 2.6 kernels look at page->mapping and
 * i_size under the page-table lock (switch `installPageChecks`); since 2.6.23 populating is a row of ordinary faults.
 */
import { load } from '../sim/ops/access.ts'
import { populate } from '../sim/ops/populate.ts'
import { truncate } from '../sim/ops/truncate.ts'
import { process } from '../sim/scenarios/actors.ts'
import type { Contender, Race } from './race.ts'
import { fileOf, inTurn, PAGE, run, toEnd } from './stage.ts'

function cachedFiles({ strategy }: Contender): string | undefined {
  return strategy.media === 'page-cache' ? undefined : 'its files have no pages that remap_file_pages could find'
}

export const installPage: Race = {
  id: 'R17',
  title: 'install_page bypasses the recheck',
  about: 'remap_file_pages has found the page, a truncate completes, the page is mapped beyond the end.',
  severity: 'policy',
  invariants: ['V2', 'V9'],
  sources: ['mail of 2006-01-11 (Dickins)', 'mm/fremap.c of 2.6.18: install_page'],
  notApplicable: cachedFiles,
  setUp(w) {
    const file = fileOf(w, { blocks: 'written' })
    const vma = process(w, file)
    w.cachePage(file, PAGE)
    return [
      {
        id: 'F',
        comm: 'populate',
        steps: inTurn(populate(w, vma, { from: PAGE, pages: 1 }), load(w, vma, { index: PAGE, slot: 0 })),
      },
      { id: 'T', comm: 'truncate', steps: truncate(w, file, 3) },
    ]
  },
  scripts: [
    { title: 'truncate between the look-up and the PTE', moves: [run('F', 'acquire', 'ptl'), toEnd('T'), toEnd('F')] },
  ],
}
