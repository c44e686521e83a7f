// @vitest-environment happy-dom
/** The list of tables beside the SQL editor says when it is being read, and when that failed. */
import { flushPromises, mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { useFilesStore } from '#renderer/stores/files.ts'
import { useSqlStore } from '#renderer/stores/sql.ts'
import SchemaTree from '#renderer/panels/sql/SchemaTree.vue'
import { fakeHost, importSummary, openedFile, windowOf } from './support/fake-host.ts'

it('is being read, could not be read, and is there when asked again', async () => {
  let works = false
  const answers = [
    { columns: [], rows: [['op', 'id', 'INTEGER', 1, null]], truncated: false },
    { columns: [], rows: [[7]], truncated: false },
  ]
  const host = fakeHost({
    'files.open': () => ({ opened: openedFile('a'), imported: importSummary() }),
    'query.run': () => (works ? answers.shift() : Promise.reject(new Error('no'))),
  })
  const wrapper = mount(SchemaTree, { global: { plugins: [windowOf(host)] } })
  const sql = useSqlStore(host.pinia)
  await useFilesStore(host.pinia).open({ kind: 'source', source: { kind: 'path', path: 'a' }, name: 'a' })
  const busy = () => wrapper.get('section').attributes('aria-busy')
  await flushPromises()
  expect([busy(), wrapper.text()]).toEqual(['true', expect.stringContaining('Reading the tables…')])
  await sql.loadSchema()
  await expect.poll(() => wrapper.get('[role=alert]').text()).toContain('could not be read')
  expect(busy()).toBe('false')
  works = true
  await wrapper.get('[role=alert] button').trigger('click')
  await expect.poll(() => wrapper.get('summary').text()).toBe('op7')
  expect(wrapper.find('[role=alert]').exists()).toBe(false)
  wrapper.unmount()
})
