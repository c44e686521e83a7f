/**
 * Traces at the edges in a real browser: every page about a trace opens on them, no page scrolls sideways, no number is cut, nothing
 * is logged as an error, and no view takes long. What they look like was looked at; this keeps them from breaking.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, describe, expect, it } from 'vitest'
import { extremes, writeExtremes } from '../support/extreme-traces.ts'
import { sharedApp } from '../support/shared-app.ts'
import { chooseFiles, go, NO_OVERFLOW, onPage, overflow, settled, SMALL_WINDOW } from '../support/window.ts'

const folder = mkdtempSync(join(tmpdir(), 'faultline-extremes-'))
const paths = new Map(writeExtremes(folder))
const app = sharedApp()
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const PAGES = ['Overview', 'Timeline', 'Contention', 'Latency', 'Lock order', 'SQL'] as const

/** Cells that begin with a digit and show only a part of their text: a number that is cut is another number. */
const cutNumbers = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll('td')]
      .filter((cell) => /^\d/.test(cell.innerText) && cell.scrollWidth > cell.clientWidth)
      .map((cell) => cell.innerText),
  )

describe('every page about a trace', () => {
  it.each(Object.keys(extremes))('opens on %s', async (name) => {
    const { page, problems, close } = await app.open({ size: SMALL_WINDOW })
    await onPage(page, 'Open')
    await chooseFiles(page, () => page.keyboard.press('Control+O'), paths.get(name) ?? '')
    await onPage(page, 'Overview')
    for (const title of PAGES) {
      await go(page, title)
      await settled(page)
      expect(await overflow(page), title).toEqual(NO_OVERFLOW)
      expect(await cutNumbers(page), title).toEqual([])
    }
    expect(problems).toEqual([])
    await close()
  })
})
