// @vitest-environment happy-dom
/** The Overview over a small trace: the finding in words, what selecting does, and what it says when it cannot know. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Trace } from '#shared/model/trace.ts'
import OverviewPage from '#renderer/pages/OverviewPage.vue'
import { traceOf } from '../support/small-trace.ts'
import { mountPage, type PageUnderTest } from './contention-host.ts'

const us = 1000

/** A reader waits 30 µs for a writer that maps blocks meanwhile, and a puncher 10 µs for another lock of the reader's. */
function story(): Trace {
  return traceOf({
    tasks: ['reader', 'writer', 'puncher'],
    classes: [
      ['i_mmap_rwsem', 'rwsem'],
      ['i_data_sem', 'rwsem'],
    ],
    locks: [0, 1],
    durationNs: 100 * us,
    ops: [
      { task: 0, kind: 'read_fault', startNs: 18 * us, durationNs: 45 * us, waitNs: 30 * us },
      { task: 1, kind: 'write_fault', startNs: 8 * us, durationNs: 44 * us, waitNs: 0 },
      { task: 2, kind: 'punch_hole', startNs: 28 * us, durationNs: 20 * us, waitNs: 10 * us },
    ],
    phases: [{ task: 1, name: 'map_blocks', startNs: 12 * us, durationNs: 36 * us }],
    spans: [
      { lock: 0, task: 0, op: 0, mode: 1, requestedNs: 20 * us, acquiredNs: 50 * us, releasedNs: 60 * us },
      { lock: 0, task: 1, op: 1, mode: 0, acquiredNs: 10 * us, releasedNs: 50 * us },
      { lock: 1, task: 2, op: 2, mode: 0, requestedNs: 30 * us, acquiredNs: 40 * us, releasedNs: 45 * us },
      { lock: 1, task: 0, op: 0, mode: 0, acquiredNs: 25 * us, releasedNs: 40 * us },
    ],
    edges: [
      { waiter: 0, holder: 1, overlapNs: 30 * us, phase: 0 },
      { waiter: 2, holder: 3, overlapNs: 10 * us },
    ],
  })
}

let mounted: PageUnderTest | undefined
afterEach(() => mounted?.page.unmount())
async function overview(trace: Trace): Promise<PageUnderTest> {
  mounted = await mountPage(OverviewPage, trace)
  return mounted
}
const panel = (test: PageUnderTest, title: string) => test.page.get(`section[aria-label="${title}"]`)

const taskBars = (test: PageUnderTest) =>
  panel(test, 'Tasks')
    .findAll('[aria-label]')
    .map((one) => one.attributes('aria-label'))
    .join('\n')

describe('the Overview', () => {
  it('says the finding: how much was waited, for what, while the holder did what', async () => {
    const test = await overview(story())
    const words = test.page.get('.pagehead').text()
    expect(words).toContain('Tasks waited 40.0 µs')
    expect(words).toContain('75 % of it for i_mmap_rwsem')
    expect(words).toContain('mostly while its holder was mapping blocks')
  })

  it('gives the key figures', async () => {
    const text = panel(await overview(story()), 'Key figures').text()
    expect(text).toContain('Operations3')
    expect(text).toContain('Worst wait30.0µs')
  })

  it('lists operations with the share they waited, and selects by them', async () => {
    const test = await overview(story())
    const rows = panel(test, 'Operations').findAll('tbody tr')
    expect(rows).toHaveLength(3)
    const row = rows.find((one) => one.text().includes('punch hole'))
    expect(row?.get('[role=img]').attributes('aria-label')).toBe('waiting 10.0 µs of 20.0 µs: 50 %')
    await row?.trigger('click')
    await test.settle()
    expect(test.selection.current).toEqual({ op: 'punch_hole' })
    expect(panel(test, 'Operations').findAll('tbody tr')).toHaveLength(3)
    expect(panel(test, 'Key figures').text()).toContain('Operations1')
  })

  it('leads from the worst wait to its chain', async () => {
    const test = await overview(story())
    const rows = panel(test, 'Worst waits').findAll('tbody tr')
    expect(rows[0]?.text()).toMatch(/\d µs$|\dµs$/)
    expect(rows[0]?.text()).toContain('i_mmap_rwsem')
    expect(rows[0]?.text()).toContain('writer map_blocks')
    await rows[0]?.trigger('dblclick')
    expect(test.selection.current.wait).toBe(0)
  })

  it('keeps everything else visible when a range is chosen that holds nothing, and offers the way back', async () => {
    const test = await overview(story())
    test.selection.select({ range: { fromNs: 90 * us, toNs: 99 * us } })
    await test.settle()
    expect(panel(test, 'Operations').text()).toContain('No operation matches the selection')
    await panel(test, 'Operations').get('button.btn').trigger('click')
    await test.settle()
    expect(test.selection.isEmpty).toBe(true)
    expect(panel(test, 'Operations').findAll('tbody tr')).toHaveLength(3)
  })

  it('says of a trace without events that it is one, and offers no range to drag', async () => {
    const test = await overview(traceOf({ tasks: [] }))
    expect(test.page.get('.pagehead').text()).toContain('This trace has no events')
    expect(panel(test, 'Operations over time').get('.ph').text()).not.toContain('drag to select')
  })

  it('does not call it zero where waits were not recorded', async () => {
    const test = await overview(
      traceOf({ tasks: ['reader'], ops: [{ task: 0, kind: 'read', startNs: 0, durationNs: 10 }] }),
    )
    expect(test.page.get('.pagehead').text()).toContain('what waited for what cannot be known')
    expect(test.page.get('.pagehead').text()).toContain('Lock waits not recorded')
    expect(panel(test, 'Worst locks').text()).toContain('This trace has no lock events')
    const waiting = panel(test, 'Key figures').findAll('.kpi')[3]
    expect(waiting?.text()).toContain('–')
  })

  it('calls uncontended lock events by their name, not "no lock events"', async () => {
    const test = await overview(
      traceOf({
        tasks: ['writer'],
        ops: [{ task: 0, kind: 'write', startNs: 0, durationNs: 10 }],
        spans: [{ acquiredNs: 2, releasedNs: 5 }],
      }),
    )
    const head = test.page.get('.pagehead').text()
    expect(head).toContain('lock events and no contention among them')
    expect(head).toContain('No contention events')
    expect(panel(test, 'Worst locks').text()).toContain('No contention among its lock events')
    expect(panel(test, 'Worst locks').text()).toContain('Nothing waited, or lock_contended was not recorded.')
    const waiting = panel(test, 'Key figures').findAll('.kpi')[3]
    expect(waiting?.text()).toContain('–')
    expect(waiting?.get('b').attributes('title')).toContain('lock_contended was not recorded')
    expect(test.page.text()).not.toContain('no lock events')
  })

  it('shows a wait that never ended first, with the time it was seen, and says that it did not end', async () => {
    const test = await overview(
      traceOf({
        tasks: ['holder', 'stuck', 'other'],
        classes: [
          ['i_rwsem', 'rwsem'],
          ['j_lock', 'mutex'],
        ],
        locks: [0, 1],
        durationNs: 900 * us,
        ops: [{ task: 1, kind: 'truncate', startNs: 90 * us }],
        spans: [
          { lock: 0, task: 0, acquiredNs: 0 },
          { lock: 0, task: 1, requestedNs: 100 * us },
          { lock: 1, task: 2, requestedNs: 20 * us, acquiredNs: 30 * us, releasedNs: 40 * us },
        ],
        edges: [{ waiter: 1, holder: 0, overlapNs: 800 * us }],
      }),
    )
    const words = test.page.get('.pagehead').text()
    expect(words).toContain('Tasks waited 810 µs, 99 % of it for i_rwsem')
    expect(words).toContain('The longest, at least 800 µs for i_rwsem, was not seen to end.')
    expect(panel(test, 'Key figures').text()).toContain('Worst wait800µsor more: not seen to end, i_rwsem')
    const [first] = panel(test, 'Worst waits').findAll('tbody tr')
    expect(first?.text()).toContain('holder')
    expect(panel(test, 'Worst locks').html()).toContain('i_rwsem: 800 µs in 1 wait, 1 of them not seen to end')
  })

  it('says so where task states were not recorded, and shows time inside operations instead', async () => {
    const test = await overview(story())
    expect(panel(test, 'Tasks').text()).toContain('no scheduler events: time inside operations')
    expect(panel(test, 'Tasks').text()).toContain('working in operations as a share of')
    expect(taskBars(test)).toContain('reader: 15 % working in operations')
  })

  it('shows the waiting of tasks where operations were not recorded either, and not that they did nothing', async () => {
    const spans = [
      { lock: 0, task: 0, mode: 1 as const, requestedNs: 20 * us, acquiredNs: 50 * us, releasedNs: 60 * us },
    ]
    const test = await overview(traceOf({ tasks: ['reader'], durationNs: 100 * us, spans }))
    expect(panel(test, 'Tasks').text()).toContain('no scheduler events: time waiting for locks')
    expect(panel(test, 'Tasks').get('.legend').text()).toBe('waiting for locks')
    expect(taskBars(test)).toContain('reader: 30 % waiting for locks')
  })
})
