/** I_size again under i_mmap (DAX v7 and v10, 4.0-4.2). */
import type { Strategy } from './strategy.ts'

export const immapRecheck: Strategy = {
  id: 'E',
  title: 'i_size again under i_mmap',
  era: 'DAX v7 and v10, 4.0-4.2',
  about: 'get_block runs without a lock; i_mmap is taken for the last i_size check, the zeroing and the PTE.',
  history: 'What the mail of 2014-04-13 asked to change, and what was merged after the change was withdrawn.',
  protects: 'no PTE beyond the end of the file.',
  costs: 'A block may be left beyond the end; punch, double zeroing and the hole races are open.',
  sources: ['mail of 2014-04-13 (Wilcox, Kara)', 'fs/dax.c of 4.0-4.3'],
  media: 'dax',
  fs: 'ext4',
  slots: {
    guard: 'isize-recheck-under-immap',
    pairing: 'page-lock',
    init: 'zero-after-alloc',
    cow: 'return-immap-locked',
    tx: 'tx-in-getblock',
    enospc: 'fail',
    wake: 'wake-one',
  },
  switches: {
    cleansAliases: false,
    unmapLock: 'mutex',
    immapMode: 'mutex',
    holePage: 'page-cache',
    breakLayouts: false,
    fsyncFlushesMappings: false,
    ioZeroes: false,
    pmdFaults: false,
    punchUnmap: 'inside-handle',
    recheckPmd: false,
    flushInsideLock: false,
  },
}
