/** Reports of a replayed trace: what the recording lost, how well the replay matches it, the counterexample, and size. */
import { describe, expect, it } from 'vitest'
import { ApiError } from '#shared/base/errors.ts'
import { commandOf } from '#electron/report/command.ts'
import { comparisonOf } from '#electron/report/input.ts'
import { compareReport } from '#electron/report/report.ts'
import { smallComparison } from '../support/small-runs.ts'
import { compareText } from '#electron/report/text.ts'
import { FACTS, FILM, smallRecordings, smallReplay } from './support.ts'

const input = { result: smallReplay(), command: 'c', version: '1', traces: [FACTS], films: [FILM] }

describe('a report of a replay', () => {
  const report = compareReport(input)

  it('says what was recorded, how many events were lost, and what is not known', () => {
    expect(report).toContain('dax &lt;run&gt;')
    expect(report).toContain('17 events')
    expect(report).toMatch(/kernel<\/th>\s*<td class="" >not known/)
  })

  it('puts the error of the replay beside the prediction', () => {
    expect(report).toContain('median error of p50 10.0 % (one seed: 5.0 to 30.0 %), p99 20.0 %, lock waits not known')
    expect(report).toContain('+10.0 %')
    expect(report).toContain('900 ns to 1.30 µs')
  })

  it('says that its speed is of recorded operations', () => {
    expect(report).toContain('Recorded operations that succeeded, per simulated second;')
    expect(compareReport({ result: smallComparison(), command: 'c', version: '1' })).toContain(
      'Loads, stores and system calls that succeeded, per simulated second;',
    )
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

describe('a report of recordings as they are', () => {
  const given = {
    ...{ result: smallRecordings(), command: 'c', version: '1' },
    traces: [FACTS, { ...FACTS, file: 'after.faultline', lost: 0 }],
  }
  const page = compareReport(given)
  const text = compareText(given)

  it('says parts where runs have seeds, and names the test that fits', () => {
    expect(page).toContain('cut into parts of their time (20, 20)')
    expect(page).toContain('Mann-Whitney')
    expect(page).not.toContain('signed-rank')
    expect(page).not.toContain('same seeds')
    expect(page).toContain('of any part of the recording')
  })

  it('says nothing of safety, which a recording does not show', () => {
    for (const report of [page, text]) {
      expect(report).toContain('recordings show speed, not safety')
      expect(report).not.toContain('Speed and safety')
    }
  })

  it('has the facts of each, lost events among them', () => {
    for (const report of [page, text]) {
      expect(report).toContain('17 events')
      expect(report).toContain('after.faultline')
    }
    expect(text).toContain('Recording 2')
  })

  it('is made again from the files, and from the traces in them where there are several', () => {
    const { result, traces } = given
    expect(commandOf({ result, traces })).toBe(
      "faultline compare --trace 'dax <run>.faultline' --against after.faultline",
    )
    const two = traces.map((one, i) => ({ ...one, file: 'both.faultline', id: i + 1, alone: false }))
    expect(commandOf({ result, traces: two })).toBe(
      'faultline compare --trace both.faultline --trace-id 1 --against both.faultline --against-id 2',
    )
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
      'faultline compare --scenario S --fs ext4 --strategy E --strategy F --strategy K --baseline E --seeds 8 --seed 1 --explore 0 --set threads=8 --sweep threads=1,2',
    )
  })

  it('quotes what a shell would take apart, and names own strategies by their file', () => {
    const replayed = smallReplay()
    const [first] = replayed.strategies
    const result = { ...replayed, baseline: 'K', strategies: [{ ...first, id: 'my file.ts#1a2b3c4d,tx=a' }] }
    expect(commandOf({ result, traces: [FACTS] })).toBe(
      "faultline compare --trace 'dax <run>.faultline' --strategy 'my file.ts,tx=a' --baseline K --seeds 8 --seed 1 --explore 0",
    )
  })

  it('asks for as many schedules as were searched, all worlds together', () => {
    const comparison = smallComparison()
    const [first, ...rest] = comparison.strategies
    const world = {
      subject: 'SC1',
      executions: 7,
      complete: false,
      incomplete: 'left out',
      bound: { preemptions: 2, depth: 100, budget: 100 },
      crash: { points: 0, states: 0, complete: false, violations: 0 },
    }
    const verdict = { ...first.verdict, searched: [world, { ...world, subject: 'SC2' }] }
    const result = { ...comparison, strategies: [{ ...first, verdict }, ...rest] }
    expect(commandOf({ result })).toContain(' --explore 200 ')
  })
})
