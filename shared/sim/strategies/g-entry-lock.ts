/** Entry lock (4.7-4.9). */
import type { Strategy } from './strategy.ts'

export const entryLock: Strategy = {
  id: 'G',
  title: 'entry lock',
  era: '4.7-4.9',
  about: "One lock bit per page in the mapping's tree, taken before the block look-up; the rwsem of J stays.",
  history: 'The plan of the mail of 2014-04-13, merged two years later.',
  protects: 'two faults on one page, faults against write(2).',
  costs: 'Two tree sections per fault; wake-ups handed to one waiter may be lost.',
  sources: ['ac401cc78242', 'bc2466e42573'],
  media: 'dax',
  fs: 'ext4',
  slots: {
    guard: 'fs-rwsem',
    pairing: 'entry-outside',
    init: 'zero-in-alloc-tx',
    cow: 'return-entry-locked',
    tx: 'tx-before-locks',
    enospc: 'retry-drop-handle',
    wake: 'wake-one',
  },
  switches: {
    cleansAliases: false,
    holePage: 'page-cache',
    breakLayouts: false,
    dirtyTagClear: 'never',
    pmdFaults: false,
    recheckPmd: false,
  },
}
