/**
 * Steps inside operations, by number. Names are those of the importer wherever a recorded trace shows
 * the same step, so that one analysis reads both; the rest is what no tracepoint shows.
 */

export const PHASES = [
  'trap',
  'vma_lookup',
  'time_update',
  'fault_around',
  'page_alloc',
  'read_io',
  'journal',
  'handle',
  'handle_stop',
  'map_blocks',
  'es_lookup',
  'extent_lookup',
  'alloc',
  'zero',
  'convert',
  'load_hole',
  'entry',
  'range_lock',
  'pte_set',
  'copy',
  'anon_alloc',
  'unmap',
  'tlb',
  'drop',
  'free',
  'break_layouts',
  'fault_in',
  'page_lock',
  'write_protect',
  'flush_lines',
  'writeback_io',
  'ordered_data',
  'commit_locked',
  'commit_wait',
  'log_io',
  'invalidate',
  'orphan',
  'throttle',
  'dma',
  'freeze',
  'syscall',
  'user',
  'yield_cpu',
  'reclaim',
  'commit_io',
  'checkpoint',
] as const

export type PhaseName = (typeof PHASES)[number]

/** Number of a phase: `P.map_blocks`. */
export const P = Object.fromEntries(PHASES.map((name, i) => [name, i])) as Readonly<Record<PhaseName, number>>
