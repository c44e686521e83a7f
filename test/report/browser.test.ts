/** The report in a real browser: from a file, without a network, its policy kept, its charts and tables answering. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { compareReport } from '#electron/report/report.ts'
import { findChromium, launchBrowser } from '../support/browser.ts'
import { smallComparison } from '../support/small-runs.ts'
import { FILM } from './support.ts'

const found = await findChromium()
if (found === undefined) process.stderr.write('the report is not looked at: no Chromium on this machine\n')

describe.skipIf(found === undefined)('a report in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-report-'))
  const path = join(folder, 'report.html')
  const problems: string[] = []
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    writeFileSync(path, compareReport({ result: smallComparison(), command: 'c', version: '1', films: [FILM] }))
    browser = await launchBrowser()
    page = await browser.newPage({ viewport: { width: 1280, height: 720 } })
    page.on('console', (message) => problems.push(message.text()))
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) problems.push(request.url())
    })
    await page.goto(`file://${path}`)
  })
  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true })
  })

  const speeds = () => page.locator('section', { hasText: 'Speed and safety' }).locator('tbody tr th')

  it('sorts a table by a click on a head, the other way by a second one', async () => {
    const before = await speeds().allInnerTexts()
    const head = page.getByRole('button', { name: 'operations', exact: true }).first()
    await head.click()
    const falling = await speeds().allInnerTexts()
    await head.click()
    expect(await speeds().allInnerTexts()).toEqual([...falling].reverse())
    expect([...falling].sort()).toEqual([...before].sort())
    expect(falling.at(-1)).toContain('F')
  })

  it('names the values under the pointer, and none of a run that was left out', async () => {
    const figure = page.locator('section', { hasText: 'Latency of' }).locator('figure').first()
    const chart = figure.locator('svg.chart')
    const hover = async (at: number) => {
      await chart.scrollIntoViewIfNeeded()
      const box = await chart.boundingBox()
      await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) * at, (box?.y ?? 0) + (box?.height ?? 0) / 2)
    }
    await hover(0.9)
    expect(await figure.getByRole('status').innerText()).toMatch(/^E {2}\d.* % took at most .*\nF {2}.*\nK {2}/)
    await figure.getByRole('button', { name: 'F' }).click()
    await hover(0.9)
    await hover(0.8)
    expect(await figure.getByRole('status').innerText()).not.toMatch(/^F/m)
    // its line and its band
    expect(await figure.locator('path.off').count()).toBe(2)
    expect(await figure.locator('path.band.off').count()).toBe(1)
  })

  it('stays inside the window’s width', async () => {
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0)
  })

  it('breaks no policy and asks for nothing', () => {
    expect(problems).toEqual([])
  })
})
