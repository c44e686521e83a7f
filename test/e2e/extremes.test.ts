/**
 * Traces at the edges in a real browser: every page about a trace opens on them, no page scrolls sideways, nothing is logged as an
 * error, and no view takes long. What they look like was looked at; this keeps them from breaking.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { extremes, writeExtremes } from '../support/extreme-traces.ts'
import { sharedApp } from '../support/shared-app.ts'
import { chooseFiles, go, NO_OVERFLOW, overflow, settled, SMALL_WINDOW } from '../support/window.ts'

const folder = mkdtempSync(join(tmpdir(), 'faultline-extremes-'))
const paths = new Map(writeExtremes(folder))
const app = sharedApp()
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const PAGES = ['Overview', 'Timeline', 'Contention', 'Latency', 'Lock order', 'SQL'] as const

describe('every page about a trace', () => {
  it.each(Object.keys(extremes))('opens on %s', async (name) => {
    const { page, problems, close } = await app.open({ size: SMALL_WINDOW })
    page.setDefaultTimeout(60_000)
    await page.getByRole('heading', { level: 1, name: 'Open' }).waitFor()
    await chooseFiles(page, () => page.keyboard.press('Control+O'), paths.get(name) ?? '')
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor({ timeout: 180_000 })
    for (const title of PAGES) {
      await go(page, title)
      await settled(page)
      expect(await overflow(page), title).toEqual(NO_OVERFLOW)
    }
    expect(problems).toEqual([])
    await close()
  })
})
