/** I_rwsem in the fault (never). */
import type { Strategy } from './strategy.ts'

export const inodeLock: Strategy = {
  id: 'Z',
  title: 'i_rwsem in the fault',
  era: 'never',
  about: 'The fault takes the inode lock that truncate, punch and write already hold.',
  history: 'What everybody proposes first.',
  protects: 'everything, on paper.',
  costs: 'write() faults in its source under the same lock: deadlock.',
  sources: ['list archive, June 2012'],
  media: 'dax',
  fs: 'ext4',
  slots: {
    guard: 'irwsem',
    pairing: 'irwsem',
    init: 'zero-in-alloc-tx',
    cow: 'handler-installs',
    tx: 'tx-before-locks',
    enospc: 'retry-drop-handle',
    wake: 'one-on-unlock/all-on-delete',
  },
  switches: {
    readaheadTakesInval: true,
  },
}
