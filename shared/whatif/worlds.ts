/**
 * Which small worlds stand for a recorded workload when its schedules are searched: a recording has too many operations to
 * search, but what can go wrong between them is in the scenario where the same kinds meet. It chooses; it searches nothing.
 */

/** Scenarios, and which operations must meet for them: one of each list. */
const WORLDS: readonly { readonly scenario: string; readonly meet: readonly (readonly string[])[] }[] = [
  { scenario: 'SC2', meet: [['read_fault', 'write_fault', 'mkwrite', 'pmd_fault'], ['truncate']] },
  { scenario: 'SC4', meet: [['read_fault', 'write_fault', 'mkwrite', 'pmd_fault'], ['punch_hole']] },
  {
    scenario: 'SC3',
    meet: [
      ['write_fault', 'mkwrite'],
      ['fsync', 'fdatasync', 'msync'],
    ],
  },
  { scenario: 'SC11', meet: [['cow_fault']] },
  { scenario: 'SC5', meet: [['write_fault', 'mkwrite']] },
]
/** Two faults on one page: whatever else there is, tasks of one file can do that. */
const ALWAYS = 'SC5'

export function worldsFor(kinds: ReadonlySet<string>): readonly string[] {
  const found = WORLDS.filter(({ meet }) => meet.every((some) => some.some((kind) => kinds.has(kind))))
  return found.length === 0 ? [ALWAYS] : found.map(({ scenario }) => scenario)
}
