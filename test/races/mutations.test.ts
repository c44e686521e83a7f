/** Each slot is needed: its code broken through an injected variant, and a race that held turns red. */
import { describe, expect, it } from 'vitest'
import type { Guard, Pairing, Policy } from '#shared/sim/policies/slots.ts'
import { brokenVerdict, verdictOf } from './support.ts'

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
    expect(verdictOf(race, strategy).outcome).not.toBe('violated')
    expect(brokenVerdict(race, strategy, breakIt).outcome).toBe('violated')
  })

  it('every slot has one', () => {
    const slots = ['guard', 'pairing', 'init', 'cow', 'tx', 'enospc', 'wake']
    expect(slots.filter((slot) => !MUTATIONS.some(([one]) => one === slot))).toEqual([])
  })
})
