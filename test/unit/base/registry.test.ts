/** What an unknown id is answered with: the nearest known ones, so that a slip of the finger costs one look. */
import { describe, expect, it } from 'vitest'
import { nearest, registry, unknownId } from '#shared/base/registry.ts'

const IDS = ['csv', 'ndjson', 'faultline', 'contention', 'chain', 'check']

describe('the nearest ids', () => {
  it.each([
    ['cvs', 'csv'],
    ['ndjsno', 'ndjson'],
    ['contentoin', 'contention'],
    ['Contention', 'contention'],
    ['fautline', 'faultline'],
    ['faultlines', 'faultline'],
    ['chian', 'chain'],
    ['cont', 'contention'],
  ])('of %s begin with %s', (given, expected) => expect(nearest(given, IDS)[0]).toBe(expected))

  it('are none where nothing is near', () => expect(nearest('zzzzzz', IDS)).toEqual([]))

  it('of one letter are that letter, not any other', () => {
    expect(nearest('e', ['A', 'E', 'F'])).toEqual(['E'])
    expect(nearest('Q', ['A', 'E', 'F'])).toEqual([])
  })

  it('are at most three', () => expect(nearest('ch', ['cha', 'chb', 'chc', 'chd'])).toHaveLength(3))
})

describe('an unknown id', () => {
  it('is answered with the nearest and all known ones', () => {
    expect(unknownId('format', 'cvs', IDS).toWire()).toEqual({
      code: 'unknown-id',
      message: "unknown format 'cvs'",
      hint: `did you mean csv? known: ${IDS.join(', ')}`,
    })
  })
})

describe('a registry', () => {
  it('refuses the same id twice', () => {
    expect(() => registry('thing', [{ id: 'a' }, { id: 'a' }])).toThrow('thing a is registered twice')
  })
})

it('a word longer than any id is told by its beginning, and at once', () => {
  const before = process.cpuUsage()
  const { message } = unknownId('method', 'q'.repeat(1_000_000), IDS)
  expect(message.length).toBeLessThan(300)
  // Compared letter by letter with each of them it was a second for every few.
  expect(process.cpuUsage(before).user).toBeLessThan(200_000)
})
