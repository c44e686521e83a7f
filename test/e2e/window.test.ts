/**
 * The window in a real browser, on a real kernel's trace: open, see the worst lock, what was done under it and who waited,
 * select and brush, switch theme. Every test fails on any console error, CSP violation or uncaught exception.
 */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sampleText, SMALL } from '../support/engine.ts'
import { sharedApp } from '../support/shared-app.ts'
import {
  go,
  LARGE_WINDOW,
  NO_OVERFLOW,
  onPage,
  overflow,
  seriousFindings,
  settled,
  SMALL_WINDOW,
  type TestApp,
  type TestWindow,
} from '../support/window.ts'

const app = sharedApp([{ kind: 'sample', sample: 'dax-ext4' }])

const PAGES = ['Open', 'Overview', 'Contention', 'Latency'] as const

async function opened(options?: Parameters<TestApp['open']>[0]): Promise<TestWindow> {
  const window = await app.open(options)
  await onPage(window.page, 'Overview')
  await settled(window.page)
  return window
}

describe('a start on the bundled sample', () => {
  it('shows the worst lock, what was done under it and who waited, in words', async () => {
    const { page, problems, close } = await opened()
    const locks = page.getByRole('region', { name: 'Worst locks' })
    await locks.getByRole('img', { name: /&sb->s_type->i_mutex_key: [\d.]+ s in \d+ waits/ }).waitFor()
    const waits = page.getByRole('region', { name: 'Worst waits' })
    expect(await waits.getByRole('row').count()).toBeGreaterThan(3)
    await go(page, 'Contention')
    await settled(page)
    await page.getByRole('grid').getByText('mapping.invalidate_lock').first().click()
    await page
      .getByRole('region', { name: /Hold time by phase/ })
      .getByText(/%/)
      .first()
      .waitFor()
    await page
      .getByRole('region', { name: /[Ww]ait chain/ })
      .getByText(/waits for/)
      .first()
      .waitFor()
    expect(problems).toEqual([])
    await close()
  })

  it('opens a dropped file, tells how it went and shows it', async () => {
    const { page, problems, close } = await opened()
    const file = join(tmpdir(), 'faultline-dropped.txt')
    writeFileSync(file, sampleText(SMALL))
    await page.locator('input[type=file]').setInputFiles(file)
    await page.getByRole('navigation', { name: 'Open traces' }).getByText('faultline-dropped').waitFor()
    await page.getByText('3 661 events').or(page.getByText('3\u2009661 events')).first().waitFor()
    expect(problems).toEqual([])
    await close()
  })

  it('refuses a picture with a sentence and keeps what was open', async () => {
    const { page, problems, close } = await opened()
    const file = join(tmpdir(), 'faultline-picture.txt')
    writeFileSync(file, Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 2, 3, 4, 5]))
    await page.locator('input[type=file]').setInputFiles(file)
    await page.getByText(/JPEG/).first().waitFor()
    // A second refusal stands above the first, which stays until it is dismissed.
    const second = join(tmpdir(), 'faultline-no-trace.txt')
    writeFileSync(second, 'nothing of a trace\n')
    await page.locator('input[type=file]').setInputFiles(second)
    await page.getByText(/^Cannot import this: .*no line is an event\.$/).waitFor()
    const titles = page.getByRole('region', { name: 'Imports' }).getByText(/could not be opened/)
    expect(await titles.allInnerTexts()).toEqual([
      expect.stringContaining('faultline-no-trace'),
      expect.stringContaining('faultline-picture'),
    ])
    await page.getByRole('navigation', { name: 'Open traces' }).getByText('dax-ext4-full').waitFor()
    expect(problems).toEqual([])
    await close()
  })
})

describe('selecting', () => {
  it('drags a time range that every page shares, and takes it back', async () => {
    const { page, problems, close } = await opened()
    const chart = page.getByRole('region', { name: 'Operations over time' })
    // Charts come one after another; there is nothing to drag over before.
    await chart.getByRole('slider').waitFor()
    const box = await chart.boundingBox()
    if (box === null) throw new Error('the chart has no box')
    const y = box.y + box.height / 2
    await page.mouse.move(box.x + box.width * 0.3, y)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.5, y, { steps: 8 })
    await page.mouse.up()
    const chip = page.locator('.pagehead .chip', { hasText: /ms/ }).first()
    await chip.waitFor()
    const range = await chip.innerText()
    for (const name of ['Contention', 'Latency'] as const) {
      await go(page, name)
      expect(await page.locator('.pagehead').innerText()).toContain(range.trim().split('\n')[0])
    }
    // Once Latency is there whole: on a busy machine the key was lost to a page that was still being made.
    await settled(page)
    await page.keyboard.press('Escape')
    await page.waitForFunction(
      (text) => !(document.querySelector('.pagehead') as HTMLElement).innerText.includes(text),
      range.trim(),
    )
    await page.keyboard.press('Control+z')
    await page.waitForFunction(
      (text) => (document.querySelector('.pagehead') as HTMLElement).innerText.includes(text),
      range.trim(),
    )
    expect(problems).toEqual([])
    await close()
  })

  it('brushes the latency heat map and compares the brush with the rest in words', async () => {
    const { page, problems, close } = await opened()
    await go(page, 'Latency')
    await settled(page)
    const map = page
      .getByRole('region', { name: /time × latency/i })
      .locator('canvas')
      .first()
    const box = await map.boundingBox()
    if (box === null) throw new Error('the heat map has no box')
    await page.mouse.move(box.x + box.width * 0.25, box.y + box.height * 0.2)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.8, { steps: 8 })
    await page.mouse.up()
    await page.getByText(/Brush/).first().waitFor()
    await page.keyboard.press('Escape')
    expect(problems).toEqual([])
    await close()
  })

  it('walks the wait chains with the keyboard', async () => {
    const { page, problems, close } = await opened()
    await go(page, 'Contention')
    await settled(page)
    const chain = page.getByRole('region', { name: /[Ww]ait chain/ })
    const first = await chain.innerText()
    await page.keyboard.press('BracketRight')
    await page.waitForFunction(
      (text) =>
        [...document.querySelectorAll('section')].some(
          (s) => /wait chain/i.test(s.getAttribute('aria-label') ?? '') && s.innerText !== text,
        ),
      first,
    )
    expect(problems).toEqual([])
    await close()
  })
})

describe('commands', () => {
  it('are found in the palette and explained under ?', async () => {
    const { page, problems, close } = await opened()
    await page.keyboard.press('Control+Shift+P')
    await page.getByPlaceholder(/./).first().fill('theme')
    await page.keyboard.press('Enter')
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark')
    await page.keyboard.press('?')
    await page.getByRole('dialog').getByText(/Ctrl/).first().waitFor()
    await page.keyboard.press('Escape')
    expect(problems).toEqual([])
    await close()
  })
})

describe.each([
  ['1440 × 900', LARGE_WINDOW],
  ['1280 × 720', SMALL_WINDOW],
] as const)('at %s', (_name, size) => {
  it.each(['light', 'dark'] as const)('%s: no page scrolls, nothing serious for axe', async (theme) => {
    const { page, problems, close } = await opened({ size, theme })
    for (const name of PAGES) {
      await go(page, name)
      await settled(page)
      expect(await overflow(page), name).toEqual(NO_OVERFLOW)
      expect(await seriousFindings(page), `${name} ${theme}`).toEqual([])
    }
    expect(problems).toEqual([])
    await close()
  })
})
