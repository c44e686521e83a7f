/** The lock order of a run: locks of one class inside each other say nothing, a circle names who showed each edge, and classes are few. */
import { expect, it } from 'vitest'
import { LockOrder } from '../../shared/sim/invariants/lock-order.ts'
import type { LockMode, SimLock } from '../../shared/sim/locks.ts'
import type { SimTask } from '../../shared/sim/task.ts'

const lock = (className: string, classNumber: number) => ({ className, classNumber }) as SimLock
const holding = (comm: string, ...held: readonly (readonly [SimLock, LockMode])[]) =>
  ({
    comm,
    held: held.map(([of, mode]) => ({ lock: of, mode, classNumber: of.classNumber })),
  }) as unknown as SimTask
const [a, b, c] = [lock('A', 0), lock('B', 1), lock('C', 2)]

it('locks of one class inside each other are no circle', () => {
  const order = new LockOrder()
  expect(order.wanted(holding('one', [a, 'exclusive']), lock('A', 0), 'exclusive', 1)).toBeUndefined()
  expect([...order.graph.edges]).toEqual([])
})

it('a circle names who showed each edge first, and when', () => {
  const order = new LockOrder()
  expect(order.wanted(holding('one', [a, 'exclusive']), b, 'exclusive', 1)).toBeUndefined()
  expect(order.wanted(holding('late', [a, 'exclusive']), b, 'exclusive', 2)).toBeUndefined()
  const circle = order.wanted(holding('two', [c, 'shared'], [b, 'exclusive']), a, 'shared', 3)
  expect(circle?.edges.map(({ from, to, witness }) => ({ from, to, ...witness }))).toEqual([
    { from: 'B', to: 'A', by: 'two', at: 3 },
    { from: 'A', to: 'B', by: 'one', at: 1 },
  ])
})

it('the modes of an edge are all in which it showed', () => {
  const order = new LockOrder()
  for (const mode of ['shared', 'exclusive', 'shared'] as const) order.wanted(holding('one', [b, mode]), c, 'shared', 1)
  expect([...order.graph.edges].map(({ from, to, modes }) => [from, to, modes])).toEqual([['B', 'C', 0b1010]])
})

it('has room for 64 classes', () => {
  const order = new LockOrder()
  expect(order.wanted(holding('one', [a, 'exclusive']), lock('last', 63), 'shared', 1)).toBeUndefined()
  expect(() => order.wanted(holding('one', [a, 'exclusive']), lock('more', 64), 'shared', 1)).toThrow(
    /few lock classes/,
  )
})
