/** Slot P6, `enospc`: what a fault does that finds no free block (R21). */

import { registry } from '../../base/registry.ts'
import type { Enospc } from './slots.ts'

export const enospcs = registry<Enospc>('enospc', [
  { id: 'fail', title: 'fail', about: 'SIGBUS at once', retries: 0, keepsHandle: false },
  {
    id: 'retry-drop-handle',
    title: 'retry after the commit',
    about: 'stops the handle, waits for the commit that returns freed blocks, tries again up to three times',
    retries: 3,
    keepsHandle: false,
  },
  {
    id: 'retry-holding-handle',
    title: 'retry holding the handle (bug)',
    about: 'waits for the commit with the handle open: the commit waits for the handle',
    retries: 3,
    keepsHandle: true,
  },
])
