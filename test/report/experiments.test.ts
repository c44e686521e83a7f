/** Charts of experiments in a report: where the knee is, how sure the points are, what the axis says. */
import { describe, expect, it } from 'vitest'
import { curve } from '#electron/report/charts.ts'

const estimate = (mean: number, spread: number | null) => ({
  mean,
  ci95: spread === null ? null : ([mean - spread, mean + spread] as const),
})
const data = (knee: number | null, spread: number | null) => ({
  param: 'CPUs',
  values: [1, 2, 4, 8],
  text: (value: number) => `${value.toFixed(0)}/s`,
  strategies: [{ id: 'K', knee, points: [10, 20, 30, 31].map((mean) => estimate(mean, spread)) }],
})

describe('a scaling curve in a report', () => {
  it('has its knee drawn where it lies between the machines, on the axis that doubles', () => {
    const drawn = curve('x', data(2 * Math.SQRT2, null)).text
    const at = (value: string) => Number(new RegExp(`x="([0-9.]+)"[^>]*>${value}</text`, 's').exec(drawn)?.[1])
    const [two, four] = [at('2'), at('4')]
    const knee = Number(/<path d="M([0-9.]+) 16V/.exec(drawn)?.[1])
    expect(knee).toBeCloseTo((two + four) / 2, 0)
    expect(drawn).toContain('knee of K')
  })

  it('has none where throughput still rises', () => {
    expect(curve('x', data(null, null)).text).not.toContain('knee of')
  })

  it('has a band of its intervals, and values up the axis', () => {
    expect(curve('x', data(null, 2)).text).toContain('class="band"')
    expect(curve('x', data(null, null)).text).not.toContain('class="band"')
    expect(curve('x', data(null, 2)).text).toContain('33/s')
  })
})
