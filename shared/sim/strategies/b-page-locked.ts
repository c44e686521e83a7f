/** Fault with the page locked (idea 2005-12, merged in 2.6.23, page cache). */
import type { Strategy } from './strategy.ts'

export const pageLocked: Strategy = {
  id: 'B',
  title: 'fault with the page locked',
  era: 'idea 2005-12, merged in 2.6.23, page cache',
  about:
    'The page is returned locked and verified, and stays locked until the PTE is set; whoever removes it waits for it.',
  history:
    'Proposed against seqschedlock; Hugh Dickins measured about 2 % on fault benchmarks in April 2006; merged in July 2007.',
  protects: 'truncate, invalidation, private copies and remapping in one rule.',
  costs: 'The page lock in every fault. Punch between the page drop and the freeing of blocks stays open.',
  sources: ['d00806b18315', 'mail of 2006-01-11 (Dickins)'],
  media: 'page-cache',
  fs: 'ext4',
  slots: {
    guard: 'page-lock',
    pairing: 'page-lock',
    init: 'ordered-list',
    cow: 'generic-copy',
    tx: 'tx-before-locks',
    enospc: 'retry-drop-handle',
    wake: 'wake-one',
  },
  switches: {
    faultAround: false,
    faultsTakeSbPagefault: true,
    secondUnmap: true,
    breakLayouts: false,
    pmdFaults: false,
    holePage: 'page-cache',
    unmapLock: 'spin',
    immapMode: 'mutex',
    flushInsideLock: false,
  },
}
