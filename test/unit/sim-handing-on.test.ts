/**
 * What happens when a lock of the model comes free: who is handed it, who is only woken and has to look, who keeps spinning for it,
 * and what a downgrade lets in. By the rules of kernel/locking/{mutex,rwsem,qspinlock}.c.
 */
import { describe, expect, it } from 'vitest'
import { circleFrom } from '../../shared/sim/deadlock.ts'
import {
  downgrade,
  FIFO,
  MUTEX,
  passOn,
  RWLOCK,
  RWSEM,
  type SimLock,
  SPINLOCK,
  type LockMode,
  type LockSpec,
} from '../../shared/sim/locks.ts'
import { silent } from '../../shared/sim/sink.ts'
import type { SimTask } from '../../shared/sim/task.ts'
import { lock, RECORDED, task } from '../support/sim-tasks.ts'

const asleep = (id: number, waitingMode: LockMode = 'exclusive', given: Partial<SimTask> = {}) =>
  task(id, { state: 'blocked', waitingMode, ...given })
const onItsCpu = (id: number, waitingMode: LockMode = 'exclusive') => task(id, { state: 'spinning', waitingMode })

interface Now {
  readonly timed?: boolean
  readonly late?: boolean
  readonly now?: number
}

/** Whom a free lock with these waiters is handed to, and whom it wakes; a release by task 9. */
function passed(made: SimLock, { timed = true, late = false, now = 100 }: Now = {}) {
  const said: string[] = []
  passOn(made, {
    timed,
    late,
    now,
    current: task(9),
    hand: (_, to) => said.push(`hand ${to.id}`),
    rouse: (one, by) => said.push(`wake ${one.id} by ${by.id}`),
  })
  return said
}

function waiting(spec: LockSpec, sleepers: readonly SimTask[], spinners: readonly SimTask[] = []): SimLock {
  const made = lock(spec)
  for (const one of sleepers) made.enqueue(one)
  for (const one of spinners) made.spin(one)
  return made
}

describe('a lock that comes free', () => {
  it('for nobody goes to nobody', () => {
    for (const spec of [MUTEX, RWSEM, SPINLOCK, FIFO]) expect(passed(lock(spec))).toEqual([])
  })

  it('goes to who spins, in the order they came, and wakes who sleeps first', () => {
    const made = waiting(MUTEX, [asleep(1), asleep(2)], [onItsCpu(3), onItsCpu(4)])
    expect(passed(made)).toEqual(['hand 3', 'wake 1 by 9'])
    expect([made.spinners.length, made.queue.length]).toEqual([1, 2])
  })

  it('wakes nobody twice: one that was woken already looks by itself', () => {
    expect(passed(waiting(MUTEX, [asleep(1, 'exclusive', { state: 'runnable' })], [onItsCpu(3)]))).toEqual(['hand 3'])
    expect(passed(waiting(MUTEX, [asleep(1, 'exclusive', { state: 'runnable' })]))).toEqual([])
  })

  it('wakes no sleeper for a spinner of a lock that is not stolen', () => {
    expect(passed(waiting(FIFO, [asleep(1, 'exclusive', { waitingSince: 200 })], [onItsCpu(3)]))).toEqual(['hand 3'])
  })

  it('goes past the spinners to a sleeper whose turn is due', () => {
    expect(passed(waiting(MUTEX, [asleep(1, 'exclusive', { beaten: true })], [onItsCpu(3)]))).toEqual(['hand 1'])
    const due = { timed: true, now: 4_000_000 }
    expect(passed(waiting(RWSEM, [asleep(1, 'exclusive', { waitingSince: 0 })], [onItsCpu(3)]), due)).toEqual([
      'hand 1',
    ])
    const early = { ...due, now: 3_999_999 }
    expect(passed(waiting(RWSEM, [asleep(1, 'exclusive', { waitingSince: 0 })], [onItsCpu(3)]), early)).toEqual([
      'hand 3',
      'wake 1 by 9',
    ])
  })

  it('lets all readers spin in at once where one is first, and one writer alone', () => {
    const [reader, writer] = [(id: number) => onItsCpu(id, 'shared'), (id: number) => onItsCpu(id)]
    const made = waiting(RWLOCK, [], [reader(1), writer(2), reader(3)])
    expect(passed(made)).toEqual(['hand 1', 'hand 3'])
    expect(passed(made)).toEqual(['hand 2'])
    expect(passed(waiting(RWLOCK, [], [writer(2), reader(3)]))).toEqual(['hand 2'])
  })

  it('lets the readers among the sleepers in with the first, and no more than a batch', () => {
    const batch = { ...RWSEM, readerBatch: 2 }
    const made = waiting(batch, [asleep(1, 'shared'), asleep(2), asleep(3, 'shared'), asleep(4, 'shared')])
    expect(passed(made)).toEqual(['hand 1', 'hand 3'])
    expect(made.queue.length).toBe(2)
  })

  it('that may be stolen only wakes the first: it is nobody’s until that one runs', () => {
    for (const spec of [MUTEX, RWSEM]) {
      const made = waiting(spec, [asleep(1), asleep(2)])
      expect(passed(made)).toEqual(['wake 1 by 9'])
      expect(made.queue.length).toBe(2)
    }
  })

  it('that is strict, due, or part of a search without times is handed over', () => {
    expect(passed(waiting(FIFO, [asleep(1), asleep(2)]))).toEqual(['hand 1'])
    expect(passed(waiting(MUTEX, [asleep(1, 'exclusive', { beaten: true })]))).toEqual(['hand 1'])
    expect(passed(waiting(MUTEX, [asleep(1)]), { timed: false })).toEqual(['hand 1'])
  })

  it('as recorded kernels do it only wakes a writer, promised or not, unless it spins for it', () => {
    const promised = asleep(1, 'exclusive', { beaten: true })
    expect(passed(waiting(RECORDED, [promised]), { late: true })).toEqual(['wake 1 by 9'])
    expect(passed(waiting(RECORDED, [task(1, { state: 'spinning', beaten: true })]), { late: true })).toEqual([
      'hand 1',
    ])
    expect(passed(waiting(RECORDED, [task(1, { state: 'runnable', beaten: true })]), { late: true })).toEqual([])
    expect(passed(waiting(RECORDED, [promised]))).toEqual(['hand 1'])
  })
})

describe('a downgraded lock', () => {
  function downgraded(made: SimLock, owner: SimTask) {
    const said: string[] = []
    downgrade(made, {
      timed: true,
      late: false,
      now: 70,
      current: owner,
      sink: {
        ...silent,
        lockRelease: () => said.push('release'),
        lockAcquire: (_, __, mode) => said.push(`asks ${mode}`),
        lockAcquired: () => said.push('has it'),
      },
      hand: (_, to) => said.push(`hand ${to.id}`),
      rouse: (one) => said.push(`wake ${one.id}`),
    })
    return said
  }
  const owned = (...sleepers: readonly SimTask[]) => {
    const made = waiting(RWSEM, sleepers)
    const owner = task(5)
    made.enter(owner, { mode: 'exclusive', layer: 'mm', since: 20 })
    return { made, owner }
  }

  it('is shared by its owner from then on: the exclusive hold is over, in the same part of the kernel', () => {
    const { made, owner } = owned()
    expect(downgraded(made, owner)).toEqual(['release', 'asks shared', 'has it'])
    expect([made.owner, made.readers, made.holders(), made.of.holdNs]).toEqual([undefined, 1, [owner], 50])
    expect(owner.held).toMatchObject([{ layer: 'mm', since: 70 }])
    expect([made.of.acquisitions, made.of.contended]).toEqual([1, 0])
  })

  it('lets in the readers where one is first in line', () => {
    const { made, owner } = owned(asleep(1, 'shared'), asleep(2), asleep(3, 'shared'))
    expect(downgraded(made, owner)).toEqual(['release', 'asks shared', 'has it', 'hand 1', 'hand 3'])
    expect(made.queue.length).toBe(1)
  })

  it('lets in nobody where a writer is first', () => {
    const { made, owner } = owned(asleep(2), asleep(3, 'shared'))
    expect(downgraded(made, owner)).toEqual(['release', 'asks shared', 'has it'])
    expect(made.queue.length).toBe(2)
  })
})

describe('who comes back for a lock', () => {
  it('has it where nobody is in the way, and leaves the queue', () => {
    const made = waiting(MUTEX, [asleep(1), asleep(2)])
    expect(made.letsHave(made.queue.first)).toBe(true)
    expect([made.queue.length, made.queue.first.id]).toEqual([1, 2])
  })

  it('has it shared with readers, but not alone, and never past an owner', () => {
    const held = (mode: LockMode, waits: LockMode) => {
      const made = waiting(RWSEM, [asleep(1, waits)])
      made.enter(task(7), { mode, layer: 'mm', since: 0 })
      return made.letsHave(made.queue.first)
    }
    expect(held('shared', 'shared')).toBe(true)
    expect(held('shared', 'exclusive')).toBe(false)
    expect(held('exclusive', 'shared')).toBe(false)
    expect(held('exclusive', 'exclusive')).toBe(false)
  })

  it('after it lost its CPU while spinning is a newcomer, once', () => {
    const made = waiting(FIFO, [asleep(2)])
    const spinner = task(1, { gaveUp: true })
    expect(made.letsHave(spinner)).toBe(false)
    expect([spinner.gaveUp, made.queue.length]).toEqual([false, 1])
    expect(lock(FIFO).letsHave(task(1, { gaveUp: true }))).toBe(true)
  })
})

describe('a spinner that loses its CPU', () => {
  it('spins no more for a lock one may sleep for, and queues when it is back', () => {
    const made = waiting(MUTEX, [], [onItsCpu(1), onItsCpu(2)])
    const [first] = made.spinners.takeAll()
    made.spin(first)
    expect([made.letGo(first), first.gaveUp, made.spinners.length]).toEqual([true, true, 0])
  })

  it('keeps its place for a lock one may not sleep for', () => {
    const made = waiting(SPINLOCK, [], [onItsCpu(1)])
    expect([made.letGo(made.spinners.first), made.spinners.first.gaveUp, made.spinners.length]).toEqual([
      false,
      false,
      1,
    ])
  })

  it('that is the first sleeper itself, woken and promised, keeps its place in the queue', () => {
    const made = waiting(RWSEM, [asleep(1), asleep(2)])
    const { first } = made.queue
    expect([made.letGo(first), first.gaveUp, made.queue.length]).toEqual([true, false, 2])
    const behind = onItsCpu(3)
    made.spin(behind)
    expect([made.letGo(behind), behind.gaveUp, made.spinners.length]).toEqual([true, true, 0])
  })
})

describe('a lock one was beaten to', () => {
  const promised = (spec: LockSpec, waited: number, owner?: Partial<SimTask>) => {
    const made = lock(spec)
    if (owner !== undefined) made.enter(task(7, owner), { mode: 'exclusive', layer: 'mm', since: 0 })
    const loser = asleep(1, 'exclusive', { waitingSince: 10 })
    return [made.promise(loser, 10 + waited), loser.beaten]
  }

  it('is promised at once where there is no time for it, else after that time, to the ns', () => {
    expect(promised(MUTEX, 0)).toEqual([false, true])
    expect(promised(RWSEM, 3_999_999)).toEqual([false, false])
    expect(promised(RWSEM, 4_000_000)).toEqual([false, true])
  })

  it('is spun for by who is promised a recorded rwsem, while its owner runs', () => {
    expect(promised(RECORDED, 4_000_000, { cpu: 0 })).toEqual([true, true])
    expect(promised(RECORDED, 4_000_000, { cpu: -1 })).toEqual([false, true])
    expect(promised(RECORDED, 4_000_000)).toEqual([false, true])
    expect(promised(RECORDED, 3_999_999, { cpu: 0 })).toEqual([false, false])
    expect(promised(RWSEM, 4_000_000, { cpu: 0 })).toEqual([false, true])
  })
})

describe('spinning for a lock', () => {
  const hopeful = (spec: LockSpec, owner: Partial<SimTask> | undefined, recorded: boolean) => {
    const made = lock(spec)
    if (owner !== undefined) made.enter(task(7, owner), { mode: 'exclusive', layer: 'mm', since: 0 })
    return made.hopeful(recorded)
  }

  it('is worth it while its owner runs, for a lock that is spun for', () => {
    expect(hopeful(MUTEX, { cpu: 0 }, false)).toBe(true)
    expect(hopeful(MUTEX, { cpu: -1 }, false)).toBe(false)
    expect(hopeful(FIFO, { cpu: 0 }, false)).toBe(false)
  })

  it('is worth it for a recorded lock nobody has, too: it is promised to one that does not run yet', () => {
    expect([hopeful(RECORDED, undefined, true), hopeful(RECORDED, undefined, false)]).toEqual([true, false])
    expect(hopeful(RECORDED, { cpu: -1 }, true)).toBe(false)
    expect(hopeful(FIFO, undefined, true)).toBe(false)
    const read = lock(RECORDED)
    read.enter(task(7), { mode: 'shared', layer: 'mm', since: 0 })
    expect(read.hopeful(true)).toBe(false)
  })
})

describe('a long way from owner to owner', () => {
  /** Task i waits for the lock of task i + 1; the last for that of `back`, if any. */
  function chain(length: number, back?: number) {
    const tasks = Array.from({ length }, (_, id) => task(id, { state: 'blocked' }))
    const locks = tasks.map((owner) => {
      const made = lock(MUTEX)
      made.enter(owner, { mode: 'exclusive', layer: 'fs', since: 0 })
      return made
    })
    for (const [i, one] of tasks.entries()) {
      const next = i + 1 < length ? i + 1 : back
      if (next !== undefined) one.waitingFor = locks[next]
      else one.state = 'runnable'
    }
    return circleFrom(tasks[0])?.map(({ id }) => id)
  }

  it('closes a circle however long it is, and none where it ends', () => {
    for (const length of [1, 2, 7, 8, 9, 10, 30]) {
      expect(chain(length, 0)).toEqual(Array.from({ length }, (_, id) => id))
      expect(chain(length)).toBeUndefined()
    }
  })

  it('that leads into a circle of others is none of its own', () => {
    for (const length of [3, 9, 12, 30]) expect(chain(length, 1)).toBeUndefined()
  })

  it('goes through the readers of a lock', () => {
    const [one, two, three] = [0, 1, 2].map((id) => task(id, { state: 'blocked' }))
    const [shared, alone] = [lock(RWSEM), lock(MUTEX)]
    for (const reader of [two, three]) shared.enter(reader, { mode: 'shared', layer: 'fs', since: 0 })
    alone.enter(one, { mode: 'exclusive', layer: 'fs', since: 0 })
    one.waitingFor = shared
    three.waitingFor = alone
    two.state = 'running'
    expect(circleFrom(one)).toEqual([one, three])
    three.waitingFor = undefined
    expect(circleFrom(one)).toBeUndefined()
  })
})
