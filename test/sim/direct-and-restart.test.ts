/** Direct reads beside the page cache, and the marks of restartable unmaps (R31). */
import { describe, expect, it } from 'vitest'
import { store } from '../../shared/sim/ops/access.ts'
import { directRead, directWrite } from '../../shared/sim/ops/direct-io.ts'
import { write } from '../../shared/sim/ops/file-io.ts'
import { unmap } from '../../shared/sim/ops/unmap.ts'
import { pagePte, PTE_NONE } from '../../shared/sim/mm.ts'
import type { Steps } from '../../shared/sim/task.ts'
import type { World } from '../../shared/sim/world.ts'
import { finish, found, schedules, searchWorld, stepUntil } from './support.ts'

describe('an O_DIRECT read', () => {
  it.each(['A', 'B', 'K'])('sees what was written through the cache, a mapping and past them, in %s', (strategy) => {
    const w = searchWorld(strategy, 1, { dax: false })
    const inode = w.newFile({ dax: false, pages: 3, blocks: 'written' })
    const vma = w.map(w.newMm(), inode)
    function* body(): Steps {
      yield* write(w, inode, { from: 0, pages: 1 })
      yield* store(w, vma, { index: 1, slot: 0 })
      yield* directWrite(w, inode, { from: 2, pages: 1 })
      yield* directRead(w, inode, { from: 0, pages: 3 })
    }
    w.k.spawn('t', body())
    expect(finish(w)).toEqual([])
    expect(found(w)).toEqual([])
  })

  it('beside writers it returns the old bytes or the new, in K', () => {
    const violated = schedules(40, (seed) => {
      const w = searchWorld('K', seed, { dax: false })
      const inode = w.newFile({ dax: false, pages: 2, blocks: 'written' })
      const vma = w.map(w.newMm(), inode)
      function* writer(): Steps {
        yield* write(w, inode, { from: 0, pages: 2 })
      }
      function* storer(): Steps {
        yield* store(w, vma, { index: 1, slot: 0 })
      }
      w.k.spawn('write', writer())
      w.k.spawn('store', storer())
      w.k.spawn('read', directRead(w, inode, { from: 0, pages: 2 }))
      return w
    })
    expect([...violated]).toEqual([])
  })
})

describe('restartable unmaps', () => {
  const PAGES = 20

  function mapped(): { w: World; left: () => number } {
    const w = searchWorld('D', 1, { blocks: 64 })
    const inode = w.newFile({ dax: false, pages: PAGES, blocks: 'written' })
    const vma = w.map(w.newMm(), inode)
    for (let index = 0; index < PAGES; index++) {
      w.cachePage(inode, index)
      const page = inode.mapping.cache.get(index)
      if (page !== undefined) w.setPte(vma, index, pagePte(page.number, false))
    }
    return { w, left: () => vma.ptes.filter((pte) => pte !== PTE_NONE).length }
  }

  it('go on where they stopped: each page is taken once', () => {
    const { w, left } = mapped()
    const inode = w.inode(1)
    function* contender(): Steps {
      for (let i = 0; i < 3; i++) {
        if (w.k.lock(inode.mapping.immap, 'exclusive')) yield
        w.k.unlock(inode.mapping.immap)
      }
    }
    w.k.spawn('unmap', unmap(w, { inode, from: 0, to: PAGES }, { evenCows: true }))
    w.k.spawn('contender', contender())
    expect(finish(w)).toEqual([])
    expect(left()).toBe(0)
    expect(w.stats.counter('unmap rescans')).toBe(0)
  })

  it("take what lies before another's restart address for done (2aa15890f3c)", () => {
    const { w, left } = mapped()
    const inode = w.inode(1)
    const [vma] = inode.mapping.vmas
    const big = w.k.spawn('big', unmap(w, { inode, from: 0, to: PAGES }, { evenCows: true }))
    const small = w.k.spawn('small', unmap(w, { inode, from: 0, to: 4 }, { evenCows: true }))
    // The second waits for the lock until the first lets it go in the middle; a fault has mapped a page again meanwhile.
    stepUntil(w, big, () => vma.ptes[0] === PTE_NONE)
    stepUntil(w, small)
    stepUntil(w, big, () => vma.restartAt > 4)
    const page = inode.mapping.cache.get(1)
    if (page !== undefined) w.setPte(vma, 1, pagePte(page.number, false))
    stepUntil(w, big)
    stepUntil(w, small)
    expect(small.state).toBe('done')
    expect(vma.ptes[1]).not.toBe(PTE_NONE)
    // The first finds its own mark gone, scans all of it again, and so takes the page after all.
    expect(finish(w)).toEqual([])
    expect(left()).toBe(0)
  })
})
