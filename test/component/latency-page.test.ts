// @vitest-environment happy-dom
/** The latency page over a small trace: kinds, the brush from the keyboard, its finding, and what is too few to tell. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Trace } from '#shared/model/trace.ts'
import LatencyPage from '#renderer/pages/LatencyPage.vue'
import { traceOf, type SmallOp } from '../support/small-trace.ts'
import { mountPage, type PageUnderTest } from './contention-host.ts'

const us = 1000
/** 150 write faults of 10 µs, two of 900 µs that waited, and four quick reads by another task. */
function story(): Trace {
  const ops: SmallOp[] = [
    ...Array.from({ length: 150 }, (_, i) => ({
      task: 0,
      kind: 'write_fault' as const,
      startNs: i * 60 * us,
      durationNs: 10 * us,
      waitNs: 0,
      inode: 0,
    })),
    { task: 0, kind: 'write_fault', startNs: 9_100 * us, durationNs: 900 * us, waitNs: 800 * us, inode: 0 },
    { task: 0, kind: 'write_fault', startNs: 10_100 * us, durationNs: 900 * us, waitNs: 800 * us, inode: 1 },
    ...Array.from({ length: 4 }, (_, i) => ({
      task: 1,
      kind: 'read' as const,
      startNs: i * us * 100,
      durationNs: 2 * us,
      waitNs: 0,
    })),
  ]
  return traceOf({
    tasks: ['writer', 'reader', 'puncher'],
    durationNs: 12_000 * us,
    ops,
    spans: [
      { task: 0, op: 150, requestedNs: 9_150 * us, acquiredNs: 9_950 * us, releasedNs: 9_960 * us },
      { task: 2, acquiredNs: 9_000 * us, releasedNs: 9_950 * us },
      { task: 0, op: 151, requestedNs: 10_150 * us, acquiredNs: 10_950 * us, releasedNs: 10_960 * us },
    ],
    edges: [{ waiter: 0, holder: 1, overlapNs: 800 * us }],
  })
}

/** A fault stood behind a writer that got the lock after 30 µs. */
function queued(): Trace {
  return traceOf({
    tasks: ['writer', 'reader', 'puncher'],
    durationNs: 100 * us,
    ops: [{ task: 0, kind: 'write_fault', startNs: 0, durationNs: 60 * us, waitNs: 40 * us }],
    spans: [
      { task: 0, op: 0, mode: 1, requestedNs: 10 * us, acquiredNs: 50 * us, releasedNs: 60 * us },
      { task: 2, requestedNs: 5 * us, acquiredNs: 40 * us, releasedNs: 45 * us },
    ],
    edges: [{ waiter: 0, holder: 1, overlapNs: 30 * us, kind: 1 }],
  })
}

let mounted: PageUnderTest | undefined
async function shown(trace: Trace): Promise<PageUnderTest> {
  mounted = await mountPage(LatencyPage, trace)
  return mounted
}
afterEach(() => mounted?.page.unmount())

const panel = ({ page }: PageUnderTest, title: string) => page.get(`section[aria-label="${title}"]`)
const heat = ({ page }: PageUnderTest) => page.get('.lg .plot')

describe('latency page', () => {
  it('is about the kind that took most time until another is selected, for every page', async () => {
    const host = await shown(story())
    expect(host.page.get('.chip[aria-pressed=true]').text()).toContain('write fault')
    expect(host.selection.isEmpty).toBe(true)
    await host.page
      .findAll('.chip[aria-pressed]')
      .find((chip) => chip.text().includes('read(2)'))
      ?.trigger('click')
    await host.settle()
    expect(host.selection.current).toEqual({ op: 'read' })
    expect(panel(host, 'Read(2) calls: time × latency').text()).toContain('count per cell')
    expect(panel(host, 'Slowest').get('.sub').text()).toBe('4 of 4')
  })

  it('says half and 99 % of them in the label of the heat map', async () => {
    const host = await shown(story())
    expect(heat(host).attributes('aria-label')).toContain('152 in all, half of them under 10.0 µs, 99 % under 900 µs')
  })

  it('brushes the slowest from the keyboard and says what that means', async () => {
    const host = await shown(story())
    await heat(host).trigger('keydown', { key: 'Enter' })
    await host.settle()
    expect(heat(host).text()).toContain('2 write faults, 1.3 %')
    expect(heat(host).text()).toContain('but 100 % of the waiting of all write faults')
    expect(panel(host, 'Worst in the brush').findAll('tbody tr')).toHaveLength(2)
    expect(panel(host, 'Worst in the brush').text()).toContain('held by puncher')
    expect(panel(host, 'Worst in the brush').text()).toContain('holder unknown')
  })

  it('moves and changes the brush with arrows, and never lets them reach the page', async () => {
    const host = await shown(story())
    await heat(host).trigger('keydown', { key: 'Enter' })
    await heat(host).trigger('keydown', { key: 'ArrowLeft', shiftKey: true })
    await host.settle()
    const chip = () =>
      host.page
        .findAll('.pagehead .chip')
        .find((one) => one.text().startsWith('Brush'))
        ?.text()
    expect(chip()).toMatch(/^Brush 11\.9 ms × above/)
    await heat(host).trigger('keydown', { key: 'ArrowDown' })
    await host.settle()
    expect(chip()).not.toContain('above')
  })

  it('makes the brush the time range of all pages, and clears it with Esc before the range', async () => {
    const host = await shown(story())
    await host.command('latency.slowest')
    await heat(host).trigger('keydown', { key: 'ArrowLeft', shiftKey: true })
    await host.command('latency.range')
    expect(host.selection.current.range).toEqual({ fromNs: 0, toNs: 11_900 * us })
    await host.command('latency.clear')
    expect(host.page.text()).not.toContain('Worst in the brush')
    expect(host.selection.current.range).toBeDefined()
    await expect(host.command('latency.clear')).rejects.toThrow('no such command applies')
  })

  it('leaves percentiles unknown that would be the maximum, with the reason', async () => {
    const host = await shown(story())
    const cell = (kind: string, column: number) => {
      const row = panel(host, 'Percentiles')
        .findAll('tbody tr')
        .find((one) => one.text().includes(kind))
      return row?.findAll('td')[column]
    }
    expect(cell('write fault', 6)?.text()).toBe('900.0')
    expect(cell('write fault', 7)?.text()).toBe('–')
    expect(cell('read(2)', 6)?.get('.dim').attributes('title')).toBe(
      '4 operations are too few: it would be their maximum',
    )
  })

  it('selects a file in the inode grouping', async () => {
    const host = await shown(story())
    await host.page
      .findAll('[role=radio]')
      .find((radio) => radio.text() === 'Inode')
      ?.trigger('click')
    await host.settle()
    const row = panel(host, 'Percentiles')
      .findAll('tbody tr')
      .find((one) => one.text().includes('1:1:2'))
    await row?.trigger('click')
    await host.settle()
    expect(host.selection.current).toEqual({ inode: 1 })
    expect(panel(host, 'Slowest').get('.sub').text()).toBe('1 of 1')
  })

  it('chooses the wait of a slow operation without filtering anything', async () => {
    const host = await shown(story())
    await panel(host, 'Slowest').findAll('tbody tr')[0].trigger('click')
    await host.settle()
    expect(Object.keys(host.selection.current)).toEqual(['wait'])
    expect(panel(host, 'Slowest').get('.sub').text()).toBe('152 of 152')
  })

  it('does not say that no lock was waited for where waits were not recorded', async () => {
    const ops = [{ task: 0, kind: 'read' as const, startNs: 0, durationNs: us }]
    const host = await shown(traceOf({ tasks: ['reader'], ops, locks: [], classes: [], durationNs: 2 * us }))
    const [row] = panel(host, 'Slowest').findAll('tbody tr')
    expect(row.text()).not.toContain('no lock')
    expect(row.html()).toContain('title="lock waits were not recorded"')
  })

  it('does not call a writer that was queued before the operation its holder', async () => {
    const host = await shown(queued())
    const [row] = panel(host, 'Slowest').findAll('tbody tr')
    expect(row.text()).toContain('queued behind puncher')
    expect(row.html()).toContain('queued behind puncher, which waited for it too')
    expect(row.html()).not.toContain('held by')
  })

  it('says that a trace shows no operations, and what to record', async () => {
    const host = await shown(traceOf({}))
    expect(host.page.text()).toContain('This trace shows no operations')
    expect(host.page.text()).toContain('page_fault_user')
  })
})
