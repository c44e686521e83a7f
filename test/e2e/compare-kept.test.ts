/**
 * What is chosen to be compared comes with a link and with a window that is opened again; a merged sweep opens as one file
 * whose runs can be laid beside each other. Every test fails on any console error, CSP violation or uncaught exception.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { repoRoot } from '../support/corpus.ts'
import { go, onPage, startApp, type TestApp, type TestWindow } from '../support/window.ts'

const folder = mkdtempSync(join(tmpdir(), 'faultline-kept-'))
const merged = join(folder, 'merged.faultline')
let app: TestApp
beforeAll(async () => {
  sweep()
  app = await startApp([{ kind: 'path', path: merged }])
})
afterAll(async () => {
  await app.close()
  rmSync(folder, { recursive: true })
})

/** Two strategies, two sizes, one seed: four runs in one file. */
function sweep(): void {
  const faultline = (...args: readonly string[]) =>
    execFileSync(process.execPath, [join(repoRoot, 'bin', 'faultline.mjs'), ...args], {
      ...{ cwd: folder, encoding: 'utf8', stdio: 'pipe' },
      env: { ...process.env, FAULTLINE_HOME: join(folder, 'home') },
    })
  const strategies = ['--strategy', 'E', '--strategy', 'F', '--seeds', '1']
  const sizes = ['--set', 'threads=2,4', '--set', 'durationMs=4']
  writeFileSync(join(folder, 'plan.ndjson'), faultline('sweep', 'plan', '--scenario', 'SC1', ...strategies, ...sizes))
  faultline('sweep', 'run', 'plan.ndjson', '--out', 'results')
  faultline('sweep', 'merge', 'plan.ndjson', 'results', '--out', merged)
}

const view = (page: Page, name: string) => page.getByRole('radio', { name, exact: true }).click()

async function compare(options?: Parameters<TestApp['open']>[0], of: TestApp = app): Promise<TestWindow> {
  const window = await of.open(options)
  await onPage(window.page, 'Overview')
  await go(window.page, 'Compare')
  await window.page.getByRole('listbox', { name: 'Scenarios' }).waitFor()
  return window
}

/** The second scenario under two of its strategies, four seeds, few schedules. */
async function choose(page: Page): Promise<void> {
  await page.getByRole('listbox', { name: 'Scenarios' }).getByRole('option').nth(1).click()
  await page.getByLabel('Seeds', { exact: true }).fill('4')
  await page.getByLabel('Schedules searched').fill('250')
  const leave = page.getByRole('button', { name: /^Leave .* out$/ })
  while ((await leave.count()) > 2) await leave.last().click()
}

/** What the page says of it. */
async function chosen(page: Page) {
  return {
    scenario: await page.getByRole('listbox', { name: 'Scenarios' }).locator('[aria-selected="true"]').innerText(),
    seeds: await page.getByLabel('Seeds', { exact: true }).inputValue(),
    schedules: await page.getByLabel('Schedules searched').inputValue(),
    strategies: await page.getByRole('button', { name: /^Leave .* out$/ }).count(),
  }
}

describe('what is chosen to be compared', () => {
  it('comes with a link to the page, and runs from there', async () => {
    const { page, problems, close } = await compare()
    await choose(page)
    const here = await chosen(page)
    expect(here).toMatchObject({ seeds: '4', schedules: '250', strategies: 2 })
    await page.keyboard.press('Alt+KeyC')
    await page.getByText('Copied the link to this view').waitFor()
    const link = await page.evaluate(() => navigator.clipboard.readText())
    expect(problems).toEqual([])
    await close()

    const other = await app.open({ address: `&fresh=1&${link.slice(link.indexOf('page='))}` })
    await onPage(other.page, 'Compare')
    await other.page.getByRole('listbox', { name: 'Scenarios' }).waitFor()
    await expect.poll(() => chosen(other.page)).toEqual(here)
    await other.page.getByText('8 runs', { exact: true }).waitFor()
    expect(other.problems).toEqual([])
    await other.close()
  })

  it('is there when the window is opened again', async () => {
    const other = await startApp([{ kind: 'sample', sample: 'dax-xfs' }])
    const { page, problems, close } = await compare({ address: '' }, other)
    await choose(page)
    const here = await chosen(page)
    await page.waitForTimeout(2_000)
    expect(problems).toEqual([])
    await close()

    const again = await other.open({ address: '' })
    await onPage(again.page, 'Compare')
    await expect.poll(() => chosen(again.page)).toEqual(here)
    expect(again.problems).toEqual([])
    await again.close()
    await other.close()
  })
})

describe('a merged sweep', () => {
  it('is one file with a trace per run, any two of which are laid side by side', async () => {
    const { page, problems, close } = await compare()
    await view(page, 'Two traces')
    const optionsOf = async (picker: string) => {
      const all = await page.getByLabel(picker).locator('option').allInnerTexts()
      return all.filter((text) => /SC1 (E|F)/.test(text))
    }
    expect(await optionsOf('Baseline recording')).toHaveLength(4)
    // The baseline itself is no choice beside it.
    const options = await optionsOf('Compared recording')
    expect(options).toHaveLength(3)
    await page
      .getByLabel('Compared recording')
      .selectOption({ label: options.find((text) => text.includes('F')) ?? '' })
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    const table = page.getByRole('region', { name: 'Recordings' })
    await table.getByText('intervals over parts of their time').waitFor()
    expect(await table.getByRole('row').count()).toBeGreaterThan(2)
    await go(page, 'Contention')
    await page.getByText('i_mmap', { exact: false }).first().waitFor()
    expect(problems).toEqual([])
    await close()
  })
})
