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
  k.unlock(vma.mm.mmapLock, mode)
  w.opEnd('munmap', 0)
}
