/** remap_file_pages against truncate (R17), and metadata's old copies against a file's new blocks (R26). */
import { describe, expect, it } from 'vitest'
import { load, store } from '../../shared/sim/ops/access.ts'
import { freeMetadata, metadataBlock, writeBackDevice } from '../../shared/sim/ops/block-device.ts'
import { populate, populateAll } from '../../shared/sim/ops/populate.ts'
import { truncate } from '../../shared/sim/ops/truncate.ts'
import type { Steps } from '../../shared/sim/task.ts'
import { EINVAL } from '../../shared/sim/world.ts'
import { finish, found, schedules, searchWorld } from './support.ts'

describe('populate', () => {
  it.each(['A', 'B', 'K'])('maps every page of the range in %s', (strategy) => {
    const w = searchWorld(strategy)
    const inode = w.newFile({ dax: w.dax, pages: 4, blocks: 'written' })
    const vma = w.map(w.newMm(), inode)
    w.k.spawn('populate', populateAll(w, vma))
    expect(finish(w)).toEqual([])
    expect(vma.ptes.every((pte) => pte !== 0)).toBe(true)
    expect(found(w)).toEqual([])
  })

  it('says EINVAL beyond the end', () => {
    const w = searchWorld('A')
    const inode = w.newFile({ dax: false, pages: 4, size: 2, blocks: 'written' })
    const vma = w.map(w.newMm(), inode)
    function* body(): Steps {
      expect(yield* populate(w, vma, { from: 1, pages: 2 })).toBe(EINVAL)
    }
    w.k.spawn('populate', body())
    expect(finish(w)).toEqual([])
  })

  const against = (strategy: string) =>
    schedules(80, (seed) => {
      const w = searchWorld(strategy, seed)
      const inode = w.newFile({ dax: false, pages: 2, blocks: 'written' })
      w.cachePage(inode, 1)
      const vma = w.map(w.newMm(), inode)
      w.k.spawn('populate', populateAll(w, vma))
      w.k.spawn('truncate', truncate(w, inode, 1))
      return w
    })

  it.each(['A', 'C', 'D'])('races truncate in %s (R17)', (strategy) => expect(against(strategy)).toContain('V2'))
  it.each(['A,installPageChecks=true', 'C,installPageChecks=true', 'B', 'K'])('does not in %s', (strategy) =>
    expect([...against(strategy)]).toEqual([]),
  )
})

describe('a dirty copy of old metadata', () => {
  function alias(strategy: string) {
    const w = searchWorld(strategy, 1, { blocks: 2 })
    const block = metadataBlock(w)
    const inode = w.newFile({ dax: w.dax, pages: 2 })
    const vma = w.map(w.newMm(), inode)
    function* body(): Steps {
      yield* freeMetadata(w, block)
      yield* w.journal.waitCommit(w.journal.running.tid)
      yield* store(w, vma, { index: 0, slot: 0 })
      yield* writeBackDevice(w)
      yield* load(w, vma, { index: 0, slot: 0 })
    }
    w.k.spawn('t', body())
    expect(finish(w)).toEqual([])
    return found(w)
  }

  it.each(['E', 'F', 'I', 'H1', 'H2', 'J', 'G'])('overwrites the store in %s (R26)', (strategy) =>
    expect(alias(strategy)).toContain('V6'),
  )
  it.each(['G2', 'G3', 'K', 'B', 'A'])('is cleaned in %s', (strategy) => expect(alias(strategy)).toEqual([]))
})
