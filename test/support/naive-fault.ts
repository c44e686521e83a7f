/**
 * A second, slow and obvious model of one operation: shared DAX write faults into holes of one file, under strategies E-like
 * code is not needed for: F (i_mmap across everything, zeroing by the handler) and K (invalidate_lock, transaction, entry
 * lock, zeroing in the allocation). A fault is written down as a flat list of steps; an interpreter without generators,
 * heap or lock classes plays the lists of all tasks in time order. Enough CPUs for all, no commits, locks first come first
 * served.
 */
import { stream } from '../../shared/base/prng.ts'
import { C, COSTS, type CostId } from '../../shared/sim/costs.ts'
import { factorTable, lognormal } from '../../shared/sim/lognormal.ts'

export interface Happening {
  readonly at: number
  readonly task: number
  readonly what: string
}

interface LockStep {
  readonly do: 'lock'
  readonly lock: string
  readonly shared?: true
  /** Only noted, as handles and entry bits are: it costs nothing by itself. */
  readonly noted?: true
}

type Step =
  | { readonly do: 'begin'; readonly phase: string }
  | { readonly do: 'end'; readonly phase: string }
  | { readonly do: 'say'; readonly what: string }
  | { readonly do: 'work'; readonly phase: string; readonly cost: CostId; readonly writesPmem?: true }
  | { readonly do: 'owe'; readonly cost: CostId }
  /** The time of the file: in a handle if none has set it for a jiffy. */
  | { readonly do: 'time' }
  | LockStep
  | (Omit<LockStep, 'do'> & { readonly do: 'unlock' })

const work = (phase: string, cost: CostId): Step => ({ do: 'work', phase, cost })
const zero: Step = { do: 'work', phase: 'zero', cost: 'clear4kPmem', writesPmem: true }

/** A handle: asked for, paid for, open over `inside`, paid for again. */
function inHandle(inside: readonly Step[]): Step[] {
  return [
    { do: 'begin', phase: 'journal' },
    { do: 'lock', lock: 'jbd2_handle', shared: true, noted: true },
    work('journal', 'handleStart'),
    { do: 'end', phase: 'journal' },
    { do: 'begin', phase: 'handle' },
    ...inside,
    work('handle_stop', 'handleStop'),
    { do: 'unlock', lock: 'jbd2_handle', noted: true },
    { do: 'end', phase: 'handle' },
  ]
}

/** Under i_data_sem: look again, allocate, perhaps zero. */
function allocation(early: boolean): Step[] {
  return [
    { do: 'lock', lock: '&ei->i_data_sem' },
    work('extent_lookup', 'extentLookup'),
    work('alloc', 'alloc'),
    ...(early ? [zero] : []),
    { do: 'unlock', lock: '&ei->i_data_sem' },
  ]
}

function mapBlocks(after: readonly Step[]): Step[] {
  return [
    { do: 'begin', phase: 'map_blocks' },
    work('es_lookup', 'esLookup'),
    ...after,
    { do: 'end', phase: 'map_blocks' },
  ]
}

function setPte(task: number): Step[] {
  return [{ do: 'lock', lock: `ptl ${task}` }, work('pte_set', 'pteSet'), { do: 'unlock', lock: `ptl ${task}` }]
}

function faultF(task: number): Step[] {
  return [
    { do: 'lock', lock: '&mapping->i_mmap_mutex' },
    ...mapBlocks(inHandle(allocation(false))),
    zero,
    ...setPte(task),
    { do: 'unlock', lock: '&mapping->i_mmap_mutex' },
  ]
}

function faultK(task: number, page: number): Step[] {
  return [
    { do: 'lock', lock: 'mapping.invalidate_lock', shared: true },
    ...inHandle([
      work('entry', 'xaUpdate'),
      { do: 'lock', lock: `dax entry ${page}`, noted: true },
      ...mapBlocks(allocation(true)),
      ...setPte(task),
      { do: 'owe', cost: 'xaUpdate' },
      { do: 'unlock', lock: `dax entry ${page}`, noted: true },
    ]),
    { do: 'unlock', lock: 'mapping.invalidate_lock' },
  ]
}

function fault(strategy: 'F' | 'K', task: number, page: number): Step[] {
  return [
    { do: 'say', what: `op write_fault ${page * 4096}` },
    work('trap', 'trap'),
    { do: 'lock', lock: `mmap ${task}`, shared: true },
    work('vma_lookup', 'vmaLookup'),
    { do: 'lock', lock: 'sb_pagefaults', shared: true },
    { do: 'time' },
    ...(strategy === 'F' ? faultF(task) : faultK(task, page)),
    { do: 'unlock', lock: 'sb_pagefaults' },
    { do: 'unlock', lock: `mmap ${task}` },
    { do: 'say', what: 'op end 0' },
  ]
}

interface Player {
  readonly id: number
  readonly steps: Step[]
  at: number
  /** Arrival number: ties go to who was scheduled first. */
  turn: number
  next: number
  owed: number
  working: string | undefined
  waits: boolean
  readonly streams: Map<number, ReturnType<typeof stream>>
}

const JIFFY = 4_000_000
const timeUpdate = work('time_update', 'timeUpdate')
const timeInHandle: readonly Step[] = [
  { do: 'lock', lock: 'jbd2_handle', shared: true, noted: true },
  timeUpdate,
  { do: 'unlock', lock: 'jbd2_handle', noted: true },
]

const LOCK = 20
const HANDOFF = 300
const WAKE = 4_000

export function naiveFaults(options: { strategy: 'F' | 'K'; tasks: number; pages: number; seed: number }): Happening[] {
  const said: Happening[] = []
  const holders = new Map<string, { exclusive: boolean; tasks: number }>()
  const queues = new Map<string, Player[]>()
  let turns = 0
  let pmemFree = 0
  let fileTime = -Infinity
  const players = Array.from({ length: options.tasks }, (_, id): Player => {
    const steps = Array.from({ length: options.pages }, (_, page) =>
      fault(options.strategy, id, id * options.pages + page),
    ).flat()
    return {
      id,
      steps,
      at: WAKE,
      turn: turns++,
      next: 0,
      owed: 0,
      working: undefined,
      waits: false,
      streams: new Map(),
    }
  })

  const say = (player: Player, what: string) => said.push({ at: player.at, task: player.id, what })

  function price(player: Player, id: CostId): number {
    const number = C[id]
    const spec = COSTS[number]
    if (spec.spread === 'fixed') return spec.ns
    let draws = player.streams.get(number)
    if (draws === undefined) player.streams.set(number, (draws = stream(options.seed, player.id, number)))
    return lognormal(spec.ns, factorTable(spec.spread === 'cpu' ? 150 : 400), draws.u32())
  }

  function grant(player: Player, lock: string, shared: boolean, noted: boolean): void {
    const held = holders.get(lock) ?? { exclusive: false, tasks: 0 }
    holders.set(lock, { exclusive: !shared, tasks: held.tasks + 1 })
    if (!noted) player.owed += LOCK
    say(player, `got ${lock}`)
  }

  function release(player: Player, lock: string, noted: boolean): void {
    if (!noted) player.owed += LOCK
    say(player, `released ${lock}`)
    const held = holders.get(lock)
    if (held === undefined || held.tasks === 0) throw new Error(`${lock} is not held`)
    held.tasks--
    const waiter = held.tasks === 0 ? queues.get(lock)?.shift() : undefined
    if (waiter === undefined) return
    // Handed over: it owns the lock now, and goes on when its CPU has noticed.
    waiter.at = player.at
    grant(waiter, lock, false, noted)
    waiter.at = player.at + HANDOFF
    waiter.turn = turns++
    waiter.waits = false
  }

  function take(player: Player, step: LockStep): void {
    const shared = step.shared === true
    const held = holders.get(step.lock)
    say(player, `wants ${step.lock}`)
    if (held === undefined || held.tasks === 0 || (shared && !held.exclusive))
      grant(player, step.lock, shared, step.noted === true)
    else {
      say(player, `waits ${step.lock}`)
      queues.set(step.lock, [...(queues.get(step.lock) ?? []), player])
      player.waits = true
    }
  }

  function begin(player: Player, step: Extract<Step, { do: 'work' }>): void {
    let ns: number
    if (step.writesPmem === true) {
      const share = price(player, 'pmemWriteShare')
      const start = Math.max(player.at, pmemFree)
      pmemFree = start + share
      ns = Math.max(price(player, step.cost), start + share - player.at)
    } else ns = price(player, step.cost)
    say(player, `begin ${step.phase}`)
    player.working = step.phase
    player.at += ns + player.owed
    player.owed = 0
    player.turn = turns++
  }

  function play(player: Player): void {
    if (player.working !== undefined) say(player, `end ${player.working}`)
    player.working = undefined
    while (player.next < player.steps.length && !player.waits && player.working === undefined) {
      const step = player.steps[player.next++]
      if (step.do === 'work') begin(player, step)
      else if (step.do === 'begin' || step.do === 'end') say(player, `${step.do} ${step.phase}`)
      else if (step.do === 'lock') take(player, step)
      else if (step.do === 'time') {
        const due = player.at - fileTime >= JIFFY
        if (due) fileTime = player.at
        player.steps.splice(player.next, 0, ...(due ? timeInHandle : [timeUpdate]))
      } else if (step.do === 'owe') player.owed += price(player, step.cost)
      else if (step.do === 'say') say(player, step.what)
      else release(player, step.lock, step.noted === true)
    }
  }

  for (;;) {
    const ready = players.filter((one) => !one.waits && (one.next < one.steps.length || one.working !== undefined))
    if (ready.length === 0) return said
    ready.sort((a, b) => a.at - b.at || a.turn - b.turn)
    play(ready[0])
  }
}
