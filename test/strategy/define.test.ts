/**
 * What a definition is refused for, each with a sentence that names it, and what becomes of a good one. No hook runs here.
 */

import { describe, expect, it } from 'vitest'
import { ApiError } from '#shared/base/errors.ts'
import { checkDefinition, defineStrategy, hooksOf, plainOptions, withoutCode } from '#shared/strategy/define.ts'

const written = (part: object): unknown => defineStrategy({ title: 'a try', ...part })

function refusal(value: unknown): string {
  try {
    checkDefinition(value, 'mine.ts#1')
  } catch (error) {
    if (error instanceof ApiError) return `${error.message}; ${error.hint}`
    throw error
  }
  return 'taken'
}
const option = (slot: string, part: unknown) =>
  written({
    slots: { [slot]: typeof part === 'object' && part !== null ? { id: 'mine', title: 'mine', ...part } : part },
  })

describe('a definition is refused', () => {
  it.each<[string, unknown, RegExp]>([
    ['that is none', undefined, /not made with defineStrategy/],
    ['that is a plain object', { title: 'x' }, /not made with defineStrategy/],
    ['without a title', defineStrategy({ title: ' ' }), /has no title/],
    ['on a preset there is not', written({ base: 'Q' }), /strategy 'Q'/],
    ['on a preset that is no name', written({ base: 7 }), /strategy '7'/],
    ['of other media', written({ media: 'tape' }), /media is 'tape'; page-cache or dax/],
    ['on a filesystem there is not', written({ fs: 'btrfs' }), /'btrfs'/],
    ['with slots that are no object', written({ slots: null }), /slots/],
    ['with slots that are a list', written({ slots: ['guard'] }), /slot '0'/],
    ['with a slot beside its slots', written({ guard: 'inval' }), /field of a strategy 'guard'/],
    ['with a slot there is not', written({ slots: { lock: 'inval' } }), /slot 'lock'/],
    ['with an option there is not', written({ slots: { guard: 'nothing' } }), /'nothing'/],
    ['with an option that is nothing', option('guard', null), /neither an id nor an object; known ids: /],
    ['with an option that is a number', option('guard', 7), /neither an id nor an object/],
    ['whose option has no id', option('guard', { id: undefined }), /has no id/],
    ['whose option has an id that is no word', option('guard', { id: 'a b' }), /has no id/],
    ['whose option has the id of another', option('guard', { id: 'inval' }), /is called inval, as one there is/],
    ['whose option has no title', option('guard', { title: undefined }), /has no title/],
    [
      'whose option lacks what its slot needs',
      option('tx', {}),
      /says nothing about beforeLocks; it needs beforeLocks/,
    ],
    ['whose option has a field its slot has not', option('guard', { entr: 1 }), /'entr'; did you mean enter/],
    ['whose hook is no function', option('guard', { enter: 1 }), /enter is no function/],
    ['whose flag is a function', option('tx', { beforeLocks: () => true }), /beforeLocks is a function/],
    ['whose flag is a word', option('tx', { beforeLocks: 'yes' }), /neither true nor false/],
    ['whose count is none', option('enospc', { retries: -1, keepsHandle: true }), /no whole number from 0 to/],
    ['whose count is no whole number', option('enospc', { retries: 1.5, keepsHandle: true }), /no whole number/],
    [
      'whose word is none of those',
      option('wake', { onUnlock: 'two', onDelete: 'one', passesOn: true }),
      /none of one, all/,
    ],
    ['with switches that are no object', written({ switches: null }), /switches/],
    ['with a switch there is not', written({ switches: { nope: true } }), /'nope'/],
    ['with a switch that is none of its options', written({ switches: { secondUnmap: 'maybe' } }), /'maybe'/],
  ])('%s', (_, value, why) => {
    expect(refusal(value)).toMatch(why)
  })
})

describe('a good definition', () => {
  const enter = () => undefined
  const { strategy, options } = checkDefinition(
    written({
      base: 'E',
      slots: { init: 'zero-in-alloc-tx', guard: { id: 'mine', title: 'mine', enter, io: 'range' } },
    }),
    'mine.ts#1',
  )

  it('has what it says, and its base for the rest', () => {
    expect(strategy).toMatchObject({ id: 'mine.ts#1', title: 'a try', era: 'your own', media: 'dax', about: '' })
    expect(strategy.slots).toMatchObject({ guard: 'mine', init: 'zero-in-alloc-tx', pairing: 'page-lock' })
    expect(options).toMatchObject({ guard: { id: 'mine', about: '', io: 'range', enter } })
  })

  it('stands without its code where that must not run', () => {
    const plain = plainOptions(options)
    expect(plain).toEqual({ guard: { id: 'mine', title: 'mine', about: '', io: 'range' } })
    const stubs = withoutCode(plain, hooksOf(options)) as unknown as { guard: { id: string; enter: () => void } }
    expect(stubs.guard.id).toBe('mine')
    expect(() => stubs.guard.enter()).toThrow('runs in worker threads only')
  })
})
