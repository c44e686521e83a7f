// @vitest-environment happy-dom
/** The compare page: what it asks, progress, old results that stay, the verdict in one row, and runs recorded on demand. */
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { ApiError } from '#shared/base/errors.ts'
import ComparePage from '#renderer/pages/ComparePage.vue'
import { useCommandStore } from '#renderer/commands/index.ts'
import { useFilesStore } from '#renderer/stores/files.ts'
import { useSimulationStore } from '#renderer/stores/simulation.ts'
import { useViewStore } from '#renderer/stores/view.ts'
import { comparison, smallCatalog } from '../support/small-comparison.ts'
import { fakeHost, openedFile, windowOf, type FakeHost } from './support/fake-host.ts'
import { putTokens } from './support/tokens.ts'

beforeAll(() => {
  putTokens()
  vi.stubGlobal('requestAnimationFrame', (frame: () => void) => setTimeout(frame))
})
let page: VueWrapper | undefined
afterEach(() => page?.unmount())

/** The page shows what it has a piece per frame. */
async function settled(): Promise<void> {
  for (let frame = 0; frame < 20; frame++) await new Promise((resolve) => setTimeout(resolve))
  await flushPromises()
}
async function shown(host: FakeHost): Promise<VueWrapper> {
  page = mount(
    { components: { ComparePage }, template: '<main><ComparePage /></main>' },
    {
      attachTo: document.body,
      global: { plugins: [windowOf(host)], stubs: { EChart: true } },
    },
  )
  await settled()
  useViewStore().goTo('compare')
  return page
}
const host = () => fakeHost({ 'sim.catalog': () => smallCatalog, 'files.recent': () => [] })
const button = (on: VueWrapper, name: string) => {
  const found = on.findAll('button').find((one) => one.text() === name || one.attributes('aria-label') === name)
  if (!found) throw new Error(`no button ${name}`)
  return found
}
async function compared(engine: FakeHost): Promise<VueWrapper> {
  const on = await shown(engine)
  await button(on, 'Run').trigger('click')
  engine.of('sim.compare')[0]?.resolve(comparison())
  await settled()
  return on
}
const panel = (on: VueWrapper, title: string) => on.get(`section[aria-label="${title}"]`)

describe('setting up', () => {
  it('compares what the scenario names, its first as the baseline, with a curve over its threads', async () => {
    const engine = host()
    const on = await shown(engine)
    await button(on, 'Run').trigger('click')
    expect(engine.of('sim.compare')[0]?.params).toEqual({
      scenario: 'SC1',
      set: {},
      strategies: ['E', 'F', 'E,tx=early'],
      baseline: 'E',
      seeds: 6,
      seed: 1,
      explore: 10_000,
      sweep: { param: 'threads', values: [1, 2, 4, 8, 16], seeds: 1 },
    })
  })
  it('makes another strategy the baseline by putting it first', async () => {
    const engine = host()
    const on = await shown(engine)
    await button(on, 'Make F the baseline').trigger('click')
    await button(on, 'Run').trigger('click')
    expect(engine.of('sim.compare')[0]?.params).toMatchObject({ baseline: 'F', strategies: ['F', 'E', 'E,tx=early'] })
  })
  it('refuses one strategy alone and the same one twice, in words', async () => {
    const on = await shown(host())
    await on.get('select[aria-label="Add a strategy"]').setValue('F')
    expect(on.get('.pagehead').text()).toContain('F is there twice')
    for (const badge of ['F', 'F', 'E′']) await button(on, `Leave ${badge} out`).trigger('click')
    expect(on.get('.pagehead').text()).toContain('Two strategies or more are needed')
    expect(button(on, 'Run').attributes('disabled')).toBeDefined()
  })
  it('has no curve where a scenario has no number of threads', async () => {
    const engine = host()
    const on = await shown(engine)
    await on.findAll('[role=option]')[1]?.trigger('click')
    await button(on, 'Run').trigger('click')
    expect(engine.of('sim.compare')[0]?.params).not.toHaveProperty('sweep')
  })
})

describe('running', () => {
  it('shows per strategy how far it is and what it says so far, and cancels', async () => {
    const engine = host()
    const on = await shown(engine)
    await button(on, 'Run').trigger('click')
    const [call] = engine.of('sim.compare')
    const strategies = [
      { id: 'E', done: 2, total: 6, opsPerSecond: { mean: 400_000, ci95: null } },
      { id: 'F', done: 0, total: 6, opsPerSecond: null },
    ]
    call?.options.onProgress?.({ stage: '', done: 2, total: 12, unit: 'runs', events: 1, elapsedMs: 100, strategies })
    await settled()
    expect(panel(on, 'Comparing').text()).toContain('2 of 12 runs')
    expect(panel(on, 'Comparing').text()).toContain('400 k/s')
    await on
      .findAll('button')
      .find((one) => one.text().startsWith('Cancel'))
      ?.trigger('click')
    expect(call?.options.signal?.aborted).toBe(true)
    await settled()
    expect(on.find('section[aria-label="Comparing"]').exists()).toBe(false)
    expect(on.find('[role=alert]').exists()).toBe(false)
    expect(on.get('[role=status]').text()).toBe('Cancelled: nothing of it is kept')
  })
  it('keeps the old result while the next one is on its way, and when that fails', async () => {
    const engine = host()
    const on = await compared(engine)
    await button(on, 'Run').trigger('click')
    expect(panel(on, 'Speed and safety').text()).toContain('0.50 ×')
    engine.of('sim.compare')[1]?.reject(new ApiError('limit', 'too many runs', 'take fewer seeds'))
    await settled()
    expect(on.get('[role=alert]').text()).toContain('Take fewer seeds')
    expect(panel(on, 'Speed and safety').text()).toContain('0.50 ×')
  })
})

describe('the result', () => {
  it('has speed and safety of a strategy in one row, and never calls one safe', async () => {
    const on = await compared(host())
    const rows = panel(on, 'Speed and safety')
      .findAll('tbody tr')
      .map((row) => row.text())
    expect(rows[0]).toContain('nothing seen')
    expect(rows[1]).toContain('0.50 ×')
    expect(rows[1]).toContain('✕ V5')
    expect(rows[2]).toContain('too close')
    expect(on.text()).not.toMatch(/\bsafe\b(?!ty)(?! *\.)/)
    expect(panel(on, 'In words').text()).toContain('does not mean safe')
    expect(panel(on, 'In words').text()).toContain('Costs are those of one machine.')
  })
  it('says how much failed under each strategy, and of what kinds, where anything did', async () => {
    const engine = host()
    const on = await compared(engine)
    const heads = () =>
      panel(on, 'Speed and safety')
        .findAll('th')
        .map((one) => one.text())
    expect(heads()).not.toContain('Failed')
    await button(on, 'Run').trigger('click')
    const [one, other, ...rest] = comparison().strategies
    if (!one || !other) throw new Error('no strategies')
    const [op] = one.ops
    if (!op) throw new Error('no operations')
    const most = { in: 'runs', op: 'write_fault', failed: 99, count: 100 } as const
    const failing = { ...other, failed: 99, mostlyFailed: most, ops: [{ ...op, failed: 99 }] }
    engine.of('sim.compare')[1]?.resolve(comparison({ strategies: [one, failing, ...rest] }))
    await settled()
    expect(heads()).toContain('Failed')
    const cells = panel(on, 'Speed and safety')
      .findAll('td.failed, td')
      .filter((cell) => cell.text() === '99 %')
    expect(cells.map((cell) => cell.get('span').attributes('title'))).toEqual(['99 of 100 write_fault failed'])
  })
  it('hides a run by its number', async () => {
    const on = await compared(host())
    await useCommandStore()
      .applicable.find(({ id }) => id === 'compare.run-2')
      ?.run()
    await settled()
    expect(on.findAll('[aria-label="Runs shown"] button').map((one) => one.attributes('aria-pressed'))).toEqual([
      'true',
      'false',
      'true',
    ])
  })
  it('records the same run again when its trace is wanted, and opens it', async () => {
    const engine = host()
    const on = await compared(engine)
    await panel(on, 'Speed and safety').findAll('button.link')[1]?.trigger('click')
    expect(engine.of('sim.run')[0]?.params).toEqual({ scenario: 'SC1', set: {}, strategy: 'F', seed: 1, keep: true })
    engine.of('sim.run')[0]?.resolve({ opened: openedFile('trace-of-f') })
    await settled()
    expect(useFilesStore().current?.file).toBe('trace-of-f')
    expect(useViewStore().page).toBe('overview')
  })
  it('says why this run is not recorded, and not what went wrong with another', async () => {
    const engine = host()
    const on = await compared(engine)
    const earlier = useSimulationStore().start({ scenario: 'SC2', strategy: 'K', keep: true })
    engine.of('sim.run')[0]?.reject(new ApiError('bad-input', 'SC2 is broken'))
    await earlier
    await settled()
    const waiting = () => panel(on, 'Waiting over time').text()
    expect(waiting()).toContain('E is not recorded')
    expect(waiting()).not.toContain('SC2 is broken')
    await button(on, 'Record E').trigger('click')
    engine.of('sim.run')[1]?.reject(new ApiError('limit', 'the disk is full', 'make room'))
    await settled()
    expect(waiting()).toContain('The disk is full. Make room.')
    expect(waiting()).toContain('F is not recorded')
  })
  it('asks the recorded files, not the open trace, who waited when', async () => {
    const engine = host()
    const on = await compared(engine)
    await button(on, 'Record both').trigger('click')
    const runs = engine.of('sim.run')
    expect(runs.map(({ params }) => params['strategy'])).toEqual(['E', 'F'])
    runs.forEach((run, i) => run.resolve({ opened: openedFile(`rec${i}`) }))
    await settled()
    expect(engine.of('analysis.run').map(({ params }) => [params['file'], params['id']])).toEqual([
      ['rec0', 'contention-over-time'],
      ['rec1', 'contention-over-time'],
    ])
  })
})
