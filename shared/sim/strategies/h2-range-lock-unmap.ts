/** Range lock instead of i_mmap (Kirill Shutemov, RFC of August 2015, never merged). */
import type { Strategy } from './strategy.ts'

export const rangeLockUnmap: Strategy = {
  id: 'H2',
  title: 'range lock instead of i_mmap',
  era: 'Kirill Shutemov, RFC of August 2015, never merged',
  about: 'A range lock in the DAX fault and inside UNMAP, where i_mmap stood.',
  history: 'Posted against the 4.3-rc1 scheme; i_size is checked outside the range.',
  protects: 'two faults on one page.',
  costs: 'Punch frees blocks outside the range; blocks may be left beyond the end.',
  sources: ['list archive, August 2015'],
  media: 'dax',
  fs: 'ext4',
  slots: {
    guard: 'range-unmap-only',
    pairing: 'range-excl',
    init: 'unwritten-convert',
    cow: 'return-range-locked',
    tx: 'tx-before-locks',
    enospc: 'fail',
    wake: 'wake-all',
  },
  switches: {
    cleansAliases: false,
    unmapLock: 'rwsem-s',
    immapMode: 'shared',
    holePage: 'page-cache',
    breakLayouts: false,
    fsyncFlushesMappings: false,
    ioZeroes: false,
    pmdFaults: false,
    punchUnmap: 'before-handle',
    recheckPmd: false,
    flushInsideLock: false,
    cowUnlock: 'other',
  },
}
