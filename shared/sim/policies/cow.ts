/** Slot P4, `cow`: who finishes a COW fault. */

import { registry } from '../../base/registry.ts'
import type { Cow } from './slots.ts'

export const cows = registry<Cow>('cow', [
  {
    id: 'two-faults',
    title: 'two faults',
    about: 'the file page is mapped read-only first; the store traps again and generic code copies',
    twoFaults: true,
  },
  {
    id: 'return-immap-locked',
    title: 'return with i_mmap locked',
    about: 'the handler copies and returns with i_mmap held; generic code maps the copy and unlocks',
    handOver: 'immap',
  },
  {
    id: 'return-range-locked',
    title: 'return with the range locked',
    about: 'the same with the range lock',
    handOver: 'range',
  },
  {
    id: 'return-entry-locked',
    title: 'return with the entry locked',
    about: 'the same with the entry lock (4.7-4.9)',
    handOver: 'entry',
  },
  {
    id: 'handler-installs',
    title: 'the handler installs',
    about: 'the handler maps the copy itself, under its own locks (4.10)',
  },
  {
    id: 'generic-copy',
    title: 'generic copy',
    about: "the page cache's way: copy the file page, map the copy under the preset's recheck or page lock",
  },
])
