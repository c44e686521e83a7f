/** Seqschedlock (Andrea Arcangeli's patch of December 2005, never merged). */
import type { Strategy } from './strategy.ts'

export const seqschedlock: Strategy = {
  id: 'C',
  title: 'seqschedlock',
  era: "Andrea Arcangeli's patch of December 2005, never merged",
  about:
    'Invalidation moves a sequence around its work; a fault yields the CPU while an invalidater is inside and starts again if the sequence moved.',
  history: 'Posted for the invalidate race, rejected in favour of the page lock.',
  protects: 'invalidate_inode_pages2 without a per-page price for faults.',
  costs: 'Readers yield for a preempted writer; one sequence per file, so unrelated pages retry.',
  sources: ['mail of 2006-01-11 (Dickins)', 'list archive, December 2005'],
  media: 'page-cache',
  fs: 'ext4',
  slots: {
    guard: 'seqsched',
    pairing: 'ptl-only',
    init: 'ordered-list',
    cow: 'generic-copy',
    tx: 'tx-in-getblock',
    enospc: 'fail',
    wake: 'wake-one',
  },
  switches: {
    faultAround: false,
    installPageChecks: false,
    faultsTakeSbPagefault: false,
    secondUnmap: false,
    breakLayouts: false,
    pmdFaults: false,
    holePage: 'page-cache',
    unmapLock: 'spin',
    immapMode: 'mutex',
  },
}
