// @vitest-environment happy-dom
/** What the window keeps with the engine is not lost with a host that went: the tab has it until one takes it. */
import { beforeEach, expect, it } from 'vitest'
import { ApiError } from '#shared/base/errors.ts'
import { useKeptStore } from '#renderer/stores/kept.ts'
import { fakeHost, inWindow, tick } from './support/fake-host.ts'

const WRITTEN_MS = 350
beforeEach(() => sessionStorage.clear())

it('what was typed while no host answered is there when the window is loaded anew, and is written then', async () => {
  const gone = fakeHost({
    'window.keep': () => {
      throw new ApiError('disconnected', 'the connection to the engine was lost')
    },
  })
  const before = inWindow(gone, () => useKeptStore())
  before.result.keep('sql', () => ({ drafts: ['SELECT 1'] }))
  await tick(WRITTEN_MS)
  before.app.unmount()

  const started = fakeHost({ 'window.kept': () => ({ sql: { drafts: ['SELECT 0'] }, settings: { theme: 'dark' } }) })
  const after = inWindow(started, () => useKeptStore())
  expect(await after.result.load()).toEqual({ sql: { drafts: ['SELECT 1'] }, settings: { theme: 'dark' } })
  await tick(1)
  expect(started.of('window.keep').map(({ params }) => params)).toEqual([
    { key: 'sql', value: { drafts: ['SELECT 1'] } },
  ])
  expect(sessionStorage.length).toBe(0)
  after.app.unmount()
})

it('what was written, or refused for itself, leaves nothing in the tab', async () => {
  const host = fakeHost({
    'window.keep': ({ params }) => {
      if (params['key'] === 'sql') throw new ApiError('limit', 'too large')
      return null
    },
  })
  const { result, app } = inWindow(host, () => useKeptStore())
  result.keep('settings', () => ({ theme: 'dark' }))
  result.keep('sql', () => 'x')
  await tick(WRITTEN_MS)
  expect(sessionStorage.length).toBe(0)
  app.unmount()
})
