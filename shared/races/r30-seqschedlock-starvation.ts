/**
 * R30: an invalidater is inside its write section and does not run (preempted, or waiting for I/O on a page), and a fault of a task
 * that runs before all others sees a writer, yields, and runs again at once. It never gets on. That was the case against
 * seqschedlock; the page lock makes the fault sleep instead.
 */
import { pagePte } from '../sim/mm.ts'
import { directWrite } from '../sim/ops/direct-io.ts'
import { process } from '../sim/scenarios/actors.ts'
import type { Contender, Race } from './race.ts'
import { fileOf, loadOnce, PAGE, past, toEnd } from './stage.ts'

function yieldsForWriters({ policy }: Contender): string | undefined {
  return policy.guard.invalidateEnter !== undefined ? undefined : 'no fault of it yields for a writer'
}

export const seqschedStarvation: Race = {
  id: 'R30',
  title: 'seqschedlock starvation',
  about: 'An invalidater is inside its section and does not run; an urgent fault yields for it, for ever.',
  severity: 'liveness',
  invariants: ['V18'],
  sources: ['mail of 2006-01-11 (Dickins)', 'list archive, December 2005'],
  pageCache: true,
  notApplicable: yieldsForWriters,
  counts: (_w, finding) => finding.task?.comm === 'urgent-fault',
  setUp(w) {
    const file = fileOf(w, { blocks: 'written' })
    const before = process(w, file)
    const vma = process(w, file)
    w.cachePage(file, PAGE)
    const page = file.mapping.cache.get(PAGE)
    if (page !== undefined) w.setPte(before, PAGE, pagePte(page.number, false))
    return [
      { id: 'I', comm: 'direct-write', steps: directWrite(w, file, { from: PAGE, pages: 1 }) },
      { id: 'F', comm: 'urgent-fault', steps: loadOnce(w, vma) },
    ]
  },
  scripts: [{ title: 'the invalidater stops after its UNMAP', moves: [past('I', 'unmap'), toEnd('F'), toEnd('I')] }],
}
