/**
 * R27: a punch whose DROP loops until it finds no page, and who refaults as fast as it drops (shmem had a CVE for it in 2014).
 * Nothing is corrupted, the punch does not end: a hazard. Judged on page-cache files of the strategy's kernel. Where faults wait
 * for the punch there is nobody to refault.
 */
import { load } from '../sim/ops/access.ts'
import { punchHole } from '../sim/ops/punch-hole.ts'
import type { Vma } from '../sim/mm.ts'
import { process } from '../sim/scenarios/actors.ts'
import type { Steps } from '../sim/task.ts'
import type { World } from '../sim/world.ts'
import type { Move, Race } from './race.ts'
import { punchesCachedFiles } from './r04-punch-against-read.ts'
import { fileOf, on, PAGE, run, userTime } from './stage.ts'

/** Tries after which the punch is said to make no progress, and more than that. */
const TRIES = 4
const ROUNDS = TRIES + 2

function keepsRefaulting(): Move[] {
  const moves: Move[] = [run('P', 'acquire', 'folio', 2)]
  for (let i = 0; i < ROUNDS; i++) moves.push(run('F', 'phase', 'user'), run('P', 'acquire', 'folio'))
  return [...moves, on('P')]
}

function* refaults(w: World, vma: Vma): Steps {
  for (let i = 0; i < ROUNDS + 1; i++) {
    // A new process each time, so that it faults.
    w.remap(vma)
    yield* load(w, vma, { index: PAGE + (i % 2), slot: 0 })
    yield* userTime(w)
  }
}

export const punchLivelock: Race = {
  id: 'R27',
  title: 'punch and refaults: livelock',
  about: 'A punch drops two pages in turn until there are none, a faulter brings back the one it is not at.',
  severity: 'liveness',
  invariants: ['V18'],
  onlyHazard: true,
  sources: ['list archive, 2014 (shmem)'],
  pageCache: true,
  tries: TRIES,
  notApplicable: punchesCachedFiles,
  counts: (_w, finding) => finding.task?.comm === 'punch',
  setUp(w) {
    const file = fileOf(w, { blocks: 'written' })
    const vma = process(w, file)
    for (const index of [PAGE, PAGE + 1]) w.cachePage(file, index)
    return [
      { id: 'P', comm: 'punch', steps: punchHole(w, file, { from: PAGE, to: PAGE + 2 }) },
      {
        id: 'F',
        comm: 'faulter',
        steps: refaults(w, vma),
      },
    ]
  },
  scripts: [{ title: 'one page comes back while the other goes', moves: keepsRefaulting() }],
}
