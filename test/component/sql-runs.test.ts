// @vitest-environment happy-dom
/** What the SQL page runs is what it shows, and what it says of an error counts as the editor beside it counts. */
import { mount } from '@vue/test-utils'
import { beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { ApiError } from '#shared/base/errors.ts'
import { useFilesStore } from '#renderer/stores/files.ts'
import { useSqlStore } from '#renderer/stores/sql.ts'
import ResultPanel from '#renderer/panels/sql/ResultPanel.vue'
import SqlEditor from '#renderer/panels/sql/SqlEditor.vue'
import SqlPage from '#renderer/pages/SqlPage.vue'
import { fakeHost, importSummary, openedFile, windowOf, type FakeHost } from './support/fake-host.ts'
import { putTokens } from './support/tokens.ts'

const NARROW = "select count(*) from op where kind = 'truncate'"
const WIDE = 'select count(*) from op'

beforeAll(putTokens)
let host: FakeHost
beforeEach(() => {
  host = fakeHost({
    'files.open': () => ({ opened: openedFile('a'), imported: importSummary() }),
    'files.recent': () => [],
  })
})
const plugins = () => ({ global: { plugins: [windowOf(host)] } })
const openA = () => useFilesStore(host.pinia).open({ kind: 'source', source: { kind: 'path', path: 'a' }, name: 'a' })
const ran = () => host.of('query.run').map(({ params }) => params['sql'])

it('runs the draft that is shown, not as much of it as was selected in another', async () => {
  const panel = mount(ResultPanel, plugins())
  await openA()
  const sql = useSqlStore(host.pinia)
  sql.add(NARROW)
  const narrow = sql.current.id
  sql.add(WIDE)
  sql.caret = { from: 0, to: WIDE.length }
  sql.choose(narrow)
  void sql.run()
  expect(ran()).toEqual([NARROW])
  panel.unmount()
})

it('runs the whole statement when the page is come back to', async () => {
  const panel = mount(ResultPanel, plugins())
  await openA()
  const sql = useSqlStore(host.pinia)
  sql.add(NARROW)
  sql.caret = { from: 0, to: WIDE.length }
  const editor = mount(SqlEditor, plugins())
  void sql.run()
  expect(ran()).toEqual([NARROW])
  editor.unmount()
  panel.unmount()
})

it('explains the statement that took too long, alone', async () => {
  const panel = mount(ResultPanel, plugins())
  await openA()
  const sql = useSqlStore(host.pinia)
  sql.add('select 1;\nselect 2 from op, op')
  sql.caret = { from: 12, to: 12 }
  void sql.run()
  host.of('query.run')[0]?.reject(new ApiError('limit', 'SQL: it took more than 60 s'))
  await vi.waitFor(() => panel.get('[role=alert] button'))
  await panel.get('[role=alert] button').trigger('click')
  expect(ran()).toEqual(['select 2 from op, op', 'EXPLAIN QUERY PLAN\nselect 2 from op, op'])
  panel.unmount()
})

it('says where an error is in lines of the draft', async () => {
  const panel = mount(ResultPanel, plugins())
  await openA()
  const sql = useSqlStore(host.pinia)
  sql.add('select 1;\n\nselect *\nfrom nope;\nselect 3')
  sql.caret = { from: 12, to: 12 }
  void sql.run()
  expect(ran()).toEqual(['select *\nfrom nope'])
  const at = { offset: 14, length: 4, line: 2, column: 6 }
  host.of('query.run')[0]?.reject(new ApiError('bad-input', 'SQL: no such table: nope (line 2, column 6)', '', at))
  await vi.waitFor(() => expect(panel.get('[role=alert]').text()).toContain('nope (line 4, column 6)'))
  // Beside the statement alone, as in the history, it is the statement's second.
  expect(sql.past[0]?.message).toContain('line 2, column 6')
  panel.unmount()
})

it('says that the tables of a file with several traces hold all of them', async () => {
  const page = mount(SqlPage, { global: { ...plugins().global, stubs: { SqlEditor: true } } })
  await openA()
  await page.vm.$nextTick()
  const head = () => page.get('section[aria-label=Query]').text()
  expect(head()).not.toContain('trace_id')
  const files = useFilesStore(host.pinia)
  const { traces, ...file } = openedFile('b')
  await files.adopt({ ...file, traces: traces.flatMap((trace) => [trace, { ...trace, id: trace.id + 1 }]) })
  files.choose('b')
  await page.vm.$nextTick()
  expect(head()).toContain('all 2 traces of the file, told apart by trace_id')
  page.unmount()
})
