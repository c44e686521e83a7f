/** Execute in place (2.6.13-3.19, ext2). */
import type { Strategy } from './strategy.ts'

export const xip: Strategy = {
  id: 'X',
  title: 'execute in place',
  era: '2.6.13-3.19, ext2',
  about: 'i_size is checked, the block looked up, the page mapped; nothing is checked again.',
  history: 'The predecessor of DAX; the 2008 seqcount closed the sparse-page race only.',
  protects: 'fresh blocks: they are zeroed before they are linked.',
  costs: 'Nothing, and every race of truncate and punch is open.',
  sources: ['mm/filemap_xip.c', '538f8ea6c852', '283307c7607d'],
  media: 'dax',
  fs: 'ext2',
  slots: {
    guard: 'isize-before',
    pairing: 'none',
    init: 'zero-before-link',
    cow: 'two-faults',
    tx: 'tx-in-getblock',
    enospc: 'fail',
    wake: 'wake-one',
  },
  switches: {
    cleansAliases: false,
    unmapLock: 'mutex',
    immapMode: 'mutex',
    holePage: 'global-zero',
    breakLayouts: false,
    fsyncFlushesMappings: false,
    ioZeroes: true,
    pmdFaults: false,
    punchUnmap: 'before-handle',
    recheckPmd: false,
    flushInsideLock: false,
    faultsTakeSbPagefault: false,
  },
}
