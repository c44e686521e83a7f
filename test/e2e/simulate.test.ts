/**
 * Simulate and Compare in a real browser with the real engine: a run becomes a trace that every page shows, a comparison
 * says what is faster and what was violated. Every test fails on any console error, CSP violation or uncaught exception.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { sharedApp } from '../support/shared-app.ts'
import {
  go,
  look,
  LOOKS,
  NO_OVERFLOW,
  onPage,
  overflow,
  seriousFindings,
  SMALL_WINDOW,
  type TestApp,
  type TestWindow,
} from '../support/window.ts'

const app = sharedApp()

async function opened(name: string, options?: Parameters<TestApp['open']>[0]): Promise<TestWindow> {
  const window = await app.open(options)
  await go(window.page, name)
  await window.page.getByRole('listbox', { name: 'Scenarios' }).waitFor()
  return window
}
const run = (page: Page) => page.getByRole('button', { name: 'Run', exact: true }).click()

describe('simulate', () => {
  it('runs a scenario, opens it as a trace and shows it on the pages of a trace', async () => {
    const { page, problems, close } = await opened('Simulate')
    await page.getByLabel('Simulated time').fill('10')
    await page.getByRole('radio', { name: /^F / }).click()
    await page.keyboard.press('Control+Enter')
    await onPage(page, 'Overview')
    await page
      .getByRole('region', { name: 'Worst locks' })
      .getByRole('img', { name: /i_mmap/ })
      .waitFor()
    await go(page, 'Contention')
    await page.getByRole('grid').getByText('i_mmap').first().waitFor()
    await go(page, 'Simulate')
    await page.getByRole('region', { name: 'Runs' }).getByText('nothing violated in this run').waitFor()
    expect(problems).toEqual([])
    await close()
  })

  it('cancels a long run, and says what is wrong with a value before it runs', async () => {
    const { page, problems, close } = await opened('Simulate')
    await page.getByLabel('Simulated time').fill('60000')
    await run(page)
    const runs = page.getByRole('region', { name: 'Runs' })
    await runs.getByRole('progressbar').waitFor()
    await runs.getByRole('button', { name: /^Cancel/ }).click()
    await runs.getByText('Nothing was run yet').waitFor()
    await page.getByLabel('Simulated time').fill('0')
    await page.getByText('Simulated time must be 1 to').waitFor()
    expect(await page.getByRole('button', { name: 'Run', exact: true }).isDisabled()).toBe(true)
    expect(problems).toEqual([])
    await close()
  })
})

async function compareSmall(page: Page): Promise<void> {
  await page.getByLabel('Simulated time').fill('5')
  await page.getByLabel('Seeds', { exact: true }).fill('6')
  await page.getByLabel('Schedules searched').fill('100')
  await page.getByLabel(/^Values of/).fill('1, 4')
  for (const badge of ['F′', 'H1', 'H1′', 'G']) await page.getByRole('button', { name: `Leave ${badge} out` }).click()
  await run(page)
  const table = page.getByRole('region', { name: 'Speed and safety' })
  await table.waitFor()
  // Runs can be recorded when the comparison is done; figures stand there before.
  await table.getByRole('button', { name: 'Trace', disabled: false }).first().waitFor()
}

describe('a comparison', () => {
  let window: TestWindow
  beforeAll(async () => {
    window = await opened('Compare')
    await compareSmall(window.page)
  })
  afterAll(() => window.close())
  afterEach(() => expect(window.problems).toEqual([]))

  it('puts speed and safety of every strategy in one row that is in sight, and the finding in words', async () => {
    const { page } = window
    await look(page, SMALL_WINDOW, 'light')
    const rows = page.getByRole('region', { name: 'Speed and safety' }).getByRole('row')
    const slower = rows.filter({ hasText: 'i_mmap across' })
    expect(await slower.innerText()).toMatch(/0\.\d\d ×[\s\S]*nothing seen/)
    const trace = await slower.getByRole('button', { name: 'Trace' }).boundingBox()
    expect((trace?.x ?? Infinity) + (trace?.width ?? 0)).toBeLessThan(SMALL_WINDOW.width)
    await page
      .getByRole('region', { name: 'In words' })
      .getByText(/as fast as E \(95 % interval/)
      .first()
      .waitFor()
  })

  it.each(LOOKS)('%s: no page scrolls, nothing serious for axe', async (_name, size, theme) => {
    const { page } = window
    await look(page, size, theme)
    await go(page, 'Simulate')
    expect(await seriousFindings(page), 'Simulate').toEqual([])
    expect(await overflow(page)).toEqual(NO_OVERFLOW)
    await go(page, 'Compare')
    for (const [view, part] of [
      ['Set up', 'Parameters'],
      ['Result', 'Speed and safety'],
    ] as const) {
      await page.getByRole('radio', { name: view, exact: true }).click()
      await page.getByRole('region', { name: part }).waitFor()
      expect(await seriousFindings(page), view).toEqual([])
      expect(await overflow(page)).toEqual(NO_OVERFLOW)
    }
  })

  it('records both runs on demand and shows them over the same time', async () => {
    const { page } = window
    const waiting = page.getByRole('region', { name: 'Waiting over time' })
    await waiting.getByRole('button', { name: 'Record both' }).click()
    await waiting
      .getByText(/tasks waiting on average/)
      .nth(1)
      .waitFor()
    const charts = waiting.getByRole('group', { name: /^Waiting over time of/ })
    // charts are made when their place has its size
    await charts.locator('canvas').nth(1).waitFor()
    expect(await charts.count()).toBe(2)
    const box = await charts.first().boundingBox()
    if (box === null) throw new Error('the chart has no box')
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height / 2)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2, { steps: 8 })
    await page.mouse.up()
    await waiting.getByRole('button', { name: 'Whole run' }).click()
    await waiting.getByText(/the whole run/).waitFor()
  })

  it('cancels and keeps the result that was there', async () => {
    const { page } = window
    await page.getByRole('radio', { name: 'Set up' }).click()
    await page.getByLabel('Simulated time').fill('20000')
    await run(page)
    await page.getByRole('region', { name: 'Comparing' }).waitFor()
    await page.getByRole('radio', { name: 'Result' }).click()
    await page.getByRole('region', { name: 'Speed and safety' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('region', { name: 'Comparing' }).waitFor({ state: 'detached' })
    await page.getByRole('region', { name: 'Speed and safety' }).waitFor()
  })
})

it('a comparison names what was violated', async () => {
  const { page, problems, close } = await opened('Compare')
  await page.getByRole('option', { name: /^SC15/ }).click()
  await page.getByLabel('Seeds', { exact: true }).fill('3')
  await run(page)
  const table = page.getByRole('region', { name: 'Speed and safety' })
  await table.getByText('✕ V13').first().waitFor()
  await table.getByText('nothing seen').first().waitFor()
  expect(problems).toEqual([])
  await close()
})
