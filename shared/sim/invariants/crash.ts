/**
 * A power cut, now: what would the files show after recovery, and does that expose what was never theirs (V14) or break
 * what was promised (V15)? What survives is explicit:
 *
 *   metadata   the extents and the size of the last committed transaction (`extents.durable`, `durableSize`); what recovery
 *              finds on the orphan list lies beyond that size, so nobody sees it
 *   data       what the medium holds, and of the cache lines not yet flushed any subset, as the caches happened to evict
 *   promises   promises.ts
 *
 * A slot's outcome depends on its own line alone, so judging every line once kept and once lost covers all subsets of
 * unflushed lines (all, none, each single one). Nothing is changed: the run can go on, and a search
 * judges whenever `durableVersion` has moved.
 */

import type { Stream } from '../../base/prng.ts'
import { describeForeign, describeTag, isGarbage, ZERO, type Tag } from '../content.ts'
import { blockOf, isWritten } from '../extents.ts'
import type { Inode } from '../inode.ts'
import { pageName, type Told } from '../finding.ts'
import type { World } from '../world.ts'

/** Of the line of a slot that recovery reads: on the medium, or still in a cache and then lost or kept. */
export type Line = 'flushed' | 'lost' | 'kept'

export interface CrashFinding {
  readonly invariant: 'V14' | 'V15'
  readonly inode: number
  readonly index: number
  readonly slot: number
  readonly line: Line
  readonly message: string
  readonly objects: readonly string[]
}

/** Moves with every change of what a power cut would leave behind, or might. */
export function durableVersion(w: World): number {
  return w.device.version + w.journal.commits
}

/** Everything a power cut at this moment could show that it must not. */
export function judgeCrash(w: World): CrashFinding[] {
  const found: CrashFinding[] = []
  eachSlot(w, (inode, at, line) => {
    judgeSlot(w, inode, { ...at, line }, found)
    if (line === 'lost') judgeSlot(w, inode, { ...at, line: 'kept' }, found)
  })
  return found
}

/** A cache line: a slot of a block. */
export interface CacheLine {
  readonly block: number
  readonly slot: number
}

/** Lines that only caches hold and that recovery would read: those in blocks of committed extents. */
export function unflushedLines(w: World): CacheLine[] {
  const lines = new Map<number, CacheLine>()
  eachSlot(w, (inode, { index, slot }, line) => {
    const block = blockOf(inode.extents.durable[index])
    if (line === 'lost') lines.set(block * w.device.slots + slot, { block, slot })
  })
  return [...lines.values()]
}

/** A power cut now, with those unflushed lines kept that `keeps` names. */
export function judgeLines(w: World, keeps: (line: CacheLine) => boolean): CrashFinding[] {
  const found: CrashFinding[] = []
  eachSlot(w, (inode, at, line) => {
    const kept = line === 'lost' && keeps({ block: blockOf(inode.extents.durable[at.index]), slot: at.slot })
    judgeSlot(w, inode, { ...at, line: kept ? 'kept' : line }, found)
  })
  return found
}

/** One power cut with a random subset of lines kept, reported. Pages that would show what they must not. */
export function crashNow(w: World, random: Stream): number {
  const found: CrashFinding[] = []
  eachSlot(w, (inode, at, line) => {
    judgeSlot(w, inode, { ...at, line: line === 'lost' && random.below(2) === 0 ? 'kept' : line }, found)
  })
  let last = ''
  let pages = 0
  for (const one of found) {
    const page = `${one.invariant} ${one.inode} ${one.index}`
    if (page === last) continue
    last = page
    pages++
    w.k.report(one.invariant, () => cutTold(one))
  }
  return pages
}

/** For an actor that cuts the power: in a search, whoever changes what a cut leaves behind goes before it and after it. */
export function powerCut(w: World, random: Stream): () => number {
  const { k } = w
  const durable = k.objects(1)
  const changed = () => k.touch(durable, false)
  if (!k.timed) {
    w.device.onChange = changed
    w.journal.onCommit = changed
    if (w.checks?.promises !== undefined) w.checks.promises.onGive = changed
  }
  return () => {
    k.touch(durable, true)
    return crashNow(w, random)
  }
}

type Place = { readonly index: number; readonly slot: number }

function eachSlot(w: World, visit: (inode: Inode, at: Place, line: Line) => void): void {
  for (const inode of w.inodes) {
    for (let index = 0; index < inode.pages; index++) {
      const mapping = inode.extents.durable[index]
      const block = isWritten(mapping) && index < inode.durableSize ? blockOf(mapping) : -1
      for (let slot = 0; slot < w.device.slots; slot++) {
        visit(inode, { index, slot }, block >= 0 && w.device.unflushed(block, slot) ? 'lost' : 'flushed')
      }
    }
  }
}

/** What a slot shows after recovery; undefined: it is beyond the end of the file. */
export function recovered(w: World, inode: Inode, at: Place & { readonly line: Line }): Tag | undefined {
  if (at.index >= inode.durableSize) return undefined
  const mapping = inode.extents.durable[at.index]
  if (!isWritten(mapping)) return ZERO
  const block = blockOf(mapping)
  return at.line === 'kept' ? w.device.read(block, at.slot) : w.device.durable(block, at.slot)
}

/** A power cut is nobody's doing: it names what it left behind. */
export function cutTold({ message, objects }: CrashFinding): Told {
  return { message, objects, tasks: [] }
}

function judgeSlot(w: World, inode: Inode, at: Place & { readonly line: Line }, found: CrashFinding[]): void {
  const tag = recovered(w, inode, at)
  const page = pageName(inode, at.index)
  const where = `after a power cut ${page}`
  const place = { inode: inode.number, index: at.index, slot: at.slot, line: at.line, objects: [page] }
  if (tag !== undefined && (isGarbage(tag) || (tag !== ZERO && (tag & 15) !== (inode.number & 15)))) {
    found.push({ invariant: 'V14', ...place, message: `${where} shows ${describeForeign(tag)}` })
  }
  const promised = w.checks?.promises?.broken(inode, at, tag)
  if (promised === undefined) return
  const shows = tag === undefined ? 'is beyond the end' : `shows ${describeTag(tag)}`
  found.push({ invariant: 'V15', ...place, message: `${where} ${shows}; ${describeTag(promised)} had been synced` })
}
