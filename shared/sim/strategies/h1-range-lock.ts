/** Mapping range lock, whole operation (Jan Kara, RFCs 2012-2013, never merged). */
import type { Strategy } from './strategy.ts'

export const rangeLock: Strategy = {
  id: 'H1',
  title: 'mapping range lock, whole operation',
  era: 'Jan Kara, RFCs 2012-2013, never merged',
  about:
    'An interval lock: in a locked range no page can come into being. Faults lock their page, punch its range until the blocks are free.',
  history:
    'Proposed for the punch race (mail of 2012-06-12); the field went to one rwsem per file, the range [0, end) with a shared mode.',
  protects: 'everything that is locked by it, and only overlapping ranges wait.',
  costs: 'A tree operation per fault; locking a whole write() deadlocks on its own source buffer.',
  sources: ['mail of 2012-06-12 (Kara, Chinner)', 'list archive, January 2013'],
  media: 'dax',
  fs: 'ext4',
  slots: {
    guard: 'range-whole',
    pairing: 'range-excl',
    init: 'zero-in-alloc-tx',
    cow: 'handler-installs',
    tx: 'tx-before-locks',
    enospc: 'retry-drop-handle',
    wake: 'wake-all',
  },
  switches: {
    faultAround: false,
    cleansAliases: false,
    unmapLock: 'mutex',
    immapMode: 'mutex',
    breakLayouts: false,
    fsyncFlushesMappings: false,
    pmdFaults: false,
  },
}
