/** A device that writes into a page of a DAX file while the file loses it (R20, R20b). */
import { expect, it } from 'vitest'
import { store } from '../../shared/sim/ops/access.ts'
import { dma } from '../../shared/sim/ops/direct-io.ts'
import { punchHole } from '../../shared/sim/ops/punch-hole.ts'
import { truncate } from '../../shared/sim/ops/truncate.ts'
import type { Steps } from '../../shared/sim/task.ts'
import { finish, found, schedules, searchWorld, stepUntil } from './support.ts'

function pinnedThenCut(strategy: string, cut: 'punch' | 'truncate') {
  const w = searchWorld(strategy)
  const inode = w.newFile({ dax: true, pages: 4, blocks: 'written' })
  const vma = w.map(w.newMm(), inode)
  const device = w.k.spawn('device', dma(w, vma, { index: 1, ns: 1_000 }))
  const cutter = w.k.spawn('cut', cut === 'punch' ? punchHole(w, inode, { from: 1, to: 2 }) : truncate(w, inode, 1))
  stepUntil(w, device, () => inode.pins[1] > 0)
  stepUntil(w, cutter)
  const waited = cutter.state === 'blocked'
  expect(finish(w)).toEqual([])
  return { found: found(w), waited }
}

it.each(['punch', 'truncate'] as const)('%s waits for the device in K', (cut) => {
  expect(pinnedThenCut('K', cut)).toEqual({ found: [], waited: true })
})

it.each(['E', 'J', 'G', 'G3', 'H1', 'K,breakLayouts=false'])('%s frees the block under the device', (strategy) => {
  expect(pinnedThenCut(strategy, 'punch')).toEqual({ found: ['V1'], waited: false })
  expect(pinnedThenCut(strategy, 'truncate')).toEqual({ found: ['V1'], waited: false })
})

it('K lets no schedule pin a page that is going', () => {
  const violated = schedules(60, (seed) => {
    const w = searchWorld('K', seed)
    const inode = w.newFile({ dax: true, pages: 4, blocks: 'written' })
    const vma = w.map(w.newMm(), inode)
    w.k.spawn('device', dma(w, vma, { index: 1, ns: 1_000 }))
    w.k.spawn('punch', punchHole(w, inode, { from: 1, to: 2 }))
    w.k.spawn('truncate', truncate(w, inode, 1))
    return w
  })
  expect([...violated]).toEqual([])
})

it.each([
  ['K', []],
  ['K,evenCowsOnBreak=true', ['V19']],
])('%s: what happens to private copies of a page that stays in the file', (strategy, broken) => {
  const violated = schedules(10, (seed) => {
    const w = searchWorld(strategy, seed)
    const inode = w.newFile({ dax: true, pages: 4, blocks: 'written' })
    const vma = w.map(w.newMm(), inode, { shared: false })
    function* copier(): Steps {
      yield* store(w, vma, { index: 1, slot: 0 })
      yield* punchHole(w, inode, { from: 1, to: 2 })
    }
    w.k.spawn('copier', copier())
    return w
  })
  expect([...violated]).toEqual(broken)
})
