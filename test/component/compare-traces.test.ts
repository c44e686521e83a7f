// @vitest-environment happy-dom
/** Traces to replay or to lay beside each other: what the pickers show is what is compared. */
import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import TracePicker from '#renderer/panels/compare/TracePicker.vue'
import { useComparisonStore } from '#renderer/stores/comparison.ts'
import { subjectOf } from '#renderer/stores/experiments.ts'
import { useFilesStore } from '#renderer/stores/files.ts'
import { useTraceStore } from '#renderer/stores/trace.ts'
import { smallCatalog } from '../support/small-comparison.ts'
import { fakeHost, openedFile, windowOf } from './support/fake-host.ts'

/** A recording and its replays in one file, the trace that is looked at the last of them. */
async function picker(kind: 'trace' | 'traces') {
  const host = fakeHost({ 'sim.catalog': () => smallCatalog, 'files.recent': () => [] })
  const on = mount(TracePicker, { attachTo: document.body, global: { plugins: [windowOf(host)] } })
  const { traces, ...file } = openedFile('a')
  const files = useFilesStore(host.pinia)
  await files.adopt({
    ...file,
    traces: traces.flatMap((one) => [1, 2, 3].map((id) => ({ ...one, id, name: `trace ${id}` }))),
  })
  files.choose('a')
  useTraceStore(host.pinia).chooseTrace(3)
  const comparison = useComparisonStore(host.pinia)
  comparison.kind = kind
  await on.vm.$nextTick()
  const shown = () => on.findAll('select').map((one) => (one.element as HTMLSelectElement).selectedOptions[0]?.text)
  return { on, comparison, shown }
}

it('replays the trace that is looked at, where no other was chosen', async () => {
  const { on, comparison, shown } = await picker('trace')
  expect(comparison.request).toMatchObject({ kind: 'trace', params: { file: 'a', trace: 3 } })
  expect(shown()).toEqual(['a.faultline: trace 3'])
  on.unmount()
})

it('varies the holds of the replay that was compared, arrivals included', async () => {
  const { on, comparison } = await picker('trace')
  comparison.arrivalText = 'all=open'
  await on.vm.$nextTick()
  const { request } = comparison
  const { arrival } = request.kind === 'trace' ? request.params : { arrival: undefined }
  expect(arrival).toBeDefined()
  expect(subjectOf(request)).toMatchObject({ kind: 'trace', file: 'a', trace: 3, arrival })
  on.unmount()
})

it('lays no trace beside itself', async () => {
  const { on, comparison, shown } = await picker('traces')
  const compared = on.get('select[aria-label="Compared recording"]')
  const offered = () => compared.findAll('option').map((one) => one.text())
  expect(offered()).toEqual(['a.faultline: trace 1', 'a.faultline: trace 2'])
  await compared.setValue('a 2')
  await on.get('select[aria-label="Baseline recording"]').setValue('a 2')
  expect(offered()).toEqual(['a.faultline: trace 1', 'a.faultline: trace 3'])
  expect(shown()).toEqual(['a.faultline: trace 2', 'a.faultline: trace 1'])
  const places = [2, 1].map((trace) => ({ file: 'a', trace }))
  expect(comparison.request).toEqual({ kind: 'traces', params: { traces: places } })
  on.unmount()
})
