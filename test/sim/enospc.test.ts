/** A system call without space waits for blocks that a commit will return, as a fault does (V17). */
import { describe, expect, it } from 'vitest'
import { judgeCrash } from '../../shared/sim/invariants/crash.ts'
import { directWrite } from '../../shared/sim/ops/direct-io.ts'
import { write } from '../../shared/sim/ops/file-io.ts'
import { fsync } from '../../shared/sim/ops/fsync.ts'
import { punchHole } from '../../shared/sim/ops/punch-hole.ts'
import type { Steps } from '../../shared/sim/task.ts'
import { finish, found, searchWorld } from './support.ts'

function punchAndWrite(strategy: string, how: 'write' | 'direct', dax: boolean): readonly string[] {
  const w = searchWorld(strategy, 1, { dax, blocks: 4 })
  const full = w.newFile({ dax, pages: 4, blocks: 'written' })
  const inode = w.newFile({ dax, pages: 2 })
  function* body(): Steps {
    yield* punchHole(w, full, { from: 0, to: 2 })
    if (how === 'direct') yield* directWrite(w, inode, { from: 0, pages: 1 })
    else expect(yield* write(w, inode, { from: 0, pages: 1 })).toBe(1)
    yield* fsync(w, inode)
  }
  w.k.spawn('t', body())
  expect(finish(w)).toEqual([])
  return found(w)
}

describe('blocks pending in the running transaction', () => {
  it.each([
    ['write', true],
    ['write', false],
    ['direct', false],
  ] as const)('are waited for by %s in K (DAX %s)', (how, dax) => expect(punchAndWrite('K', how, dax)).toEqual([]))

  it('are not by a direct write where slot enospc is fail', () =>
    expect(punchAndWrite('K,enospc=fail', 'direct', false)).toEqual(['V17']))
})

it('a cached page over a block that stands needs none', () => {
  const w = searchWorld('K', 1, { dax: false, blocks: 2 })
  const inode = w.newFile({ dax: false, pages: 2, blocks: 'written' })
  function* body(): Steps {
    expect(yield* write(w, inode, { from: 0, pages: 2 })).toBe(2)
  }
  w.k.spawn('t', body())
  expect(finish(w)).toEqual([])
  expect(found(w)).toEqual([])
})

it('fsync promises nothing for a page that writeback finds no block for', () => {
  const w = searchWorld('K', 1, { dax: false, blocks: 1 })
  const inode = w.newFile({ dax: false, pages: 2 })
  function* body(): Steps {
    yield* write(w, inode, { from: 0, pages: 2 })
    yield* fsync(w, inode)
  }
  w.k.spawn('t', body())
  expect(finish(w)).toEqual([])
  expect(inode.mapping.cache.get(1)?.dirty).toBe(true)
  expect(judgeCrash(w)).toEqual([])
})
