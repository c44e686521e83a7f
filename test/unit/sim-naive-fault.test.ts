/** The DAX write fault against a second model of it, event by event (test/support/naive-fault.ts). */
import { describe, expect, it } from 'vitest'
import type { SimLock } from '../../shared/sim/locks.ts'
import { filesystems } from '../../shared/sim/fs/index.ts'
import { store } from '../../shared/sim/ops/access.ts'
import { PHASES } from '../../shared/sim/phases.ts'
import { silent, type SimSink } from '../../shared/sim/sink.ts'
import { parseStrategy, policyOf } from '../../shared/sim/strategies/index.ts'
import type { Steps } from '../../shared/sim/task.ts'
import { World } from '../../shared/sim/world.ts'
import type { Vma } from '../../shared/sim/mm.ts'
import { naiveFaults, type Happening } from '../support/naive-fault.ts'

function modelFaults(options: { strategy: 'F' | 'K'; tasks: number; pages: number; seed: number }): Happening[] {
  const said: Happening[] = []
  let now = () => 0
  const names = new Map<SimLock, string>()
  const nameOf = (lock: SimLock) => names.get(lock) ?? lock.className
  const sink: SimSink = {
    ...silent,
    lockAcquire: (task, lock) => void said.push({ at: now(), task: task.id, what: `wants ${nameOf(lock)}` }),
    lockContended: (task, lock) => void said.push({ at: now(), task: task.id, what: `waits ${nameOf(lock)}` }),
    lockAcquired: (task, lock) => void said.push({ at: now(), task: task.id, what: `got ${nameOf(lock)}` }),
    lockRelease: (task, lock) => void said.push({ at: now(), task: task.id, what: `released ${nameOf(lock)}` }),
    phaseBegin: (task, phase) => void said.push({ at: now(), task: task.id, what: `begin ${PHASES[phase]}` }),
    phaseEnd: (task, phase) => void said.push({ at: now(), task: task.id, what: `end ${PHASES[phase]}` }),
    opBegin: (task, kind, _inode, offset) => void said.push({ at: now(), task: task.id, what: `op ${kind} ${offset}` }),
    opEnd: (task, result) => void said.push({ at: now(), task: task.id, what: `op end ${result}` }),
  }
  const pages = options.tasks * options.pages
  const w = new World({
    cpus: options.tasks,
    seed: options.seed,
    sink,
    timed: true,
    policy: policyOf(parseStrategy(options.strategy)),
    fs: filesystems.get('ext4'),
    dax: true,
    blocks: pages,
    slots: 1,
    machine: { sharedLine: 0 },
  })
  now = () => w.k.now
  const inode = w.newFile({ dax: true, pages })
  for (let page = 0; page < pages; page++) {
    inode.extents.publish(page)
    names.set(inode.mapping.entryLock(page), `dax entry ${page}`)
  }
  function* faults(vma: Vma): Steps {
    for (let i = 0; i < vma.pages; i++) yield* store(w, vma, { index: vma.pgoff + i, slot: 0 })
  }
  for (let task = 0; task < options.tasks; task++) {
    const mm = w.newMm()
    mm.users = 1
    const vma = w.map(mm, inode, { from: task * options.pages, pages: options.pages })
    names.set(mm.mmapLock, `mmap ${task}`)
    names.set(vma.ptl, `ptl ${task}`)
    w.k.spawn(`t${task}`, faults(vma))
  }
  w.k.runUntil(Infinity, Infinity)
  return said
}

describe.each(['F', 'K'] as const)('%s', (strategy) => {
  it.each([
    [1, 20, 1],
    [2, 40, 2],
    [4, 40, 3],
    [9, 25, 4],
    [16, 30, 5],
  ])('with %i tasks and %i pages each agrees event by event (seed %i)', (tasks, pages, seed) => {
    const options = { strategy, tasks, pages, seed }
    const model = modelFaults(options)
    const naive = naiveFaults(options)
    const first = model.findIndex((one, i) => JSON.stringify(one) !== JSON.stringify(naive[i]))
    if (first !== -1) {
      expect(model.slice(Math.max(0, first - 3), first + 3)).toEqual(naive.slice(Math.max(0, first - 3), first + 3))
    }
    expect(naive.length).toBe(model.length)
    expect(model.length).toBeGreaterThan(tasks * pages * 30)
  })
})
