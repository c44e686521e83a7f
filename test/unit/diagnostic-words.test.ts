/** Remarks about a trace as people read them. */
import { describe, expect, it } from 'vitest'
import { diagnosticWords, SIM_RUN } from '#shared/model/diagnostics.ts'

const said = (run: unknown) => diagnosticWords({ code: SIM_RUN, message: JSON.stringify(run) })

describe('what a simulated run was given', () => {
  it('is a sentence', () => {
    expect(said({ scenario: 'SC1', slots: {}, set: {}, strategy: 'K', seed: 3 })).toBe(
      'simulated: scenario SC1 under strategy K, seed 3',
    )
    const more = { slots: { init: 'zero' }, fs: 'xfs', set: { threads: 4, dax: true }, schedule: 'fl1:x' }
    expect(said({ scenario: 'SC1', strategy: 'F', seed: 0, ...more })).toBe(
      'simulated: scenario SC1 under strategy F,init=zero, on xfs, with threads=4, dax=true, seed 0, schedule fl1:x',
    )
  })

  it('is told as it is where it is something else', () => {
    for (const other of [null, 5, [], {}, { scenario: 'SC1' }]) expect(said(other)).toBe(JSON.stringify(other))
    expect(diagnosticWords({ code: SIM_RUN, message: '{"scen' })).toBe('{"scen')
    expect(diagnosticWords({ code: 'lost-events', message: '{"scenario":1,"strategy":2,"seed":3}' })).toContain('{')
  })
})
