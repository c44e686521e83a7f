/** 2 MiB entries beside 4 KiB ones (R07b, R13a, R19): collisions, stale zero pages, a lock that stays held. */
import { describe, expect, it } from 'vitest'
import { load, store } from '../../shared/sim/ops/access.ts'
import { write } from '../../shared/sim/ops/file-io.ts'
import type { Vma } from '../../shared/sim/mm.ts'
import type { Steps } from '../../shared/sim/task.ts'
import type { World } from '../../shared/sim/world.ts'
import { finish, found, schedules, searchWorld, stepUntil } from './support.ts'

const HUGE = 512

function* loadAt(w: World, vma: Vma, index: number): Steps {
  yield* load(w, vma, { index, slot: 0 })
}

function* storeAt(w: World, vma: Vma, index: number): Steps {
  yield* store(w, vma, { index, slot: 0 })
}

describe('a read fault with 2 MiB and a private store with 4 KiB in one range', () => {
  const collide = (strategy: string) =>
    schedules(40, (seed) => {
      const w = searchWorld(strategy, seed, { blocks: 2 * HUGE })
      const inode = w.newFile({ dax: true, pages: HUGE, blocks: 'written' })
      const vma = w.map(w.newMm(), inode, { shared: false, pmd: true })
      w.k.spawn('reader', loadAt(w, vma, 3))
      w.k.spawn('copier', storeAt(w, vma, 5))
      return w
    })

  it('collide in G2 (R19)', () => expect([...collide('G2')]).toContain('V1'))
  it.each(['G3', 'K'])('do not in %s', (strategy) => expect([...collide(strategy)]).toEqual([]))

  it('end as a table with the copy, the 2 MiB entry split', () => {
    const w = searchWorld('K', 1, { blocks: 2 * HUGE })
    const inode = w.newFile({ dax: true, pages: HUGE, blocks: 'written' })
    const vma = w.map(w.newMm(), inode, { shared: false, pmd: true })
    function* body(): Steps {
      yield* load(w, vma, { index: 3, slot: 0 })
      expect(vma.pmds[0]).toBeGreaterThanOrEqual(0)
      yield* store(w, vma, { index: 5, slot: 0 })
    }
    w.k.spawn('t', body())
    expect(finish(w)).toEqual([])
    expect(vma.pmds[0]).toBe(-1)
    expect(found(w)).toEqual([])
  })
})

it.each([
  ['G2', ['V7']],
  ['G3', []],
  ['K', []],
  ['K,ioUnmapsHuge=false', ['V7']],
])('%s: a 2 MiB zero page is mapped where write(2) puts a block (R07b)', (strategy, broken) => {
  const w = searchWorld(strategy, 1, { blocks: 2 * HUGE })
  const inode = w.newFile({ dax: true, pages: HUGE })
  const vma = w.map(w.newMm(), inode, { pmd: true })
  function* body(): Steps {
    yield* load(w, vma, { index: 3, slot: 0 })
    yield* write(w, inode, { from: 5, pages: 1 })
    yield* load(w, vma, { index: 5, slot: 0 })
  }
  w.k.spawn('t', body())
  expect(finish(w)).toEqual([])
  expect(found(w)).toEqual(broken)
})

describe('a 2 MiB fault without space', () => {
  const starve = (strategy: string) => {
    const w = searchWorld(strategy, 1, { blocks: 4 })
    const full = w.newFile({ dax: true, pages: 4, blocks: 'written' })
    expect(full.size).toBe(4)
    const inode = w.newFile({ dax: true, pages: HUGE })
    const vma = w.map(w.newMm(), inode, { pmd: true })
    const task = w.k.spawn('fault', storeAt(w, vma, 5))
    stepUntil(w, task)
    return { found: found(w), state: task.state }
  }

  it('returns SIGBUS with i_mmap held in I (R13a)', () => {
    expect(starve('I')).toEqual({ found: ['V12'], state: 'done' })
  })
  it('is an honest SIGBUS in K', () => expect(starve('K')).toEqual({ found: [], state: 'done' }))
})
