/**
 * Searching schedules in a real browser with the real engine: what is found and how far it went, films, power cuts, the lock order
 * of a search, a schedule as a trace, and strategies from a file. Fails on any console error or CSP violation.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { sharedApp } from '../support/shared-app.ts'
import {
  chooseFiles,
  go,
  LARGE_WINDOW,
  NO_OVERFLOW,
  onPage,
  overflow,
  seriousFindings,
  SMALL_WINDOW,
  type TestApp,
  type TestWindow,
} from '../support/window.ts'

const folder = mkdtempSync(join(tmpdir(), 'faultline-search-'))
const app = sharedApp()
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const found = (page: Page) => page.getByRole('region', { name: 'What the search found' })
async function searching(options?: Parameters<TestApp['open']>[0]): Promise<TestWindow> {
  const window = await app.open(options)
  await go(window.page, 'Races')
  await window.page.getByRole('radio', { name: 'Search', exact: true }).click()
  return window
}
interface What {
  readonly subject: string
  readonly strategy: string
  readonly budget?: string
  readonly cuts?: boolean
}
async function search(page: Page, { subject, strategy, budget, cuts = false }: What): Promise<void> {
  await page.getByRole('combobox', { name: 'Scenario or race' }).selectOption(subject)
  await page.getByRole('combobox', { name: 'Strategy', exact: true }).selectOption(strategy)
  if (budget !== undefined) await page.getByLabel('Budget, schedules').fill(budget)
  if (cuts) await page.getByRole('switch', { name: 'Power cuts' }).click()
  await page.keyboard.press('Control+Enter')
  await found(page)
    .getByText(new RegExp(`^${subject}\\S* under `))
    .waitFor()
}
const chooseFile = (page: Page, button: string | RegExp, path: string) =>
  chooseFiles(page, () => page.getByRole('button', { name: button }).click(), path)
const OWN = `import { defineStrategy } from 'faultline/strategy'
export default defineStrategy({ title: 'E, zeroed at once', base: 'E', slots: { init: 'zero-in-alloc-tx' } })`
describe('a search', () => {
  it('that left nothing out says so with its bound, and finds nothing in R05 under K', async () => {
    const { page, problems, close } = await searching()
    await page.getByText('Choose what a search found to see its film').waitFor()
    await search(page, { subject: 'R05', strategy: 'K' })
    await found(page).getByText('✓ Nothing is violated').waitFor()
    await found(page)
      .getByText(/^Complete: every schedule with 2 preemptions or fewer\. [\d\s]+ schedules/)
      .waitFor()
    expect(problems).toEqual([])
    await close()
  })

  it('whose budget is used up says that this does not mean safe', async () => {
    const { page, problems, close } = await searching()
    await search(page, { subject: 'SC2', strategy: 'K', budget: '50' })
    await found(page)
      .getByText(/does not mean safe/)
      .waitFor()
    await found(page)
      .getByText(/^Not complete: the budget of 50 schedules was used up/)
      .waitFor()
    expect(problems).toEqual([])
    await close()
  })

  it('lists what is violated, each one click from its film, beside the same schedule under another strategy', async () => {
    const { page, problems, close } = await searching()
    await search(page, { subject: 'R05', strategy: 'E' })
    await found(page)
      .getByText(/^✕ \d+ violations?/)
      .waitFor()
    await found(page)
      .getByRole('button', { name: /^✕ V\d+/ })
      .first()
      .click()
    const film = page.getByRole('region', { name: /^R05 .*strategy E/ })
    await film.getByText(/^Step/).waitFor()
    await film.getByRole('heading', { name: 'Same schedule, strategy' }).waitFor()
    await film.getByRole('img', { name: /^R05 under K: not violated here/ }).waitFor()
    expect(problems).toEqual([])
    await close()
  })

  it('can be cancelled, and the form says what is wrong with it', async () => {
    const { page, problems, close } = await searching()
    await page.getByRole('combobox', { name: 'Scenario or race' }).selectOption('SC4')
    await page.getByLabel('Budget, schedules').fill('many')
    await page.getByText(/Budget, schedules “many” is not a number/).waitFor()
    await page.getByLabel('Budget, schedules').fill('900000000')
    await page.getByRole('button', { name: 'Search', exact: true }).click()
    await page.getByRole('progressbar', { name: /^Searching SC4/ }).waitFor()
    await page.getByRole('button', { name: 'Cancel', exact: true }).click()
    await page.getByRole('button', { name: 'Search', exact: true }).waitFor()
    expect(problems).toEqual([])
    await close()
  })

  it('shows its lock order on the page of that, without any trace, and leads back to the film of a circle', async () => {
    const { page, problems, close } = await searching()
    await search(page, { subject: 'R12', strategy: 'F' })
    await page.getByRole('button', { name: 'Show on the Lock order page' }).click()
    await onPage(page, 'Lock order')
    await page.getByText(/^\d+ circles? in \d+ orders/).waitFor()
    await page
      .getByRole('button', { name: /^move \d+: show/ })
      .first()
      .click()
    await page.getByRole('region', { name: /^R12 .*strategy F/ }).waitFor()
    expect(problems).toEqual([])
    await close()
  })
})

describe('power cuts', () => {
  it('are found by a search, and the scrubber shows what recovery shows', async () => {
    const { page, problems, close } = await searching()
    await search(page, { subject: 'R10', strategy: 'E', cuts: true })
    await found(page).getByText('✕ 1 violation after recovery').waitFor()
    await found(page)
      .getByRole('button', { name: /^✕ V14 security power cut/ })
      .click()
    const cuts = page.getByRole('region', { name: 'Power cuts' })
    await cuts.getByText('✕ V14: after a power cut page 5 of inode 1 shows uninitialised bytes.').waitFor()
    await cuts.getByRole('cell', { name: /uninitialised bytes/ }).waitFor()
    const place = cuts.getByRole('slider', { name: 'Where the power fails' })
    const at = Number(await place.inputValue())
    await cuts.getByRole('button', { name: 'Previous power cut' }).click()
    expect(Number(await place.inputValue())).toBe(at - 1)
    await cuts.getByText(/^✓ Recovers/).waitFor()
    expect(problems).toEqual([])
    await close()
  })

  it('go with the film: a step of one moves the other', async () => {
    const { page, problems, close } = await searching()
    await search(page, { subject: 'R10', strategy: 'E', cuts: true })
    await found(page)
      .getByRole('button', { name: /^✕ V14 security power cut/ })
      .click()
    const cuts = page.getByRole('region', { name: 'Power cuts' })
    await cuts.getByText(/^Cut 3 of/).waitFor()
    const film = page.getByRole('slider', { name: 'Place in the film' })
    await page.keyboard.press('End')
    await cuts.getByText(/^Cut 6 of 6/).waitFor()
    await cuts.getByRole('slider').fill('0')
    await expect.poll(() => film.inputValue()).not.toBe(await film.getAttribute('max'))
    expect(problems).toEqual([])
    await close()
  })
})

describe('a schedule', () => {
  it('opens as a trace in the timeline, on a clock of happenings', async () => {
    const { page, problems, close } = await searching()
    await page.getByRole('radio', { name: 'Matrix', exact: true }).click()
    await page.getByRole('gridcell', { name: /^R03 .*, strategy F:/ }).click()
    await page.getByRole('region', { name: /^R03 / }).getByText(/^Step/).waitFor()
    await page.getByRole('button', { name: 'As trace' }).click()
    await onPage(page, 'Timeline')
    await page
      .getByRole('navigation', { name: 'Pages' })
      .getByText(/ticks$/)
      .first()
      .waitFor()
    expect(problems).toEqual([])
    await close()
  })
})

describe('a strategy from a file', () => {
  it('is not loaded before its user has agreed, and then has a column, a search and a run', async () => {
    const { page, problems, close } = await searching()
    const path = join(folder, 'mine.ts')
    writeFileSync(path, OWN)
    await chooseFile(page, 'From a file…', path)
    const question = page.getByRole('alertdialog', { name: 'Run this strategy file?' })
    await question.getByText('mine.ts').waitFor()
    await question.getByText(/^\d+ B$/).waitFor()
    await question.getByText('Running a strategy file is running code.').waitFor()
    await question.getByText(/zero-in-alloc-tx/).waitFor()
    expect(await seriousFindings(page)).toEqual([])
    await question.getByRole('button', { name: 'Do not run it' }).click()
    await question.waitFor({ state: 'detached' })
    expect(await page.getByRole('option', { name: /^mine\.ts/ }).count()).toBe(0)
    await chooseFile(page, 'From a file…', path)
    await question.getByRole('button', { name: 'Run it', exact: true }).click()
    await question.waitFor({ state: 'detached' })
    await page.getByRole('combobox', { name: 'Scenario or race' }).selectOption('R05')
    await page.keyboard.press('Control+Enter')
    await found(page)
      .getByText(/^R05 under mine\.ts#[0-9a-f]{8}$/)
      .waitFor()
    await found(page).getByText('✓ Nothing is violated').waitFor()
    expect(problems).toEqual([])
    await close()
  })

  it('with a mistake in it is not loaded, and the line is named', async () => {
    const { page, problems, close } = await searching()
    const path = join(folder, 'wrong.ts')
    writeFileSync(path, `${OWN}\nthrow new Error('not today')`)
    await chooseFile(page, 'From a file…', path)
    const question = page.getByRole('alertdialog')
    await question.getByRole('button', { name: 'Run it', exact: true }).click()
    await question.getByText(/wrong\.ts.*3.*not today|not today.*wrong\.ts:3/).waitFor()
    await question.getByRole('button', { name: 'Do not run it' }).click()
    expect(problems).toEqual([])
    await close()
  })

  it('runs on Simulate, and is compared', async () => {
    const { page, problems, close } = await app.open()
    const path = join(folder, 'mine.ts')
    writeFileSync(path, OWN)
    await go(page, 'Simulate')
    await chooseFile(page, 'From a file…', path)
    await page.getByRole('alertdialog').getByRole('button', { name: 'Run it', exact: true }).click()
    await page.getByRole('radio', { name: /^mine\.ts/, checked: true }).waitFor()
    await page.keyboard.press('Control+Enter')
    await onPage(page, 'Overview')
    await go(page, 'Compare')
    await page.getByRole('combobox', { name: 'Add a strategy' }).selectOption({ label: 'mine.ts E, zeroed at once' })
    await page.getByLabel('Simulated time').fill('5')
    await page.getByLabel('Seeds', { exact: true }).fill('1')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page
      .getByRole('region', { name: 'Speed and safety' })
      .getByText(/mine\.ts/)
      .first()
      .waitFor()
    expect(problems).toEqual([])
    await close()
  })
})

describe('looks', () => {
  it.each([
    ['1440 × 900, light', LARGE_WINDOW, 'light'],
    ['1280 × 720, dark', SMALL_WINDOW, 'dark'],
  ] as const)('%s: nothing serious for axe, no page scrolls', async (_name, size, theme) => {
    const { page, problems, close } = await searching({ size, theme })
    await search(page, { subject: 'R10', strategy: 'E', cuts: true })
    await found(page)
      .getByRole('button', { name: /^✕ V14 security power cut/ })
      .click()
    await page.getByText(/^Cut 3 of/).waitFor()
    expect(await seriousFindings(page)).toEqual([])
    expect(await overflow(page)).toEqual(NO_OVERFLOW)
    expect(problems).toEqual([])
    await close()
  })
})
