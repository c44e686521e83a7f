/** What an fsync writes back where tags of dirty entries are cleared, and where they never are (4.7-4.9). */
import { expect, it } from 'vitest'
import { filesystems } from '#shared/sim/fs/index.ts'
import { C } from '#shared/sim/costs.ts'
import { store } from '#shared/sim/ops/access.ts'
import { fsync } from '#shared/sim/ops/fsync.ts'
import { PHASES } from '#shared/sim/phases.ts'
import { silent } from '#shared/sim/sink.ts'
import { parseStrategy, policyOf } from '#shared/sim/strategies/index.ts'
import type { Steps } from '#shared/sim/task.ts'
import { World } from '#shared/sim/world.ts'

const STORED = 40
const SYNCS = 3

/** Time each of three syncs spends writing lines back, after stores to 40 pages, and the pieces of work that takes. */
function syncs(strategy: string) {
  const flushing = PHASES.indexOf('flush_lines')
  const each: { ns: number; pieces: number; entryLocks: number }[] = []
  let began = 0
  const w: World = new World({
    cpus: 1,
    seed: 1,
    jitter: false,
    machine: { lock: 0, unlock: 0 },
    sink: {
      ...silent,
      phaseBegin: (_task, phase) => void (began = phase === flushing ? w.k.now : began),
      phaseEnd: (_task, phase) => {
        const now = each.at(-1)
        if (phase !== flushing || now === undefined) return
        now.ns += w.k.now - began
        now.pieces++
      },
      lockAcquire: (_task, lock) => {
        const now = each.at(-1)
        if (now !== undefined && lock.className === 'dax entry') now.entryLocks++
      },
    },
    timed: true,
    policy: policyOf(parseStrategy(strategy)),
    fs: filesystems.get('ext4'),
    dax: true,
    blocks: 128,
    slots: 1,
  })
  w.startJournal(Infinity)
  function* body(): Steps {
    const inode = w.newFile({ dax: true, pages: 64, blocks: 'written' })
    const mm = w.newMm()
    mm.users = 1
    const vma = w.map(mm, inode)
    for (let index = 0; index < STORED; index++) yield* store(w, vma, { index, slot: 0 })
    for (let sync = 0; sync < SYNCS; sync++) {
      each.push({ ns: 0, pieces: 0, entryLocks: 0 })
      yield* fsync(w, inode)
    }
    each.push({ ns: 0, pieces: 0, entryLocks: 0 })
  }
  w.k.spawn('t', body())
  w.k.runUntil(1_000_000_000, Infinity)
  return { each: each.slice(0, SYNCS), page: w.prices.draw(w.k, C.flushLines4k) }
}

it('an fsync flushes every entry ever dirtied, again and again, where tags are never cleared', () => {
  const { each, page } = syncs('G')
  expect(each.map(({ ns }) => ns)).toEqual([STORED * page, STORED * page, STORED * page])
})

it('and takes no entry lock for it, a pagevec of 14 at a time', () => {
  const { each } = syncs('G')
  expect(each).toMatchObject(each.map(() => ({ entryLocks: 0, pieces: 3 })))
})

it('only the first fsync finds anything where tags are cleared, each entry under its lock', () => {
  const { each, page } = syncs('K')
  expect(each).toEqual([
    { ns: STORED * page, pieces: STORED, entryLocks: STORED },
    { ns: 0, pieces: 0, entryLocks: 0 },
    { ns: 0, pieces: 0, entryLocks: 0 },
  ])
})
