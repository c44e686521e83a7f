/**
 * What hooks of a user's own strategy may do to the simulated kernel, beside looking at it: the calls its operations consist of, with
 * what each must be given (what is no lock must not get as far as the lock table), and the few fields that are there for policies to
 * keep something in. docs/strategies.md says it in words.
 */

import { limits } from '../base/limits.ts'
import { Allocator } from '../sim/allocator.ts'
import { COSTS, Prices } from '../sim/costs.ts'
import { Device } from '../sim/device.ts'
import { Extents } from '../sim/extents.ts'
import { Inode } from '../sim/inode.ts'
import { Checks } from '../sim/invariants/checks.ts'
import { Journal } from '../sim/journal.ts'
import { Kernel } from '../sim/kernel.ts'
import { MUTEX, RWSEM, SimLock, SPINLOCK, WaitQueue } from '../sim/locks.ts'
import { AddressSpace } from '../sim/mapping.ts'
import { Mm, Vma } from '../sim/mm.ts'
import { lockEntry, unlockEntry } from '../sim/ops/entry.ts'
import { lockImmap, unlockImmap, type FaultResult } from '../sim/ops/fault.ts'
import { lockPage } from '../sim/ops/folio.ts'
import { zeroBlock } from '../sim/ops/map-blocks.ts'
import { PHASES } from '../sim/phases.ts'
import { faultRange, lockRange } from '../sim/policies/guard.ts'
import { RangeLocks } from '../sim/range-lock.ts'
import { Stats } from '../sim/stats.ts'
import { SimTask } from '../sim/task.ts'
import { World } from '../sim/world.ts'
import { inodeLock } from './index.ts'

/** What a value must be, and how a sentence calls it: `calls lock with what is no lock`. `of`: what a number counts in. */
export interface Check {
  readonly is: (value: unknown, of?: unknown) => boolean
  readonly what: string
}

const whole = (value: unknown, least: number, most: number) =>
  typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
const has = (value: unknown, ...keys: readonly string[]): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && keys.every((key) => key in value)
const number = (most: number, what = `whole number from 0 to ${most}`): Check => ({
  is: (value) => whole(value, 0, most),
  what,
})
const one = (of: readonly unknown[], what: string): Check => ({ is: (value) => of.includes(value), what })
const an = (kind: abstract new (...args: never[]) => object, what: string): Check => ({
  is: (value) => value instanceof kind,
  what,
})
const orNothing = ({ is, what }: Check): Check => ({ is: (value, of) => value === undefined || is(value, of), what })

const MOST = 2 ** 31 - 1
const INDEX = number(MOST, 'index')
const OBJECT: Check = {
  is: (value, of) => of instanceof Kernel && whole(value, 0, MOST) && of.knows(Number(value)),
  what: 'number of an object',
}
/** Of a file, of its mapping, or of the file a fault is in. */
const isIndexOf = (value: unknown, of: unknown): boolean =>
  has(of, 'pages') ? whole(value, 0, Number(of['pages']) - 1) : has(of, 'inode') && isIndexOf(value, of['inode'])
const INDEX_IN: Check = { is: isIndexOf, what: 'index of the file' }
const BLOCK: Check = {
  is: (value, of) => of instanceof World && whole(value, 0, of.device.blocks - 1),
  what: 'block of the device',
}
const NAME: Check = {
  is: (value) => typeof value === 'string' && value !== '' && value.length <= limits.strategyName,
  what: `name of at most ${limits.strategyName} characters`,
}
const FLAG: Check = { is: (value) => typeof value === 'boolean', what: 'true or false' }
const MODE = one(['shared', 'exclusive'], "mode ('shared', 'exclusive')")
const PHASE = number(PHASES.length - 1, 'phase')
const COST = number(COSTS.length - 1, 'cost')
const TIME = number(limits.simNs, 'time in whole ns')
const TIMES = number(limits.simPages, 'number of times')
const LOCK = an(SimLock, 'lock')
const WORLD = an(World, 'world')
const KERNEL = an(Kernel, 'kernel')
const INODE = an(Inode, 'inode')
const TASK = an(SimTask, 'task')
const QUEUE = an(WaitQueue, 'wait queue')
const FAULT: Check = { is: (value) => has(value, 'mmLock', 'vma', 'inode'), what: 'fault' }
const END: Check = { is: (value) => value === Infinity || INDEX.is(value), what: 'end of a span' }
const SPAN: Check = {
  is: (value) => has(value, 'from', 'to') && INDEX.is(value['from']) && END.is(value['to']),
  what: 'span of pages',
}
const RANGE: Check = { is: (value) => has(value, 'released', 'task', 'lock'), what: 'range lock' }
const ENTRY: Check = {
  is: (value, of) =>
    has(value, 'index', 'entry', 'lock') && value['lock'] instanceof SimLock && isIndexOf(value['index'], of),
  what: 'locked entry',
}
const PAGE: Check = {
  is: (value, of) =>
    has(value, 'index', 'content', 'lock') && value['lock'] instanceof SimLock && isIndexOf(value['index'], of),
  what: 'page',
}
const WANTED: Check = {
  is: (value, of) => has(value, 'index') && isIndexOf(value['index'], of),
  what: 'request for an index of the file',
}
const SLOT = one(['guard', 'pairing'], "slot ('guard', 'pairing')")

type Callable = (...args: readonly unknown[]) => unknown

/** Methods of a class that may be called, each with what it is to be given. */
function methods<T extends object>(
  kind: abstract new (...args: never[]) => T,
  of: { readonly [M in keyof T]?: readonly Check[] },
): readonly [Callable, readonly Check[]][] {
  const all = kind.prototype as Readonly<Record<string, Callable>>
  return Object.entries<readonly Check[] | undefined>(of).map(([name, checks = []]) => [all[name], checks])
}

const exported = (hook: unknown, checks: readonly Check[]) => [hook as Callable, checks] as const

export const CALLS: ReadonlyMap<Callable, readonly Check[]> = new Map([
  ...methods(Kernel, {
    lock: [LOCK, MODE, orNothing(NAME)],
    tryLock: [LOCK, MODE, orNothing(NAME)],
    unlock: [LOCK, orNothing(MODE)],
    work: [PHASE, TIME],
    enter: [PHASE],
    leave: [PHASE],
    sleep: [TIME],
    sleepOn: [QUEUE, FLAG],
    wake: [QUEUE, { ...END, what: 'number of waiters' }],
    see: [OBJECT, FLAG],
    touch: [OBJECT, FLAG],
    objects: [number(limits.simPages)],
    newLock: [NAME, one([MUTEX, RWSEM, SPINLOCK], 'MUTEX, RWSEM or SPINLOCK'), orNothing({ ...INDEX, what: 'inode' })],
  }),
  ...methods(World, {
    run: [PHASE, COST],
    runTimes: [PHASE, COST, TIMES],
    pmemWrite: [PHASE, COST, TIMES],
    pmemRead: [PHASE, COST],
    io: [PHASE, COST],
    owe: [COST],
    yieldCpu: [],
    inode: [INDEX],
    blockObject: [BLOCK],
    txStart: [],
    txStop: [],
  }),
  ...methods(Inode, { entrySeen: [INDEX_IN], extentSeen: [INDEX_IN] }),
  ...methods(AddressSpace, { queue: [INDEX_IN], entryLock: [INDEX_IN] }),
  ...methods(RangeLocks, {
    heldBy: [TASK, SPAN],
    intersecting: [INDEX, END],
    acquire: [INDEX, END],
    release: [RANGE],
  }),
  ...methods(Journal, { hasHandle: [], isLast: [], isDone: [INDEX] }),
  ...methods(SimLock, { admits: [MODE] }),
  ...methods(WaitQueue, { objectIn: [KERNEL] }),
  ...methods(Vma, { covers: [INDEX], pte: [INDEX], range: [INDEX], hugePte: [INDEX], seen: [INDEX] }),
  ...methods(Mm, { vmaAt: [INDEX, INDEX] }),
  ...methods(Extents, { nextMapped: [INDEX, INDEX] }),
  ...methods(Device, { read: [INDEX, INDEX], durable: [INDEX, INDEX], unflushed: [INDEX, INDEX] }),
  ...methods(Allocator, { lastOwner: [INDEX], owns: [INDEX, INDEX, INDEX], ownerOf: [INDEX] }),
  ...methods(Prices, { draw: [KERNEL, COST] }),
  ...methods(Stats, { bump: [NAME, orNothing(TIMES)], counter: [NAME] }),
  ...methods(Checks, { retried: [TIMES, NAME], gaveUp: [TIMES] }),
  exported(lockEntry, [WORLD, INODE, WANTED]),
  exported(unlockEntry, [WORLD, INODE, ENTRY]),
  exported(lockImmap, [WORLD, FAULT, SLOT]),
  exported(unlockImmap, [WORLD, FAULT, SLOT]),
  exported(lockPage, [WORLD, INODE, INDEX_IN]),
  exported(lockRange, [WORLD, INODE, SPAN]),
  exported(faultRange, [FAULT]),
  exported(zeroBlock, [WORLD, BLOCK]),
  exported(inodeLock, [NAME, one(['rwsem', 'mutex', 'spinlock'], "kind of lock ('rwsem', 'mutex', 'spinlock')")]),
])

/** What changes nothing of a list, a map, or steps. */
const READS: ReadonlySet<PropertyKey> = new Set([
  ...'at entries every filter find findIndex flatMap forEach get has includes indexOf join keys map reduce slice some values'.split(
    ' ',
  ),
  ...'next return throw toString valueOf hasOwnProperty'.split(' '),
  Symbol.iterator,
])

/** May hooks call what stands under `key`? */
export function callable(target: object, key: PropertyKey, value: object): boolean {
  if (CALLS.has(value as Callable)) return true
  const kind: unknown = Object.getPrototypeOf(target)
  // Registries, a strategy's options: made to be called. What a class does not list above changes something.
  if (kind === Object.prototype || kind === null) return Object.hasOwn(target, key)
  return READS.has(key) && Symbol.iterator in target
}

/** What a run tells its recorder. */
export function outOfSight(target: object, key: PropertyKey): boolean {
  return key === 'sink' && target instanceof Kernel
}

/** Fields that may be set, with what they hold. */
type Fields = Readonly<Record<string, Check>>

const RESULTS: readonly FaultResult[] = ['go', 'done', 'retry', 'sigbus', 'enospc', 'fallback', 'oom']
const NUMBER: Check = { is: (value) => whole(value, -MOST, MOST), what: 'whole number' }

const OF_FAULT: Fields = {
  result: one(RESULTS, `result (${RESULTS.join(', ')})`),
  immap: orNothing(MODE),
  immapFor: orNothing(SLOT),
  guardMode: orNothing(MODE),
  inodeLocked: FLAG,
  range: orNothing(RANGE),
  entry: orNothing(ENTRY),
  page: orNothing(PAGE),
  sample: NUMBER,
  tries: NUMBER,
}
const OF_SPAN: Fields = { range: orNothing(RANGE) }
const OF_MAPPING: Fields = { truncateCount: NUMBER, sequence: NUMBER, writers: NUMBER, xipSequence: NUMBER }

/** What a field may be set to; undefined: it is none of a hook's. */
export function setter(target: object, key: PropertyKey): Check | undefined {
  const fields =
    target instanceof AddressSpace
      ? OF_MAPPING
      : FAULT.is(target)
        ? OF_FAULT
        : has(target, 'inode', 'to')
          ? OF_SPAN
          : {}
  return typeof key === 'string' && Object.hasOwn(fields, key) ? fields[key] : undefined
}
