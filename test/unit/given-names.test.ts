/** Names that people give to locks, over the names a trace has. */

import { describe, expect, it } from 'vitest'
import { withLockNames } from '#electron/store/lock-names.ts'
import type { Dictionaries } from '#shared/model/trace.ts'

function dictionaries(): Dictionaries {
  const lock = { lockClass: 0, address: '0xa1', label: undefined, inode: undefined }
  return {
    lockClasses: [
      { name: '(unnamed mutex)', kind: 'mutex' },
      { name: 'rcu_read_lock', kind: 'annotation' },
      { name: 'i_mutex', kind: 'mutex' },
    ],
    locks: [lock],
  } as unknown as Dictionaries
}

function called(name: string): { readonly name: string; readonly kind: string; readonly classes: number } {
  const { lockClasses, locks } = withLockNames(dictionaries(), [{ address: '0xa1', name }])
  return { ...lockClasses[locks[0].lockClass], classes: lockClasses.length }
}

describe('a name that is given to a lock', () => {
  it('joins it to the class that is called so', () => {
    expect(called('i_mutex')).toEqual({ name: 'i_mutex', kind: 'mutex', classes: 3 })
  })

  it('makes a class of its kind where none is', () => {
    expect(called('mine')).toEqual({ name: 'mine', kind: 'mutex', classes: 4 })
  })

  it('makes no annotation of it, whose waits no list has', () => {
    expect(called('rcu_read_lock')).toEqual({ name: 'rcu_read_lock', kind: 'mutex', classes: 4 })
  })
})
