/**
 * A frozen filesystem stays as it is where every fault takes the freeze level and the page is dirty before it lets go of it: then no
 * interleaving leaves a PTE behind through which a task stores meanwhile.
 */

import { expect, it } from 'vitest'
import { Search } from '#shared/explore/search.ts'
import { raceOf } from '#shared/races/index.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'

function violations(strategy: string): readonly string[] {
  const subject = raceOf('R32', parseStrategy(strategy))
  if (subject === undefined) throw new Error('R32 is a race')
  const search = new Search(subject, { prefix: [], sleepers: [] }, { preemptions: 3, depth: 5_000, reduce: true })
  while (search.next());
  return search.result().found.map(({ key }) => key)
}

it.each(['B', 'K', 'G3'])('under %s nothing changes, no store included, within three preemptions', (strategy) => {
  expect(violations(strategy)).toEqual([])
})

it.each(['B,faultsTakeSbPagefault=false', 'K,faultsTakeSbPagefault=false'])(
  'without the level it does: %s',
  (strategy) => {
    expect(violations(strategy)).toContain('V16 write-fault changes data of page # of inode # on a frozen filesystem')
  },
)
