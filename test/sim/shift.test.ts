/** Collapse and insert range: the tail moves with its bytes, and nothing is lost or seen where it does not belong (R23). */
import { describe, expect, it } from 'vitest'
import { load, store } from '../../shared/sim/ops/access.ts'
import { read, write } from '../../shared/sim/ops/file-io.ts'
import { fsync } from '../../shared/sim/ops/fsync.ts'
import { judgeCrash } from '../../shared/sim/invariants/crash.ts'
import { collapseRange, insertRange, type ShiftRange } from '../../shared/sim/ops/shift-range.ts'
import { EFBIG, EINVAL, type World } from '../../shared/sim/world.ts'
import type { Inode } from '../../shared/sim/inode.ts'
import type { Steps } from '../../shared/sim/task.ts'
import { finish, found, schedules, searchWorld, walk } from './support.ts'

function file(strategy: string, options: { dax?: boolean; fs?: string; seed?: number; size?: number } = {}) {
  const w = searchWorld(strategy, options.seed ?? 1, { blocks: 32, ...options })
  const inode = w.newFile({ dax: w.dax, pages: 8, size: options.size ?? 6, blocks: 'written' })
  return { w, inode }
}

function* collapse(w: World, inode: Inode, range: ShiftRange): Steps {
  yield* collapseRange(w, inode, range)
}

/** Writes a tag of its own to each page and says which. */
function* fill(w: World, inode: Inode, tags: number[]): Steps {
  for (let index = 0; index < inode.size; index++) {
    yield* write(w, inode, { from: index, pages: 1 })
    tags.push(w.checks?.content.tagOf(inode, { index, slot: 0 }) ?? -1)
  }
}

const now = (w: World, inode: Inode) =>
  Array.from({ length: inode.size }, (_, index) => w.checks?.content.tagOf(inode, { index, slot: 0 }))

describe.each([
  ['K', true, 'ext4'],
  ['K', false, 'ext4'],
  ['K', true, 'xfs'],
  ['G3', true, 'ext4'],
  ['J', true, 'ext4'],
  ['H1', true, 'ext4'],
  ['B', false, 'ext4'],
])('%s (DAX %s, %s) alone', (strategy, dax, fs) => {
  it.each([
    ['collapse', [0, 3, 4, 5]],
    ['insert', [0, undefined, undefined, 1, 2, 3, 4, 5]],
  ] as const)('%s moves bytes, in memory and after a power cut', (how, order) => {
    const { w, inode } = file(strategy, { dax, fs })
    const tags: number[] = []
    function* body(): Steps {
      yield* fill(w, inode, tags)
      const shift = how === 'collapse' ? collapseRange : insertRange
      expect(yield* shift(w, inode, { from: 1, pages: 2 })).toBe(0)
      yield* read(w, inode, { from: 0, pages: inode.size })
      yield* fsync(w, inode)
    }
    w.k.spawn('t', body())
    expect(finish(w)).toEqual([])
    expect(found(w)).toEqual([])
    expect(now(w, inode)).toEqual(order.map((from) => (from === undefined ? 0 : tags[from])))
    expect(judgeCrash(w)).toEqual([])
  })
})

describe('what cannot be', () => {
  it.each([
    ['a collapse up to the end', collapseRange, { from: 4, pages: 2 }, EINVAL],
    ['an insert at the end', insertRange, { from: 6, pages: 1 }, EINVAL],
    ['an insert beyond what the file may grow to', insertRange, { from: 0, pages: 3 }, EFBIG],
  ] as const)('%s is refused and changes nothing', (_text, shift, range, errno) => {
    const { w, inode } = file('K')
    const before = inode.extents.tree.slice()
    function* body(): Steps {
      expect(yield* shift(w, inode, range)).toBe(errno)
    }
    w.k.spawn('t', body())
    expect(finish(w)).toEqual([])
    expect(inode.size).toBe(6)
    expect(inode.extents.tree).toEqual(before)
  })
})

describe('a store between the flush and the lock (R23)', () => {
  function race(strategy: string, dax: boolean, seed: number) {
    const { w, inode } = file(strategy, { dax, seed })
    const vma = w.map(w.newMm(), inode)
    function* storer(): Steps {
      yield* store(w, vma, { index: 5, slot: 0 })
      yield* store(w, vma, { index: 5, slot: 1 })
    }
    w.k.spawn('shift', collapse(w, inode, { from: 1, pages: 2 }))
    w.k.spawn('store', storer())
    return { w, inode, vma }
  }

  function* after(w: World, inode: Inode): Steps {
    yield* read(w, inode, { from: 0, pages: inode.size })
    yield* fsync(w, inode)
  }

  function outcome(strategy: string, dax: boolean): Set<string> {
    const all = new Set<string>()
    for (let seed = 1; seed <= 60; seed++) {
      const { w, inode } = race(strategy, dax, seed)
      expect(walk(w, seed)).toEqual([])
      w.k.spawn('after', after(w, inode))
      expect(walk(w, seed)).toEqual([])
      for (const one of [...w.k.findings, ...judgeCrash(w)]) all.add(one.invariant)
    }
    return all
  }

  it.each([
    ['K', true],
    ['K', false],
    ['G3', true],
    ['J,dirtyTagClear=underEntry,pairing=entry-outside,cow=handler-installs', true],
  ])('%s (DAX %s) loses nothing', (strategy, dax) => expect([...outcome(strategy, dax)]).toEqual([]))

  it('loses bytes in the page cache where the flush comes first', () => {
    expect(outcome('K,flushInsideLock=false', false)).toContain('V6')
  })
  it('loses the dirty tag of a DAX entry: synced bytes are gone after a power cut', () => {
    expect(outcome('K,flushInsideLock=false', true)).toContain('V15')
  })
  it('B loses bytes', () => expect(outcome('B', false)).toContain('V6'))
  it.each(['E', 'F', 'I'])('%s maps a block at a page it no longer stands at', (strategy) => {
    expect(outcome(strategy, true)).toContain('V1')
  })
})

it('waits for a device in the tail as truncate does', () => {
  const violated = schedules(20, (seed) => {
    const { w, inode } = file('K', { seed })
    const vma = w.map(w.newMm(), inode)
    function* loads(): Steps {
      for (let index = 0; index < 4; index++) yield* load(w, vma, { index, slot: 0 })
    }
    w.k.spawn('shift', collapse(w, inode, { from: 1, pages: 2 }))
    w.k.spawn('loads', loads())
    return w
  })
  expect([...violated]).toEqual([])
})
