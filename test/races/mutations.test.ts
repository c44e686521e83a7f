/**
 * Each option of each slot is needed: its code broken through an injected variant, and a race that held turns red. Where there is
 * nothing to break, or where whatever one breaks was red already, the argument stands here.
 */
import { describe, expect, it } from 'vitest'
import { parseStrategy, slots, SLOTS } from '#shared/sim/strategies/index.ts'
import type { Cow, Guard, Init, Pairing, Policy } from '#shared/sim/policies/slots.ts'
import { brokenVerdict, verdictOf } from './support.ts'

/** Steps of the search behind `held`: the races in question show themselves in their scripts or soon. */
const BUDGET = 20_000

type Break = (policy: Policy) => Policy

const noSteps = function* (): Generator<undefined, void, undefined> {
  // What a forgotten lock does.
}

function guard(change: (guard: Guard) => Guard): Break {
  return (policy) => ({ ...policy, guard: change(policy.guard) })
}

function pairing(change: (pairing: Pairing) => Pairing): Break {
  return (policy) => ({ ...policy, pairing: change(policy.pairing) })
}

function init(change: (init: Init) => Init): Break {
  return (policy) => ({ ...policy, init: change(policy.init) })
}

function cow(change: (cow: Cow) => Cow): Break {
  return (policy) => ({ ...policy, cow: change(policy.cow) })
}

/** Why no mutation of these can turn a race red that was not. */
const NOTHING_TO_BREAK: Readonly<Record<string, string>> = {
  'guard none': 'it has no code',
  'guard isize-before': 'it has no code of its own: the first look at i_size is the operation’s, under every guard',
  'pairing none': 'it has no code',
  'pairing ptl-only': 'its only code is that faults do without the page lock: broken, they take it, which closes races',
  'pairing page-lock':
    'a DAX fault finds a page only where a hole page stands; R06 to R08 are lost with and without that lock (that is what they tell of E), and what the page lock would keep from a hole page the guard keeps as well, under i_mmap or its own lock',
  'tx tx-in-getblock': 'its only code is where the handle starts: elsewhere it is tx-before-locks, whose races hold',
  'enospc retry-holding-handle':
    'its first wait is for a commit that waits for its own handle: R21b is lost whatever else it does, and without the wait it is another option',
  'wake wake-one': 'nobody can wake fewer: R18c is lost with it, and any change wakes more',
}

const MUTATIONS: readonly (readonly [slot: string, what: string, strategy: string, race: string, breakIt: Break])[] = [
  [
    'guard',
    'faults forget the invalidate lock',
    'K',
    'R03',
    guard((g) => ({ ...g, enter: noSteps, leave: () => undefined })),
  ],
  [
    'guard',
    'punch forgets it',
    'K',
    'R03',
    guard((g) => ({ ...g, removeEnter: noSteps, removeLeave: () => undefined })),
  ],
  ['guard', 'reads forget it', 'K', 'R04', guard((g) => ({ ...g, fillEnter: noSteps, fillLeave: () => undefined }))],
  ['guard', 'punch lets go of it before it frees', 'J', 'R03', guard(lettingGoEarly)],
  ['guard', 'nobody looks at truncate_count again', 'A', 'R15', guard((g) => ({ ...g, moved: () => false }))],
  ['guard', 'UNMAP does not count', 'A', 'R15', guard((g) => ({ ...g, unmapEnter: noSteps }))],
  [
    'guard',
    'invalidation does not move the sequence',
    'C',
    'R16',
    guard((g) => ({ ...g, invalidateEnter: () => undefined, invalidateLeave: () => undefined })),
  ],
  [
    'guard',
    'i_size is not looked at again under i_mmap',
    'E',
    'R02',
    guard((g) => ({ ...g, beforeInsert: noSteps, afterInsert: () => undefined })),
  ],
  [
    'guard',
    'punch locks no range',
    'H1',
    'R03',
    guard((g) => ({ ...g, removeEnter: noSteps, removeLeave: () => undefined })),
  ],
  ['pairing', 'no entry lock', 'K', 'R06', pairing(({ before: _, leave: __, ...p }) => p)],
  [
    'pairing',
    'the entry is locked after the look-up',
    'K',
    'R07',
    pairing(({ before, ...p }) => ({ ...p, ...(before === undefined ? {} : { after: before }) })),
  ],
  ['pairing', 'the entry is never unlocked', 'K', 'R14', pairing((p) => ({ ...p, leave: () => undefined }))],
  ['pairing', 'no range lock in faults', 'H2', 'R05', pairing(({ before: _, leave: __, ...p }) => p)],
  [
    'guard',
    'the page is let go before the PTE is set',
    'A,guard=page-lock',
    'R16',
    guard(({ locksPage: _, ...g }) => g),
  ],
  [
    'guard',
    'i_mmap is taken nowhere',
    'F',
    'R06',
    guard((g) => ({ ...g, beforeLookup: noSteps, beforeInsert: noSteps, afterInsert: () => undefined })),
  ],
  ['guard', 'faults lock no range', 'H1', 'R02', guard((g) => ({ ...g, enter: noSteps, leave: () => undefined }))],
  [
    'guard',
    'UNMAP locks no range',
    'H2',
    'R02',
    guard((g) => ({ ...g, unmapEnter: noSteps, unmapLeave: () => undefined })),
  ],
  ['guard', 'faults forget the rwsem', 'J', 'R02', guard((g) => ({ ...g, enter: noSteps, leave: () => undefined }))],
  ['guard', 'faults forget i_rwsem', 'Z', 'R02', guard((g) => ({ ...g, enter: noSteps, leave: () => undefined }))],
  ['pairing', 'i_mmap is not taken exclusively', 'I', 'R05', pairing(({ before: _, leave: __, ...p }) => p)],
  ['pairing', 'no entry lock inside', 'G2', 'R09c', pairing(({ after: _, leave: __, ...p }) => p)],
  ['pairing', 'i_rwsem is not taken', 'F,pairing=irwsem', 'R03', pairing(({ before: _, leave: __, ...p }) => p)],
  ['init', 'nobody zeroes the block', 'K,init=zero-after-alloc', 'R10', init(({ zeroInHandler: _, ...i }) => i)],
  ['init', 'blocks are linked as written', 'I', 'R09', init(({ linksUnwritten: _, ...i }) => i)],
  [
    'init',
    'nobody zeroes what is not in the list',
    'K,init=ordered-list',
    'R10',
    init(({ zeroInHandler: _, ...i }) => i),
  ],
  ['init', 'the block is linked before it is zeroed', 'X', 'R09', init(({ beforeLink: _, ...i }) => i)],
  [
    'init',
    'nothing is zeroed in the allocation',
    'K',
    'R09',
    (policy) => ({ ...policy, init: { ...policy.init, beforeLink: noSteps } }),
  ],
  [
    'init',
    'the handler zeroes once more',
    'J',
    'R05',
    (policy) => ({ ...policy, init: { ...policy.init, zeroInHandler: true } }),
  ],
  [
    'cow',
    'generic code releases another mode',
    'E',
    'R14',
    (policy) => ({ ...policy, switches: { ...policy.switches, cowUnlock: 'other' } }),
  ],
  [
    'cow',
    'another lock is handed over than the fault holds',
    'G',
    'R14',
    (policy) => ({
      ...policy,
      cow: { ...policy.cow, handOver: 'immap' },
      switches: { ...policy.switches, cowUnlock: 'other' },
    }),
  ],
  ['cow', 'the handler copies at once', 'X', 'R15', cow(({ twoFaults: _, ...c }) => c)],
  ['cow', 'i_mmap is handed over, the range is held', 'H2', 'R15', cow((c) => ({ ...c, handOver: 'immap' }))],
  ['cow', 'i_mmap is handed over, the entry is held', 'G', 'R15', cow((c) => ({ ...c, handOver: 'immap' }))],
  ['cow', 'the handler leaves the copy to generic code', 'G2', 'R15', cow((c) => ({ ...c, handOver: 'immap' }))],
  [
    'cow',
    'a lock that nobody took is handed over',
    'K,cow=generic-copy',
    'R15',
    cow((c) => ({ ...c, handOver: 'immap' })),
  ],
  [
    'tx',
    'the handle starts under i_mmap after all',
    'F,tx=tx-before-locks',
    'R12',
    (policy) => ({ ...policy, tx: { ...policy.tx, beforeLocks: false } }),
  ],
  [
    'enospc',
    'it waits for the commit with its handle open',
    'K',
    'R21b',
    (policy) => ({ ...policy, enospc: { ...policy.enospc, keepsHandle: true } }),
  ],
  ['enospc', 'it gives up at once', 'K', 'R21', (policy) => ({ ...policy, enospc: { ...policy.enospc, retries: 0 } })],
  [
    'enospc',
    'it waits for the commit before it fails, with its handle open',
    'K,enospc=fail',
    'R21b',
    (policy) => ({ ...policy, enospc: { ...policy.enospc, keepsHandle: true } }),
  ],
  [
    'wake',
    'one is woken, and wakes nobody',
    'K,wake=wake-all',
    'R18c',
    (policy) => ({ ...policy, wake: { ...policy.wake, onUnlock: 'one', onDelete: 'one', passesOn: false } }),
  ],
  [
    'wake',
    'who deletes wakes one, who needs nothing wakes nobody',
    'K',
    'R18',
    (policy) => ({ ...policy, wake: { ...policy.wake, onDelete: 'one', passesOn: false } }),
  ],
]

function lettingGoEarly(g: Guard): Guard {
  const { removeEnter, removeLeave } = g
  if (removeEnter === undefined || removeLeave === undefined) return g
  return {
    ...g,
    *removeEnter(w, span) {
      yield* removeEnter(w, span)
      removeLeave(w, span)
    },
    removeLeave: () => undefined,
  }
}

describe('mutations', () => {
  it.each(MUTATIONS)('%s: %s (%s) shows in %s', (_slot, _what, strategy, race, breakIt) => {
    expect(verdictOf(race, strategy, BUDGET).outcome).not.toBe('violated')
    expect(brokenVerdict(race, strategy, breakIt).outcome).toBe('violated')
  })

  it('every option has one, or an argument', () => {
    const broken = MUTATIONS.map(([slot, , strategy]) => `${slot} ${slotOf(strategy, slot)}`)
    const all = SLOTS.flatMap((slot) => slots[slot].ids.map((id) => `${slot} ${id}`))
    expect(all.filter((one) => !broken.includes(one))).toEqual(Object.keys(NOTHING_TO_BREAK))
  })
})

function slotOf(strategy: string, slot: string): string {
  return Object.entries(parseStrategy(strategy).slots).find(([name]) => name === slot)?.[1] ?? ''
}
