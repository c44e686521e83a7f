/** Per-filesystem rwsem (XFS 4.1, ext2 4.4, ext4 4.5-4.6). */
import type { Strategy } from './strategy.ts'

export const fsRwsem: Strategy = {
  id: 'J',
  title: 'per-filesystem rwsem',
  era: 'XFS 4.1, ext2 4.4, ext4 4.5-4.6',
  about: 'Faults take a per-inode rwsem shared, truncate and punch exclusive until the blocks are free.',
  history: 'XFS_MMAPLOCK, dax_sem, i_mmap_sem (CVE-2015-8839).',
  protects: 'truncate and punch against faults, completely.',
  costs:
    'A shared cache line per fault, convoys behind a waiting truncate; two faults on one page run side by side; read and readahead do not take it.',
  sources: ['ea3d7209ca01'],
  media: 'dax',
  fs: 'ext4',
  slots: {
    guard: 'fs-rwsem',
    pairing: 'none',
    init: 'zero-in-alloc-tx',
    cow: 'return-immap-locked',
    tx: 'tx-before-locks',
    enospc: 'fail',
    wake: 'wake-one',
  },
  switches: {
    cleansAliases: false,
    unmapLock: 'rwsem-x',
    holePage: 'page-cache',
    breakLayouts: false,
    ioZeroes: false,
    dirtyTagClear: 'racy',
    pmdFaults: false,
    recheckPmd: false,
  },
}
