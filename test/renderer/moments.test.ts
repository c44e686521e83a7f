/** Moments of a trace as the user set them: in ns, in seconds, as the time of day; lengths of time stay as they are. */
import { afterEach, describe, expect, it } from 'vitest'
import { rulerOf } from '#renderer/timeline/ruler.ts'
import { axisTimeLabel, exactText, exactUnit, momentText, rangeText, timeText } from '#renderer/ui/format.ts'
import { moments, setMoments } from '#renderer/ui/moments.ts'

afterEach(() => setMoments('auto', undefined))
const plain = (text: string): string => text.replaceAll('\u2009', ' ')

/** 13:59:58.5 of some day where this runs, in ns since 1970. */
const start = (): string => `${new Date(2026, 3, 5, 13, 59, 58, 500).getTime()}000000`
const LENGTH = 4_000_000_000

describe('moments', () => {
  it('are in the unit that fits unless something else is set', () => {
    expect(plain(momentText(1_234_567_890, LENGTH, 'ns'))).toBe('1 234.568 ms')
    expect(exactUnit(LENGTH, 'ns')).toBe('ms')
  })

  it('are whole ns since the start, as SQL has them', () => {
    setMoments('ns', null)
    expect(plain(momentText(1_234_567_890, LENGTH, 'ns'))).toBe('1 234 567 890 ns')
    expect(plain(rangeText({ fromNs: 10, toNs: 2_000 }, LENGTH, 'ns'))).toBe('10 to 2 000 ns')
    expect([plain(exactText(2_001, LENGTH, 'ns')), exactUnit(LENGTH, 'ns')]).toEqual(['2 001', 'ns'])
  })

  it('are seconds since the start, to the ns in lists', () => {
    setMoments('s', null)
    expect(momentText(1_234_567_890, LENGTH, 'ns')).toBe('1.234568 s')
    expect([exactText(1_234_567_890, LENGTH, 'ns'), exactUnit(LENGTH, 'ns')]).toEqual(['1.234567890', 's'])
  })

  it('are the time of day where the trace knows when it began, over a full minute too', () => {
    setMoments('clock', start())
    expect(momentText(0, LENGTH, 'ns')).toBe('13:59:58.500000')
    expect(momentText(1_500_000_001, LENGTH, 'ns')).toBe('14:00:00.000000')
    expect([exactText(1_500_000_001, LENGTH, 'ns'), exactUnit(LENGTH, 'ns')]).toEqual([
      '14:00:00.000000001',
      'time of day',
    ])
    expect(axisTimeLabel(500_000_000, LENGTH, true, 'ns')).toBe('13:59:59.000')
  })

  it('have no time of day where the trace does not know it', () => {
    setMoments('clock', null)
    expect(moments().style).toBe('auto')
  })

  it('of simulated comparisons, of clocks that count, and lengths of time do not follow the setting', () => {
    setMoments('ns', null)
    expect(plain(momentText(1_234_567_890, LENGTH))).toBe('1 234.568 ms')
    expect(plain(rangeText({ fromNs: 0, toNs: 2_000_000_000 }, LENGTH))).toBe('0 to 2 000 ms')
    expect(momentText(7, 100, 'tick')).toBe('7 ticks')
    expect(plain(timeText(1_234_567, 'ns'))).toBe('1.23 ms')
  })
})

describe('the ruler', () => {
  it('has its ticks at round times of the day, though the trace began between them', () => {
    setMoments('clock', `${new Date(2026, 3, 5, 13, 59, 58).getTime()}123456`)
    const { base, ticks } = rulerOf({ fromNs: 0, toNs: LENGTH }, 1000, 'ns', moments())
    expect(base).toBe('')
    expect(ticks.slice(0, 3).map(({ label }) => label)).toEqual(['13:59:58.500', '13:59:59.000', '13:59:59.500'])
    expect(ticks[0]?.ns).toBe(499_876_544)
  })

  it('says whole ns where they are set', () => {
    setMoments('ns', null)
    const { base, ticks } = rulerOf({ fromNs: 812_340_000, toNs: 812_520_000 }, 1000, 'ns', moments())
    expect(base).toBe('ns')
    expect(plain(ticks[0]?.label ?? '')).toBe('812 340 000')
  })
})
