/**
 * R29: write(2) faults its source page in and copies with page faults disabled; somebody takes the source away in between, the
 * copy gets nothing and starts again. In practice it is bounded by luck; against an adversary that keeps up it does not end: a
 * hazard, unless the prefault pins the page (switch `prefault`).
 */
import { write } from '../sim/ops/file-io.ts'
import { munmap } from '../sim/ops/munmap.ts'
import type { Vma } from '../sim/mm.ts'
import { threads } from '../sim/scenarios/actors.ts'
import type { Steps } from '../sim/task.ts'
import type { World } from '../sim/world.ts'
import type { Move, Race } from './race.ts'
import { always, fileOf, on, PAGE, run } from './stage.ts'

const ROUNDS = 30

function keepsTaking(): Move[] {
  const moves: Move[] = []
  for (let i = 0; i < ROUNDS; i++) moves.push(run('W', 'phase-end', 'fault_in'), run('M', 'op-end'))
  return [...moves, on('W')]
}

function* dropsEveryTime(w: World, source: Vma): Steps {
  for (let i = 0; i < ROUNDS; i++) yield* munmap(w, source, 'dontneed')
}

export const prefaultReclaimed: Race = {
  id: 'R29',
  title: 'prefaulted page goes before the copy',
  about: 'A write() faults its source in, another thread drops it, the copy finds nothing and starts again.',
  severity: 'liveness',
  invariants: ['V18'],
  onlyHazard: true,
  sources: ['mm/filemap.c: generic_perform_write'],
  notApplicable: always,
  counts: (_w, finding) => finding.task?.comm === 'write',
  setUp(w) {
    const mm = threads(w, 2)
    const file = fileOf(w, { blocks: 'written' })
    const sourceFile = fileOf(w, { blocks: 'written' })
    const source = w.map(mm, sourceFile, { from: PAGE, pages: 1 })
    return [
      { id: 'W', comm: 'write', steps: write(w, file, { from: PAGE, pages: 1, source: { vma: source, from: PAGE } }) },
      {
        id: 'M',
        comm: 'dontneed',
        steps: dropsEveryTime(w, source),
      },
    ]
  },
  scripts: [{ title: 'the source goes every time', moves: keepsTaking() }],
}
