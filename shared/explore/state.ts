/**
 * A world's state in words, for films: one short text per thing that can differ (sizes, blocks, entries, cached pages,
 * PTEs, locks held), and the names of the objects that `see` numbers. It reads, it changes nothing, and it is far too slow
 * for a search.
 */

import { counted } from '../base/time.ts'
import { blockOf, DELALLOC, HOLE, isMapped, isUnwritten } from '../sim/extents.ts'
import type { Inode } from '../sim/inode.ts'
import { entryBlock, isEmptyEntry, isLocked, isPmdEntry, isPresent, isZeroEntry } from '../sim/mapping.ts'
import { HUGE_ZERO, pteKind, pteTarget, pteWritable, type Pte, type Vma } from '../sim/mm.ts'
import type { World } from '../sim/world.ts'

/** By name, in a fixed order; what is at its default (a hole, no PTE) is left out. */
export type WorldState = ReadonlyMap<string, string>

export function stateOf(world: World): WorldState {
  const state = new Map<string, string>()
  for (const inode of world.inodes) inodeState(state, world, inode)
  for (const mm of world.mms) for (const vma of mm.vmas) vmaState(state, world, vma)
  const { journal, allocator } = world
  if (journal.kind !== 'none') {
    state.set(
      'running transaction',
      `${journal.running.tid} ${journal.running.state}, ${counted(journal.running.updates, 'handle', '')}`,
    )
    if (journal.committing !== undefined) state.set('committing transaction', String(journal.committing.tid))
  }
  state.set(
    'free blocks',
    allocator.pendingCount === 0
      ? String(allocator.freeCount)
      : `${allocator.freeCount} and ${allocator.pendingCount} to come`,
  )
  if (world.frozen) state.set('filesystem', 'frozen')
  for (const task of world.k.tasks) {
    const held = task.held.map((one) => `${one.lock.className}${one.mode === 'shared' ? ' (shared)' : ''}`)
    if (held.length > 0) state.set(`${task.comm} holds`, held.join(', '))
  }
  return state
}

/** What differs, by name; '' where something is at its default again. */
export function changedState(before: WorldState, after: WorldState): Record<string, string> {
  const changed: Record<string, string> = {}
  for (const [name, value] of after) if (before.get(name) !== value) changed[name] = value
  for (const name of before.keys()) if (!after.has(name)) changed[name] = ''
  return changed
}

function fileName(world: World, inode: Inode): string {
  return world.inodes.length === 1 ? '' : `file ${inode.number} `
}

function inodeState(state: Map<string, string>, world: World, inode: Inode): void {
  const file = fileName(world, inode)
  state.set(`${file}i_size`, counted(inode.size, 'page', ''))
  const { extents, mapping } = inode
  for (let index = 0; index < inode.pages; index++) {
    const block = extents.tree[index]
    if (block === DELALLOC) state.set(`${file}block of page ${index}`, 'delayed')
    else if (block !== HOLE) {
      state.set(`${file}block of page ${index}`, `${blockOf(block)}${isUnwritten(block) ? ' unwritten' : ''}`)
    }
    if (extents.cached[index] === 1 && extents.cache[index] !== block) {
      const stale = isMapped(extents.cache[index]) ? `block ${blockOf(extents.cache[index])}` : 'a hole'
      state.set(`${file}status cache of page ${index}`, stale)
    }
    if (isPresent(mapping.entries[index])) state.set(`${file}entry ${index}`, entryText(mapping.entries[index]))
    const page = mapping.cache.get(index)
    if (page !== undefined) {
      const words = [page.hole ? 'hole page' : page.block >= 0 ? `block ${page.block}` : 'no block']
      if (page.dirty) words.push('dirty')
      if (page.writeback) words.push('writeback')
      if (!page.uptodate) words.push('not uptodate')
      state.set(`${file}cached page ${index}`, words.join(', '))
    }
    if (inode.pins[index] > 0) state.set(`${file}page ${index} pinned by devices`, String(inode.pins[index]))
  }
}

function entryText(entry: number): string {
  const block = entryBlock(entry)
  const words = [isZeroEntry(entry) ? 'zero' : isEmptyEntry(entry) ? 'empty' : `block ${block ?? 0}`]
  if (isPmdEntry(entry)) words.push('2 MiB')
  if (isLocked(entry)) words.push('locked')
  return words.join(', ')
}

function vmaState(state: Map<string, string>, world: World, vma: Vma): void {
  const file = fileName(world, world.inode(vma.inode))
  for (let index = vma.pgoff; index < vma.pgoff + vma.pages; index++) {
    const name = `${file}PTE of page ${index} in mm ${vma.mm.id}${vma.mm.vmas.length > 1 ? ` vma ${vma.id}` : ''}`
    const pte = vma.pte(index)
    if (pteKind(pte) !== 'none') state.set(name, pteText(world, vma, pte))
    const stale = vma.stale?.[index - vma.pgoff] ?? 0
    if (stale !== 0) state.set(`${name}, in TLBs only`, pteText(world, vma, stale))
  }
  for (let range = 0; range < vma.pmds.length; range++) {
    const block = vma.pmds[range]
    if (block !== -1)
      state.set(`${file}PMD ${range} in mm ${vma.mm.id}`, block === HUGE_ZERO ? 'huge zero page' : `block ${block}`)
  }
}

function pteText(world: World, vma: Vma, pte: Pte): string {
  return `${mapped(world, vma, pte)}${pteWritable(pte) ? ', writable' : ''}`
}

function mapped(world: World, vma: Vma, pte: Pte): string {
  const target = pteTarget(pte)
  switch (pteKind(pte)) {
    case 'file':
      return `block ${target}`
    case 'zero':
      return 'zero page'
    case 'anon':
      return 'a private copy'
    case 'none':
      return 'nothing'
    case 'page': {
      const page = world.inode(vma.inode).mapping.allPages[target]
      return page?.detached === false ? `cached page ${page.index}` : 'a page that left the file'
    }
  }
}

/** Names of the pages there have been: one that left the file is still looked at by who had found it. */
export type PageNames = Map<number, string>

export function notePages(world: World, names: PageNames): void {
  for (const inode of world.inodes) {
    for (const page of inode.mapping.allPages) {
      if (page === undefined) continue
      const name = page.detached ? `the page that left the file at ${page.index}` : `page ${page.index}`
      names.set(page.object, `${fileName(world, inode)}bytes of ${name}`)
    }
  }
}

/** Name of an object that `see` was asked about; of a page, as `notePages` found it last. */
export function objectName(world: World, object: number, pages: PageNames): string {
  const page = pages.get(object)
  if (page !== undefined) return page
  for (const inode of world.inodes) {
    const name = inodeObject(inode, object)
    if (name !== undefined) return `${fileName(world, inode)}${name}`
  }
  for (const mm of world.mms) {
    for (const vma of mm.vmas) {
      const at = object - vma.object
      if (at < 0 || at >= vma.pages) continue
      return `${vma.pmd ? `page table ${vma.range(vma.pgoff + at)}` : `PTE of page ${vma.pgoff + at}`} in mm ${mm.id}`
    }
  }
  const block = object - world.blockObject(0)
  if (block >= 0 && block < world.device.blocks) return `block ${block}`
  return object === world.journal.object ? 'the running transaction' : 'what tasks share'
}

function inodeObject(inode: Inode, object: number): string | undefined {
  const { mapping, pages } = inode
  if (object === inode.sizeObject) return 'i_size'
  if (object === inode.pinObject) return 'pins of devices'
  if (object === mapping.truncateObject) return 'truncate_count'
  if (object === mapping.vmasObject) return 'VMAs that map the file'
  const at = (first: number, name: string) =>
    object >= first && object < first + pages ? `${name} page ${object - first}` : undefined
  return (
    at(inode.extentObject, 'block map of') ??
    at(inode.entryObject, 'tree at') ??
    at(inode.ranges.object, 'range tree at')
  )
}
