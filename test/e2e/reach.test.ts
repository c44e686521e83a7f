/**
 * What a pointer and a key reach: everything in a window smaller than the smallest layout or zoomed, the whole head of a column,
 * groups of choices by arrows. Fails on any console error.
 */
import { expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { sharedApp } from '../support/shared-app.ts'
import { go, NO_OVERFLOW, onPage, overflow, PAGES, settled, SMALL_WINDOW, type TestWindow } from '../support/window.ts'

const app = sharedApp([{ kind: 'sample', sample: 'dax-ext4' }])
async function opened(size: typeof SMALL_WINDOW): Promise<TestWindow> {
  const window = await app.open({ size })
  await onPage(window.page, 'Overview')
  return window
}
/** Buttons and fields of the page's head that begin or end outside of the window. */
const outside = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.pagehead :is(button, input, select)')]
      .filter((part) => part.getBoundingClientRect().right > window.innerWidth)
      .map((part) => part.innerText || part.outerHTML.slice(0, 80)),
  )
/** Panels nothing of which can be seen, wherever one scrolls. */
const flat = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.body .panel')]
      .filter((panel) => panel.offsetHeight < 48)
      .map((panel) => panel.getAttribute('aria-label') ?? panel.className),
  )

it.each([
  ['the smallest window of the desktop', { width: 960, height: 600 }],
  ['a window of 1440 × 900 at twice the zoom', { width: 720, height: 450 }],
])('%s shows every control of a page’s head, and no panel is flat', async (_, size) => {
  const { page, problems, close } = await opened(size)
  for (const title of PAGES) {
    await go(page, title)
    await settled(page)
    expect(await overflow(page), title).toEqual(NO_OVERFLOW)
    expect(await outside(page), title).toEqual([])
    expect(await flat(page), title).toEqual([])
  }
  expect(problems).toEqual([])
  await close()
})

it('a column is sorted by a click anywhere in its head', async () => {
  const { page, problems, close } = await opened(SMALL_WINDOW)
  await go(page, 'Contention')
  const head = page.getByRole('columnheader', { name: 'Acquired' })
  await head.click({ position: { x: 4, y: 4 } })
  await expect.poll(() => head.getAttribute('aria-sort')).toBe('descending')
  expect(problems).toEqual([])
  await close()
})

it('the strategies of Simulate are one stop of Tab, and arrows choose', async () => {
  const { page, problems, close } = await opened(SMALL_WINDOW)
  await go(page, 'Simulate')
  const strategies = page.getByRole('radiogroup', { name: 'Strategy' })
  const chosen = strategies.getByRole('radio', { checked: true })
  await chosen.focus()
  const before = await chosen.innerText()
  await page.keyboard.press('ArrowRight')
  await expect.poll(() => chosen.innerText()).not.toBe(before)
  expect(await chosen.evaluate((radio) => radio === document.activeElement)).toBe(true)
  await page.keyboard.press('Tab')
  expect(await strategies.evaluate((group) => group.contains(document.activeElement))).toBe(false)
  expect(problems).toEqual([])
  await close()
})

it('the way to the timeline in the head of a wait chain has a stop of Tab', async () => {
  const { page, problems, close } = await opened(SMALL_WINDOW)
  await go(page, 'Contention')
  const chain = page.getByRole('region', { name: 'Worst wait chain' })
  const next = chain.getByRole('button', { name: 'Next wait' })
  const show = chain.getByRole('button', { name: 'Show this wait in the timeline' })
  // It is there once the chain is.
  await show.waitFor()
  await settled(page)
  await next.focus()
  await page.keyboard.press('Shift+Tab')
  await expect.poll(() => show.evaluate((button) => button === document.activeElement)).toBe(true)
  expect(problems).toEqual([])
  await close()
})
