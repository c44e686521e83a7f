/** Small programs over locks, variables and wait queues, as subjects: every final state is a finding, so that two ways of exploring can be compared by what they have seen. */
import fc from 'fast-check'
import { worldMaker, type Subject } from '../../shared/explore/subject.ts'
import { MUTEX, RWSEM, WaitQueue, type SimLock } from '../../shared/sim/locks.ts'
import { parseStrategy } from '../../shared/sim/strategies/index.ts'
import type { Steps } from '../../shared/sim/task.ts'
import type { World } from '../../shared/sim/world.ts'

export type Op =
  | { readonly do: 'read'; readonly of: number }
  | { readonly do: 'add'; readonly of: number }
  | { readonly do: 'copy'; readonly of: number }
  | { readonly do: 'mutex' | 'shared' | 'exclusive' | 'try'; readonly of: number; readonly inside: readonly Op[] }
  | { readonly do: 'late' | 'grab'; readonly of: number }
  | { readonly do: 'await' | 'signal'; readonly of: number }
  | { readonly do: 'pause' }

export type Program = readonly (readonly Op[])[]

const plain: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ do: fc.constantFrom('read' as const, 'add' as const, 'copy' as const, 'late' as const), of: fc.nat(1) }),
  fc.record({ do: fc.constantFrom('await' as const, 'signal' as const), of: fc.nat(1) }),
  fc.record({ do: fc.constant('pause' as const) }),
  fc.record({ do: fc.constant('grab' as const), of: fc.nat(1) }),
)

const nested: fc.Arbitrary<Op> = fc.record({
  do: fc.constantFrom('mutex' as const, 'shared' as const, 'exclusive' as const, 'try' as const),
  of: fc.nat(1),
  inside: fc.array(plain, { maxLength: 2 }),
})

const twice: fc.Arbitrary<Op> = fc.record({
  do: fc.constantFrom('mutex' as const, 'shared' as const, 'exclusive' as const),
  of: fc.nat(1),
  inside: fc.array(nested, { minLength: 1, maxLength: 1 }),
})

const ops = fc.oneof({ weight: 3, arbitrary: plain }, { weight: 3, arbitrary: nested }, { weight: 1, arbitrary: twice })

/** Two or three tasks of a few operations. */
export const programs: fc.Arbitrary<Program> = fc.oneof(
  fc.array(fc.array(ops, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 2 }),
  fc.array(fc.array(ops, { minLength: 1, maxLength: 1 }), { minLength: 3, maxLength: 3 }),
)

/** Moves of a program if nobody waits: to keep enumeration affordable. */
export function sizeOf(program: Program): readonly number[] {
  const count = (list: readonly Op[]): number =>
    list.reduce((sum, op) => sum + 1 + ('inside' in op ? count(op.inside) : 0), 0)
  return program.map((list) => count(list) + 1)
}

interface Shared {
  readonly world: World
  readonly values: number[]
  readonly objects: number
  readonly mutexes: readonly SimLock[]
  readonly rwsems: readonly SimLock[]
  readonly flags: boolean[]
  readonly flagObjects: number
  readonly queues: readonly WaitQueue[]
}

function* runOp(s: Shared, task: number, registers: number[], op: Op): Steps {
  const { k } = s.world
  switch (op.do) {
    case 'read':
      if (k.see(s.objects + op.of, false)) yield
      registers[task] = registers[task] * 3 + s.values[op.of]
      return
    case 'add':
      if (k.see(s.objects + op.of, true)) yield
      s.values[op.of] = s.values[op.of] * 2 + task + 1
      return
    case 'copy':
      if (k.see(s.objects + op.of, true)) yield
      s.values[op.of] = registers[task]
      return
    case 'late':
      // An access behind another one, told by `touch`.
      if (k.see(s.objects + op.of, false)) yield
      registers[task] += s.values[op.of]
      k.touch(s.objects + 1 - op.of, true)
      s.values[1 - op.of] += 1
      return
    case 'grab':
      // An access in the move that takes a lock, and lets it go.
      if (k.lock(s.mutexes[op.of], 'exclusive')) yield
      k.touch(s.objects + op.of, true)
      s.values[op.of] = s.values[op.of] * 2 + task + 1
      k.unlock(s.mutexes[op.of])
      return
    case 'pause':
      if (k.sleep(0)) yield
      return
    case 'await':
      if (k.see(s.flagObjects + op.of, true)) yield
      while (!s.flags[op.of]) {
        if (k.sleepOn(s.queues[op.of], true)) yield
        k.touch(s.flagObjects + op.of, true)
      }
      s.flags[op.of] = false
      return
    case 'signal':
      if (k.see(s.flagObjects + op.of, true)) yield
      s.flags[op.of] = true
      k.wake(s.queues[op.of], 1)
      return
    case 'mutex':
      if (k.lock(s.mutexes[op.of], 'exclusive')) yield
      break
    case 'shared':
      if (k.lock(s.rwsems[op.of], 'shared')) yield
      break
    case 'exclusive':
      if (k.lock(s.rwsems[op.of], 'exclusive')) yield
      break
    case 'try':
      if (k.see(s.objects + 2, false)) yield
      if (!k.tryLock(s.mutexes[op.of], 'exclusive')) {
        registers[task] += 100
        return
      }
  }
  for (const inner of op.inside) yield* runOp(s, task, registers, inner)
  k.unlock(op.do === 'mutex' || op.do === 'try' ? s.mutexes[op.of] : s.rwsems[op.of])
}

function* runTask(s: Shared, task: number, registers: number[], list: readonly Op[]): Steps {
  for (const op of list) yield* runOp(s, task, registers, op)
}

/** Numbers without digits, because violations are compared without them. */
function letters(value: number): string {
  return String(value).replace(/\d/g, (digit) => 'abcdefghij'[Number(digit)])
}

const make = worldMaker({ machine: { cpus: 2, blocks: 1, slots: 1 }, strategy: parseStrategy('K') })

/** The task `daemon` is not waited for: it stops where it pauses when all others have ended. */
export function subjectOf(program: Program, { daemon = -1 } = {}): Subject {
  const finals = new WeakMap<World, () => string>()
  return {
    id: 'program',
    strategy: 'K',
    build(sink) {
      const world = make(sink)
      const { k } = world
      const s: Shared = {
        world,
        values: [0, 0],
        objects: k.objects(3),
        mutexes: [k.newLock('m', MUTEX), k.newLock('n', MUTEX)],
        rwsems: [k.newLock('r', RWSEM), k.newLock('s', RWSEM)],
        flags: [false, false],
        flagObjects: k.objects(2),
        queues: [new WaitQueue('p'), new WaitQueue('q')],
      }
      const registers = program.map(() => 0)
      program.forEach((list, task) => {
        k.spawn(`t${task}`, runTask(s, task, registers, list), { daemon: task === daemon })
      })
      finals.set(world, () =>
        [...s.values, ...registers, ...k.tasks.map((task) => (task.state === 'done' ? 1 : 0))].map(letters).join(','),
      )
      return world
    },
    judge(world) {
      const message = finals.get(world)?.() ?? ''
      world.k.report('V6', () => ({ message, objects: [] }))
    },
  }
}
