/** I_mmap write-locked around get_block (4.3-rc1, reverted before 4.3). */
import type { Strategy } from './strategy.ts'

export const immapWriteLocked: Strategy = {
  id: 'I',
  title: 'i_mmap write-locked around get_block',
  era: '4.3-rc1, reverted before 4.3',
  about: 'i_mmap is taken exclusively around get_block; i_size is checked before it and again at the end.',
  history:
    'Closed the double zeroing (843172978bb9) and broke in three other ways; reverted (0f90cc6609c7, 0df9d41ab5d4).',
  protects: 'two faults on one page.',
  costs: 'A severe loss of scalability by its own changelog; recursion into UNMAP; wrong unlock after COW.',
  sources: ['843172978bb9', '46c043ede471', '0f90cc6609c7', '0df9d41ab5d4'],
  media: 'dax',
  fs: 'ext4',
  slots: {
    guard: 'isize-recheck-under-immap',
    pairing: 'immap-excl',
    init: 'unwritten-convert',
    cow: 'return-immap-locked',
    tx: 'tx-before-locks',
    enospc: 'fail',
    wake: 'wake-one',
  },
  switches: {
    cleansAliases: false,
    unmapLock: 'rwsem-x',
    immapMode: 'exclusive',
    holePage: 'page-cache',
    breakLayouts: false,
    fsyncFlushesMappings: false,
    ioZeroes: false,
    pmdFaults: true,
    punchUnmap: 'inside-handle',
    recheckPmd: false,
    flushInsideLock: false,
    cowUnlock: 'other',
  },
}
