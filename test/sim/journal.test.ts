/** What fsync waits for and with whom; which lock keeps a VMA in place while it faults. */
import { describe, expect, it } from 'vitest'
import { load, store } from '../../shared/sim/ops/access.ts'
import { fsync } from '../../shared/sim/ops/fsync.ts'
import { munmap } from '../../shared/sim/ops/munmap.ts'
import { persist } from '../../shared/sim/ops/user-flush.ts'
import { silent, type SimSink } from '../../shared/sim/sink.ts'
import type { Inode } from '../../shared/sim/inode.ts'
import type { Steps } from '../../shared/sim/task.ts'
import type { World } from '../../shared/sim/world.ts'
import { finish, searchWorld, stepUntil, timedWorld } from './support.ts'

function runToEnd(w: World): void {
  expect(w.k.runUntil(1e12, 1e6)).toBe(true)
  expect(w.k.findings).toEqual([])
}

describe('times of a file', () => {
  function commitsOf(kind: 'fsync' | 'fdatasync' | 'map-sync'): number {
    const w = searchWorld('K')
    const inode = w.newFile({ dax: true, pages: 2, blocks: 'written' })
    const vma = w.map(w.newMm(), inode, { sync: true })
    function* body(): Steps {
      if (kind === 'map-sync') yield* persist(w, vma, { index: 0, slot: 0 })
      else {
        yield* store(w, vma, { index: 0, slot: 0 })
        yield* fsync(w, inode, kind)
      }
    }
    w.k.spawn('t', body())
    expect(finish(w)).toEqual([])
    return w.journal.commits
  }

  it('are what fsync commits after a store to a block that stands', () => expect(commitsOf('fsync')).toBe(1))
  it('are nothing to fdatasync', () => expect(commitsOf('fdatasync')).toBe(0))
  it('are nothing to a MAP_SYNC fault', () => expect(commitsOf('map-sync')).toBe(0))

  it('change once a jiffy', () => {
    let handles = 0
    const sink: SimSink = {
      ...silent,
      lockAcquired: (_task, lock) => void (lock.className === 'jbd2_handle' && handles++),
    }
    const w = timedWorld('K,tx=tx-in-getblock', { sink })
    const inode = w.newFile({ dax: true, pages: 3, blocks: 'written' })
    const vma = w.map(w.newMm(), inode)
    function* body(): Steps {
      for (const [index, pause] of [0, 1_000, 4_000_000].entries()) {
        if (w.k.sleep(pause)) yield
        yield* store(w, vma, { index, slot: 0 })
      }
    }
    w.k.spawn('t', body())
    runToEnd(w)
    expect(handles).toBe(2)
  })
})

describe('fsync batching', () => {
  function syncers(tasks: number, fsyncBatch = 15_000_000): { commits: number; syncs: number } {
    const w = timedWorld('K', { blocks: 256, costs: { fsyncBatch } })
    let syncs = 0
    function* syncer(inode: Inode, actor: number): Steps {
      const vma = w.map(w.newMm(), inode)
      for (let index = 0; index < inode.pages; index++) {
        // Thinks for a while, differently long, so that tasks do not go in step by themselves.
        if (w.k.sleep(((actor * 37 + index * 13) % 90) * 1_000)) yield
        yield* store(w, vma, { index, slot: 0 })
        yield* fsync(w, inode)
        syncs++
      }
    }
    for (let i = 0; i < tasks; i++) w.k.spawn(`s${i}`, syncer(w.newFile({ dax: true, pages: 30 }), i))
    runToEnd(w)
    return { commits: w.journal.commits, syncs }
  }

  it('one task alone waits for nobody: a commit each', () => {
    const { commits, syncs } = syncers(1)
    expect(commits).toBe(syncs)
  })

  it('four tasks share commits, more so when they wait for each other', () => {
    const [alone, together] = [syncers(4, 0), syncers(4)]
    expect(together.syncs).toBe(120)
    expect(alone.commits).toBeLessThan(alone.syncs)
    expect(together.commits).toBeLessThan(0.8 * alone.commits)
  })
})

describe('per-VMA locks (6.4)', () => {
  function locksOf(strategy: string, options: { dax: boolean; fs?: string }): Set<string> {
    const taken = new Set<string>()
    const sink: SimSink = { ...silent, lockAcquired: (_task, lock) => void taken.add(lock.className) }
    const w = timedWorld(strategy, { ...options, sink })
    const inode = w.newFile({ dax: options.dax, pages: 2, blocks: 'written' })
    const vma = w.map(w.newMm(), inode)
    function* body(): Steps {
      yield* load(w, vma, { index: 0, slot: 0 })
      yield* store(w, vma, { index: 1, slot: 0 })
    }
    w.k.spawn('t', body())
    runToEnd(w)
    return taken
  }

  it.each([
    [{ dax: false }, false],
    [{ dax: true, fs: 'ext4' }, true],
    [{ dax: true, fs: 'ext2' }, true],
    [{ dax: true, fs: 'xfs' }, false],
  ])('%o: falls back to mmap_lock: %s', (options, fallsBack) => {
    const taken = locksOf('K,vmaLock=true', options)
    expect(taken).toContain('&vma->vm_lock->lock')
    expect(taken.has('&mm->mmap_lock')).toBe(fallsBack)
    expect(locksOf('K', options)).not.toContain('&vma->vm_lock->lock')
  })

  it('munmap waits for a fault under one', () => {
    const w = searchWorld('K,vmaLock=true', 1, { dax: false })
    const inode = w.newFile({ dax: false, pages: 1, blocks: 'written' })
    const vma = w.map(w.newMm(), inode)
    function* loads(): Steps {
      yield* load(w, vma, { index: 0, slot: 0 })
    }
    const fault = w.k.spawn('fault', loads())
    const unmapper = w.k.spawn('munmap', munmap(w, vma, 'munmap'))
    stepUntil(w, fault, () => (vma.lock?.readers ?? 0) > 0)
    stepUntil(w, unmapper)
    expect(unmapper.state).toBe('blocked')
    expect(unmapper.waitingFor).toBe(vma.lock)
    expect(finish(w)).toEqual([])
  })
})
