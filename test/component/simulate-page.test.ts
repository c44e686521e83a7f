// @vitest-environment happy-dom
/** The simulate page over a catalogue: the form it makes, what it sends, progress, cancel, errors, and the opened trace. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { ApiError } from '#shared/base/errors.ts'
import type { RunResult } from '#shared/contract/simulation.ts'
import SimulatePage from '#renderer/pages/SimulatePage.vue'
import { useFilesStore } from '#renderer/stores/files.ts'
import { useViewStore } from '#renderer/stores/view.ts'
import { smallCatalog } from '../support/small-comparison.ts'
import { fakeHost, openedFile, windowOf, type FakeHost } from './support/fake-host.ts'
import { putTokens } from './support/tokens.ts'

beforeAll(putTokens)
let page: VueWrapper | undefined
afterEach(() => page?.unmount())

async function shown(host: FakeHost): Promise<VueWrapper> {
  page = mount(
    { components: { SimulatePage }, template: '<main><SimulatePage /></main>' },
    {
      attachTo: document.body,
      global: { plugins: [windowOf(host)] },
    },
  )
  await flushPromises()
  useViewStore().goTo('simulate')
  return page
}
const host = () => fakeHost({ 'sim.catalog': () => smallCatalog, 'files.recent': () => [] })
const button = (on: VueWrapper, name: string) => {
  const found = on.findAll('button').find((one) => one.text() === name || one.attributes('aria-label') === name)
  if (!found) throw new Error(`no button ${name}`)
  return found
}
const field = (on: VueWrapper, title: string) => {
  const label = on.findAll('label').find((one) => one.text() === title)
  return on.get(`#${CSS.escape(label?.attributes('for') ?? '')}`)
}
const result = (part: Partial<RunResult> = {}): RunResult => ({
  file: 'run.faultline',
  scenario: 'SC1',
  strategy: 'E',
  slots: {},
  fs: 'ext4',
  params: {},
  seed: 1,
  digest: 'd',
  events: 1_000,
  ops: 10,
  simulatedNs: 1e6,
  wallMs: 100,
  violations: [],
  counters: {},
  deadlock: null,
  opCounts: [{ op: 'write_fault', count: 10, failed: 0, meanNs: 2_000, p50Ns: 1_900, p99Ns: 7_000, maxNs: 9_000 }],
  opened: openedFile('run'),
  ...part,
})

describe('simulate page', () => {
  it('makes its form from the catalogue and sends only what was changed', async () => {
    const engine = host()
    const on = await shown(engine)
    expect(on.findAll('[role=option]').map((one) => one.text())).toEqual([
      'SC1Under the mutexWhat does it cost?',
      'SC9AnotherAnd this?',
    ])
    await field(on, 'Threads').setValue('16')
    await on.get('.slot select').setValue('early')
    await button(on, 'Run').trigger('click')
    expect(engine.of('sim.run')[0]?.params).toEqual({
      scenario: 'SC1',
      set: { threads: 16 },
      strategy: 'E,tx=early',
      seed: 1,
      keep: true,
    })
  })

  it('says what a strategy protects and costs, and where that is known from', async () => {
    const on = await shown(host())
    for (const words of ['what E protects', 'what E costs', 'history of E', 'a mail'])
      expect(on.text()).toContain(words)
  })

  it('does not run what is out of range, and says why', async () => {
    const engine = host()
    const on = await shown(engine)
    await field(on, 'Threads').setValue('99')
    expect(on.get('[role=alert]').text()).toBe('must be 1 to 64')
    expect(button(on, 'Run').attributes('disabled')).toBeDefined()
    expect(on.get('.pagehead').text()).toContain('Threads must be 1 to 64')
  })

  it('shows how far a run is and cancels it', async () => {
    const engine = host()
    const on = await shown(engine)
    await button(on, 'Run').trigger('click')
    const [run] = engine.of('sim.run')
    run?.options.onProgress?.({ stage: '', done: 5e7, total: 2e8, unit: 'ns', events: 10, elapsedMs: 2_000 })
    await flushPromises()
    expect(on.get('[role=progressbar]').attributes('aria-valuenow')).toBe('25')
    expect(on.text()).toContain('6.0 s left')
    await button(on, 'Cancel SC1 E').trigger('click')
    await flushPromises()
    expect(run?.options.signal?.aborted).toBe(true)
    expect(on.text()).toContain('Nothing was run yet')
  })

  it('opens what was recorded as a trace and goes there', async () => {
    const engine = host()
    const on = await shown(engine)
    await button(on, 'Run').trigger('click')
    engine.of('sim.run')[0]?.resolve(result())
    await flushPromises()
    expect(useFilesStore().current?.file).toBe('run')
    expect(useViewStore().page).toBe('overview')
  })

  it('keeps a violation and a deadlock in words beside the run', async () => {
    const engine = host()
    const on = await shown(engine)
    await button(on, 'Run').trigger('click')
    engine.of('sim.run')[0]?.resolve(
      result({
        deadlock: { atNs: 1_000, cycle: 'a waits for x, b waits for y' },
        violations: [{ invariant: 'V5', message: 'a page shows foreign bytes', count: 2, atNs: 5, seed: 1 }],
      }),
    )
    await flushPromises()
    expect(on.text()).toContain('a waits for x, b waits for y')
    expect(on.text()).toContain('a page shows foreign bytes')
  })

  it('says what failed and what to do, and tries again', async () => {
    const engine = host()
    const on = await shown(engine)
    await button(on, 'Run').trigger('click')
    engine.of('sim.run')[0]?.reject(new ApiError('limit', 'too many events', 'simulate less time'))
    await flushPromises()
    expect(on.get('[role=alert]').text()).toContain('Too many events.')
    expect(on.get('[role=alert]').text()).toContain('Simulate less time.')
    await button(on, 'Try again').trigger('click')
    expect(engine.of('sim.run')).toHaveLength(2)
  })

  it('asks for the catalogue again when it could not be had', async () => {
    const engine = fakeHost()
    const on = await shown(engine)
    engine.of('sim.catalog')[0]?.reject(new ApiError('internal', 'the engine has ended'))
    await flushPromises()
    await button(on, 'Try again').trigger('click')
    engine.of('sim.catalog')[1]?.resolve(smallCatalog)
    await flushPromises()
    expect(on.text()).toContain('Under the mutex')
  })
})
