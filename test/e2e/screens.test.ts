/**
 * The window on other screens and for other eyes, in a real browser: the browser's zoom, and high contrast as systems have
 * it (forced colours).
 */
import { expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { sharedApp } from '../support/shared-app.ts'
import { go, LARGE_WINDOW, onPage, settled, type TestWindow } from '../support/window.ts'

const app = sharedApp([{ kind: 'sample', sample: 'dax-ext4' }])

async function opened(): Promise<TestWindow> {
  const window = await app.open()
  await window.page.getByRole('navigation', { name: 'Open traces' }).getByText('dax-ext4').first().waitFor()
  await onPage(window.page, 'Overview')
  return window
}

/** Pixels of every chart per CSS pixel, each value once. */
const densities = (page: Page): Promise<number[]> =>
  page.evaluate(() => [
    ...new Set(
      [...document.querySelectorAll('canvas')].map(
        (canvas) => Math.round((10 * canvas.width) / canvas.getBoundingClientRect().width) / 10,
      ),
    ),
  ])

it('charts are as sharp as the screen when the browser is zoomed with the page open', async () => {
  const { page, problems, close } = await opened()
  const session = await page.context().newCDPSession(page)
  const zoom = (factor: number) =>
    session.send('Emulation.setDeviceMetricsOverride', {
      width: Math.round(LARGE_WINDOW.width / factor),
      height: Math.round(LARGE_WINDOW.height / factor),
      deviceScaleFactor: factor,
      mobile: false,
    })
  for (const title of ['Overview', 'Contention', 'Timeline', 'Latency']) {
    await zoom(1)
    await go(page, title)
    await settled(page)
    await expect.poll(() => densities(page), { message: title }).toEqual([1])
    await zoom(1.5)
    await expect.poll(() => densities(page), { message: title }).toEqual([1.5])
  }
  expect(problems).toEqual([])
  await close()
})

it('forced colours leave what has the focus, what is chosen and what only a fill tells to be seen', async () => {
  const { page, problems, close } = await opened()
  await page.emulateMedia({ forcedColors: 'active' })
  const outlined = () => page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle)
  for (let i = 0; i < 25; i++) {
    await page.keyboard.press('Tab')
    expect(await outlined()).toBe('solid')
  }
  await go(page, 'Contention')
  await settled(page)
  const style = (selector: string, name: string) =>
    page
      .locator(selector)
      .first()
      .evaluate((element, property) => getComputedStyle(element).getPropertyValue(property), name)
  expect(await style('.seg > .on', 'outline-style')).toBe('solid')
  await page.getByRole('button', { name: 'CSV' }).focus()
  await page.keyboard.press('Tab')
  expect(await style('tr.active', 'outline-style')).toBe('solid')
  await go(page, 'Timeline')
  // held, held while others wait, waiting
  const fills = await page
    .locator('.sq')
    .evaluateAll((all) => new Set(all.map((one) => getComputedStyle(one).background)).size)
  expect(fills).toBe(3)
  expect(problems).toEqual([])
  await close()
})
