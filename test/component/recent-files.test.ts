// @vitest-environment happy-dom
/** The list of recent files: each length in what its trace's clock counts. */
import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import type { RecentFile } from '#shared/contract/methods.ts'
import RecentFiles from '#renderer/panels/open/RecentFiles.vue'
import { useFilesStore } from '#renderer/stores/files.ts'
import { fakeHost, windowOf } from './support/fake-host.ts'
import { putTokens } from './support/tokens.ts'

const recent = (name: string, clockUnit: RecentFile['clockUnit']): RecentFile => ({
  source: { kind: 'path', path: `/${name}` },
  name,
  format: 'ftrace',
  clockUnit,
  durationNs: 2_000_000,
  events: 9,
  lost: 214_111,
  worstLock: 'inode',
  worstWaitNs: 3_000_000,
  worstKnown: true,
  openedAt: 0,
  missing: false,
})

it('a trace of ticks is so many ticks long, one listed before clocks were kept counts as one of time', async () => {
  putTokens()
  const host = fakeHost({
    'files.recent': () => [recent('counted', 'tick'), recent('timed', 'ns'), recent('earlier', null)],
  })
  const wrapper = mount(RecentFiles, { global: { plugins: [windowOf(host)] }, attachTo: document.body })
  await useFilesStore(host.pinia).refreshRecent()
  const rows = wrapper.findAll('tbody tr').map((row) => row.findAll('td').map((cell) => cell.text()))
  const times = rows.filter((cells) => cells.length > 1).map((cells) => [cells[2], cells[6]])
  expect(times.map((two) => two.map((text) => text?.replace(/\s/g, ' ')))).toEqual([
    ['2 000 000 ticks', '3 000 000 ticks'],
    ['2.00 ms', '3.00 ms'],
    ['2.00 ms', '3.00 ms'],
  ])
  wrapper.unmount()
})

it('a worst lock that is still looked for does not look like none', async () => {
  putTokens()
  const none = { worstLock: null, worstWaitNs: null }
  const host = fakeHost({
    'files.recent': () => [
      { ...recent('sought', 'ns'), ...none, worstKnown: false },
      { ...recent('quiet', 'ns'), ...none },
    ],
  })
  const wrapper = mount(RecentFiles, { global: { plugins: [windowOf(host)] }, attachTo: document.body })
  await useFilesStore(host.pinia).refreshRecent()
  const cells = wrapper.findAll('tbody tr td').filter((_, i) => [5, 6].includes(i % 9))
  expect(cells.map((cell) => [cell.text(), cell.find('span').attributes('title')])).toEqual([
    ...Array<string[]>(2).fill(['…', 'not known yet: it is looked for once the trace is open']),
    ...Array<string[]>(2).fill(['–', 'nothing waited, or waits were not recorded']),
  ])
  wrapper.unmount()
})
