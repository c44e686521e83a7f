/** One app for all tests of a file: started before the first, closed after the last. Each test opens windows of its own. */
import { afterAll, beforeAll } from 'vitest'
import type { Source } from '#shared/contract/methods.ts'
import { startApp, type AppOptions, type TestApp } from './window.ts'

export function sharedApp(startWith: readonly Source[] = [], options: AppOptions = {}): Pick<TestApp, 'open'> {
  let app: TestApp | undefined
  beforeAll(async () => {
    app = await startApp(startWith, options)
  })
  afterAll(() => app?.close())
  return {
    open(options) {
      if (app === undefined) throw new Error('windows are opened by tests, once the app has started')
      return app.open(options)
    },
  }
}
