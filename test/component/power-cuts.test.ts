// @vitest-environment happy-dom
/** The crash scrubber keeps to the film that is shown: the cuts of the one before it are gone before the new ones are there. */
import { expect, it } from 'vitest'
import { nextTick } from 'vue'
import { useCutStore } from '#renderer/stores/races-cuts.ts'
import { useFilmStore } from '#renderer/stores/races-film.ts'
import { fakeHost, inWindow } from './support/fake-host.ts'

const settle = () => new Promise((resolve) => setTimeout(resolve))
const points = (task: string) => ({
  points: [{ point: 1, move: 0, task, lines: [], violations: [], recovered: {}, states: [] }],
  replay: null,
})
const replayed = (schedule: string) => ({
  ...{
    schedule,
    scenario: 'SC2',
    subject: 'SC2',
    strategy: 'E',
    slots: {},
    fs: 'ext4',
    outcome: 'held',
    invariants: [],
  },
  ...{ findings: [], deadlock: null, tasks: ['a'], preemptions: 0, initialState: {}, wallMs: 1 },
  steps: [{ n: 1, move: 0, task: 'a', action: 'begins' }],
  lockOrder: { edges: [], cycles: [] },
})

it('another film has no cuts until its own are there; eADR keeps them while it asks again', async () => {
  const host = fakeHost({ 'schedule.replay': ({ params }) => replayed(params['schedule'] as string) })
  const { result, app } = inWindow(host, () => ({ film: useFilmStore(), cuts: useCutStore() }))
  const { film, cuts } = result
  cuts.on = true
  await film.replay('fl1:SC2:E:a:1')
  await settle()
  host.of('crash.points').at(-1)?.resolve(points('first'))
  await settle()
  expect(cuts.point?.task).toBe('first')
  cuts.eadr = true
  await settle()
  expect([host.of('crash.points').length, cuts.point?.task]).toEqual([2, 'first'])
  host.of('crash.points').at(-1)?.resolve(points('first, eADR'))
  await settle()
  await film.replay('fl1:SC2:E:b:2')
  await nextTick()
  await settle()
  expect([cuts.state, cuts.point]).toEqual(['loading', undefined])
  host.of('crash.points').at(-1)?.resolve(points('second'))
  await settle()
  expect(cuts.point?.task).toBe('second')
  app.unmount()
})
