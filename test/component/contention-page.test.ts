// @vitest-environment happy-dom
/** The contention page over a small trace: what it lists, what a selection does to the rest, and what it cannot know. */
import { afterEach, describe, expect, it } from 'vitest'
import { SPAN_CONTENDED } from '#shared/model/kinds.ts'
import type { Trace } from '#shared/model/trace.ts'
import ContentionPage from '#renderer/pages/ContentionPage.vue'
import { traceOf } from '../support/small-trace.ts'
import { mountPage, type PageUnderTest } from './contention-host.ts'

/**
 *  reader  ....wait 20-50....hold 50-60            i_mmap_rwsem, waits for writer
 *  writer  hold 10-50 (map_blocks 12-48)            i_mmap_rwsem
 *  puncher ..wait 30-40, hold 40-45                 i_data_sem, waits for reader's other hold
 *  reader  hold 25-40                               i_data_sem
 *  idle_lock is taken once and never waited for
 */
function story(): Trace {
  const us = 1000
  return traceOf({
    tasks: ['reader', 'writer', 'puncher'],
    classes: [
      ['i_mmap_rwsem', 'rwsem'],
      ['i_data_sem', 'rwsem'],
      ['idle_lock', 'mutex'],
    ],
    locks: [0, 1, 2],
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
      { lock: 2, task: 2, mode: 0, acquiredNs: 70 * us, releasedNs: 71 * us },
    ],
    edges: [
      { waiter: 0, holder: 1, overlapNs: 30 * us, phase: 0 },
      { waiter: 2, holder: 3, overlapNs: 10 * us },
    ],
  })
}

/** Only contention_begin and contention_end: waits are known, holds are not. */
function contentionOnly(): Trace {
  const waited = { lock: 0, mode: 0, flags: SPAN_CONTENDED }
  return traceOf({
    classes: [['rwsem', 'unknown']],
    spans: [
      { ...waited, task: 0, requestedNs: 10, acquiredNs: 30 },
      { ...waited, task: 1, requestedNs: 20, acquiredNs: 60 },
    ],
  })
}

/** A reader stood behind a writer that got the lock after 30 µs. */
function behindWriter(): Trace {
  const us = 1000
  return traceOf({
    tasks: ['reader', 'writer'],
    durationNs: 100 * us,
    spans: [
      { task: 0, mode: 1, requestedNs: 10 * us, acquiredNs: 50 * us, releasedNs: 60 * us },
      { task: 1, requestedNs: 5 * us, acquiredNs: 40 * us, releasedNs: 45 * us },
    ],
    edges: [{ waiter: 0, holder: 1, overlapNs: 30 * us, kind: 1 }],
  })
}

let mounted: PageUnderTest | undefined
async function shown(trace: Trace): Promise<PageUnderTest> {
  mounted = await mountPage(ContentionPage, trace)
  return mounted
}
afterEach(() => mounted?.page.unmount())

const tableRows = ({ page }: PageUnderTest) => page.findAll('section[aria-label="Locks"] tbody tr')
const panel = ({ page }: PageUnderTest, title: string) => page.get(`section[aria-label="${title}"]`)

describe('contention page', () => {
  it('lists what was waited for, most first, and says how many locks there are', async () => {
    const host = await shown(story())
    const rows = tableRows(host)
    expect(rows.map((row) => row.get('td').text())).toEqual(['i_mmap_rwsem', 'i_data_sem'])
    expect(rows[0].text()).toContain('shared')
    expect(host.page.get('.pagehead').text()).toContain('2 of 4')
  })

  it('says the unit of every time, of sums of waits too', async () => {
    const times = tableRows(await shown(story()))[0]
      .findAll('td')
      .slice(4, 12)
      .map((cell) => cell.text())
    for (const time of times) expect(time).toMatch(/^–$|(ns|µs|ms|s)$/)
    expect(times[0]).toMatch(/^\d.*µs$/)
  })

  it('shows uncontended locks too when asked', async () => {
    const host = await shown(story())
    await host.command('contention.filter')
    expect(tableRows(host)).toHaveLength(4)
    expect(host.page.get('.pagehead').text()).toContain('2 of 4')
  })

  it('filters every panel by the row that is selected, and takes it back on a second click', async () => {
    const host = await shown(story())
    expect(panel(host, 'Hold time by phase').text()).toContain('worst: i_mmap_rwsem, shared')
    await tableRows(host)[1].trigger('click')
    await host.settle()
    expect(host.selection.current).toEqual({ lockClass: 1, mode: 'exclusive' })
    expect(panel(host, 'Hold time by phase').get('.sub').text()).toMatch(/^i_data_sem, exclusive/)
    expect(panel(host, 'Waiter × holder').get('.sub').text()).toContain('wait for i_data_sem')
    expect(panel(host, 'Worst wait chain').text()).toContain('puncher')
    expect(tableRows(host)).toHaveLength(2)
    await tableRows(host)[1].trigger('click')
    await host.settle()
    expect(host.selection.isEmpty).toBe(true)
  })

  it('tells the worst wait down to its root, and steps to the next with ]', async () => {
    const host = await shown(story())
    const chain = () => panel(host, 'Worst wait chain').get('ol')
    expect(chain().attributes('aria-label')).toContain('reader (read fault) waits for i_mmap_rwsem, shared, 30.0 µs')
    expect(chain().text()).toContain('writer write fault, in map_blocks')
    expect(chain().text()).toContain('holds i_mmap_rwsem, exclusive for 40.0 µs, root')
    await host.command('contention.next')
    expect(chain().text()).toContain('puncher')
    await host.command('contention.previous')
    expect(chain().text()).toContain('writer')
  })

  it('says in words what was done under the lock', async () => {
    const host = await shown(story())
    host.selection.select({ lockClass: 0, mode: 'exclusive' })
    await host.settle()
    expect(panel(host, 'Hold time by phase').text()).toContain('90 % of exclusive hold time is inside map_blocks')
  })

  it('shows the waits of a pair that is chosen in the matrix from the keyboard', async () => {
    const host = await shown(story())
    const matrix = panel(host, 'Waiter × holder').get('.plot')
    expect(matrix.attributes('aria-label')).toContain('reader waited 30.0 µs for writer, 75 % of all explained waiting')
    await matrix.trigger('focus')
    await matrix.trigger('keydown', { key: 'Enter' })
    await host.settle()
    expect(panel(host, 'Waits of the pair').get('.sub').text()).toContain('1 of 1')
    await panel(host, 'Waits of the pair').get('button.link').trigger('click')
    await host.settle()
    expect(panel(host, 'Worst wait chain').get('.sub').text()).toContain('1 of 2')
  })

  it('says how much of the matrix was behind writers that were queued and held nothing', async () => {
    const rest = async (trace: Trace) => panel(await shown(trace), 'Waiter × holder').find('.rest')
    expect((await rest(story())).exists()).toBe(false)
    mounted?.page.unmount()
    expect((await rest(behindWriter())).text()).toContain('30.0 µs was behind a writer that waited itself')
  })

  it('selects a task in the task grouping and keeps listing the others', async () => {
    const host = await shown(story())
    await host.page
      .findAll('[role=radio]')
      .find((radio) => radio.text() === 'Task')
      ?.trigger('click')
    await host.settle()
    const before = tableRows(host).length
    await tableRows(host)[0].trigger('click')
    await host.settle()
    expect(host.selection.current).toEqual({ task: 0 })
    expect(tableRows(host)).toHaveLength(before)
  })

  it('names the range in which nothing was waited for, and offers the way back', async () => {
    const host = await shown(story())
    host.selection.select({ range: { fromNs: 65_000, toNs: 80_000 } })
    await host.settle()
    expect(host.page.text()).toContain('No contended lock from 65.0 to 80.0 µs')
    await host.page
      .findAll('button')
      .find((button) => button.text() === 'Show uncontended')
      ?.trigger('click')
    await host.settle()
    expect(tableRows(host)).toHaveLength(1)
  })

  it('goes to the nearest time somebody waited', async () => {
    const host = await shown(story())
    host.selection.select({ range: { fromNs: 65_000, toNs: 80_000 } })
    await host.settle()
    await host.page
      .findAll('button')
      .find((button) => button.text().startsWith('Go to nearest'))
      ?.trigger('click')
    await host.settle()
    expect(host.selection.current.range).toEqual({ fromNs: 49_500, toNs: 50_000 })
    expect(tableRows(host).map((row) => row.get('td').text())).toEqual(['i_mmap_rwsem'])
  })
})

it('does not ask for events that were recorded where no hold lies in the waits', async () => {
  const spans = [
    { task: 0, requestedNs: 0, acquiredNs: 20_000, releasedNs: 30_000 },
    { task: 1, requestedNs: 50_000, acquiredNs: 60_000, releasedNs: 70_000 },
  ]
  const host = await shown(traceOf({ spans, durationNs: 80_000 }))
  expect(panel(host, 'Waiter × holder').text()).toContain('No hold that was recorded lies in these waits')
  expect(panel(host, 'Waiter × holder').text()).not.toContain('were recorded.')
})

describe('a trace of contention events only', () => {
  it('has dashes with a reason for holds, never 0, and says what was not recorded', async () => {
    const host = await shown(contentionOnly())
    const dashes = tableRows(host)[0]
      .findAll('span.dim[title]')
      .filter((dash) => dash.text() === '–')
    expect(dashes.map((dash) => dash.attributes('title'))).toContain(
      'this trace shows waits for rwsem, but not when it was held',
    )
    expect(tableRows(host)[0].text()).toContain('holds not recorded')
    expect(panel(host, 'Hold time by phase').text()).toContain('This trace has waits, but no holds')
    expect(panel(host, 'Waiter × holder').text()).toContain('nobody is known to have held the lock')
    expect(panel(host, 'Worst wait chain').text()).toContain('holder unknown')
  })

  it('without any lock event says so', async () => {
    const host = await shown(traceOf({ locks: [], classes: [] }))
    expect(host.page.text()).toContain('This trace has no lock events')
    expect(panel(host, 'Worst wait chain').text()).toContain('This trace cannot show waits')
    expect(panel(host, 'Hold time by phase').text()).toContain('This trace has no lock events')
    expect(panel(host, 'Hold time by phase').text()).not.toContain('contention')
  })
})
