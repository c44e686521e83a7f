/**
 * Traces at the edges in a real browser: every page about a trace opens on them, no page scrolls sideways, nothing is logged as an
 * error, and no view takes long. What they look like was looked at; this keeps them from breaking.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { extremes, writeExtremes } from '../support/extreme-traces.ts'
import { SMALL_WINDOW, startApp, type TestApp } from '../support/window.ts'

const folder = mkdtempSync(join(tmpdir(), 'faultline-extremes-'))
const paths = new Map(writeExtremes(folder))
let app: TestApp
beforeAll(async () => {
  app = await startApp()
}, 240_000)
afterAll(async () => {
  await app.close()
  rmSync(folder, { recursive: true, force: true })
})

const PAGES = ['Overview', 'Timeline', 'Contention', 'Latency', 'Lock order', 'SQL'] as const

describe('every page about a trace', () => {
  it.each(Object.keys(extremes))('opens on %s', async (name) => {
    const { page, problems, close } = await app.open({ size: SMALL_WINDOW })
    page.setDefaultTimeout(60_000)
    await page.getByRole('heading', { level: 1, name: 'Open' }).waitFor()
    // The chooser itself is the browser's: its race with the key is not what is asked here.
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles(paths.get(name) ?? '')
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor({ timeout: 180_000 })
    for (const title of PAGES) {
      await page
        .getByRole('navigation', { name: 'Pages' })
        .getByRole('button', { name: new RegExp(`^${title}`) })
        .click()
      await page.getByRole('heading', { level: 1, name: title }).waitFor()
      await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
      const over = await page.evaluate(() => [
        document.documentElement.scrollWidth - window.innerWidth,
        document.documentElement.scrollHeight - window.innerHeight,
      ])
      expect([title, ...over]).toEqual([title, 0, 0])
    }
    expect(problems).toEqual([])
    await close()
  })
})
