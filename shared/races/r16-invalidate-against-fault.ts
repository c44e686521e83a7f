/**
 * R16: invalidate_inode_pages2 against a fault (mails of 2005-12-13 and 2006-01-11). The invalidation unmaps the page, a
 * fault begins after that and finds the page still in the cache, the invalidation removes it: the mapping shows a page that is no
 * longer the file's, and direct writes pass it by. truncate_count does not help, for the fault began after it counted. A BUG_ON
 * that fired is how it was found. Judged on page-cache files; strategies that change DAX faults only leave those to their
 * kernel's rule.
 */
import { directWrite } from '../sim/ops/direct-io.ts'
import { pagePte } from '../sim/mm.ts'
import { process } from '../sim/scenarios/actors.ts'
import type { Contender, Race } from './race.ts'
import { fileOf, loadTwice, PAGE, past, run, toEnd } from './stage.ts'

/** Also faults on page-cache files take this strategy's guard? */
function coversCachedFiles({ strategy, policy }: Contender): string | undefined {
  const covers =
    strategy.media === 'page-cache' || policy.guard.removeEnter !== undefined || policy.guard.usesInodeLock === true
  return covers ? undefined : 'it changes DAX faults only, which find no page that could be removed under them'
}

export const invalidateAgainstFault: Race = {
  id: 'R16',
  title: 'invalidate_inode_pages2 against a fault',
  about:
    'A direct write unmaps the page, a fault finds it in the cache, the direct write removes it, the fault maps it.',
  severity: 'corruption',
  invariants: ['V7'],
  sources: ['mail of 2006-01-11 (Dickins)', 'list archive, 2005-12-13'],
  pageCache: true,
  // A fault that yields to the invalidation (C) does so once per order of its looks and the invalidation's steps.
  tries: 3,
  notApplicable: coversCachedFiles,
  setUp(w) {
    const file = fileOf(w, { blocks: 'written' })
    const before = process(w, file)
    const vma = process(w, file)
    w.cachePage(file, PAGE)
    const page = file.mapping.cache.get(PAGE)
    if (page !== undefined) w.setPte(before, PAGE, pagePte(page.number, false))
    return [
      { id: 'I', comm: 'direct-write', steps: directWrite(w, file, { from: PAGE, pages: 1 }) },
      { id: 'F', comm: 'fault', steps: loadTwice(w, vma) },
    ]
  },
  scripts: [
    {
      title: 'the fault begins between UNMAP and the removal',
      moves: [past('I', 'unmap'), run('F', 'acquire', 'ptl'), toEnd('I'), toEnd('F')],
    },
  ],
}
