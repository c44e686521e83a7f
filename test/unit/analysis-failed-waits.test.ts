/** Waits that did not get their lock, as analyses tell of them. */
import { describe, expect, it } from 'vitest'
import { contentionOverTime } from '#shared/analysis/contention-over-time.ts'
import { contention } from '#shared/analysis/contention.ts'
import { waitChains } from '#shared/analysis/wait-chains.ts'
import { at, traceOf } from '../support/import-text.ts'
import { A, first } from '../support/span-lines.ts'

const begun = at(100, 1, `contention_begin: ${A} (flags=WRITE)`)
const last = at(1000, 2, 'sched_wakeup: comm=x pid=98 prio=120 target_cpu=000')

describe('a wait that did not get its lock', () => {
  const trace = traceOf(first, begun, at(300, 1, `contention_end: ${A} (ret=-4)`), last)
  const lost = traceOf(first, begun, 'CPU:0 [LOST 7 EVENTS]', last)
  const open = traceOf(first, begun, last)

  it('lasts until it is given up, and to the end of the trace only where it is open then', () => {
    const lasted = [trace, lost, open].map((each) => {
      const { waiting, binNs } = contentionOverTime.run(each, contentionOverTime.params.parse({ bins: 10 }))
      return Math.round(waiting.reduce((sum, mean) => sum + mean, 0) * binNs)
    })
    expect(lasted).toEqual([200_000, 0, 900_000])
  })

  it('is told of with the time it took', () => {
    const { chains } = waitChains.run(trace, waitChains.params.parse({}))
    expect(chains).toMatchObject([{ waitNs: 200_000, open: false }])
    expect(waitChains.run(open, waitChains.params.parse({})).chains).toMatchObject([{ waitNs: 900_000, open: true }])
    const { rows } = contention.run(trace, contention.params.parse({}))
    expect(rows).toMatchObject([{ contended: 1, waitTotalNs: 200_000, waitMaxNs: 200_000, openWaits: 0 }])
  })
})
