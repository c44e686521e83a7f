/** Reports of a replayed trace: what the recording lost, how well the replay matches it, the counterexample, and size. */
import { describe, expect, it } from 'vitest'
import { ApiError } from '#shared/base/errors.ts'
import { commandOf } from '#electron/report/command.ts'
import { comparisonOf } from '#electron/report/input.ts'
import { compareReport } from '#electron/report/report.ts'
import { smallComparison } from '../support/small-runs.ts'
import { FACTS, FILM, smallReplay } from './support.ts'

const input = { result: smallReplay(), command: 'c', version: '1', trace: FACTS, films: [FILM] }

describe('a report of a replay', () => {
  const report = compareReport(input)

  it('says what was recorded, how many events were lost, and what is not known', () => {
    expect(report).toContain('dax &lt;run&gt;')
    expect(report).toContain('17 events')
    expect(report).toMatch(/kernel<\/th>\s*<td class="" >not known/)
  })

  it('puts the error of the replay beside the prediction', () => {
    expect(report).toContain('median error of 10.0 % (p50), 20.0 % (p99) and not known (lock waits)')
    expect(report).toContain('+10.0 %')
  })

  it('shows the chosen film step by step with what each step changed, and how to play it again', () => {
    expect(report).toContain('zeroed twice')
    expect(report).toContain('frees &lt;it&gt;')
    expect(report).toContain('block 7 gone')
    expect(report).toContain("faultline replay 'fl1:abc'")
  })

  it('lists what came from the trace, what stayed default, and what it cannot tell', () => {
    for (const text of ['service times per operation', 'wake-up latency: 4 us', 'who held the page lock']) {
      expect(report).toContain(text)
    }
  })
})

describe('the size of a report', () => {
  const wide = (count: number) => {
    const result = smallComparison()
    const [first] = result.strategies
    const ns = Float64Array.from({ length: 2_000 }, (_, i) => 1_000 + i * 17)
    const share = Float64Array.from(ns, (_, i) => (i + 1) / 2_000)
    const cdf = ['write_fault', 'read_fault', 'truncate', 'fsync', 'write', 'mkwrite', 'read'].map((op) => ({
      ...first.cdf[0],
      op,
      ns,
      share,
    }))
    const strategies = Array.from({ length: count }, (_, i) => ({ ...first, id: `S${i}`, cdf }))
    return { ...result, strategies, baseline: 'S0' }
  }

  it('stays under 3 MB with 26 strategies and seven kinds of operations', () => {
    const text = compareReport({ ...input, result: wide(26) })
    expect(Buffer.byteLength(text)).toBeLessThan(3_000_000)
  })

  it('is refused with a sentence where it would be larger', () => {
    const film = { ...FILM, steps: Array.from({ length: 30_000 }, () => FILM.steps[0]) }
    expect(() => compareReport({ ...input, films: [film] })).toThrow(/the report would have/)
  })
})

describe('what is no comparison', () => {
  it('is refused before anything is written', () => {
    for (const bad of [{}, { workload: {} }, { workload: {}, strategies: [{}], seeds: [], assumptions: [] }]) {
      expect(() => comparisonOf(bad as never)).toThrow(ApiError)
    }
    expect(comparisonOf(smallReplay()).seeds).toEqual(smallReplay().seeds)
  })
})

describe('the command that makes a comparison again', () => {
  it('names scenario, strategies, seeds and every parameter', () => {
    expect(commandOf({ result: smallComparison() })).toBe(
      'faultline compare --scenario S --fs ext4 --strategy E --strategy F --strategy K --baseline E --seeds 8 --seed 1 --set threads=8 --sweep threads=1,2',
    )
  })

  it('quotes what a shell would take apart, and names own strategies by their file', () => {
    const replayed = smallReplay()
    const [first] = replayed.strategies
    const result = { ...replayed, baseline: 'K', strategies: [{ ...first, id: 'my file.ts#1a2b3c4d,tx=a' }] }
    expect(commandOf({ result, trace: FACTS })).toBe(
      "faultline compare --trace 'dax <run>.faultline' --strategy 'my file.ts,tx=a' --baseline K --seeds 8 --seed 1",
    )
  })
})
