/** What the timeline's row heads say in figures: nothing that the figures do not. */
import { expect, it } from 'vitest'
import type { Client } from '#shared/contract/methods.ts'
import type { TimelineRow, TimelineRows } from '#shared/timeline/types.ts'
import { rowsLoader } from '#renderer/stores/timeline-rows.ts'

const ROW: TimelineRow = {
  ...{ id: 'task:0', section: 'task', group: 0, label: 'reader', detail: '7', lanes: { op: 1, wait: 1 } },
  ...{ slices: 2, busyNs: 10_000, heldNs: 0, waitedNs: 0, firstNs: 0, lastNs: 30_000 },
}

async function noteOf(row: TimelineRow): Promise<string> {
  const sections = { task: 1, cpu: 0, lock: 0, inode: 0, counter: 0 }
  const answer: TimelineRows = {
    section: 'task',
    sections,
    groups: [],
    groupTotal: 0,
    rows: [row],
    total: 1,
    offset: 0,
  }
  const loader = rowsLoader({ call: () => Promise.resolve(answer) } as unknown as Client)
  await loader.load({
    ...{ file: 'f', trace: 1, sections: ['task'], text: '', idle: false, sort: 'waited', always: [] },
    clock: 'ns',
  })
  return loader.loaded.value?.sections[0].rows[0].note ?? ''
}

it('a task that waited between its operations too has not waited all of their time', async () => {
  expect(await noteOf({ ...ROW, waitedNs: 12_000 })).toBe('busy 10.0 µs, wait 12.0 µs')
  expect(await noteOf({ ...ROW, busyNs: 0, waitedNs: 12_000 })).toBe('waited 12.0 µs')
  expect(await noteOf(ROW)).toBe('busy 10.0 µs')
  expect(await noteOf({ ...ROW, slices: 0 })).toBe('nothing recorded')
})
