/**
 * A window for a bench: the built page on the loopback host with an engine of its own that starts with one file, and a page of
 * headless Chromium that has not gone there yet. Everything ends with the bench, however it ends.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { createEngine, type Engine } from '#electron/engine/engine.ts'
import { buildPage, PAGE } from '#electron/launch/build.ts'
import { serveWeb } from '#electron/web/server.ts'
import { launchBrowser } from '../support/browser.ts'

export interface Hosted {
  readonly browser: Browser
  readonly page: Page
  readonly engine: Engine
  readonly url: string
}

/** `running`: a browser that stays, for several windows one after another. */
export async function hosted<T>(path: string, run: (window: Hosted) => Promise<T>, running?: Browser): Promise<T> {
  await buildPage((text) => console.log(text))
  const folder = mkdtempSync(join(tmpdir(), 'faultline-bench-'))
  const engine = await createEngine({
    host: 'web',
    dataDir: join(folder, 'data'),
    root: dirname(path),
    startWith: [{ kind: 'path', path }],
  })
  const host = await serveWeb({ engine, page: PAGE, hasRoot: true })
  const browser = running ?? (await launchBrowser())
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    const result = await run({ browser, page, engine, url: host.url })
    await page.close()
    return result
  } finally {
    if (running === undefined) await browser.close()
    await host.close()
    await engine.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
