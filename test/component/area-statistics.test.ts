// @vitest-environment happy-dom
/** The figures beside the timeline are of what is in view, the trace's last instant included. */
import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import AreaStatistics from '#renderer/panels/timeline/AreaStatistics.vue'
import { timelineModel } from '#renderer/stores/timeline-model.ts'
import { fakeHost, tick, traceInfo, windowOf } from './support/fake-host.ts'
import { putTokens } from './support/tokens.ts'

it('takes in what begins when the trace ends, where that is in view', async () => {
  putTokens()
  const host = fakeHost()
  const model = timelineModel({ client: host.client, file: 'a', info: traceInfo({ durationNs: 10_000 }) })
  const wrapper = mount(AreaStatistics, {
    props: { model, marked: new Set<string>() },
    global: { plugins: [windowOf(host)] },
  })
  const asked = async () => {
    await tick(300) // moving is waited for
    const { fromNs, toNs } = host.of('timeline.statistics').at(-1)?.params ?? {}
    return [fromNs, toNs]
  }
  expect(await asked()).toEqual([0, 10_001])
  model.setWindow({ fromNs: 2_000, toNs: 7_000 })
  expect(await asked()).toEqual([2_000, 7_000])
  model.setWindow({ fromNs: 5_000, toNs: 10_000 })
  expect(await asked()).toEqual([5_000, 10_001])
  wrapper.unmount()
  model.close()
})
