/** What a power cut leaves behind, and what was promised about it (V14, V15; R10, R22, R22b, R33). */
import { describe, expect, it } from 'vitest'
import { durableVersion, judgeCrash, recovered, type CrashFinding } from '../../shared/sim/invariants/crash.ts'
import { Checks } from '../../shared/sim/invariants/checks.ts'
import { filesystems } from '../../shared/sim/fs/index.ts'
import type { Vma } from '../../shared/sim/mm.ts'
import { store } from '../../shared/sim/ops/access.ts'
import { fsync } from '../../shared/sim/ops/fsync.ts'
import { write } from '../../shared/sim/ops/file-io.ts'
import { punchHole } from '../../shared/sim/ops/punch-hole.ts'
import { persist } from '../../shared/sim/ops/user-flush.ts'
import { silent } from '../../shared/sim/sink.ts'
import { parseStrategy, policyOf } from '../../shared/sim/strategies/index.ts'
import type { SimTask, Steps } from '../../shared/sim/task.ts'
import { World } from '../../shared/sim/world.ts'

function world(strategy: string, options: { dax?: boolean; fs?: string } = {}): World {
  const w = new World({
    cpus: 4,
    seed: 1,
    sink: silent,
    timed: false,
    policy: policyOf(parseStrategy(strategy)),
    fs: filesystems.get(options.fs ?? 'ext4'),
    dax: options.dax ?? true,
    blocks: 16,
    slots: 2,
  })
  w.checks = new Checks(w)
  w.startJournal(Infinity)
  return w
}

/** Steps the tasks in the order given (round robin among those that can move), judging a power cut whenever one differs. */
function drive(w: World, tasks: readonly SimTask[], judge: (at: readonly CrashFinding[]) => void): void {
  let version = -1
  const all = () => [...tasks, ...w.k.tasks.filter((task) => task.daemon)]
  for (let steps = 0; steps < 5_000; steps++) {
    const next = all().find((task) => w.k.canStep(task))
    if (next === undefined || tasks.every((task) => task.state === 'done')) break
    w.k.step(next)
    if (durableVersion(w) === version) continue
    version = durableVersion(w)
    judge(judgeCrash(w))
  }
  judge(judgeCrash(w))
  expect(tasks.map((task) => task.state)).toEqual(tasks.map(() => 'done'))
}

function crashes(strategy: string, body: (w: World) => Steps, options: { dax?: boolean; fs?: string } = {}): string[] {
  const w = world(strategy, options)
  const task = w.k.spawn('t', body(w))
  const seen = new Set<string>()
  drive(w, [task], (found) => {
    for (const one of found) seen.add(`${one.invariant} ${one.line}`)
  })
  expect(w.k.findings.map((one) => one.message)).toEqual([])
  return [...seen].sort()
}

function* storeAndSync(w: World): Steps {
  const inode = w.newFile({ dax: w.dax, pages: 4 })
  const mm = w.newMm()
  mm.users = 1
  const vma = w.map(mm, inode)
  yield* store(w, vma, { index: 1, slot: 0 })
  yield* fsync(w, inode)
  yield* store(w, vma, { index: 1, slot: 1 })
}

function* persistIt(w: World, vma: Vma, slot: number): Steps {
  yield* persist(w, vma, { index: 1, slot })
}

function* storeAndFlush(w: World): Steps {
  const inode = w.newFile({ dax: true, pages: 4 })
  const vma = w.map(w.newMm(), inode, { sync: true })
  yield* persist(w, vma, { index: 1, slot: 0 })
}

describe('fsync promises', () => {
  it.each(['K', 'G', 'G3', 'J'])('what %s keeps: a synced store survives any cut, an unsynced one may not', (id) => {
    expect(crashes(id, storeAndSync)).toEqual([])
  })

  it.each(['ext2', 'ext4', 'xfs'])('K keeps it on %s, DAX and page cache', (fs) => {
    expect(crashes('K', storeAndSync, { fs })).toEqual([])
    expect(crashes('K', storeAndSync, { fs, dax: false })).toEqual([])
  })

  it.each(['E', 'F', 'I', 'H1', 'H2'])('what %s breaks: fsync does not flush mapped stores (R22b)', (id) => {
    expect(crashes(id, storeAndSync)).toContain('V15 lost')
  })

  it('is over when the page is punched: the hole may be durable or not', () => {
    expect(
      crashes('K', function* (w) {
        const inode = w.newFile({ dax: true, pages: 4 })
        yield* write(w, inode, { from: 1, pages: 1 })
        yield* fsync(w, inode)
        yield* punchHole(w, inode, { from: 1, to: 2 })
      }),
    ).toEqual([])
  })

  it('counts a punch that was synced: the old bytes must not come back', () => {
    const w = world('K')
    const inode = w.newFile({ dax: true, pages: 4, blocks: 'written' })
    function* body(): Steps {
      yield* write(w, inode, { from: 1, pages: 1 })
      yield* punchHole(w, inode, { from: 1, to: 2 })
      yield* fsync(w, inode)
    }
    drive(w, [w.k.spawn('t', body())], (found) => expect(found).toEqual([]))
    expect(recovered(w, inode, { index: 1, slot: 0, line: 'flushed' })).toBe(0)
  })
})

describe('MAP_SYNC promises', () => {
  it('what K keeps: a flushed store has its block (3.14)', () => {
    expect(crashes('K', storeAndFlush)).toEqual([])
  })

  it.each([
    ['K', []],
    ['K,mapSyncOrder=pte-first', ['V15']],
  ])('%s: another thread uses the PTE before the commit (R33)', (strategy, broken) => {
    const w = world(strategy)
    const inode = w.newFile({ dax: true, pages: 4 })
    const vma = w.map(w.newMm(), inode, { sync: true })
    const first = w.k.spawn('first', persistIt(w, vma, 0))
    const second = w.k.spawn('second', persistIt(w, vma, 1))
    // The first faults until it waits for the commit, which nobody does; the second goes as far as it can.
    while (w.k.canStep(first)) w.k.step(first)
    while (w.k.canStep(second)) w.k.step(second)
    expect(judgeCrash(w).map((one) => one.invariant)).toEqual(broken)
  })
})

describe('power cuts expose', () => {
  it("the block's last bytes, where zeroes come after the commit (R10)", () => {
    const w = world('K,init=zero-after-alloc,tx=tx-in-getblock')
    const inode = w.newFile({ dax: true, pages: 4 })
    const vma = w.map(w.newMm(), inode)
    function* fault(): Steps {
      yield* store(w, vma, { index: 0, slot: 0 })
    }
    const task = w.k.spawn('fault', fault())
    const jbd2 = w.k.tasks[0]
    w.k.step(jbd2)
    while (inode.extents.tree[0] === 0 || w.journal.running.updates > 0) w.k.step(task)
    expect(judgeCrash(w)).toEqual([])
    w.journal.requestCommit()
    while (w.journal.commits === 0) w.k.step(jbd2)
    expect(judgeCrash(w).map((one) => one.invariant)).toEqual(['V14', 'V14'])
    while (w.k.canStep(task)) w.k.step(task)
    expect(judgeCrash(w)).toEqual([])
  })
})
