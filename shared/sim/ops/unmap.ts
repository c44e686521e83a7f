/**
 * UNMAP: takes PTEs of a file range out of every process (mm/memory.c: unmap_mapping_range). Under i_mmap,
 * in the mode of its era (switch `unmapLock`); per page table under its lock; one TLB shootdown per VMA, until whose end a
 * cleared PTE still works on other CPUs.
 */

import { C } from '../costs.ts'
import { PAGES_PER_PMD, PTE_NONE, pteKind, type Vma } from '../mm.ts'
import { P } from '../phases.ts'
import type { Span } from '../policies/slots.ts'
import type { Steps, StepsOf } from '../task.ts'
import type { World } from '../world.ts'

/** Pages unmapped after which the spinning unmapper of 2.6 looks whether someone wants the lock (ZAP_BLOCK_SIZE). */
const LOCKBREAK_PAGES = 8

export interface UnmapOptions {
  /** Private copies go too. */
  readonly evenCows: boolean
  /** The caller holds i_mmap. */
  readonly held?: boolean
  /** 2 MiB entries are overlooked (R07b). */
  readonly smallOnly?: boolean
}

export function* unmap(w: World, span: Span, options: UnmapOptions): Steps {
  const { k, policy } = w
  const { unmapLock } = policy.switches
  const { mapping } = span.inode
  k.enter(P.unmap)
  if (policy.guard.unmapEnter !== undefined) yield* policy.guard.unmapEnter(w, span)
  const takes = options.held !== true && unmapLock !== 'none'
  const mode = unmapLock === 'rwsem-s' ? 'shared' : 'exclusive'
  if (takes && k.lock(mapping.immap, mode)) yield
  if (unmapLock === 'spin+lockbreak' && takes) yield* unmapWithBreaks(w, span, options)
  else {
    // Without the lock the tree may change under the walk, which then loses its place (R13c).
    for (const vma of mapping.vmas) {
      if (!takes) k.touch(mapping.vmasObject, false)
      if (touches(vma, span)) yield* unmapVma(w, vma, { span, options, limit: Infinity })
    }
  }
  if (takes) k.unlock(mapping.immap, mode)
  policy.guard.unmapLeave?.(w, span)
  k.leave(P.unmap)
}

function touches(vma: Vma, span: Span): boolean {
  return vma.pgoff < span.to && span.from < vma.pgoff + vma.pages
}

/**
 * 2.6's restartable unmap: whenever someone spins on the lock it is dropped and the walk starts again. One word of a VMA
 * (vm_truncate_count) says where to go on: the count of the walk that has finished with it, or the address it stopped at. Two
 * unmappers overwrite each other's words, so both scan again (R31); and who finds the other's address takes what lies before
 * it for done (2aa15890f3c, which gave unmappers a mutex).
 */
function* unmapWithBreaks(w: World, span: Span, options: UnmapOptions): Steps {
  const { k } = w
  const { mapping } = span.inode
  const count = ++mapping.walks
  const scanned = new Set<Vma>()
  for (let done = false; !done;) {
    done = true
    for (const vma of mapping.vmas) {
      if (!touches(vma, span) || vma.walkMark === count) continue
      if (scanned.has(vma)) w.stats.bump('unmap rescans')
      const complete = yield* unmapVma(w, vma, { span, options, limit: LOCKBREAK_PAGES })
      if (complete) {
        vma.walkMark = count
        vma.restartAt = -1
        scanned.add(vma)
        continue
      }
      w.stats.bump('unmap restarts')
      k.unlock(mapping.immap, 'exclusive')
      if (k.lock(mapping.immap, 'exclusive')) yield
      done = false
      break
    }
  }
}

interface VmaWalk {
  readonly span: Span
  readonly options: UnmapOptions
  /** Pages after which it stops if someone spins for i_mmap. */
  readonly limit: number
}

/** False: stopped early for someone who wants the lock. */
function* unmapVma(w: World, vma: Vma, walk: VmaWalk): StepsOf<boolean> {
  const { k } = w
  const from = Math.max(vma.pgoff, walk.span.from)
  const to = Math.min(vma.pgoff + vma.pages, walk.span.to)
  if (w.run(P.unmap, C.unmapFixed)) yield
  let cleared = walk.options.smallOnly === true ? 0 : yield* unmapHuge(w, vma, from, to)
  let complete = true
  let unlooked = 0
  const step = Math.min(walk.limit, PAGES_PER_PMD)
  const start = walk.limit === Infinity ? from : Math.max(from, vma.restartAt)
  for (let at = start; at < to && complete; at += step) {
    const end = Math.min(to, at + step)
    const found = countMapped(w, vma, { from: at, to: end, evenCows: walk.options.evenCows })
    if (found === 0 && idle(w, vma)) continue
    if (k.lock(vma.ptl, 'exclusive', 'mm')) yield
    if (w.runTimes(P.unmap, C.zapPte, found)) yield
    for (let index = at; index < end; index++) {
      if (!isTarget(vma, index, walk.options.evenCows)) continue
      if (k.see(vma.seen(index), true)) yield
      cleared += clearPte(w, vma, index)
    }
    k.unlock(vma.ptl)
    unlooked += found
    if (unlooked < walk.limit) continue
    unlooked = 0
    k.touch(walk.span.inode.mapping.immap.id, false)
    const { spinners, queue } = walk.span.inode.mapping.immap
    complete = spinners.length === 0 && queue.length === 0
    if (complete) continue
    vma.walkMark = 0
    vma.restartAt = end
  }
  if (cleared > 0 || clearedByOthers(w, vma, from, to)) yield* shootDown(w, vma, { from, to })
  return complete
}

/**
 * Another walk under the shared lock has taken PTEs out and not shot them down yet: who finds nothing to clear must flush all
 * the same (mm/mmu_gather.c: tlb_finish_mmu, mm_tlb_flush_nested; 99baac21e458).
 */
function clearedByOthers(w: World, vma: Vma, from: number, to: number): boolean {
  if (!w.k.timed) for (let index = from; index < to; index++) w.k.touch(vma.seen(index), false)
  if (vma.stale === undefined || vma.staleCount === 0) return false
  for (let index = from; index < to; index++) if (vma.stale[index - vma.pgoff] !== 0) return true
  return false
}

/**
 * Nobody holds the page-table lock: an empty table may be passed by without it. A fault that holds it is about to put
 * something in, and is waited for (mm/memory.c: zap_pte_range takes it wherever there is a table).
 */
export function idle(w: World, vma: Vma): boolean {
  w.k.touch(vma.ptl.id, false)
  return vma.ptl.free
}

function isTarget(vma: Vma, index: number, evenCows: boolean): boolean {
  const pte = vma.pte(index)
  return pte !== PTE_NONE && (evenCows || pteKind(pte) !== 'anon')
}

function countMapped(w: World, vma: Vma, { from, to, evenCows }: { from: number; to: number; evenCows: boolean }) {
  if (!w.k.timed) for (let index = from; index < to; index++) w.k.touch(vma.seen(index), false)
  let found = 0
  for (let index = vma.nextMapped(from, to); index < to; index = vma.nextMapped(index + 1, to)) {
    if (isTarget(vma, index, evenCows)) found++
  }
  return found
}

/** Takes the PTE out (`byOwner`: its own process asks for that); other CPUs may use it until the shootdown. 1 if there was one. */
export function clearPte(w: World, vma: Vma, index: number, byOwner = false): number {
  const pte = vma.pte(index)
  if (pte === PTE_NONE) return 0
  if (pteKind(pte) === 'anon' && !byOwner) w.checks?.copyGone(vma, index)
  vma.set(index, PTE_NONE)
  vma.stale ??= new Float64Array(vma.pages)
  vma.stale[index - vma.pgoff] = pte
  vma.staleCount++
  w.pteCleared(vma, index, pte)
  return 1
}

function* unmapHuge(w: World, vma: Vma, from: number, to: number): StepsOf<number> {
  if (!vma.pmd) return 0
  const { k } = w
  let cleared = 0
  for (let range = vma.range(from); range <= vma.range(to - 1); range++) {
    if (vma.pmds[range] === -1 && idle(w, vma)) continue
    if (k.lock(vma.ptl, 'exclusive', 'mm')) yield
    if (w.run(P.unmap, C.zapPte)) yield
    if (k.see(vma.seen(vma.pgoff + range * PAGES_PER_PMD), true)) yield
    if (vma.pmds[range] !== -1) {
      w.checks?.pmdGone(vma, range)
      vma.pmds[range] = -1
      vma.pmdWritable[range] = 0
      cleared++
    }
    k.unlock(vma.ptl)
  }
  return cleared
}

/** TLB shootdown: after it no CPU has the old PTEs. */
export function* shootDown(w: World, vma: Vma, range: { from: number; to: number }): Steps {
  const { k, prices } = w
  const remote = Math.max(0, Math.min(vma.mm.users, w.cpus) - 1)
  const ns =
    remote === 0 ? prices.draw(k, C.tlbLocal) : prices.draw(k, C.tlbShootdown) + prices.draw(k, C.tlbPerCpu) * remote
  if (k.work(P.tlb, ns)) yield
  if (vma.stale === undefined || vma.staleCount === 0) return
  for (let index = range.from; index < range.to; index++) {
    const at = index - vma.pgoff
    k.touch(vma.seen(index), false)
    if (vma.stale[at] === 0) continue
    if (k.see(vma.seen(index), true)) yield
    // Another shootdown may have been quicker.
    if (vma.stale[at] === 0) continue
    w.pteGone(vma, index, vma.stale[at])
    vma.stale[at] = 0
    vma.staleCount--
  }
}
