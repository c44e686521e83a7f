/** The form of a simulation without a window: what is refused in words, what is sent, overrides, sliders, curve values. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import type { ParamInfo, SlotInfo, StrategyInfo } from '#shared/contract/simulation.ts'
import {
  chosenText,
  ownOption,
  parseChosen,
  parseValues,
  problemOf,
  problemsOf,
  settingsOf,
  SLIDER_STEPS,
  sliderAt,
  valueAt,
  withOption,
} from '#renderer/panels/simulate/form.ts'
import { jobWords, secondsText } from '#renderer/panels/simulate/job-words.ts'

const threads: ParamInfo = {
  name: 'threads',
  title: 'Threads',
  type: 'number',
  unit: null,
  min: 1,
  max: 1_024,
  default: 8,
  options: null,
  about: '',
}
const size: ParamInfo = { ...threads, name: 'size', title: 'Size', unit: 'MiB', max: 4_096 }
const flag: ParamInfo = { ...threads, name: 'flag', type: 'switch', default: false, options: ['true', 'false'] }
const blocks: ParamInfo = { ...threads, name: 'blocks', type: 'choice', default: 'holes', options: ['holes', 'mapped'] }

describe('a field', () => {
  it.each([
    ['', 'needs a number'],
    ['many', '“many” is not a number'],
    ['1e3', '“1e3” is not a number'],
    ['2.5', 'needs a whole number'],
    ['0', 'must be 1 to 4\u2009096 MiB'],
    ['4097', 'must be 1 to 4\u2009096 MiB'],
  ])('refuses %j in words', (text, problem) => expect(problemOf(size, text)).toBe(problem))

  it('takes both ends of its range, and spaces around', () => {
    expect([problemOf(size, '1'), problemOf(size, ' 4096 ')]).toEqual([undefined, undefined])
  })

  it('takes fractions where the default is one', () => {
    expect(problemOf({ ...size, default: 0.5, min: 0 }, '0.25')).toBeUndefined()
  })

  it('names itself in the list of problems', () => {
    expect(problemsOf([threads, size], { size: 'x' })).toEqual(['Size “x” is not a number'])
  })
})

describe('what is sent', () => {
  it('is only what differs from the default, in its type', () => {
    const texts = { threads: '16', size: '8', flag: 'true', blocks: 'holes' }
    expect(settingsOf([threads, size, flag, blocks], texts)).toEqual({ threads: 16, flag: true })
  })
})

describe('a slider', () => {
  it('puts every value it shows back where it was, within its own resolution', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: SLIDER_STEPS }), (place) => {
        const value = valueAt(size, place)
        expect(problemOf(size, String(value))).toBeUndefined()
        expect(valueAt(size, sliderAt(size, value))).toBeCloseTo(value, -Math.max(1, Math.floor(Math.log10(value))))
      }),
    )
  })
  it('reaches both ends', () => {
    for (const param of [threads, size, { ...size, min: 0, max: 20 }])
      expect([valueAt(param, 0), valueAt(param, SLIDER_STEPS)]).toEqual([param.min, param.max])
  })
})

const strategy = { id: 'F', slots: { tx: 'tx-in-getblock' } } as unknown as StrategyInfo
const tx: SlotInfo = { id: 'tx', title: '', slot: 'P5', default: null, options: [] }
const usual: SlotInfo = { id: 'breakLayouts', title: '', slot: null, default: 'true', options: [] }

describe('slots of a strategy', () => {
  it("are the strategy's own, a switch it does not set at its default", () => {
    expect([ownOption(tx, strategy), ownOption(usual, strategy)]).toEqual(['tx-in-getblock', 'true'])
  })
  it('write as the engine reads them', () => {
    const chosen = withOption(parseChosen('F'), { slot: tx, strategy, option: 'tx-before-locks' })
    expect(chosenText(chosen)).toBe('F,tx=tx-before-locks')
    expect(parseStrategy(chosenText(chosen)).slots.tx).toBe('tx-before-locks')
    expect(parseChosen(chosenText(chosen))).toEqual(chosen)
  })
  it('have no override left when the own option is chosen again', () => {
    const chosen = parseChosen('F,tx=tx-before-locks,breakLayouts=false')
    const back = withOption(chosen, { slot: tx, strategy, option: 'tx-in-getblock' })
    expect(chosenText(back)).toBe('F,breakLayouts=false')
  })
})

describe('values of a curve', () => {
  it('are numbers in order, each once', () => {
    expect(parseValues('8, 1 2;2', threads)).toEqual({ values: [1, 2, 8], problem: undefined })
  })
  it.each([
    ['1, 2000', '2000: must be 1 to 1\u2009024'],
    ['1, x', 'x: “x” is not a number'],
    ['4', 'a curve needs two values or more'],
  ])('%j is refused: %s', (text, problem) => expect(parseValues(text, threads).problem).toBe(problem))
})

describe('progress in words', () => {
  const progress = { stage: '', done: 5, total: 20, unit: 'runs', events: 4_000_000, elapsedMs: 2_000 } as const
  it('says share, rate and what is left', () => {
    expect(jobWords(progress)).toEqual({
      share: 0.25,
      amount: '5 of 20 runs',
      rate: '2.0 M events/s',
      left: '6.0 s left',
    })
  })
  it('guesses nothing in the first second, nor without a total', () => {
    expect(jobWords({ ...progress, elapsedMs: 300 })).toMatchObject({ rate: '', left: '' })
    expect(jobWords({ ...progress, total: null })).toMatchObject({ share: undefined, left: '' })
  })
  it('counts simulated time in its own unit', () => {
    expect(jobWords({ ...progress, unit: 'ns', done: 1e6, total: 2e8 }).amount).toBe('1.00 ms of 200 ms')
  })
  it.each([
    [4_200, '4.2 s'],
    [38_000, '38 s'],
    [200_000, '3 min'],
  ])('%i ms is %s', (ms, text) => expect(secondsText(ms)).toBe(text))
})
