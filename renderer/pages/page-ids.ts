/**
 * The ids of the pages, apart from their components so that stores can name a page without loading one. What a page is
 * about (needing an open trace or not) stands here too.
 */

export const PAGE_IDS = [
  'open',
  'overview',
  'timeline',
  'contention',
  'latency',
  'lock-order',
  'compare',
  'races',
  'simulate',
  'sql',
  'settings',
  'help',
] as const
export type PageId = (typeof PAGE_IDS)[number]

/** Pages that are not about the open trace: they need none, and stay as they are when another one is shown. */
const FREE: ReadonlySet<PageId> = new Set<PageId>(['open', 'compare', 'races', 'simulate', 'settings', 'help'])

export function needsTrace(page: PageId): boolean {
  return !FREE.has(page)
}

/** May be shown while no trace is open: it says so, or has something else to show (the lock order of a search). */
export function worksWithoutTrace(page: PageId): boolean {
  return FREE.has(page) || page === 'lock-order'
}
