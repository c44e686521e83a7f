/**
 * A host that does not answer while a page is fetched: asleep, or gone; one that was started again. The window says so
 * in the page's place, and everything is there again when the host is. In a real browser.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Page, Route } from 'playwright-core'
import { createEngine } from '#electron/engine/engine.ts'
import { PAGE } from '#electron/launch/build.ts'
import { serveWeb } from '#electron/web/server.ts'
import { sharedApp } from '../support/shared-app.ts'
import { onPage, seriousFindings, type TestWindow } from '../support/window.ts'

const app = sharedApp([{ kind: 'sample', sample: 'dax-ext4' }])

async function opened(): Promise<TestWindow> {
  // Not a fresh window: what is open comes back.
  const window = await app.open({ address: '' })
  await window.page.getByRole('navigation', { name: 'Open traces' }).getByText('dax-ext4').waitFor()
  await choose(window.page, 'Overview')
  await onPage(window.page, 'Overview')
  return window
}
const choose = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Pages' }).getByRole('button', { name }).click()

describe('a host that was started again', () => {
  /** Where such a host stands, the window takes its new address in the same tab. */
  it('is reached by the address it prints, pasted over the old one; an old one pasted later changes nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'faultline-again-'))
    const start = async (port?: number) => {
      const engine = await createEngine({ host: 'web', dataDir: join(folder, 'data') })
      const host = await serveWeb({ engine, page: PAGE, ...(port === undefined ? {} : { port }) })
      return { ...host, close: async () => (await host.close(), await engine.close()) }
    }
    const first = await start()
    const { page, close } = await app.open({ url: first.url, address: '' })
    await onPage(page, 'Open')
    await first.close()
    const second = await start(first.port)
    const paste = (url: string) => page.evaluate((to) => void (location.href = to), url)
    const banner = page.getByText('This page may not talk to the engine.')
    await banner.waitFor()
    await paste(second.url)
    await banner.waitFor({ state: 'detached' })
    await page.getByRole('heading', { level: 2, name: 'Samples' }).waitFor()
    await paste(`${first.url}&page=help`)
    await onPage(page, 'Help')
    expect(await page.evaluate(() => location.href)).toBe(second.url)
    await close()
    await second.close()
    rmSync(folder, { recursive: true })
  })
})

describe('a dialog whose files', () => {
  it('cannot be had is said, once, in a notice that offers to load the window anew', async () => {
    const { page, problems, close } = await opened()
    await page.route('**/HelpDialog*', (route) => route.abort())
    for (let again = 0; again < 2; again++) {
      await page.keyboard.press('?')
      const notice = page.getByText('A part of the window could not be loaded')
      await notice.waitFor()
      expect(await notice.count()).toBe(1)
      await page.keyboard.press('Escape')
    }
    await page.unroute('**/HelpDialog*')
    await page.waitForTimeout(700) // what is shown is kept a moment after it changed
    await page.getByRole('button', { name: 'Reload' }).click()
    await onPage(page, 'Overview')
    await page.keyboard.press('?')
    await page.getByRole('dialog').waitFor()
    expect(problems.filter((problem) => problem.startsWith('uncaught'))).toEqual([])
    const others = problems.filter((problem) => !/HelpDialog|ERR_FAILED|load preload assets/.test(problem))
    expect(others).toEqual([])
    await close()
  })
})

describe('a page whose files', () => {
  it('are long in coming is said to be loading, and comes', async () => {
    const { page, problems, close } = await opened()
    const held: Route[] = []
    await page.route('**/ContentionPage*.js', (route) => void held.push(route))
    await choose(page, 'Contention')
    await page.getByRole('main').getByRole('status').getByText('Loading…').waitFor()
    for (const route of held) await route.continue()
    await onPage(page, 'Contention')
    expect(problems).toEqual([])
    await close()
  })

  it('cannot be had is said so, also when it is chosen again, and is there when the window is loaded anew', async () => {
    const { page, problems, close } = await opened()
    await page.route('**/LatencyPage*', (route) => route.abort())
    await choose(page, 'Latency')
    const said = page.getByRole('alert').filter({ hasText: 'This page could not be loaded' })
    await said.waitFor()
    expect(await seriousFindings(page)).toEqual([])
    await page.unroute('**/LatencyPage*')
    await choose(page, 'Overview')
    await onPage(page, 'Overview')
    await choose(page, 'Latency')
    await said.waitFor()
    await page.waitForTimeout(700) // what is shown is kept a moment after it changed
    await said.getByRole('button', { name: 'Reload' }).click()
    await onPage(page, 'Latency')
    await page.getByRole('navigation', { name: 'Open traces' }).getByText('dax-ext4').waitFor()
    // What the browser and Vue say of files that do not come, and nothing else; nothing is left uncaught.
    expect(problems.filter((problem) => problem.startsWith('uncaught'))).toEqual([])
    const others = problems.filter((problem) => !/LatencyPage|ERR_FAILED|load preload assets/.test(problem))
    expect(others).toEqual([])
    expect(problems.length).toBeGreaterThan(0)
    await close()
  })
})
