/** Iomap DAX, look-up under the entry lock (4.12-4.17 (breakLayouts: 4.18-5.14)). */
import type { Strategy } from './strategy.ts'

export const iomapFixed: Strategy = {
  id: 'G3',
  title: 'iomap DAX, look-up under the entry lock',
  era: '4.12-4.17 (breakLayouts: 4.18-5.14)',
  about: 'Entry lock, then block look-up, inside the transaction; holes map the one zero page.',
  history: '13e451fdc1af put the look-up back, fb26a1cbed8c moved the transaction before it.',
  protects: 'all fault races; MAP_SYNC since 4.15.',
  costs: 'DMA to a page that is punched until 4.18; wake-ups may be lost until 5.13.',
  sources: ['13e451fdc1af', 'fb26a1cbed8c', '5fac7408d828', '237388320def'],
  media: 'dax',
  fs: 'ext4',
  slots: {
    guard: 'fs-rwsem',
    pairing: 'entry-outside',
    init: 'zero-in-alloc-tx',
    cow: 'handler-installs',
    tx: 'tx-before-locks',
    enospc: 'retry-drop-handle',
    wake: 'wake-one',
  },
  switches: {
    breakLayouts: false,
  },
}
