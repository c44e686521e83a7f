/** A range lock of which not every path was converted has the holes of the path that was not. */
import { describe, expect, it } from 'vitest'
import { load, store } from '../../shared/sim/ops/access.ts'
import { read } from '../../shared/sim/ops/file-io.ts'
import { punchHole } from '../../shared/sim/ops/punch-hole.ts'
import { truncate } from '../../shared/sim/ops/truncate.ts'
import type { Steps } from '../../shared/sim/task.ts'
import type { World } from '../../shared/sim/world.ts'
import { schedules, searchWorld } from './support.ts'

type Cut = 'punch' | 'truncate'

function race(strategy: string, options: { dax: boolean; by: 'fault' | 'read'; cut: Cut }) {
  return schedules(150, (seed) => {
    const w = searchWorld(strategy, seed, { dax: options.dax })
    const inode = w.newFile({ dax: options.dax, pages: 2, blocks: 'written' })
    const vma = w.map(w.newMm(), inode)
    function* user(): Steps {
      if (options.by === 'read') yield* read(w, inode, { from: 1, pages: 1 })
      else if ((yield* store(w, vma, { index: 1, slot: 0 })) !== undefined) yield* load(w, vma, { index: 1, slot: 0 })
    }
    w.k.spawn('user', user())
    w.k.spawn('cut', cutter(w, options.cut))
    return w
  })
}

function cutter(w: World, cut: Cut): Steps {
  return cut === 'punch' ? punchHole(w, w.inode(1), { from: 1, to: 2 }) : truncate(w, w.inode(1), 1)
}

describe('the whole conversion', () => {
  it.each([
    { dax: true, by: 'fault', cut: 'punch' },
    { dax: true, by: 'fault', cut: 'truncate' },
    { dax: false, by: 'read', cut: 'punch' },
  ] as const)('is clean: $by against $cut, DAX $dax', (options) => expect([...race('H1', options)]).toEqual([]))
})

describe('without', () => {
  it.each(['H1,rangeFaults=false', 'H1,rangePunch=false'])('%s a punched block is mapped (R03)', (strategy) =>
    expect(race(strategy, { dax: true, by: 'fault', cut: 'punch' })).toContain('V1'),
  )
  it('H1,rangeTruncate=false a truncated one is', () =>
    expect(race('H1,rangeTruncate=false', { dax: true, by: 'fault', cut: 'truncate' })).toContain('V1'))
  it('H1,rangeReads=false a read fills the cache with a punched block (R04)', () =>
    expect(race('H1,rangeReads=false', { dax: false, by: 'read', cut: 'punch' })).toContain('V4'))
})
