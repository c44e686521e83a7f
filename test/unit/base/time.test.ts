/** Times, counts and shares as text: exact rounding, one unit per column, nothing invented. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatCount,
  formatNs,
  formatNsIn,
  formatShare,
  parseOffset,
  timeScale,
  timeText,
  type TimeUnit,
} from '#shared/base/time.ts'

const NS_PER: Record<TimeUnit, bigint> = { ns: 1n, µs: 1_000n, ms: 1_000_000n, s: 1_000_000_000n }
const text = (ns: number) => timeText(ns, 'ns', ' ')

describe('timeText', () => {
  it('is a time with its unit, or what the clock counts', () => {
    expect([timeText(1_930_000), timeText(1_930, 'tick', ' '), timeText(1, 'tick')]).toEqual([
      '1.93 ms',
      '1 930 ticks',
      '1 tick',
    ])
  })
})

describe('formatNs', () => {
  it.each([
    [0, '0 ns'],
    [1, '1 ns'],
    [999, '999 ns'],
    [1_000, '1.00 µs'],
    [9_994, '9.99 µs'],
    [9_995, '10.0 µs'],
    [99_949, '99.9 µs'],
    [99_950, '100 µs'],
    [999_499, '999 µs'],
    [999_500, '1.00 ms'],
    [812_345_678, '812 ms'],
    [999_999_999, '1.00 s'],
    [61_000_000_000, '61.0 s'],
    [1_203_400_000_000, '1 203 s'],
    [Number.MAX_SAFE_INTEGER, '9 007 199 s'],
    [-1_500, '-1.50 µs'],
    [0.4, '0 ns'],
  ])('%d ns reads %s', (ns, expected) => expect(text(ns)).toBe(expected))

  it('is within half a unit of its last digit of the exact value', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (ns) => {
        const { value, unit } = formatNs(ns, '')
        const decimals = value.split('.')[1]?.length ?? 0
        const step = NS_PER[unit] / 10n ** BigInt(decimals)
        const shown = BigInt(value.replace('.', '')) * step
        const off = shown > BigInt(ns) ? shown - BigInt(ns) : BigInt(ns) - shown
        expect(off * 2n <= step).toBe(true)
      }),
    )
  })

  it('never shows more than three digits below 1000 s', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_000_000_000 }), (ns) => {
        expect(formatNs(ns, '').value.replace('.', '').length).toBeLessThanOrEqual(3)
      }),
    )
  })
})

describe('a column of times', () => {
  it('takes the unit of its largest value and drops decimals that are 0 everywhere', () => {
    expect(timeScale([812_000_000, 3_000_000])).toEqual({ unit: 'ms', decimals: 0 })
    expect(timeScale([812_000_000, 3_100_000])).toEqual({ unit: 'ms', decimals: 1 })
    expect(timeScale([])).toEqual({ unit: 'ns', decimals: 0 })
    expect(timeScale([0, 0])).toEqual({ unit: 'ns', decimals: 0 })
  })

  it('goes to a smaller unit when its smallest value would read 0', () => {
    expect(timeScale([1_200_000_000, 5_000]).unit).toBe('ms')
    expect(timeScale([1_200_000_000, 300]).unit).toBe('µs')
  })

  it('shows every value above 0 as something above 0', () => {
    fc.assert(
      fc.property(fc.array(fc.maxSafeNat(), { minLength: 1, maxLength: 20 }), (values) => {
        const scale = timeScale(values)
        for (const value of values) expect(Number(formatNsIn(value, scale, '')) > 0).toBe(value > 0)
      }),
    )
  })

  it('groups thousands', () => {
    expect(formatNsIn(1_234_567_890, { unit: 'µs', decimals: 3 }, ' ')).toBe('1 234 567.890')
    expect(formatNsIn(1_500_000, { unit: 'ms', decimals: 0 })).toBe('2')
  })
})

describe('counts and shares', () => {
  it('groups by three with a thin space unless told otherwise', () => {
    expect(formatCount(1931)).toBe('1\u2009931')
    expect(formatCount(12_345_678, ' ')).toBe('12 345 678')
    expect(formatCount(-1234, ' ')).toBe('-1 234')
    expect(formatCount(999)).toBe('999')
  })

  it.each([
    [0, '0'],
    [0.00001, '<0.01'],
    [0.0003, '0.03'],
    [0.0421, '4.2'],
    [0.0999, '10'],
    [0.312, '31'],
    [0.994, '99'],
    [0.9961, '99.6'],
    [0.9999, '>99.9'],
    [1, '100'],
    [2.5, '250'],
  ])('share %d reads %s', (share, expected) => expect(formatShare(share)).toBe(expected))

  it('says 0 and 100 only for exactly none and all', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true, minExcluded: true, maxExcluded: true }), (share) => {
        expect(['0', '100']).not.toContain(formatShare(share))
      }),
    )
  })
})

describe('offsets', () => {
  it('are times with a sign and a unit, and nothing else', () => {
    const read = (text: string) => parseOffset(text)
    expect(['+12ms', '-3us', '-3 µs', '1.5s', '7ns', '0s', '-0s'].map(read)).toEqual([12e6, -3e3, -3e3, 1.5e9, 7, 0, 0])
    expect(['', '12', 'ms', '1e3s', '--1s', '1.s', '99999999999s', '1 h'].map(read)).toEqual(Array(8).fill(undefined))
  })
})
