/** I_mmap across get_block (posted as v8 in July 2014, withdrawn in August). */
import type { Strategy } from './strategy.ts'

export const immapAcross: Strategy = {
  id: 'F',
  title: 'i_mmap across get_block',
  era: 'posted as v8 in July 2014, withdrawn in August',
  about: 'i_mmap is taken before the i_size check and held over get_block and the zeroing until the PTE is set.',
  history: 'The outcome of the mail of 2014-04-13; lockdep found the circle with the journal within three weeks.',
  protects: 'truncate completely, and two faults on one page.',
  costs:
    'One fault at a time per file, allocation and journal stalls included; deadlocks with transactions unless they start first.',
  sources: ['mail of 2014-04-13 (Wilcox, Kara)', 'list archive, 2014-07-29 and 2014-08-09'],
  media: 'dax',
  fs: 'ext4',
  slots: {
    guard: 'immap-across-getblock',
    pairing: 'immap-excl',
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
