/**
 * The timeline in a real browser on real kernels' traces: zoom, pan, choose an area, walk a wait chain, mark, search, undo,
 * with pointer and with keys alone. Every test fails on any console error, CSP violation or uncaught exception. What is on
 * the canvas is compared with a picture of the same build: a row's pixels before and after must be the same or not.
 */
import { describe, expect, it } from 'vitest'
import type { Locator, Page } from 'playwright-core'
import { sampleText, SMALL } from '../support/engine.ts'
import { sharedApp } from '../support/shared-app.ts'
import {
  chooseFiles,
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

const app = sharedApp([{ kind: 'sample', sample: 'dax-xfs' }])

interface OnTimeline extends TestWindow {
  readonly grid: Locator
  readonly place: Locator
}

async function opened(options?: Parameters<TestApp['open']>[0]): Promise<OnTimeline> {
  const window = await app.open(options)
  const { page } = window
  await onPage(page, 'Overview')
  await page.keyboard.press('Alt+3')
  await onPage(page, 'Timeline')
  const grid = page.getByRole('grid', { name: 'Timeline of the trace' })
  await grid.waitFor()
  await settled(page)
  return { ...window, grid, place: page.getByRole('textbox', { name: 'Go to a time or range' }) }
}

async function boxOf(grid: Locator) {
  const box = await grid.boundingBox()
  if (box === null) throw new Error('the timeline has no box')
  return box
}

/** Waits until the shown window is another one than `before`. */
async function changed(place: Locator, before: string): Promise<string> {
  await expect.poll(() => place.inputValue()).not.toBe(before)
  return place.inputValue()
}

/** A hash of the rows' pixels: the lower canvas, right of the names. */
function pixels(page: Page): Promise<number> {
  return page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('canvas')
    const copy = document.createElement('canvas')
    const ctx = copy.getContext('2d', { willReadFrequently: true })
    if (!canvas || !ctx) throw new Error('no canvas')
    copy.width = canvas.width
    copy.height = canvas.height
    ctx.drawImage(canvas, 0, 0)
    const { data } = ctx.getImageData(170, 90, canvas.width - 170, canvas.height - 90)
    let hash = 0
    for (let i = 0; i < data.length; i++) hash = (Math.imul(hash, 31) + data[i]) | 0
    return hash
  })
}

/** The same hash twice, some time apart: ticks of raw events come when the engine has indexed them. */
async function stillPixels(page: Page): Promise<number> {
  for (let last = await pixels(page); ;) {
    await page.waitForTimeout(900)
    const now = await pixels(page)
    if (now === last) return now
    last = now
  }
}

describe('time', () => {
  it('zooms at the pointer with Ctrl and the wheel, scrolls with the wheel, pans with Shift, and all of it is undone', async () => {
    const { page, problems, grid, place, close } = await opened()
    const whole = await place.inputValue()
    const picture = await stillPixels(page)
    const box = await boxOf(grid)
    await page.mouse.move(box.x + 700, box.y + 200)
    await page.keyboard.down('Control')
    for (let i = 0; i < 5; i++) await page.mouse.wheel(0, -200)
    await page.keyboard.up('Control')
    const zoomed = await changed(place, whole)
    await settled(page)
    expect(await pixels(page)).not.toBe(picture)
    await page.waitForTimeout(700) // another gesture
    await page.keyboard.down('Shift')
    await page.mouse.wheel(0, 300)
    await page.keyboard.up('Shift')
    await changed(place, zoomed)
    await page.keyboard.press('Control+z')
    await expect.poll(() => place.inputValue()).toBe(zoomed)
    await page.keyboard.press('Control+z')
    await expect.poll(() => place.inputValue()).toBe(whole)
    await expect.poll(() => pixels(page)).toBe(picture)
    await page.keyboard.press('Control+Shift+Z')
    await expect.poll(() => place.inputValue()).toBe(zoomed)
    expect(problems).toEqual([])
    await close()
  })

  it('goes to an exact time, and says what it cannot read', async () => {
    const { page, problems, grid, place, close } = await opened()
    await page.keyboard.press('Control+g')
    await page.keyboard.type('72 ms + 4 ms')
    await page.keyboard.press('Enter')
    await expect.poll(() => place.inputValue()).toBe('72.000 ms + 4.00 ms')
    expect(await grid.evaluate((element) => element === document.activeElement)).toBe(true)
    await page.keyboard.press('Control+g')
    await page.keyboard.type('teatime')
    await page.keyboard.press('Enter')
    await page.getByText(/“teatime” is not a time/).waitFor()
    await page.keyboard.press('Escape')
    expect(await place.inputValue()).toBe('72.000 ms + 4.00 ms')
    expect(problems).toEqual([])
    await close()
  })

  it('asks once what the wheel should do', async () => {
    const { page, problems, grid, close } = await opened()
    const box = await boxOf(grid)
    await page.mouse.move(box.x + 500, box.y + 250)
    await page.mouse.wheel(0, 100)
    const question = page.getByRole('dialog', { name: 'What the wheel does' })
    await question.getByRole('button', { name: 'Scroll rows' }).click()
    await page.mouse.move(box.x + 500, box.y + 250)
    await page.mouse.wheel(0, 100)
    expect(await question.count()).toBe(0)
    expect(problems).toEqual([])
    await close()
  })
})

describe('an area', () => {
  it('is dragged, has figures without SQL, is shared by all pages and cleared by Esc', async () => {
    const { page, problems, grid, close } = await opened()
    const box = await boxOf(grid)
    await page.mouse.move(box.x + 400, box.y + 200)
    await page.mouse.down()
    await page.mouse.move(box.x + 700, box.y + 220, { steps: 6 })
    await page.mouse.up()
    await page.getByRole('tab', { name: /^Area A to B, [\d.]+ ms/ }).waitFor()
    const figures = page.getByRole('grid', { name: /^Figures of A to B/ })
    await figures.getByText('punch hole').first().waitFor()
    await page.getByRole('radio', { name: 'Waits' }).click()
    await figures.getByText('i_mutex_key').first().waitFor()
    await page.keyboard.press('Alt+4')
    await page.locator('.pagehead .chip', { hasText: /to .* ms/ }).waitFor()
    await page.keyboard.press('Alt+3')
    await page.keyboard.press('Escape')
    await page.getByRole('tab', { name: 'Figures of the view' }).waitFor()
    expect(problems).toEqual([])
    await close()
  })
})

describe('without a mouse', () => {
  it('rows, spans, zoom, area, marks and details are reached, and said', async () => {
    const { page, problems, grid, place, close } = await opened()
    const whole = await place.inputValue()
    await grid.focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowRight')
    const said = page.locator('.tl > [aria-live=polite]')
    await expect.poll(() => said.innerText()).toMatch(/\w.*: .+, .+, at .+ ms/)
    const first = await said.innerText()
    await page.keyboard.press('.')
    await expect.poll(() => said.innerText()).not.toBe(first)
    await page.keyboard.press(',')
    await expect.poll(() => said.innerText()).toBe(first)
    await page.keyboard.press('Enter')
    await changed(place, whole)
    await page.keyboard.press('r')
    await page.getByRole('tab', { name: /^Area A to B/ }).waitFor()
    await page.keyboard.press('Shift+M')
    await page.getByRole('table', { name: 'Marks and notes' }).waitFor()
    await page
      .getByRole('button', { name: /^Remove the mark/ })
      .first()
      .click()
    await page.getByText('No marks yet').waitFor()
    await grid.focus()
    await page.keyboard.press('q')
    expect(await page.getByRole('region', { name: 'Details' }).count()).toBe(0)
    await page.keyboard.press('q')
    expect(problems).toEqual([])
    await close()
  })

  it('a counter is drawn over time, and its value under the pointer is said', async () => {
    const { page, problems, grid, close } = await opened()
    await page.keyboard.press('Control+p')
    await page.keyboard.type('Tasks waiting for locks')
    await page.keyboard.press('Enter')
    await settled(page)
    const waiting = () =>
      page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('canvas')
        const ctx = canvas?.getContext('2d')
        if (!canvas || !ctx) throw new Error('no canvas')
        ctx.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--lock-waiting').trim()
        const colour = ctx.fillStyle
        const { data } = ctx.getImageData(170, 90, canvas.width - 170, canvas.height - 90)
        let found = 0
        for (let i = 0; i < data.length; i += 4) {
          const hex = [data[i], data[i + 1], data[i + 2]].map((part) => part.toString(16).padStart(2, '0')).join('')
          if (`#${hex}` === colour) found++
        }
        return found
      })
    await expect.poll(waiting).toBeGreaterThan(1000)
    const box = await boxOf(grid)
    await page.mouse.move(box.x + 600, box.y + 52 + 36 + 20 + 16)
    const tip = page.locator('.tip.over')
    await tip.getByText('Tasks waiting for locks').waitFor()
    expect(await tip.innerText()).toMatch(/[1-9]\d*( to \d+)? at [\d.]+ ms/)
    expect(problems).toEqual([])
    await close()
  })

  it('the tip of a span has its own times, in windows of any length', async () => {
    const { page, problems, close } = await opened()
    const slice = (ts: number, dur: number) => ({ name: 'work', ph: 'X', pid: 1, tid: 2, ts, dur })
    await chooseFiles(page, () => page.keyboard.press('Control+O'), {
      name: 'long.json',
      mimeType: 'application/json',
      // µs: a span of 777 ns, 30 s after the start of a minute
      buffer: Buffer.from(JSON.stringify([slice(0, 1000), slice(30_000_003.217, 0.777), slice(60_000_000, 1000)])),
    })
    await onPage(page, 'Overview')
    await page.keyboard.press('Alt+3')
    const grid = page.getByRole('grid', { name: 'Timeline of the trace' })
    await grid.waitFor()
    await settled(page)
    const box = await boxOf(grid)
    const middle = box.x + 168 + (box.width - 168) / 2
    const tip = page.locator('.tip.over').filter({ hasText: 'work' })
    for (let step = 0; step < 40 && (await tip.count()) === 0; step++)
      await page.mouse.move(middle - 9 + 3 * (step % 7), box.y + 100 + 6 * Math.floor(step / 7))
    await expect.poll(() => tip.innerText()).toContain('777 ns, at 30.000003 s')
    expect(problems).toEqual([])
    await close()
  })

  it('a row is found by name, pinned, moved and folded away', async () => {
    const { page, problems, grid, close } = await opened()
    await page.keyboard.press('Control+p')
    await page.keyboard.type('punch')
    await page.keyboard.press('Enter')
    await settled(page)
    await grid.focus()
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => page.locator('.tl > [aria-live=polite]').innerText()).toContain('punch')
    const before = await pixels(page)
    await page.keyboard.press('p')
    await expect.poll(() => pixels(page)).not.toBe(before)
    await page.keyboard.press('Escape')
    await settled(page)
    expect(await page.getByRole('searchbox', { name: /Show only rows/ }).inputValue()).toBe('')
    expect(problems).toEqual([])
    await close()
  })
})

describe('who waited for whom', () => {
  it('is walked with ] and [ from a wait of the Overview to its root, in words and as picture', async () => {
    const { page, problems, close } = await app.open()
    await onPage(page, 'Overview')
    await settled(page)
    const waits = page.getByRole('region', { name: 'Worst waits' })
    await waits
      .getByRole('button', { name: /^Show the wait of/ })
      .first()
      .click()
    await onPage(page, 'Timeline')
    const story = page.getByLabel('Selected span')
    await story
      .getByText(/waited for/)
      .first()
      .waitFor()
    const chain = page.getByRole('list', { name: 'Wait chain' })
    const current = () => chain.locator('[aria-current=true]').innerText()
    expect(await current()).toMatch(/^waits for/)
    const first = await current()
    await page.keyboard.press(']')
    await expect.poll(current).toMatch(/^holds/)
    await page.keyboard.press('[')
    await expect.poll(current).toBe(first)
    await page.keyboard.press('Alt+4')
    await page
      .getByRole('region', { name: /[Ww]ait chain/ })
      .getByText(/waits for/)
      .first()
      .waitFor()
    expect(problems).toEqual([])
    await close()
  })
})

describe('search', () => {
  it('counts hits, goes to the next with Enter and back with Shift and Enter', async () => {
    const { page, problems, place, close } = await opened()
    await page.keyboard.press('/')
    // At once: on a busy machine `pun` is found before the rest is typed, and what is still looked for is not stepped from.
    await page.keyboard.insertText('punch')
    const bar = page.getByRole('search')
    await bar.getByText(/^1 of [\d\u2009]+/).waitFor()
    await page.keyboard.press('Enter')
    await bar.getByText(/^2 of/).waitFor()
    await page.keyboard.press('Shift+Enter')
    await bar.getByText(/^1 of/).waitFor()
    await page.keyboard.press('Escape')
    expect(await page.getByRole('search').count()).toBe(0)
    expect(await place.inputValue()).not.toBe('')
    expect(problems).toEqual([])
    await close()
  })
})

describe('comparing', () => {
  it('shows another open trace below, on the same time axis, aligned at the start or at an operation', async () => {
    const { page, problems, place, close } = await opened()
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'other.txt', mimeType: 'text/plain', buffer: sampleText(SMALL) })
    await page.getByRole('navigation', { name: 'Open traces' }).getByText('other.txt').waitFor()
    await page.getByRole('navigation', { name: 'Open traces' }).getByText('dax-xfs').click()
    await onPage(page, 'Timeline')
    await page.getByRole('button', { name: 'More about the timeline' }).click()
    await page.getByRole('menuitem', { name: 'Compare with other.txt' }).click()
    const below = page.getByRole('region', { name: 'Timeline of other.txt' })
    await below.getByText('aligned at the start').waitFor()
    await settled(page)
    const align = below.getByRole('combobox', { name: 'Align the two traces at' })
    await align.selectOption('write')
    await below.getByText(/this one is .+ (later|earlier)/).waitFor()
    const before = await place.inputValue()
    await below.getByRole('grid').focus()
    await page.keyboard.press('s')
    await page.keyboard.press('w')
    await page.keyboard.press('w')
    await changed(place, before)
    expect(await seriousFindings(page)).toEqual([])
    await below.getByRole('button', { name: 'Stop comparing' }).click()
    await page.getByRole('region', { name: 'Details' }).waitFor()
    await page.keyboard.press('c')
    await below.getByRole('button', { name: 'Differences' }).click()
    await onPage(page, 'Compare')
    const baseline = page.getByRole('combobox', { name: 'Baseline recording' })
    expect(await baseline.locator('option:checked').innerText()).toMatch(/^dax-xfs/)
    const compared = page.getByRole('combobox', { name: 'Compared recording' })
    expect(await compared.locator('option:checked').innerText()).toBe('other.txt')
    expect(problems).toEqual([])
    await close()
  })

  it('puts two replays of one recording below each other, each with its own strategy', async () => {
    const { page, problems, place, close } = await opened()
    await go(page, 'Compare')
    await page.getByRole('radio', { name: 'Recorded trace', exact: true }).click()
    await page.getByLabel('Seeds', { exact: true }).fill('1')
    await page.getByLabel('Schedules searched').fill('0')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    const comparing = page.getByRole('region', { name: 'Comparing' })
    await comparing.waitFor()
    await comparing.waitFor({ state: 'detached' })
    const waiting = page.getByRole('region', { name: 'Waiting over time' })
    await waiting.getByRole('combobox', { name: 'Lower run' }).selectOption({ index: 2 })
    await waiting.getByRole('button', { name: 'Record both' }).click()
    await waiting.getByRole('button', { name: 'Timelines' }).click()
    await onPage(page, 'Timeline')
    const upper = page.getByRole('combobox', { name: 'Trace in this file' }).locator('option:checked')
    expect(await upper.innerText()).toMatch(/\bK\b/)
    const below = page.getByRole('region', { name: /^Timeline of .*\bF\b/ })
    await below.getByText('aligned at the start').waitFor()
    await settled(page)
    const before = await place.inputValue()
    await below.getByRole('grid').focus()
    await page.keyboard.press('w')
    await changed(place, before)
    expect(problems).toEqual([])
    await close()
  })
})

describe.each([
  ['1440 × 900', LARGE_WINDOW],
  ['1280 × 720', SMALL_WINDOW],
] as const)('at %s', (_name, size) => {
  it.each(['light', 'dark'] as const)('%s: nothing scrolls, nothing serious for axe on any tab', async (theme) => {
    const { page, problems, close } = await opened({ size, theme })
    for (const tab of ['Figures of the view', 'In view', 'Events', 'Marks']) {
      await page.getByRole('tab', { name: tab }).click()
      await settled(page)
      expect(await overflow(page), tab).toEqual(NO_OVERFLOW)
      expect(await seriousFindings(page), `${tab} ${theme}`).toEqual([])
    }
    expect(problems).toEqual([])
    await close()
  })
})
