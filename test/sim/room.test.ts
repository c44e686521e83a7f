/** What runs out and what is not there yet: credits and room of the journal, dirty pages, cold metadata, a flush not done. */
import { describe, expect, it } from 'vitest'
import { store } from '../../shared/sim/ops/access.ts'
import { read, write } from '../../shared/sim/ops/file-io.ts'
import { unmap } from '../../shared/sim/ops/unmap.ts'
import { run } from '../../shared/sim/run.ts'
import { silent, type SimSink } from '../../shared/sim/sink.ts'
import { P, PHASES } from '../../shared/sim/phases.ts'
import type { Steps } from '../../shared/sim/task.ts'
import type { World } from '../../shared/sim/world.ts'
import { finish, found, searchWorld, stepUntil, timedWorld } from './support.ts'

function runToEnd(w: World): void {
  expect(w.k.runUntil(1e13, 1e7)).toBe(true)
  expect(w.k.findings).toEqual([])
  expect(w.k.deadlock).toBeUndefined()
}

/** Counts phases by name, and who waits for which lock. */
function counting() {
  const phases = new Map<string, number>()
  const waits = new Map<string, number>()
  const bump = (map: Map<string, number>, name: string) => map.set(name, (map.get(name) ?? 0) + 1)
  let open = 0
  let most = 0
  const sink: SimSink = {
    ...silent,
    phaseBegin: (_task, phase) => {
      bump(phases, PHASES[phase])
      if (phase === P.handle || phase === P.time_update) most = Math.max(most, ++open)
    },
    phaseEnd: (_task, phase) => void ((phase === P.handle || phase === P.time_update) && open--),
    lockContended: (_task, lock) => void bump(waits, lock.className),
  }
  return { sink, phases, waits, most: () => most }
}

describe('a journal', () => {
  /** Faults on holes, each of another file, so that every one changes metadata blocks of its own. */
  function fill(journalBlocks: number, tasks: number, files: number, fs = 'ext4') {
    const { sink, phases, waits, most } = counting()
    const w = timedWorld('K', { fs, sink, blocks: tasks * files + 8, cpus: tasks, machine: { journalBlocks } })
    for (let t = 0; t < tasks; t++) {
      const vmas = Array.from({ length: files }, () => {
        const inode = w.newFile({ dax: true, pages: 1, blocks: 'holes' })
        return w.map(w.newMm(), inode)
      })
      function* body(): Steps {
        for (const vma of vmas) yield* store(w, vma, { index: 0, slot: 0 })
      }
      w.k.spawn(`t${t}`, body())
    }
    runToEnd(w)
    return { w, phases, waits, mostHandles: most() }
  }

  it('that is never full commits only when asked to', () => {
    const { w, phases, waits } = fill(0, 8, 200)
    expect(w.journal.commits).toBe(0)
    expect(phases.get('checkpoint')).toBeUndefined()
    expect(waits.get('jbd2_handle')).toBeUndefined()
  })

  it('of XFS that is never full pushes nothing', () => {
    const { w, phases } = fill(0, 8, 400, 'xfs')
    expect(phases.get('checkpoint')).toBeUndefined()
    expect(w.k.tasks.some(({ comm }) => comm === 'xfsaild')).toBe(false)
  })

  it('of XFS of 1024 blocks has its tail pushed by xfsaild, and nobody is left waiting for log space', () => {
    const [free, full] = [fill(0, 8, 400, 'xfs'), fill(1024, 8, 400, 'xfs')]
    expect(full.phases.get('checkpoint') ?? 0).toBeGreaterThan(0)
    expect(full.w.journal.commits).toBeGreaterThan(free.w.journal.commits)
    expect(full.w.k.now).toBeGreaterThan(free.w.k.now)
    expect(full.w.stats.ops).toBe(free.w.stats.ops)
  })

  it('of XFS has as many transactions open as reservations fit into it', () => {
    // 1024 blocks at 41 a reservation.
    expect(fill(1024, 32, 20, 'xfs').mostHandles).toBe(24)
    expect(fill(0, 32, 20, 'xfs').mostHandles).toBe(32)
  })

  it('of 1024 blocks makes handles wait for credits, and commits for them', () => {
    const { w, waits } = fill(1024, 8, 200)
    // 256 blocks a transaction, of which eight open handles may reserve 328: six fit beside nothing else.
    expect(w.journal.commits).toBeGreaterThan(3)
    expect(waits.get('jbd2_handle')).toBeGreaterThan(8)
  })

  it('that is full is written home by who needs room, one at a time', () => {
    const { w, phases, waits } = fill(1024, 4, 1_000)
    expect(phases.get('checkpoint')).toBeGreaterThan(2)
    expect(phases.get('checkpoint')).toBeLessThanOrEqual(w.journal.commits)
    expect(waits.get('&journal->j_checkpoint_mutex')).toBeGreaterThan(0)
  })

  it('smaller than jbd2 allows is refused', () => {
    expect(() => run({ scenario: 'SC1', strategy: 'K', machine: { journalBlocks: 64 } })).toThrow(
      'a journal of 64 blocks is too small',
    )
  })
})

describe('who dirties pages', () => {
  function writers(dirtyPages: number) {
    const { sink, phases } = counting()
    const w = timedWorld('K', { sink, dax: false, blocks: 256, cpus: 4, machine: { dirtyPages } })
    let most = 0
    for (let t = 0; t < 3; t++) {
      const inode = w.newFile({ dax: false, pages: 64, size: 0, blocks: 'holes' })
      function* body(): Steps {
        for (let index = 0; index < 64; index++) {
          expect(yield* write(w, inode, { from: index, pages: 1 })).toBe(1)
          most = Math.max(most, w.dirtying?.pages ?? 0)
        }
      }
      w.k.spawn(`t${t}`, body())
    }
    runToEnd(w)
    return { phases, most, throttled: w.dirtying?.throttled ?? 0 }
  }

  it('is held back above the limit until the flusher has written enough', () => {
    const { phases, most, throttled } = writers(16)
    expect(throttled).toBeGreaterThan(3)
    expect(phases.get('throttle')).toBe(throttled)
    expect(phases.get('writeback_io')).toBeGreaterThan(100)
    // Each of the three may be one page over when it is stopped.
    expect(most).toBeLessThanOrEqual(16 + 3)
  })

  it('is not where nothing limits it, and nothing is written', () => {
    const { phases, throttled } = writers(0)
    expect(throttled).toBe(0)
    expect(phases.get('throttle')).toBeUndefined()
    expect(phases.get('writeback_io')).toBeUndefined()
  })

  it('by stores through a mapping is held back too', () => {
    const w = timedWorld('K', { dax: false, blocks: 64, machine: { dirtyPages: 4 } })
    const inode = w.newFile({ dax: false, pages: 32, blocks: 'written' })
    const vma = w.map(w.newMm(), inode)
    function* body(): Steps {
      for (let index = 0; index < 32; index++) yield* store(w, vma, { index, slot: 0 })
    }
    w.k.spawn('t', body())
    runToEnd(w)
    expect(w.dirtying?.throttled).toBeGreaterThan(2)
  })
})

describe('cold metadata', () => {
  function reads(coldMetadata: number, pages: number): { readonly reads: number; readonly ns: number } {
    const { sink, phases } = counting()
    const w = timedWorld('K', { sink, blocks: 2 * pages, cpus: 2, machine: { coldMetadata } })
    const inode = w.newFile({ dax: true, pages, blocks: 'written' })
    function* body(): Steps {
      yield* read(w, inode, { from: 0, pages })
    }
    w.k.spawn('a', body())
    w.k.spawn('b', body())
    runToEnd(w)
    return { reads: phases.get('read_io') ?? 0, ns: w.k.now }
  }

  it('is read once per leaf of the extent tree, whoever asks', () => {
    expect(reads(1, 700).reads).toBe(3)
    expect(reads(1, 340).reads).toBe(1)
  })

  it('is not read where everything is in memory', () => expect(reads(0, 700).reads).toBe(0))

  it('costs what the device takes', () => expect(reads(1, 340).ns - reads(0, 340).ns).toBeGreaterThan(80_000))

  it('of a block group is read by its first allocation', () => {
    const { sink, phases } = counting()
    const w = timedWorld('K', { sink, blocks: 64, machine: { coldMetadata: 1 } })
    const inode = w.newFile({ dax: true, pages: 8, blocks: 'holes' })
    const vma = w.map(w.newMm(), inode)
    function* body(): Steps {
      for (let index = 0; index < 8; index++) yield* store(w, vma, { index, slot: 0 })
    }
    w.k.spawn('t', body())
    runToEnd(w)
    expect(phases.get('read_io')).toBe(1)
    expect(w.k.now).toBeGreaterThan(150_000)
  })
})

describe('an unmapping that finds nothing left to clear', () => {
  it('flushes what another has cleared and not yet flushed', () => {
    const { sink, phases } = counting()
    const w = searchWorld('K', 1, { sink })
    const inode = w.newFile({ dax: true, pages: 2, blocks: 'written' })
    const mm = w.newMm()
    mm.users = 2
    const vma = w.map(mm, inode)
    function* toucher(): Steps {
      yield* store(w, vma, { index: 0, slot: 0 })
    }
    function* unmapper(): Steps {
      yield* unmap(w, { inode, from: 0, to: 1 }, { evenCows: false })
    }
    w.k.spawn('toucher', toucher())
    const touch = w.k.tasks[w.k.tasks.length - 1]
    stepUntil(w, touch)
    expect(vma.pte(0)).not.toBe(0)
    w.k.spawn('first', unmapper())
    const first = w.k.tasks[w.k.tasks.length - 1]
    // The PTE is out, the page-table lock is given back, the flush has not begun.
    expect(stepUntil(w, first, () => vma.staleCount > 0 && vma.ptl.free)).toBe(true)
    const flushes = phases.get('tlb') ?? 0
    w.k.spawn('second', unmapper())
    const second = w.k.tasks[w.k.tasks.length - 1]
    stepUntil(w, second)
    expect(second.state).toBe('done')
    // It did not go home while a translation of the page was still in a TLB.
    expect(phases.get('tlb') ?? 0).toBeGreaterThan(flushes)
    expect(vma.staleCount).toBe(0)
    expect(finish(w)).toEqual([])
    expect(found(w)).toEqual([])
  })
})
