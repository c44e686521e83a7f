/** The words of a film: whatever can be in a file, its page cache, its mappings and the world is said, and nothing that is not. */
import { expect, it } from 'vitest'
import { changedState, objectName, stateOf } from '../../shared/explore/state.ts'
import { DELALLOC, unwritten, written } from '../../shared/sim/extents.ts'
import { blockEntry, emptyEntry, locked, zeroEntry } from '../../shared/sim/mapping.ts'
import { anonPte, filePte, HUGE_ZERO, pagePte } from '../../shared/sim/mm.ts'
import { searchWorld } from '../sim/support.ts'

it('of files: sizes, blocks, entries, cached pages, pins', () => {
  const w = searchWorld('B')
  const inode = w.newFile({ dax: false, pages: 5 })
  const { tree, cached, cache } = inode.extents
  tree[0] = written(7)
  tree[1] = unwritten(8)
  tree[2] = DELALLOC
  cached.fill(1, 0, 2)
  cache[0] = 0
  cache[1] = written(3)
  w.cachePage(inode, 3)
  Object.assign(inode.mapping.cache.get(3) ?? {}, { hole: true, dirty: true, writeback: true, uptodate: false })
  w.cachePage(inode, 0)
  Object.assign(inode.mapping.cache.get(0) ?? {}, { hole: false, block: 7, dirty: false, uptodate: true })
  inode.pins[4] = 2
  const state = Object.fromEntries(stateOf(w))
  expect(state).toMatchObject({
    i_size: '5 pages',
    'block of page 0': '7',
    'block of page 1': '8 unwritten',
    'block of page 2': 'delayed',
    'status cache of page 0': 'a hole',
    'status cache of page 1': 'block 3',
    'cached page 0': 'block 7',
    'cached page 3': 'hole page, dirty, writeback, not uptodate',
    'page 4 pinned by devices': '2',
  })
  expect(Object.keys(state).filter((name) => /page 4|cached page 1/.test(name))).toEqual(['page 4 pinned by devices'])
})

it('of DAX entries, PTEs and PMDs, of two files and two mappings by name', () => {
  const w = searchWorld('K')
  const [inode] = [w.newFile({ dax: true, pages: 4 }), w.newFile({ dax: true, pages: 1 })]
  const mm = w.newMm()
  const [vma] = [w.map(mm, inode), w.map(mm, inode)]
  const entries = [locked(emptyEntry(true)), zeroEntry(false), blockEntry(5, false), locked(blockEntry(6, true))]
  entries.forEach((entry, index) => (inode.mapping.entries[index] = entry))
  const ptes = [filePte(5, true), filePte(5, false), pagePte(2, false), anonPte(1)]
  ptes.forEach((pte, index) => (vma.ptes[index] = pte))
  const state = Object.fromEntries(stateOf(w))
  expect(state).toMatchObject({
    'file 1 entry 0': 'empty, 2 MiB, locked',
    'file 1 entry 1': 'zero',
    'file 1 entry 2': 'block 5',
    'file 1 entry 3': 'block 6, 2 MiB, locked',
    [`file 1 PTE of page 0 in mm ${mm.id} vma ${vma.id}`]: 'block 5, writable',
    [`file 1 PTE of page 1 in mm ${mm.id} vma ${vma.id}`]: 'block 5',
    [`file 1 PTE of page 2 in mm ${mm.id} vma ${vma.id}`]: 'a page that left the file',
    'file 2 i_size': '1 page',
  })
  expect(state[`file 1 PTE of page 3 in mm ${mm.id} vma ${vma.id}`]).toMatch(/^a private copy/)
  for (const [block, words] of [
    [HUGE_ZERO, 'huge zero page'],
    [4, 'block 4'],
  ] as const) {
    expect(vma.pmds.length).toBeGreaterThan(0)
    vma.pmds[0] = block
    expect(stateOf(w).get(`file 1 PMD 0 in mm ${mm.id}`)).toBe(words)
  }
})

it('of the world: what is frozen, committing, to be freed, held; and of a change only what changed', () => {
  const w = searchWorld('K')
  w.newFile({ dax: true, pages: 1 })
  const before = stateOf(w)
  w.frozen = true
  const after = stateOf(w)
  expect(after.get('filesystem')).toBe('frozen')
  expect(changedState(before, after)).toEqual({ filesystem: 'frozen' })
  expect(changedState(after, before)).toEqual({ filesystem: '' })
})

const NO_PAGES = new Map<number, string>()

it('every object a move looks at has a name', () => {
  const w = searchWorld('K')
  const inode = w.newFile({ dax: true, pages: 2 })
  const vma = w.map(w.newMm(), inode)
  expect(objectName(w, inode.sizeObject, NO_PAGES)).toBe('i_size')
  expect(objectName(w, vma.object + 1, NO_PAGES)).toBe(`PTE of page 1 in mm ${vma.mm.id}`)
  expect(objectName(w, w.blockObject(3), NO_PAGES)).toBe('block 3')
  expect(objectName(w, w.journal.object, NO_PAGES)).toBe('the running transaction')
})
