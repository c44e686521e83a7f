/**
 * What the oracle says of one load, one mapping, one retry: what was lost or crossed over, under its own number, and nothing that
 * was not. Tests of whole runs do not see the difference between a finding and one too many.
 */
import { expect, it } from 'vitest'
import { garbageOf, ZERO, type Tag } from '../../shared/sim/content.ts'
import type { Inode } from '../../shared/sim/inode.ts'
import { LockOrder } from '../../shared/sim/invariants/lock-order.ts'
import type { SimLock } from '../../shared/sim/locks.ts'
import type { SimTask, Steps } from '../../shared/sim/task.ts'
import type { World } from '../../shared/sim/world.ts'
import { finish, found, searchWorld } from './support.ts'

const AT = { index: 1, slot: 0 } as const

/** A file of written blocks in the page cache; `judge` runs as a task of it. Which invariants broke. */
function told(judge: (w: World, inode: Inode, mine: Tag) => void): readonly string[] {
  const w = searchWorld('K')
  const inode = w.newFile({ dax: false, pages: 2, blocks: 'written' })
  w.cachePage(inode, AT.index)
  // Contents carry their inode in the low bits (content.ts).
  const mine = (7 << 4) | (inode.number & 15)
  function* body(): Steps {
    judge(w, inode, mine)
  }
  w.k.spawn('t', body())
  expect(finish(w)).toEqual([])
  return found(w)
}

const load = (w: World, inode: Inode, tag: Tag) => w.checks?.content.loaded(inode, { ...AT, by: 'a load' }, tag)
const store = (w: World, inode: Inode, tag: Tag) => w.checks?.content.stored(inode, AT, tag)

it('what was stored comes back: nothing', () => {
  expect(told((w, inode, mine) => (store(w, inode, mine), load(w, inode, mine)))).toEqual([])
})

it('foreign bytes where nobody stored are V5, and no store is lost by them', () => {
  expect(told((w, inode) => (store(w, inode, ZERO), load(w, inode, garbageOf(3))))).toEqual(['V5'])
})

it('foreign bytes over a store are V5, and the store is lost: V6', () => {
  expect(told((w, inode, mine) => (store(w, inode, mine), load(w, inode, garbageOf(3))))).toEqual(['V5', 'V6'])
})

it('old bytes where a store should be: V6 if its own place does not have it, V7 if it does', () => {
  const old = (w: World, inode: Inode, mine: Tag) => {
    store(w, inode, mine)
    load(w, inode, mine + 16)
  }
  expect(told(old)).toEqual(['V6'])
  const inPlace = (w: World, inode: Inode, mine: Tag) => {
    const page = inode.mapping.cache.get(AT.index)
    if (page === undefined) throw new Error('the page is cached')
    page.content[AT.slot] = mine
    page.uptodate = true
    old(w, inode, mine)
  }
  expect(told(inPlace)).toEqual(['V7'])
})

it('a store where zeroes should be is V8', () => {
  expect(told((w, inode, mine) => (store(w, inode, ZERO), load(w, inode, mine)))).toEqual(['V8'])
})

it('what crosses an operation under way may be either', () => {
  const range = { from: AT.index, to: AT.index + 1 }
  const crossed = (w: World, inode: Inode, mine: Tag) => {
    w.checks?.content.begin(inode, range)
    load(w, inode, mine)
    load(w, inode, ZERO)
    store(w, inode, mine)
    w.checks?.content.end(inode, range, { tag: ZERO })
    load(w, inode, mine)
    load(w, inode, ZERO)
  }
  expect(told(crossed)).toEqual([])
})

it('a page that is mapped when it has left the file is V7, one that is in it is nothing', () => {
  const mapped = (detached: boolean) => (w: World, inode: Inode) => {
    const page = inode.mapping.cache.get(AT.index)
    if (page === undefined) throw new Error('the page is cached')
    page.detached = detached
    w.checks?.mappedPage(inode, page)
  }
  expect([told(mapped(true)), told(mapped(false))]).toEqual([['V7'], []])
})

it('who tries again for ever is told once, at the try after which it gives up', () => {
  const tried = told((w, inode) => {
    const { checks } = w
    if (checks === undefined) throw new Error('the world is watched')
    let tries = 0
    while (!checks.gaveUp(tries)) {
      expect(w.k.findings).toEqual([])
      checks.retried(++tries, 'looks again for', { inode, index: AT.index })
    }
    expect(w.k.findings).toHaveLength(1)
  })
  expect(tried).toEqual(['V18'])
})

it('the request that closes a circle of lock classes is told, once', () => {
  const order = new LockOrder()
  const lock = (className: string, classNumber: number) => ({ className, classNumber }) as SimLock
  const holding = (comm: string, held: SimLock) =>
    ({ comm, held: [{ lock: held, mode: 'exclusive' }] }) as unknown as SimTask
  const [a, b, c] = [lock('A', 0), lock('B', 1), lock('C', 2)]
  expect(order.wanted(holding('one', a), b, 'exclusive', 1)).toBeUndefined()
  expect(order.wanted(holding('two', b), c, 'exclusive', 2)).toBeUndefined()
  expect(order.wanted(holding('three', c), a, 'exclusive', 3)).toBeDefined()
  expect(order.wanted(holding('three', c), a, 'exclusive', 4)).toBeUndefined()
})
