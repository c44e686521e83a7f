/** The end of a 4 KiB fault, whoever finishes it: its PTE is set, if nothing has moved (mm/memory.c: finish_fault). */

import { C } from '../costs.ts'
import { PTE_NONE, type Pte } from '../mm.ts'
import { P } from '../phases.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import type { Fault } from './fault.ts'

/** +ptl, look whether anything moved, set, -ptl. */
export function* setFaultPte(w: World, f: Fault, pte: Pte): Steps {
  const { k, policy } = w
  const { vma, index } = f
  if (k.lock(vma.ptl, 'exclusive', 'mm')) yield
  if (w.run(P.pte_set, C.pteSet)) yield
  if (k.see(vma.seen(index), true)) yield
  // The look and the PTE are one move. UNMAP is kept out of there by the lock in any case; an invalidation that finds the page
  // not mapped is not (preset C), but R16 takes those few instructions for safe, and so does this model.
  if (policy.guard.moved !== undefined) k.touch(f.inode.mapping.truncateObject, false)
  if (policy.guard.moved?.(w, f) === true) f.result = 'retry'
  else {
    const huge = vma.pmd && vma.pmds[vma.range(index)] !== -1
    if (huge && !policy.switches.recheckPmd) w.checks?.pteUnderPmd(vma, index)
    const old = vma.pte(index)
    // Somebody was quicker: a 2 MiB entry (R19), or any PTE where a private copy was to go (finish_fault: pte_none).
    const late = (huge && policy.switches.recheckPmd) || (f.cow && old !== PTE_NONE)
    if (!late && old !== pte) w.setPte(vma, index, pte)
    f.result = 'done'
  }
  k.unlock(vma.ptl)
}
