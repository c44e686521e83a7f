/**
 * munmap and madvise(DONTNEED): takes a VMA's PTEs under mmap_lock (mm/memory.c: zap_page_range_single). The VMA itself
 * stays: what matters here is who waits for mmap_lock exclusively, and whose source pages go away.
 */

import { C } from '../costs.ts'
import { PTE_NONE, type Vma } from '../mm.ts'
import { P } from '../phases.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { clearPte, shootDown } from './unmap.ts'

export function* munmap(w: World, vma: Vma, how: 'munmap' | 'dontneed'): Steps {
  const { k } = w
  const mode = how === 'munmap' ? 'exclusive' : 'shared'
  w.opBegin('munmap', vma.inode, vma.pgoff * 4096, vma.pages * 4096)
  if (w.run(P.syscall, C.syscall)) yield
  if (k.lock(vma.mm.mmapLock, mode, 'mm')) yield
  // vma_start_write: faults under the per-VMA lock end first.
  const ownLock = how === 'munmap' ? vma.lock : undefined
  if (ownLock !== undefined && k.lock(ownLock, 'exclusive', 'mm')) yield
  if (w.run(P.unmap, C.unmapFixed)) yield
  if (k.lock(vma.ptl, 'exclusive', 'mm')) yield
  let cleared = 0
  for (let index = vma.pgoff; index < vma.pgoff + vma.pages; index++) {
    if (vma.pte(index) === PTE_NONE) continue
    if (k.see(vma.seen(index), true)) yield
    cleared += clearPte(w, vma, index, true)
  }
  if (w.runTimes(P.unmap, C.zapPte, cleared)) yield
  k.unlock(vma.ptl)
  if (cleared > 0) yield* shootDown(w, vma, { from: vma.pgoff, to: vma.pgoff + vma.pages })
  if (ownLock !== undefined) k.unlock(ownLock, 'exclusive')
  k.unlock(vma.mm.mmapLock, mode)
  w.opEnd('munmap', 0)
}

/** The rest of munmap: the VMA goes out of the file's tree of mappings, under i_mmap (mm/mmap.c: unlink_file_vma). */
export function* unlinkVma(w: World, vma: Vma): Steps {
  const { k } = w
  const { mapping } = w.inode(vma.inode)
  if (k.lock(vma.mm.mmapLock, 'exclusive', 'mm')) yield
  if (k.lock(mapping.immap, 'exclusive', 'mm')) yield
  if (k.see(mapping.vmasObject, true)) yield
  mapping.vmas.splice(mapping.vmas.indexOf(vma), 1)
  vma.mm.vmas.splice(vma.mm.vmas.indexOf(vma), 1)
  k.unlock(mapping.immap, 'exclusive')
  k.unlock(vma.mm.mmapLock, 'exclusive')
}
