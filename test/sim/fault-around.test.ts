/** A read fault of the page cache maps what stands around it, and nothing that is going. */
import { describe, expect, it } from 'vitest'
import { load } from '../../shared/sim/ops/access.ts'
import { punchHole } from '../../shared/sim/ops/punch-hole.ts'
import { truncate } from '../../shared/sim/ops/truncate.ts'
import { PTE_NONE } from '../../shared/sim/mm.ts'
import type { Steps } from '../../shared/sim/task.ts'
import { finish, found, schedules, searchWorld } from './support.ts'

function cached(strategy: string, pages: number, seed = 1) {
  const w = searchWorld(strategy, seed, { dax: false, blocks: 2 * pages })
  const inode = w.newFile({ dax: false, pages, blocks: 'written' })
  for (let index = 0; index < pages; index++) if (index !== 2) w.cachePage(inode, index)
  const vma = w.map(w.newMm(), inode)
  function* loads(index: number): Steps {
    yield* load(w, vma, { index, slot: 0 })
  }
  return { w, inode, vma, loads }
}

it.each([['K'], ['K,faultAround=false'], ['B']])(
  '%s: what of 24 pages a fault in the second sixteen maps',
  (strategy) => {
    const { w, vma, loads } = cached(strategy, 24)
    w.k.spawn('t', loads(20))
    expect(finish(w)).toEqual([])
    const mapped = [...vma.ptes.keys()].filter((index) => vma.ptes[index] !== PTE_NONE)
    expect(mapped).toEqual(strategy === 'K' ? [16, 17, 18, 19, 20, 21, 22, 23] : [20])
    expect(found(w)).toEqual([])
  },
)

it('leaves out what is not cached', () => {
  const { w, vma, loads } = cached('K', 4)
  w.k.spawn('t', loads(0))
  expect(finish(w)).toEqual([])
  expect([...vma.ptes].map((pte) => pte !== PTE_NONE)).toEqual([true, true, false, true])
})

describe.each(['punch', 'truncate'] as const)('against %s', (cut) => {
  it.each(['K', 'H1', 'B,faultAround=true'])('%s maps nothing that is gone, whatever the schedule', (strategy) => {
    const violated = schedules(60, (seed) => {
      const { w, inode, loads } = cached(strategy, 4, seed)
      w.k.spawn('load', loads(0))
      // Of a punch only page-cache pages are looked at here: B leaves the window of R03, so it loads outside the hole.
      w.k.spawn('cut', cut === 'punch' ? punchHole(w, inode, { from: 3, to: 4 }) : truncate(w, inode, 3))
      return w
    })
    expect([...violated]).toEqual([])
  })
})
