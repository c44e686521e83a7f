/** Invalidate_lock (5.15 to today). */
import type { Strategy } from './strategy.ts'

export const invalidateLock: Strategy = {
  id: 'K',
  title: 'invalidate_lock',
  era: '5.15 to today',
  about:
    'The rwsem in the mapping, taken shared by everything that creates content and exclusively by everything that removes content and blocks; entry lock around the look-up.',
  history: 'Moved out of the filesystems in 5.15 and given to reads and readahead as well.',
  protects: 'everything in the catalogue.',
  costs: 'Convoys behind a waiting truncate; zeroing under i_data_sem.',
  sources: ['730633f0b7f9', 'd4f5258eae7b', '237388320def'],
  media: 'dax',
  fs: 'ext4',
  slots: {
    guard: 'inval',
    pairing: 'entry-outside',
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
