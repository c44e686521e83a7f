/** Slot P5, `tx`: where a fault's transaction starts (R11, R12). */

import { registry } from '../../base/registry.ts'
import type { Tx } from './slots.ts'

export const txs = registry<Tx>('tx', [
  {
    id: 'tx-in-getblock',
    title: 'inside get_block',
    about: 'the handle starts in the block look-up, under whatever is held there',
    beforeLocks: false,
  },
  {
    id: 'tx-before-locks',
    title: 'before the locks',
    about: 'the handle starts before page, entry and i_mmap locks (01a33b4ace68, fb26a1cbed8c)',
    beforeLocks: true,
  },
])
