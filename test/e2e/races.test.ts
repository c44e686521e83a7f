/**
 * Races, their films and the lock order in a real browser with the real engine. Every test fails on any console error, CSP
 * violation or uncaught exception.
 */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { sharedApp } from '../support/shared-app.ts'
import {
  go,
  LOOKS,
  NO_OVERFLOW,
  onPage,
  overflow,
  seriousFindings,
  SMALL_WINDOW,
  type TestApp,
  type TestWindow,
} from '../support/window.ts'

// The first test computes the matrix.
const app = sharedApp([], { races: 'unknown' })

async function races(options?: Parameters<TestApp['open']>[0]): Promise<TestWindow> {
  const window = await app.open(options)
  await go(window.page, 'Races')
  await cell(window.page, 'R03', 'F').waitFor()
  return window
}
const cell = (page: Page, race: string, strategy: string) =>
  page.getByRole('gridcell', { name: new RegExp(`^${race} .*, strategy ${strategy}:`) })
const film = (page: Page, race: string) => page.getByRole('region', { name: new RegExp(`^${race} .*, strategy `) })
async function computed(page: Page): Promise<void> {
  await page.getByText(/^\d+ of \d+ violated/).waitFor()
}
async function openFilm(page: Page, race: string, strategy: string): Promise<void> {
  await cell(page, race, strategy).click()
  await film(page, race).getByText(/^Step/).waitFor()
}
const step = async (page: Page): Promise<number> =>
  Number(await page.getByRole('slider', { name: /film/ }).inputValue())

describe('the matrix', () => {
  it('is computed while one watches, and can be stopped and gone on with', async () => {
    const { page, problems, close } = await races()
    await page.getByRole('progressbar', { name: 'Computing races' }).waitFor()
    await expect.poll(() => cell(page, 'R01', 'E').getAttribute('aria-label')).toMatch(/violated/)
    await page.getByRole('button', { name: 'Stop', exact: true }).click()
    const grid = page.getByRole('grid', { name: /^Races against strategies/ })
    await grid.focus()
    await page.keyboard.press('ArrowDown')
    const cursor = await grid.getAttribute('aria-activedescendant')
    await page.getByRole('button', { name: 'Compute the rest' }).click()
    // It goes on from where it was.
    await page.getByText(/^[1-9]\d* of \d+ cells/).waitFor()
    await computed(page)
    // Cells that come in do not take the cursor away.
    expect(cursor).not.toBeNull()
    expect(await grid.getAttribute('aria-activedescendant')).toBe(cursor)
    expect(await cell(page, 'R03', 'F').getAttribute('aria-label')).toMatch(/violated, V1/)
    expect(await cell(page, 'R03', 'K').getAttribute('aria-label')).toMatch(/: held/)
    expect(await cell(page, 'R33', 'A').getAttribute('aria-label')).toMatch(/not applicable/)
    expect(problems).toEqual([])
    await close()
  })

  it('is filtered by words and family, and says when nothing is left', async () => {
    const { page, problems, close } = await races()
    await page.getByRole('combobox', { name: 'Family' }).selectOption('hang')
    await cell(page, 'R03', 'F').waitFor({ state: 'detached' })
    await cell(page, 'R12', 'F').waitFor()
    await page.getByRole('searchbox', { name: /^Filter races/ }).fill('no such race')
    await page.getByText('No race is left under this filter').waitFor()
    await page.getByRole('button', { name: 'Clear', exact: true }).click()
    await cell(page, 'R03', 'F').waitFor()
    expect(problems).toEqual([])
    await close()
  })

  it('is used with the keyboard alone', async () => {
    const { page, problems, close } = await races()
    await page.getByText('Choose a cell to see its film').waitFor()
    await page.getByRole('grid', { name: /^Races against strategies/ }).focus()
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'End', 'Enter']) await page.keyboard.press(key)
    await page.getByRole('region', { name: /^R03 .*strategy Z/ }).waitFor()
    expect(problems).toEqual([])
    await close()
  })
})

describe('a film', () => {
  it('opens at what is violated, with its sentence, and steps with the arrow keys', async () => {
    const { page, problems, close } = await races()
    await openFilm(page, 'R03', 'F')
    const region = film(page, 'R03')
    await region.getByText('Punch frees block 5 while fault maps it at page 5 of inode 1.').waitFor()
    await region
      .getByRole('group', { name: /^State before and after/ })
      .getByText('block 5, writable')
      .waitFor()
    const at = await step(page)
    await page.keyboard.press('ArrowLeft')
    expect(await step(page)).toBe(at - 1)
    await page.keyboard.press('Home')
    expect(await step(page)).toBe(0)
    await page.keyboard.press('ArrowRight')
    expect(await step(page)).toBe(1)
    await page.keyboard.press('v')
    expect(await step(page)).toBe(at)
    await region.getByRole('radio', { name: 'Moves' }).click()
    expect(await step(page)).toBeGreaterThan(at)
    await region
      .getByText(/violates|✕ V1/)
      .first()
      .waitFor()
    expect(problems).toEqual([])
    await close()
  })

  it('plays and pauses', async () => {
    const { page, problems, close } = await races()
    await openFilm(page, 'R12', 'F')
    await page.keyboard.press('Home')
    await page.getByRole('button', { name: 'Play' }).click()
    await expect.poll(() => step(page)).toBeGreaterThan(0)
    await page.getByRole('button', { name: 'Pause' }).click()
    const at = await step(page)
    await page.waitForTimeout(1500)
    expect(await step(page)).toBe(at)
    expect(problems).toEqual([])
    await close()
  })

  it('stands beside the same script under another strategy, which can be chosen and opened', async () => {
    const { page, problems, close } = await races()
    await openFilm(page, 'R03', 'F')
    const beside = page.getByRole('region', { name: 'The same race under another strategy' })
    await beside.getByRole('img', { name: /^R03 under K: held/ }).waitFor()
    await beside.getByRole('combobox').selectOption('E')
    await beside.getByRole('img', { name: /^R03 under E: violated/ }).waitFor()
    await beside.getByRole('button', { name: 'Open its film' }).click()
    await page.getByRole('region', { name: /^R03 .*strategy E/ }).waitFor()
    expect(problems).toEqual([])
    await close()
  })

  it('shows in which order its tasks asked for locks, and leads from a circle back to the move', async () => {
    const { page, problems, close } = await races()
    await openFilm(page, 'R12', 'F')
    const region = film(page, 'R12')
    await region.getByRole('radio', { name: /^Lock order, \d+ ✕/ }).click()
    await region.getByRole('group', { name: /^Lock order matrix\. \d+ circles? in/ }).waitFor()
    await region
      .getByRole('button', { name: /^move \d+: show/ })
      .first()
      .click()
    await region.getByText(/^Step/).waitFor()
    expect(problems).toEqual([])
    await close()
  })

  it('gives its schedule string', async () => {
    const { page, problems, close } = await races()
    await openFilm(page, 'R03', 'F')
    await page.getByRole('button', { name: /^fl1:R03:F:/ }).click()
    await page.getByText('The schedule is copied').waitFor()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^fl1:R03:F:/)
    expect(problems).toEqual([])
    await close()
  })

  it('opens as a trace that counts in ticks, also in the name of a window that is saved', async () => {
    const { page, problems, close } = await races()
    await openFilm(page, 'R12', 'F')
    await page.getByRole('button', { name: 'As trace' }).click()
    await onPage(page, 'Timeline')
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save window' }).click()
    expect((await download).suggestedFilename()).toMatch(/^R12-F-schedule-\w+-0ticks-\d+ticks\.faultline$/)
    expect(problems).toEqual([])
    await close()
  })

  it('plays a schedule that somebody sent, and says what is wrong with one that is none', async () => {
    const { page, problems, close } = await races()
    await openFilm(page, 'R03', 'F')
    const schedule = (await page.getByRole('button', { name: /^fl1:R03:F:/ }).innerText()).trim()
    await openFilm(page, 'R12', 'F')
    const field = page.getByRole('textbox', { name: 'Schedule to play back' })
    await field.fill(schedule)
    await field.press('Enter')
    await film(page, 'R03').getByText('Punch frees block 5 while fault maps it at page 5 of inode 1.').waitFor()
    await field.fill('fl1:nonsense')
    await field.press('Enter')
    await page.getByRole('region', { name: 'Film', exact: true }).getByText('This is no schedule: ').waitFor()
    expect(problems).toEqual([])
    await close()
  })

  it('says why a race does not apply', async () => {
    const { page, problems, close } = await races()
    await cell(page, 'R33', 'A').click()
    await film(page, 'R33')
      .getByText(/^R33 cannot be asked of A:/)
      .waitFor()
    expect(problems).toEqual([])
    await close()
  })
})

describe('a search', () => {
  it('that is cancelled says so, and that what stands below is of the one before', async () => {
    const { page, problems, close } = await races()
    await page.getByRole('radio', { name: 'Search', exact: true }).click()
    const found = page.getByRole('region', { name: 'What the search found' })
    const search = async (subject: string, press: string) => {
      await page.getByRole('combobox', { name: 'Scenario or race' }).selectOption(subject)
      await page.getByRole('button', { name: press, exact: true }).click()
    }
    await search('R05', 'Search')
    await found.getByText('Nothing is violated').waitFor()
    await page.getByRole('combobox', { name: 'No bound' }).selectOption('yes')
    await search('SC4', 'Search')
    await page.getByRole('button', { name: 'Cancel', exact: true }).click()
    await found.getByText(/^The search of SC4 under \w+ was cancelled; this is the one before it\.$/).waitFor()
    expect(problems).toEqual([])
    await close()
  })
})

async function simulate(page: Page, scenario: string, strategy: string): Promise<void> {
  await go(page, 'Simulate')
  await page.getByRole('option', { name: new RegExp(`^${scenario} `) }).click()
  await page.getByRole('radio', { name: new RegExp(`^${strategy} `) }).click()
  await page.keyboard.press('Control+Enter')
  await onPage(page, 'Overview')
  await go(page, 'Lock order')
}

describe('lock order', () => {
  it('of a simulated SC3 under F shows the circle of handle and i_mmap, and its step leads to the timeline', async () => {
    const { page, problems, close } = await app.open()
    await simulate(page, 'SC3', 'F')
    await page.getByText(/^2 circles in \d+ orders/).waitFor()
    await page
      .getByRole('region', { name: 'Circles' })
      .getByText('jbd2_handle → &mapping->i_mmap_mutex → jbd2_handle')
      .waitFor()
    await page.getByRole('switch', { name: /lockdep would have seen/ }).click()
    await page.getByText(/^1 circle in \d+ orders/).waitFor()
    await page.getByRole('button', { name: /show &mapping->i_mmap_mutex → jbd2_handle/ }).click()
    await onPage(page, 'Timeline')
    expect(problems).toEqual([])
    await close()
  })

  it("hides E's circle through the page lock from lockdep", async () => {
    const { page, problems, close } = await app.open()
    await simulate(page, 'SC3', 'E')
    const circles = page.getByRole('region', { name: 'Circles' })
    await circles.getByText('jbd2_handle → folio → jbd2_handle').waitFor()
    await circles.getByText('lockdep cannot see it').waitFor()
    await page.getByRole('switch', { name: /lockdep would have seen/ }).click()
    await circles.getByText('lockdep would have seen no circle').waitFor()
    expect(problems).toEqual([])
    await close()
  })
})

describe("lock order of a kernel's own report", () => {
  it('a lockdep report text shows its circle, which lockdep has seen', async () => {
    const { page, problems, close } = await app.open()
    const report = join(import.meta.dirname, '../fixtures/lockdep-report/circular.txt')
    await page.locator('input[type=file]').first().setInputFiles(report)
    await onPage(page, 'Lock order')
    await page.getByText(/^1 circle in 3 orders/).waitFor()
    const circles = page.getByRole('region', { name: 'Circles' })
    await circles
      .getByText(/jbd2_handle → mapping\.invalidate_lock/)
      .first()
      .waitFor()
    // Each order with the functions that asked, and the whole stack on demand.
    await circles.getByText('punch-hole-0 9 9071 in ext4_punch_hole; closed it').waitFor()
    await circles.getByText('start_this_handle ← jbd2__journal_start ← ext4_dax_huge_fault').waitFor()
    await circles.getByText('stack', { exact: true }).last().click()
    await circles.getByText('jbd2__journal_start+0xfd/0x240').waitFor()
    await page.getByRole('gridcell', { name: 'ext4_dax_huge_fault', exact: true }).waitFor()
    await page.getByRole('switch', { name: /lockdep would have seen/ }).click()
    await page.getByText(/^1 circle in 3 orders/).waitFor()
    expect(problems).toEqual([])
    await close()
  })
})

describe('compare', () => {
  it('says which races a strategy loses beside how fast it is, each one click from its film', async () => {
    const { page, problems, close } = await app.open({ size: SMALL_WINDOW })
    await go(page, 'Compare')
    await page.getByLabel('Simulated time').fill('5')
    await page.getByLabel('Seeds', { exact: true }).fill('1')
    await page.getByLabel('Schedules searched').fill('0')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    const table = page.getByRole('region', { name: 'Speed and safety' })
    await table.waitFor()
    await table.getByRole('button', { name: /^R\d+/ }).first().click()
    await page.getByRole('region', { name: /^R\d+\w? .*, strategy / }).waitFor()
    expect(problems).toEqual([])
    await close()
  })
})

describe('looks', () => {
  it.each(LOOKS)('%s: no page scrolls, nothing serious for axe', async (_name, size, theme) => {
    const { page, problems, close } = await races({ size, theme })
    await computed(page)
    // The head says all it has to say.
    const tally = page.getByText(/^\d+ of \d+ violated, all as stated$/)
    expect(await tally.evaluate((text) => text.scrollWidth - text.clientWidth)).toBe(0)
    await openFilm(page, 'R03', 'F')
    expect(await seriousFindings(page), 'Races').toEqual([])
    expect(await overflow(page)).toEqual(NO_OVERFLOW)
    await simulate(page, 'SC3', 'F')
    await page.getByText(/^2 circles in/).waitFor()
    expect(await seriousFindings(page), 'Lock order').toEqual([])
    expect(await overflow(page)).toEqual(NO_OVERFLOW)
    expect(problems).toEqual([])
    await close()
  })
})
