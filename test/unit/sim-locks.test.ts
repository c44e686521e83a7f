/**
 * The rules of the model's locks, one by one: whom a lock in which state lets in, who is due, what holds and waits add up to, how
 * ranges that overlap queue, and which circle a wait closes. The truth tables are written out from kernel/locking/{mutex,rwsem}.c.
 */
import { describe, expect, it } from 'vitest'
import { circleFrom, describeWait } from '../../shared/sim/deadlock.ts'
import { Kernel } from '../../shared/sim/kernel.ts'
import {
  FIFO,
  LockTable,
  MUTEX,
  RWLOCK,
  RWSEM,
  type SimLock,
  SPINLOCK,
  TaskQueue,
  WaitQueue,
  type LockMode,
  type LockSpec,
} from '../../shared/sim/locks.ts'
import { RangeLocks } from '../../shared/sim/range-lock.ts'
import { silent } from '../../shared/sim/sink.ts'
import type { SimTask, Steps } from '../../shared/sim/task.ts'
import { lock, RECORDED, task, UNSEEN } from '../support/sim-tasks.ts'

interface Situation {
  readonly held?: LockMode
  readonly sleeper?: 'patient' | 'beaten'
  readonly spinner?: boolean
}

function inSituation(spec: LockSpec, { held, sleeper, spinner }: Situation): SimLock {
  const made = lock(spec)
  if (held !== undefined) made.enter(task(1), { mode: held, layer: 'fs', since: 0 })
  if (sleeper !== undefined) made.enqueue(task(2, { beaten: sleeper === 'beaten' }))
  if (spinner === true) made.spin(task(3))
  return made
}

describe('who is let in', () => {
  // [situation, newcomer who shares, newcomer alone], per descriptor.
  const TABLE: readonly (readonly [string, LockSpec, Situation, boolean, boolean])[] = [
    ['free mutex', MUTEX, {}, true, true],
    ['held mutex', MUTEX, { held: 'exclusive' }, false, false],
    ['free mutex, a sleeper: it is stolen', MUTEX, { sleeper: 'patient' }, false, true],
    ['free mutex promised to a sleeper', MUTEX, { sleeper: 'beaten' }, false, false],
    ['free strict lock, a sleeper', FIFO, { sleeper: 'patient' }, false, false],
    ['free strict lock', FIFO, {}, true, true],
    ['free spinlock, a spinner', SPINLOCK, { spinner: true }, false, true],
    ['rwsem held by a reader', RWSEM, { held: 'shared' }, true, false],
    ['rwsem held by a writer', RWSEM, { held: 'exclusive' }, false, false],
    ['rwsem held by a reader, a sleeper: the convoy', RWSEM, { held: 'shared', sleeper: 'patient' }, false, false],
    ['rwsem held by a reader, a spinning writer', RWSEM, { held: 'shared', spinner: true }, false, false],
    ['free rwsem, a sleeper: writers steal, readers do not', RWSEM, { sleeper: 'patient' }, false, true],
    ['free rwlock, a spinner', RWLOCK, { spinner: true }, false, true],
    ['recorded rwsem, free, a sleeper: readers steal too', RECORDED, { sleeper: 'patient' }, true, true],
    ['recorded rwsem promised to a sleeper', RECORDED, { sleeper: 'beaten' }, false, false],
    ['recorded rwsem, readers in, a sleeper', RECORDED, { held: 'shared', sleeper: 'patient' }, false, false],
    ['recorded rwsem, readers in, nobody sleeps', RECORDED, { held: 'shared' }, true, false],
    ['recorded rwsem, readers in, a spinning writer', RECORDED, { held: 'shared', spinner: true }, true, false],
    ['recorded rwsem, a writer in', RECORDED, { held: 'exclusive' }, false, false],
  ]

  it.each(TABLE)('%s', (_, spec, situation, shared, exclusive) => {
    const made = inSituation(spec, situation)
    expect([made.admits('shared'), made.admits('exclusive')]).toEqual([shared, exclusive])
    expect(made.free).toBe(situation.held === undefined)
  })
})

describe('whose turn it is', () => {
  const due = (spec: LockSpec, sleeper: Partial<SimTask> | undefined, now: number) => {
    const made = lock(spec)
    if (sleeper !== undefined) made.enqueue(task(1, sleeper))
    return made.headIsDue(now)
  }

  it('nobody’s, where nobody sleeps', () => expect(due(FIFO, undefined, 9e9)).toBe(false))
  it('the sleeper’s of a strict lock, at once', () => expect(due(FIFO, { waitingSince: 5 }, 5)).toBe(true))
  it('the sleeper’s of an rwsem after 4 ms, to the ns', () => {
    expect([due(RWSEM, { waitingSince: 7 }, 4_000_006), due(RWSEM, { waitingSince: 7 }, 4_000_007)]).toEqual([
      false,
      true,
    ])
  })
  it('of a mutex only who was beaten', () => {
    expect([due(MUTEX, {}, 9e9), due(MUTEX, { beaten: true }, 0)]).toEqual([false, true])
  })
  it('of a recorded rwsem only who was beaten, however long it waits', () => {
    expect([due(RECORDED, {}, 9e9), due(RECORDED, { beaten: true }, 0)]).toEqual([false, true])
  })
})

describe('holds', () => {
  const SHARED = { mode: 'shared', layer: 'fs' } as const

  it('of readers end in any order, and their times add up', () => {
    const made = lock(RWSEM)
    const [a, b, c] = [task(1), task(2), task(3)]
    made.enter(a, { ...SHARED, since: 10 })
    made.enter(b, { ...SHARED, since: 20 })
    made.enter(c, { ...SHARED, since: 30 })
    expect([made.readers, made.free, made.holders()]).toEqual([3, false, [a, b, c]])
    made.leave(a, 0, 100)
    expect([made.readers, made.of.holdNs, made.holders()]).toEqual([2, 90, [b, c]])
    made.leave(c, 0, 100)
    made.leave(b, 0, 100)
    expect([made.readers, made.free, made.of.holdNs, made.holders()]).toEqual([0, true, 240, []])
  })

  it('of one task twice are one holder, in the order of task numbers', () => {
    const made = lock(RWSEM)
    const [early, late] = [task(1), task(2)]
    for (const one of [late, early, late]) made.enter(one, { ...SHARED, since: 0 })
    expect(made.holders()).toEqual([early, late])
    made.leave(late, 1, 5)
    expect([made.readers, made.holders(), late.held.length]).toEqual([2, [early, late], 1])
  })

  it('of a writer: it is the owner until it leaves, and what it held before stays held', () => {
    const [outer, inner] = [lock(MUTEX), lock(MUTEX)]
    const one = task(1)
    outer.enter(one, { mode: 'exclusive', layer: 'fs', since: 0 })
    inner.enter(one, { mode: 'exclusive', layer: 'mm', since: 4 })
    expect([outer.owner, inner.holders()]).toEqual([one, [one]])
    outer.leave(one, 0, 9)
    expect([outer.owner, outer.of.holdNs, one.held.map((held) => held.lock)]).toEqual([undefined, 9, [inner]])
  })

  it('are counted with and without a wait', () => {
    const made = lock(MUTEX)
    for (const waited of [0, 7, 0, 5]) made.granted(waited)
    expect([made.of.acquisitions, made.of.contended, made.of.waitNs]).toEqual([4, 2, 12])
  })
})

describe('the table', () => {
  it('numbers locks and their classes as they come; only a recording’s rwsems are stolen by readers', () => {
    const table = new LockTable()
    const made = ['x', 'y', 'x'].map((name, inode) => table.add(name, RWSEM, inode))
    expect(made.map((one) => [one.id, one.classNumber, one.inode])).toEqual([
      [0, 0, 0],
      [1, 1, 1],
      [2, 0, 2],
    ])
    expect(made[0]?.spec).toBe(RWSEM)
    for (const seenSpinning of ['all', new Set('r')] as const) {
      expect(new LockTable({ seenSpinning }).add('r', RWSEM, -1).spec.spinsUnseen).toBe(false)
    }
    expect([RECORDED.readersSteal, RECORDED.spinsUnseen, RECORDED.kind]).toEqual([true, true, 'rwsem'])
    expect(new LockTable(UNSEEN).add('m', MUTEX, -1).spec).toBe(MUTEX)
  })

  it('lets in as many readers as asked for and no more, from wherever they stand; the others keep their order', () => {
    const queue = new TaskQueue()
    const waiting = ['shared', 'exclusive', 'shared', 'shared', 'exclusive', 'shared'] as const
    const tasks = waiting.map((waitingMode, id) => task(id, { waitingMode }))
    for (const one of tasks) queue.push(one)
    expect(queue.takeReaders(2).map(({ id }) => id)).toEqual([0, 2])
    expect([queue.length, queue.takeAll().map(({ id }) => id)]).toEqual([4, [1, 3, 4, 5]])
  })

  it('a wait queue gets its number once, and in a search only', () => {
    let asked = 0
    const counting = (timed: boolean) => ({ timed, objects: () => 40 + ++asked })
    const queue = new WaitQueue('q')
    expect([queue.objectIn(counting(true)), queue.objectIn(counting(false)), queue.objectIn(counting(false))]).toEqual([
      -1, 41, 41,
    ])
    expect(asked).toBe(1)
  })
})

describe('a circle', () => {
  /** Tasks with a lock each, by number; `wants` says whose lock each waits for. */
  function ring(wants: Readonly<Record<number, number>>, spec = MUTEX): SimTask[] {
    const tasks = [0, 1, 2, 3].map((id) => task(id))
    const locks = tasks.map((one, i) => {
      const made = lock(spec, `lock ${i}`)
      made.enter(one, { mode: 'exclusive', layer: 'fs', since: 0 })
      return made
    })
    for (const [who, whose] of Object.entries(wants)) {
      const waiter = tasks[Number(who)]
      if (waiter !== undefined) Object.assign(waiter, { state: 'blocked', waitingFor: locks[whose] })
    }
    return tasks
  }

  const circle = (tasks: readonly SimTask[], from = 0) => circleFrom(tasks[from] ?? task(9))?.map(({ id }) => id)

  it('of two, three and four is found, who asks first', () => {
    expect(circle(ring({ 0: 1, 1: 0 }))).toEqual([0, 1])
    expect(circle(ring({ 0: 1, 1: 2, 2: 0 }))).toEqual([0, 1, 2])
    expect(circle(ring({ 0: 1, 1: 2, 2: 3, 3: 0 }))).toEqual([0, 1, 2, 3])
  })

  it('of a task with itself is one', () => expect(circle(ring({ 0: 0 }))).toEqual([0]))

  it('is none where somebody can go on, or where it is others’', () => {
    expect(circle(ring({ 0: 1 }))).toBeUndefined()
    expect(circle(ring({ 0: 1, 1: 2 }))).toBeUndefined()
    expect(circle(ring({ 0: 1, 1: 2, 2: 1 }))).toBeUndefined()
    expect(circle(ring({}))).toBeUndefined()
  })

  it('is none through a task that spins no more: what it waited for is over', () => {
    const tasks = ring({ 0: 1, 1: 0 })
    Object.assign(tasks[1] ?? {}, { state: 'runnable' })
    expect(circle(tasks)).toBeUndefined()
    Object.assign(tasks[1] ?? {}, { state: 'spinning' })
    expect(circle(tasks)).toEqual([0, 1])
  })

  it('goes round a branch that leads nowhere, and through waiting that is no lock’s', () => {
    const tasks = ring({ 1: 3, 2: 0 })
    const [first, dead, through] = tasks
    Object.assign(first ?? {}, { state: 'blocked', waitsForTasks: () => [dead, through] })
    expect(circle(tasks)).toEqual([0, 2])
    Object.assign(first ?? {}, { waitsForTasks: () => [dead] })
    expect(circle(tasks)).toBeUndefined()
  })

  it('is told with what is waited for and what is held', () => {
    const [waiter] = ring({ 0: 1 })
    expect(describeWait(waiter ?? task(9))).toBe('t0 waits for lock 1 and holds lock 0')
    expect(describeWait(task(5))).toBe('t5 waits for a wake-up')
    expect(describeWait(task(5, { waitingOn: lock(MUTEX, 'handle') }))).toBe('t5 waits for handle')
  })
})

describe('ranges', () => {
  const PAGES = 32
  const COSTS = { lock: 0, unlock: 0, spinHandoff: 0, wake: 0, contextSwitch: 0, quantum: 3_000_000, sharedLine: 0 }

  /** Tasks that ask for a range in turn, 1 ns apart, keep it for 100 ns, and say when they had it. */
  function told(ranges: readonly (readonly [from: number, to: number])[]) {
    const k = new Kernel({ seed: 1, timed: true, cpus: 8, costs: COSTS, sink: silent })
    const locks = new RangeLocks(k, 1, PAGES)
    const said: string[] = []
    const overlapping: number[] = []
    function* user(name: string, from: number, to: number, after: number): Steps {
      if (k.work(-1, after)) yield
      const request = yield* locks.acquire(from, to)
      said.push(`${name} at ${k.now}`)
      overlapping.push(locks.intersecting(from, to))
      expect(locks.heldBy(k.current, { from: from, to: from + 1 })).toBe(true)
      expect(locks.heldBy(k.current, { from: to, to: to + 9 })).toBe(false)
      if (k.work(-1, 100)) yield
      locks.release(request)
    }
    for (const [i, [from, to]] of ranges.entries()) k.spawn(`${i}`, user(`${i}`, from, to, i + 1))
    k.runUntil(1e6, 10_000)
    return { said, overlapping, left: locks.count, findings: k.findings }
  }

  it('that only touch do not wait; that overlap by a page do', () => {
    expect(
      told([
        [0, 4],
        [4, 8],
      ]).said,
    ).toEqual(['0 at 1', '1 at 2'])
    expect(
      told([
        [0, 4],
        [3, 8],
      ]).said,
    ).toEqual(['0 at 1', '1 at 101'])
    expect(
      told([
        [4, 8],
        [0, 5],
      ]).said,
    ).toEqual(['0 at 1', '1 at 101'])
  })

  it('queue behind every earlier one they overlap, held or not: first come, first served', () => {
    // 1 waits for 0; 2 touches only what 1 asked for; 3 touches nobody.
    const { said, overlapping, left, findings } = told([
      [0, 4],
      [2, 8],
      [6, 10],
      [20, 21],
    ])
    expect(said).toEqual(['0 at 1', '3 at 4', '1 at 101', '2 at 201'])
    // Held and queued ones that overlap, itself among them: 0 before 1 has asked, 3, 1 with 2 behind it, 2.
    expect(overlapping).toEqual([1, 1, 2, 1])
    expect([left, findings]).toEqual([0, []])
  })

  it('wait for all they overlap, in one go', () => {
    expect(
      told([
        [0, 2],
        [4, 6],
        [1, 5],
      ]).said,
    ).toEqual(['0 at 1', '1 at 2', '2 at 102'])
  })
})
