/**
 * What is told of those who wait for locks: the circle their waits close, without who only looked like part of it, and its words;
 * a downgrade, which asks and does not try; which waiters a recording shows while they spin; that a spinner who loses its CPU takes
 * no other's place away; which locks are slept for, and stolen; what a search is told of a range that was waited for.
 */
import { describe, expect, it } from 'vitest'
import { circleFrom, circleTold } from '../../shared/sim/deadlock.ts'
import { Kernel } from '../../shared/sim/kernel.ts'
import {
  ANNOTATED,
  downgrade,
  FIFO,
  FOLIO,
  LockClass,
  LockTable,
  MUTEX,
  PERCPU_RWSEM,
  RWLOCK,
  RWSEM,
  SimLock,
  SPINLOCK,
  type LockSpec,
} from '../../shared/sim/locks.ts'
import { RangeLocks } from '../../shared/sim/range-lock.ts'
import { silent } from '../../shared/sim/sink.ts'
import { SimTask, type Steps } from '../../shared/sim/task.ts'

function* nothing(): Steps {
  return
}

const waiter = (id: number, given: Partial<SimTask> = {}): SimTask =>
  Object.assign(new SimTask({ id, pid: id, comm: `t${id}`, daemon: false, steps: nothing() }), {
    state: 'blocked',
    ...given,
  })

function lockOf(spec: LockSpec, className: string, ...holders: readonly SimTask[]): SimLock {
  const made = new SimLock({ id: 0, of: new LockClass(className, 0), spec, inode: -1 })
  const mode = spec === RWSEM ? 'shared' : 'exclusive'
  for (const holder of holders) made.enter(holder, { mode, layer: 'fs', since: 0 })
  return made
}

describe('a circle', () => {
  it('has nobody in it whose wait leads elsewhere', () => {
    const [first, aside, through] = [waiter(0), waiter(1), waiter(2)]
    const reader = waiter(3, { state: 'running' })
    aside.waitingFor = lockOf(RWSEM, 'read', reader)
    through.waitingFor = lockOf(MUTEX, 'mine', first)
    first.waitsForTasks = () => [aside, through]
    expect(circleFrom(first)).toEqual([first, through])
  })

  it('is none through a reader that was woken and has not looked yet', () => {
    const [first, reader] = [waiter(0), waiter(1)]
    first.waitingFor = lockOf(RWSEM, 'read', reader)
    reader.waitingFor = lockOf(MUTEX, 'mine', first)
    expect(circleFrom(first)).toEqual([first, reader])
    reader.state = 'runnable'
    expect(circleFrom(first)).toBeUndefined()
  })

  it('is none through a lock that nobody has, promised as it may be', () => {
    const [first, owner] = [waiter(0), waiter(1)]
    first.waitingFor = lockOf(MUTEX, 'held', owner)
    owner.waitingFor = lockOf(MUTEX, 'free')
    expect(circleFrom(first)).toBeUndefined()
    expect(circleFrom(owner)).toBeUndefined()
  })

  it('is told wait by wait, with each thing waited for once', () => {
    const tasks = [waiter(0), waiter(1), waiter(2)]
    for (const [i, one] of tasks.entries()) one.waitingFor = lockOf(MUTEX, i === 1 ? 'b' : 'a', tasks[(i + 1) % 3])
    expect(circleTold(tasks)).toEqual({
      message: 't0 waits for a and holds a; t1 waits for b and holds a; t2 waits for a and holds b',
      tasks: ['t0', 't1', 't2'],
      objects: ['a', 'b'],
    })
  })
})

it('a downgrade asks to share: it is no try', () => {
  const costs = { lock: 0, unlock: 0, spinHandoff: 0, wake: 0, contextSwitch: 0, quantum: 3_000_000, sharedLine: 0 }
  const asked: string[] = []
  const sink = {
    ...silent,
    lockAcquire: (_: unknown, __: unknown, mode: string, trylock: boolean) => void asked.push(`${mode} ${trylock}`),
  }
  const k = new Kernel({ seed: 1, timed: true, cpus: 1, costs, sink })
  const lock = k.newLock('a', RWSEM, -1)
  function* unmap(): Steps {
    if (k.lock(lock, 'exclusive')) yield
    downgrade(lock, k)
    k.unlock(lock, 'shared')
  }
  k.spawn('a', unmap())
  k.runUntil(1e6, 100)
  expect([asked, k.findings, lock.free]).toEqual([['exclusive false', 'shared false'], [], true])
})

it('of a recording, spinning shows where it was seen, lock class by lock class', () => {
  const unseen = (seenSpinning: ReadonlySet<string> | 'all', className: string) =>
    new LockTable({ seenSpinning }).add(className, RWSEM, -1).spec.spinsUnseen
  expect([unseen('all', 'a'), unseen(new Set(['a']), 'a'), unseen(new Set(['a']), 'b')]).toEqual([false, false, true])
})

describe('a spinner that loses its CPU', () => {
  it('leaves the others who spin, if it spun as the first in the queue', () => {
    const lock = lockOf(RWSEM, 'a')
    const [head, other] = [waiter(0, { state: 'spinning' }), waiter(1, { state: 'spinning' })]
    lock.enqueue(head)
    lock.spin(other)
    expect(lock.letGo(head)).toBe(true)
    expect([head.gaveUp, lock.queue.first, lock.spinners.first]).toEqual([false, head, other])
  })

  it('goes alone, if it spun beside the queue', () => {
    const lock = lockOf(RWSEM, 'a')
    const [head, other, third] = [waiter(0), waiter(1, { state: 'spinning' }), waiter(2, { state: 'spinning' })]
    lock.enqueue(head)
    for (const one of [third, other]) lock.spin(one)
    expect(lock.letGo(other)).toBe(true)
    expect([other.gaveUp, lock.spinners.length, lock.spinners.first]).toEqual([true, 1, third])
  })
})

it.each([
  ['a mutex', MUTEX, { slept: true, stolen: true }],
  ['an rwsem', RWSEM, { slept: true, stolen: true }],
  ['a strict lock', FIFO, { slept: true, stolen: false }],
  ['a spinlock', SPINLOCK, { slept: false, stolen: false }],
  ['an rwlock', RWLOCK, { slept: false, stolen: false }],
  ['a freeze level', PERCPU_RWSEM, { slept: true, stolen: false }],
  ['a folio', FOLIO, { slept: true, stolen: false }],
  ['what is only annotated', ANNOTATED, { slept: true, stolen: false }],
] as const)('%s: is it slept for, and taken past those who queue', (_, spec, { slept, stolen }) => {
  const lock = lockOf(spec, 'a')
  lock.enqueue(waiter(0))
  lock.spin(waiter(1))
  expect([lock.letGo(lock.spinners.first), lock.admits('exclusive')]).toEqual([slept, stolen])
})

it('readers have the lock they have, and no other', () => {
  const [one, two, three] = [waiter(0), waiter(1), waiter(2)]
  const [left, right] = [lockOf(RWSEM, 'l', one, two), lockOf(RWSEM, 'r', three)]
  expect([left.holders(), right.holders(), lockOf(RWSEM, 'free').holders()]).toEqual([[one, two], [three], []])
})

it('a search is told that who was woken looks at the range it waited for', () => {
  const costs = { lock: 0, unlock: 0, spinHandoff: 0, wake: 0, contextSwitch: 0, quantum: 3_000_000, sharedLine: 0 }
  const k = new Kernel({ seed: 1, timed: false, cpus: 2, costs, sink: silent })
  const ranges = new RangeLocks(k, 1, 8)
  function* user(from: number, to: number): Steps {
    const request = yield* ranges.acquire(from, to)
    if (k.see(0, false)) yield
    ranges.release(request)
  }
  const [first, second] = [k.spawn('a', user(0, 2)), k.spawn('b', user(1, 4))]
  for (const task of [first, first, second, second, first]) k.step(task)
  expect([first.state, second.state]).toEqual(['done', 'runnable'])
  k.touched.length = 0
  k.step(second)
  const pages = k.touched.map((object) => -1 - object - ranges.object)
  expect(pages).toEqual([0, 1])
})
