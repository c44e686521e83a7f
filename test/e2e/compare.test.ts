/**
 * Compare in a real browser with the real engine: runs are shown as they come in, verdicts come from searching, a recorded
 * trace is replayed with its fidelity beside the prediction, experiments have their curves. Every test fails on any console
 * error, CSP violation or uncaught exception.
 */
import { describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { sharedApp } from '../support/shared-app.ts'
import {
  go,
  LARGE_WINDOW,
  look,
  onPage,
  overflow,
  seriousFindings,
  SMALL_WINDOW,
  type TestApp,
  type TestWindow,
} from '../support/window.ts'

const app = sharedApp([{ kind: 'sample', sample: 'dax-xfs' }])

async function opened(options?: Parameters<TestApp['open']>[0]): Promise<TestWindow> {
  const window = await app.open(options)
  await onPage(window.page, 'Overview')
  await go(window.page, 'Compare')
  await window.page.getByRole('listbox', { name: 'Scenarios' }).waitFor()
  return window
}
const run = (page: Page) => page.getByRole('button', { name: 'Run', exact: true }).click()
const view = (page: Page, name: string) => page.getByRole('radio', { name, exact: true }).click()

/** Three strategies of SC1, short runs. */
async function small(page: Page): Promise<void> {
  await page.getByLabel('Simulated time').fill('4')
  await page.getByLabel('Seeds', { exact: true }).fill('2')
  for (const badge of ['F′', 'H1', 'H1′', 'G']) await page.getByRole('button', { name: `Leave ${badge} out` }).click()
  await page.getByRole('switch', { name: /^Curve over/ }).click()
}
const complete = (page: Page) => page.getByRole('region', { name: 'Comparing' }).waitFor({ state: 'detached' })

describe('a scenario', () => {
  it('shows its first rows while runs come in, then verdicts that were searched for, and every delta', async () => {
    const { page, problems, close } = await opened({ size: SMALL_WINDOW })
    await small(page)
    await run(page)
    const table = page.getByRole('region', { name: 'Speed and safety' })
    await table.getByText('still coming in').waitFor()
    await complete(page)
    const rows = table.getByRole('row')
    expect(await rows.filter({ hasText: 'i_mmap across' }).innerText()).toMatch(/\d+, all/)
    expect(await rows.filter({ hasText: '✕' }).count()).toBeGreaterThan(0)
    await view(page, 'Deltas')
    const deltas = page.getByRole('region', { name: /^Against E/ })
    await deltas.getByText('lock wait per acquisition').first().waitFor()
    const [panel, head] = await Promise.all([
      deltas.boundingBox(),
      deltas.getByRole('columnheader').first().boundingBox(),
    ])
    expect((head?.y ?? 0) - (panel?.y ?? 0), 'the table begins below its title').toBeLessThan(48)
    await view(page, 'Result')
    await table
      .getByRole('button', { name: /^✕ .* of / })
      .first()
      .click()
    await onPage(page, 'Races')
    expect(problems).toEqual([])
    await close()
  })

  it('cuts no verdict where the window is small, of runs that failed or got stuck either', async () => {
    const { page, problems, close } = await opened({ size: SMALL_WINDOW })
    await page.getByRole('option', { name: /^SC13/ }).click()
    await page.getByLabel('Simulated time').fill('5')
    await page.getByLabel('Seeds', { exact: true }).fill('2')
    await page.getByLabel('Schedules searched').fill('0')
    await page.getByRole('switch', { name: /^Curve over/ }).click()
    await run(page)
    await complete(page)
    const table = page.getByRole('region', { name: 'Speed and safety' })
    await table.getByText('not compared').waitFor()
    await table.getByText('deadlock, V11').waitFor()
    const cut = await table.getByRole('gridcell').evaluateAll((cells) =>
      cells
        .filter((cell) => (cell as HTMLTableCellElement).cellIndex > 0)
        .flatMap((cell) => [cell, ...cell.querySelectorAll('.ell')])
        .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
        .map(({ textContent }) => textContent),
    )
    expect(cut).toEqual([])
    expect(problems).toEqual([])
    await close()
  })

  it('says which hold is worth shrinking, and how far it scales', async () => {
    const { page, problems, close } = await opened()
    await small(page)
    await page.getByLabel('Schedules searched').fill('0')
    await run(page)
    await complete(page)
    await view(page, 'Sensitivity')
    await page.getByLabel('Strategy of the sensitivity').selectOption('F')
    await page.getByRole('button', { name: 'Vary the holds' }).click()
    await page
      .getByLabel(/^Sensitivity: All work under .*i_mmap/)
      .first()
      .waitFor()
    await page.getByRole('region', { name: 'Holds by slope' }).getByText('map_blocks under').first().waitFor()
    await view(page, 'Scaling')
    await page.getByRole('button', { name: 'Forecast the scaling' }).click()
    await page
      .getByRole('region', { name: 'Knees' })
      .getByText(/knee at/)
      .first()
      .waitFor()
    expect(problems).toEqual([])
    await close()
  })
})

describe('a recorded trace', () => {
  it('is replayed under other strategies, with the error of the replay beside the prediction', async () => {
    const { page, problems, close } = await opened()
    await view(page, 'Recorded trace')
    await page.getByLabel('Seeds', { exact: true }).fill('3')
    await page.getByLabel('Schedules searched').fill('100')
    await run(page)
    await complete(page)
    await page.getByText(/^replay off by p50/).waitFor()
    await page
      .getByRole('region', { name: 'Replay under K against the trace' })
      .getByText('read_fault')
      .first()
      .waitFor()
    await page.getByRole('heading', { name: 'From the trace' }).waitFor()
    expect(problems).toEqual([])
    await close()
  })
})

describe('two traces', () => {
  it('are laid side by side as they are: parts instead of seeds, bands, nothing of safety', async () => {
    const { page, problems, close } = await opened()
    await view(page, 'Recorded trace')
    await page.getByLabel('Seeds', { exact: true }).fill('1')
    await page.getByLabel('Schedules searched').fill('0')
    await run(page)
    await complete(page)
    await page.getByRole('region', { name: 'In words' }).getByText('no interleavings were searched').waitFor()
    // The replay of K becomes a trace of its own beside the recording, and both are open.
    await page.getByRole('button', { name: 'Record both' }).click()
    await page.getByRole('button', { name: 'Timelines' }).waitFor()
    await view(page, 'Set up')
    await view(page, 'Two traces')
    await page.getByLabel('Compared recording').selectOption({ label: await replayOf(page) })
    await page.getByRole('button', { name: /^Run/ }).last().click()
    const table = page.getByRole('region', { name: 'Recordings' })
    await table.getByText('intervals over parts of their time').waitFor()
    expect(await table.getByRole('columnheader').allInnerTexts()).not.toContain('Safety')
    await page.getByText('lowest to highest of any part of its time').waitFor()
    expect(problems).toEqual([])
    await close()
  })
})

/** The stored replay among the traces that can be chosen. */
async function replayOf(page: Page): Promise<string> {
  const labels = await page.getByLabel('Compared recording').locator('option').allInnerTexts()
  return labels.find((label) => label.includes('replay K')) ?? 'no replay is there'
}

it('no view scrolls, nothing serious for axe', async () => {
  const { page, problems, close } = await opened()
  const everyLook = async (name: string): Promise<void> => {
    for (const [size, theme] of [
      [LARGE_WINDOW, 'light'],
      [SMALL_WINDOW, 'dark'],
    ] as const) {
      await look(page, size, theme)
      expect(await seriousFindings(page), `${name}, ${theme}`).toEqual([])
      expect(await overflow(page), `${name}, ${size.width}`).toEqual({ x: 0, y: 0 })
    }
  }
  for (const subject of ['Recorded trace', 'Two traces', 'Scenario']) {
    await view(page, subject)
    await everyLook(subject)
  }
  await small(page)
  await page.getByLabel('Schedules searched').fill('100')
  await run(page)
  await complete(page)
  for (const name of ['Result', 'Deltas', 'Sensitivity', 'Scaling']) {
    await view(page, name)
    await everyLook(name)
  }
  expect(problems).toEqual([])
  await close()
})
