/** Restartable unmap (2.6.x-2.6.39, page cache). */
import type { Strategy } from './strategy.ts'

export const restartableUnmap: Strategy = {
  id: 'D',
  title: 'restartable unmap',
  era: '2.6.x-2.6.39, page cache',
  about: 'As A, and UNMAP drops its spinlock whenever somebody waits for it, to start its walk again.',
  history: 'Gone in 3.0, when the spinlock became a mutex (97a894136f29, 3d48ae45e723).',
  protects: 'the latency of whoever spins for i_mmap_lock.',
  costs: "Walks restart from the beginning; two unmappers of one file undo each other's marks.",
  sources: ['mm/memory.c of 2.6.18: unmap_mapping_range_tree', '2aa15890f3c'],
  media: 'page-cache',
  fs: 'ext4',
  slots: {
    guard: 'tcount',
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
    unmapLock: 'spin+lockbreak',
    immapMode: 'mutex',
  },
}
