/** Truncate_count and a recheck under the page-table lock (2.6.0-2.6.22, page cache). */
import type { Strategy } from './strategy.ts'

export const truncateCount: Strategy = {
  id: 'A',
  title: 'truncate_count and a recheck under the page-table lock',
  era: '2.6.0-2.6.22, page cache',
  about:
    'A fault remembers a counter, looks the page up without locking it, and starts again if UNMAP has counted until it holds the page-table lock.',
  history: 'The rule of the 2.6 series until 2.6.23; the debate of January 2006 began with what it leaves open.',
  protects: 'truncate: i_size, counter and PTEs change in one order and are looked at in the other.',
  costs: 'A counter read per fault; retries under truncation only. Whatever does not shrink i_size is not protected.',
  sources: ['mail of 2006-01-11 (Dickins)', 'mm/memory.c of 2.6.18: do_no_page'],
  media: 'page-cache',
  fs: 'ext4',
  slots: {
    guard: 'tcount',
    pairing: 'ptl-only',
    init: 'ordered-list',
    cow: 'generic-copy',
    tx: 'tx-in-getblock',
    enospc: 'fail',
    wake: 'wake-one',
  },
  switches: {
    faultAround: false,
    installPageChecks: false,
    faultsTakeSbPagefault: false,
    secondUnmap: false,
    breakLayouts: false,
    pmdFaults: false,
    holePage: 'page-cache',
    unmapLock: 'spin',
    immapMode: 'mutex',
  },
}
