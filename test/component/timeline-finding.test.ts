// @vitest-environment happy-dom
/** Search in the timeline goes from hit to hit, also where several share a moment. */
import { expect, it } from 'vitest'
import { shallowRef } from 'vue'
import { lookUp, type Hits, type LookUp } from '#shared/timeline/search.ts'
import { timelineModel, type TimelineModel } from '#renderer/stores/timeline-model.ts'
import { useTimelineFinding } from '#renderer/stores/timeline-finding.ts'
import { traceOf } from '../support/small-trace.ts'
import { fakeHost, inWindow, tick, traceInfo } from './support/fake-host.ts'

const EVENT = 6
const NS = Float64Array.of(0, 50, 50, 50, 51, 900)
const trace = traceOf({})
const hits: Hits = {
  ns: NS,
  family: new Uint8Array(NS.length).fill(EVENT),
  ref: Uint32Array.from(NS, (_, i) => i),
  events: undefined,
  capped: false,
  rows: [],
}

function searching(fromNs = 0) {
  const host = fakeHost({
    'timeline.rows': () => new Promise(() => undefined),
    'timeline.search': ({ params }) =>
      lookUp(trace, hits, { atNs: 0, list: 0, ...params } as LookUp, (at) => ({
        kind: 'event',
        text: `${at}`,
        rows: [],
      })),
  })
  const made = inWindow(host, () => {
    const model = timelineModel({ client: host.client, file: 'a', info: traceInfo({ durationNs: 10_000 }) })
    model.setWindow({ fromNs, toNs: 10_000 })
    return useTimelineFinding(host.client, shallowRef<TimelineModel | undefined>(model))
  })
  const finding = made.result
  const at = async (): Promise<number | undefined> => {
    await tick(260) // typing is waited for
    return finding.whole.data.value?.at
  }
  finding.state.open = true
  finding.state.text = 'x'
  return { finding, at, host }
}

it('begins at the first hit in view, one at the very beginning included', async () => {
  expect(await searching().at()).toBe(0)
  expect(await searching(10).at()).toBe(1)
})

it('goes to every hit, and after the last to the first', async () => {
  const { finding, at } = searching()
  const seen = [await at()]
  for (let i = 0; i < NS.length; i++) {
    finding.go('next')
    seen.push(await at())
  }
  expect(seen).toEqual([0, 1, 2, 3, 4, 5, 0])
  for (let i = 0; i < NS.length; i++) {
    finding.go('previous')
    seen.push(await at())
  }
  expect(seen.slice(7)).toEqual([5, 4, 3, 2, 1, 0])
})

it('comes to the hits before the window, where there are none behind its beginning', async () => {
  const { finding, at } = searching(5_000)
  expect(await at()).toBe(-1)
  finding.go('next')
  expect(await at()).toBe(0)
})

it('does not step from hits of what was typed before', async () => {
  const { finding, at, host } = searching()
  await at()
  finding.go('next')
  await at()
  finding.state.text = 'xy'
  finding.go('next')
  expect(await at()).toBe(0)
  expect(host.of('timeline.search').at(-1)?.params).toMatchObject({ atNs: 0, find: { text: 'xy' } })
})
