/** The Compare page's report in a real browser: one click, one file, and it says what the page said. */
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp, type TestApp } from '../support/window.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

async function compared(page: Page): Promise<void> {
  const pages = page.getByRole('navigation', { name: 'Pages' })
  await pages.getByRole('button', { name: /^Compare/ }).click()
  await page.getByRole('listbox', { name: 'Scenarios' }).waitFor()
  await page.getByLabel('Simulated time').fill('2')
  await page.getByLabel('Seeds', { exact: true }).fill('2')
  await page.getByLabel('Schedules searched').fill('100')
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await page.getByRole('button', { name: 'Report' }).waitFor()
}

describe('the report of the Compare page', () => {
  it('is saved as a page and as text', async () => {
    const { page, problems, close } = await app.open()
    await compared(page)
    for (const [kind, pattern] of [
      ['Page', /^<!doctype html>[^]*Under the mutex[^]*faultline compare --scenario SC1/],
      ['Text', /^SC1 Under the mutex\n=+\n[^]*faultline compare --scenario SC1/],
    ] as const) {
      await page.getByRole('button', { name: 'Report' }).click()
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('menuitem', { name: new RegExp(`^${kind}`) }).click(),
      ])
      expect(download.suggestedFilename()).toBe(kind === 'Page' ? 'faultline-SC1.html' : 'faultline-SC1.txt')
      expect(readFileSync(await download.path(), 'utf8')).toMatch(pattern)
      await page.getByText(`Saved ${download.suggestedFilename()}`).waitFor()
    }
    expect(problems).toEqual([])
    await close()
  })
})
