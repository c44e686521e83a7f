/**
 * What a search of a scenario is a search of: every actor does its whole part in a round, whatever its loops ask, and whatever the
 * scenario says goes wrong under a strategy the search finds, within its budget unless told otherwise.
 */
import { describe, expect, it } from 'vitest'
import { limits } from '#shared/base/limits.ts'
import { DEFAULT_PREEMPTIONS } from '#shared/contract/exploration.ts'
import { Execution } from '#shared/explore/execution.ts'
import { OrderWatch } from '#shared/explore/order-watch.ts'
import { Search } from '#shared/explore/search.ts'
import { scenarioSubject, type Subject } from '#shared/explore/subject.ts'
import { scenarios } from '#shared/sim/scenarios/index.ts'
import { silent } from '#shared/sim/sink.ts'

function subjectOf(scenario: string, strategy: string, set: Readonly<Record<string, unknown>> = {}): Subject {
  return scenarioSubject({ scenario, strategy, params: { ...scenarios.get(scenario).search, ...set } })
}

/** What an actor does that goes first and is let go on whenever it can, the operations of nobody else. */
function roundOf(subject: Subject, actor: string): string {
  const did: string[] = []
  const opBegin = (task: { comm: string }, kind: string) => void (task.comm === actor && did.push(kind))
  const execution = new Execution(subject, { ...silent, opBegin })
  const { k, world } = execution
  const task = k.tasks.find(({ comm }) => comm === actor)
  if (task === undefined) throw new Error(`there is no ${actor}`)
  while (k.live > 0 && !execution.atRest) {
    execution.move(execution.canMove(task) ? task.id : execution.next())
    if (actor === 'commit' && task.state === 'done' && did.length === 0) did.push('asks for a commit')
    if (actor === 'plug' && world.stats.counters.has('power cuts judged') && did.length === 0) did.push('cuts power')
  }
  return did.join(', ')
}

const STORE = 'write_fault'
const LOAD = 'read_fault'
const RESIZE = 'truncate, truncate'

/** Per scenario, what each of its actors does in its one round under K. */
const ROUNDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  SC1: { 'faulter-0': STORE, 'faulter-1': STORE },
  SC2: { 'faulter-0': STORE, 'faulter-1': LOAD, truncater: `${RESIZE}, truncate` },
  SC3: { faulter: `${LOAD}, ${STORE}`, puncher: 'punch_hole', fsync: 'write, fsync' },
  SC4: { 'faulter-0': STORE, puncher: 'punch_hole', neighbour: 'write, truncate' },
  SC5: { 'holetest-0': STORE, 'holetest-1': STORE },
  SC6: { 'writer-0': STORE, 'writer-1': STORE, 'reader-0': 'read' },
  SC7: {
    'file-0': `${STORE}, ${RESIZE}, ${STORE}`,
    'file-1': `${STORE}, ${RESIZE}, ${STORE}`,
    commit: 'asks for a commit',
    plug: 'cuts power',
  },
  SC8: { 'faulter-0': LOAD, direct: 'write', puncher: 'write, punch_hole' },
  SC9: { 'reader-0': LOAD, direct: 'write', truncater: RESIZE },
  SC10: { 'faulter-0': LOAD, truncate: 'truncate', 'unmapper-1': Array(4).fill('invalidate').join(', ') },
  SC11: { 'private-0': 'cow_fault', truncater: `${RESIZE}, write`, puncher: 'punch_hole' },
  SC12: { 'reader-0': LOAD, 'map-sync': STORE, truncate: RESIZE },
  SC13: { 'churn-0': `${STORE}, punch_hole`, 'churn-1': `${STORE}, punch_hole` },
  SC14: { 'copy-0': ['write', LOAD, LOAD, LOAD, LOAD].join(', '), dontneed: 'munmap', munmap: 'munmap' },
  SC15: { 'reader-0': LOAD, 'reader-1': LOAD, 'invalidater-0': 'invalidate', 'invalidater-1': 'invalidate' },
  SC16: { 'touch-0': 'pmd_fault', 'touch-1': 'pmd_fault' },
}

describe('in a search every actor does its part', () => {
  it.each(scenarios.ids)('of %s', (scenario) => {
    const subject = subjectOf(scenario, 'K')
    const actors = new Execution(subject).k.tasks.filter(({ daemon }) => !daemon).map(({ comm }) => comm)
    expect(Object.fromEntries(actors.map((actor) => [actor, roundOf(subject, actor)]))).toEqual(ROUNDS[scenario])
  })
})

/** Of an expectation: under these strategies one of the invariants is found violated, or none is. */
interface Searched {
  readonly strategies: readonly string[]
  readonly set?: Readonly<Record<string, unknown>>
  readonly shows?: string
  readonly never?: string
}

const TX = 'tx=tx-in-getblock'
const ANY = 'V'
const K: Searched = { strategies: ['K'], never: ANY }
const READS = { cached: true, readers: 1, faulters: 0 }
const FAILING = { failEvery: 2 }

/** Not in here, but in TIMED, is what is about how long something takes or how often it happens: a search has no clock. */
const SEARCHED: Readonly<Record<string, Readonly<Record<string, Searched | readonly Searched[]>>>> = {
  SC2: {
    'X maps freed blocks or pages beyond the end': { strategies: ['X'], shows: 'V1 V2 V9' },
    'E leaves blocks beyond the end': { strategies: ['E'], shows: 'V3' },
    'E as merged (written extents, zeroed later) exposes garbage': { strategies: ['E'], shows: 'V5' },
    'E with unwritten extents leaks, and exposes nothing': {
      strategies: ['E,init=unwritten-convert'],
      shows: 'V3',
      never: 'V5',
    },
    'F, J and K leave nothing behind': { strategies: ['F', 'J', 'K'], never: 'V1 V2 V3' },
    'K is clean': K,
  },
  SC3: {
    'F closes a circle of i_mmap and the journal, and lockdep sees it': { strategies: ['F'], shows: 'V11' },
    'F with the transaction first is clean of circles': { strategies: ['F,tx=tx-before-locks'], never: 'V11' },
    "E's circle goes through the page lock, which lockdep does not see": { strategies: ['E'], shows: 'V11' },
    'G is clean of circles': { strategies: ['G'], never: 'V11' },
    'K is clean': K,
  },
  SC4: {
    'every guard that is not held until the blocks are free lets a stale block be mapped': [
      { strategies: ['A'], shows: 'V4' },
      { strategies: ['B'], shows: 'V8' },
      { strategies: ['E', 'F,tx=tx-before-locks', 'H2'], shows: 'V1' },
    ],
    'H1, J and K are clean of it': { strategies: ['H1', 'J', 'K'], never: 'V1 V4 V8' },
    'K is clean': K,
    'in the page cache a read under J fills a page with a freed block': {
      strategies: ['J'],
      set: READS,
      shows: 'V4 V5 V8',
    },
    'under K it does not': { ...K, set: READS },
  },
  SC5: {
    'E loses stores': { strategies: ['E'], shows: 'V6' },
    'J with unwritten-convert loses stores': { strategies: ['J,init=unwritten-convert'], shows: 'V6' },
    'J with zero-in-alloc-tx loses none': { strategies: ['J'], never: 'V6 V20' },
    'I loses none': { strategies: ['I'], never: 'V6 V20' },
    'G and K are clean': { strategies: ['G', 'K'], never: ANY },
  },
  SC6: {
    'zeroing after the allocation shows what the block held': {
      strategies: [`K,init=zero-after-alloc,${TX}`],
      shows: 'V5',
    },
    'ordered data alone does, too': { strategies: [`K,init=ordered-list,${TX}`], shows: 'V5' },
    'unwritten extents have a gap in which a read misses a store, and take two transactions': {
      strategies: [`K,init=unwritten-convert,${TX}`],
      shows: 'V7',
      never: 'V5',
    },
    'zeroing before the link is clean': { strategies: [`K,init=zero-before-link,${TX}`], never: ANY },
    'zeroing in the allocating transaction is clean, and holds i_data_sem for longer': K,
  },
  SC7: {
    'zeroing after the allocation exposes foreign bytes': {
      strategies: [`K,init=zero-after-alloc,${TX}`],
      shows: 'V14',
    },
    'ordered data does not help DAX': { strategies: [`K,init=ordered-list,${TX}`], shows: 'V14' },
    'E as merged exposes them': { strategies: ['E'], shows: 'V14' },
    'caches that survive do not change that': { strategies: ['E'], set: { eadr: true }, shows: 'V14' },
    'unwritten extents and zeroing in the transaction do not': {
      strategies: [`K,init=unwritten-convert,${TX}`, 'K'],
      never: 'V14',
    },
  },
  SC9: {
    'A and D map a page that is no longer in the file': { strategies: ['A', 'D'], shows: 'V7' },
    'B and C do not': { strategies: ['B', 'C'], never: 'V7' },
    'with real-time priority C starves': { strategies: ['C'], set: { realtime: true }, shows: 'V18' },
    'with real-time priority B does not': { strategies: ['B'], set: { realtime: true }, never: 'V18' },
  },
  SC11: {
    'a hand-over released in the wrong mode is unbalanced': { strategies: ['E,cowUnlock=other'], shows: 'V12' },
    'released as taken it is balanced': { strategies: ['E', 'K,cow=return-entry-locked'], never: 'V12' },
    'an error in generic code leaves a handed-over lock behind': {
      strategies: ['E', 'K,cow=return-entry-locked'],
      set: FAILING,
      shows: 'V12',
    },
    'the same error leaves nothing behind where a handler or generic code does it all': {
      strategies: ['E,cow=two-faults', 'K'],
      set: FAILING,
      never: 'V12 V18',
    },
    'the handler that installs itself is clean': K,
    'beyond the end there is SIGBUS in all': {
      strategies: ['E,cow=two-faults', 'E', 'K,cow=return-entry-locked', 'K'],
      never: 'V2 V9',
    },
  },
  SC12: { 'K is clean: a convoy is no violation': K },
  SC13: {
    'failing at once is dishonest': { strategies: ['K,enospc=fail'], shows: 'V17' },
    'retrying after the commit is clean': K,
    'retrying with the handle open deadlocks with itself': {
      strategies: ['K,enospc=retry-holding-handle'],
      shows: 'V11',
    },
  },
  SC14: {
    'a range over the whole system call deadlocks with itself': {
      strategies: ['H1,rangeGranularity=syscall'],
      shows: 'V11',
    },
    'and across two files': { strategies: ['H1,rangeGranularity=syscall'], set: { cross: true }, shows: 'V11' },
    'page by page it does not': { strategies: ['H1'], never: ANY },
    'i_rwsem in the fault deadlocks': { strategies: ['Z'], shows: 'V11' },
    'K does not': K,
  },
  SC15: {
    'with wake-one a task sleeps for an entry that is free': { strategies: ['K,wake=wake-one'], shows: 'V13' },
    'in G as well': { strategies: ['G'], shows: 'V13' },
    'wake-all is clean': { strategies: ['K,wake=wake-all'], never: ANY },
    'K is clean': K,
  },
  SC16: { 'K is clean': K },
}

const TIMED: Readonly<Record<string, readonly string[]>> = {
  SC1: scenarios.get('SC1').expected.map(({ text }) => text),
  SC8: scenarios.get('SC8').expected.map(({ text }) => text),
  SC9: ["C's readers yield"],
  SC10: scenarios.get('SC10').expected.map(({ text }) => text),
  SC11: ['two faults mean a read fault for every copy'],
  SC12: ['under K and J a reader waits out a commit behind the queued truncate', 'under H1 no reader does'],
  SC14: ['a source that goes away is prefaulted again, which ends'],
  SC16: [
    '2 MiB entries take 512 times fewer faults',
    'and are done far earlier',
    'over holes a fault zeroes 2 MiB, where a small one zeroes a page',
    'one small entry per range takes all the benefit',
  ],
}

/** Enough for each violation there is, a fifth of what a search has if nobody says. */
const TO_FIND = limits.exploreBudgetDefault / 5
/** A look at what is said never to happen. All schedules under K are gone through in explorer.test.ts. */
const TO_HOLD = 2_000

function isOf(key: string, invariants: string): boolean {
  return invariants.split(' ').some((one) => key.startsWith(one === ANY ? one : `${one} `))
}

describe('a search finds what the scenario says, and nothing it says there is not', () => {
  it.each(scenarios.items)('$id: all it expects of violations is here', ({ id, expected }) => {
    const here = [...Object.keys(SEARCHED[id] ?? {}), ...(TIMED[id] ?? [])]
    expect(here.sort()).toEqual(expected.map(({ text }) => text).sort())
  })

  const rows = Object.entries(SEARCHED).flatMap(([scenario, texts]) =>
    Object.entries(texts).flatMap(([text, all]) =>
      [all]
        .flat()
        .flatMap((searched) => searched.strategies.map((strategy) => [scenario, text, strategy, searched] as const)),
    ),
  )

  it.each(rows)('%s: %s (%s)', (scenario, _, strategy, { set, shows, never }) => {
    const subject = subjectOf(scenario, strategy, set)
    const options = { preemptions: DEFAULT_PREEMPTIONS, depth: limits.exploreDepth, reduce: true }
    const search = new Search(subject, { prefix: [], sleepers: [] }, { ...options, watch: new OrderWatch() })
    const has = (invariants: string) => search.result().found.filter(({ key }) => isOf(key, invariants))
    const budget = shows === undefined ? TO_HOLD : TO_FIND
    while (search.executions < budget && search.next()) {
      if (shows !== undefined && search.executions % 100 === 0 && has(shows).length > 0) break
    }
    if (shows !== undefined) expect(has(shows)).not.toEqual([])
    if (never !== undefined) expect(has(never)).toEqual([])
  })
})
