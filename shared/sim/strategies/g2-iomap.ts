/** Iomap DAX (4.10-4.11). */
import type { Strategy } from './strategy.ts'

export const iomapEarly: Strategy = {
  id: 'G2',
  title: 'iomap DAX',
  era: '4.10-4.11',
  about:
    'The block is looked up before the entry is locked; 2 MiB entries have one lock bit; the handler installs COW pages.',
  history: 'The move to iomap opened the read-fault race again (13e451fdc1af fixed it).',
  protects: 'two faults on one page; 2 MiB pages.',
  costs: 'write(2) into a hole against a read fault is open, and 2 MiB entries of private mappings collide.',
  sources: ['63e95b5c4f16', '13e451fdc1af', 'cd656375f946'],
  media: 'dax',
  fs: 'ext4',
  slots: {
    guard: 'fs-rwsem',
    pairing: 'entry-inside',
    init: 'zero-in-alloc-tx',
    cow: 'handler-installs',
    tx: 'tx-in-getblock',
    enospc: 'retry-drop-handle',
    wake: 'wake-one',
  },
  switches: {
    holePage: 'page-cache',
    breakLayouts: false,
    recheckPmd: false,
    ioUnmapsHuge: false,
  },
}
