// @vitest-environment happy-dom
/** The list of a replay's parameters: each says its value, where that comes from, and how far it may be set. */
import { expect, it } from 'vitest'
import { flushPromises, mount } from '@vue/test-utils'
import ParameterList from '#renderer/panels/compare/ParameterList.vue'
import { useSimulationStore } from '#renderer/stores/simulation.ts'
import type { SimCatalog } from '#shared/contract/simulation.ts'
import type { WorkloadSummary } from '#shared/contract/whatif.ts'
import { COSTS } from '#shared/sim/costs.ts'
import { calibrationOf } from '#shared/whatif/calibration.ts'
import { recordedRun } from '../support/recorded-run.ts'
import { smallCatalog } from '../support/small-comparison.ts'
import { fakeHost, windowOf } from './support/fake-host.ts'

const price = (name: string): SimCatalog['costs'][number] => {
  const found = COSTS.find(({ id }) => id === name)
  const shared = { name, type: 'number', unit: 'ns', options: null } as const
  return { ...shared, title: found?.title ?? name, default: found?.ns ?? 0, min: 50, max: 5_000, about: 'from a book' }
}

it('has an entry per parameter: set, measured with its samples, scaled, or default with its source, and its range', async () => {
  const costs = ['trap', 'alloc', 'pteSet', 'fsyncBatch', 'wake'].map(price)
  const host = fakeHost({ 'sim.catalog': () => ({ ...smallCatalog, costs }), 'files.recent': () => [] })
  const plugins = [windowOf(host)]
  const { trace } = recordedRun({ strategy: 'F', params: { threads: 2, durationMs: 2, commitMs: 0 }, seed: 1 })
  const workload = {
    calibration: calibrationOf(trace, new Set(trace.opKinds)),
    prices: { trap: 900 },
    wakeNs: 2_000,
    slices: { scale: 1.34, samples: 98 },
  } as unknown as WorkloadSummary
  const list = mount(ParameterList, { props: { workload }, global: { plugins } })
  void useSimulationStore().load()
  await flushPromises()
  const all = (part: string) => list.findAll(part).map((one) => one.text())
  expect(all('.from')).toEqual([
    'the trace: median of 98',
    'set',
    expect.stringMatching(/^the trace: median of \d/),
    'list price, scaled as the trace does its part',
    'default: from a book',
    'the trace: mean onto an idle CPU',
  ])
  expect(all('.value')[0]).toBe('1.34 ×')
  expect(all('.range')).toHaveLength(5)
  for (const range of all('.range')) expect(range).toMatch(/50 ns to 5\S* µs/)
})
