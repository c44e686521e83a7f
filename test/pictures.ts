/**
 * `npm run pictures`: the screenshots of the guide and the README, taken from the real window on the bundled samples. They
 * are made by this script only, so that they show what the program shows.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { LARGE_WINDOW, onPage, startApp } from './support/window.ts'

const FOLDER = join(import.meta.dirname, '../docs/pictures')

async function go(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Pages' }).getByText(name, { exact: true }).click()
  await onPage(page, name)
  await page.waitForTimeout(SETTLE_MS)
}
/** Charts and tables of a page have come by then. */
const SETTLE_MS = 1_500

const PICTURES: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  overview: (page) => go(page, 'Overview'),
  contention: (page) => go(page, 'Contention'),
  latency: (page) => go(page, 'Latency'),
  async timeline(page) {
    await go(page, 'Overview')
    await page
      .getByRole('button', { name: /timeline/i })
      .first()
      .click()
    await onPage(page, 'Timeline')
    await page.waitForTimeout(SETTLE_MS)
  },
  async compare(page) {
    await go(page, 'Compare')
    await page.getByRole('button', { name: /^Run/ }).first().click()
    await page
      .getByRole('button', { name: /^Stop|^Cancel/ })
      .first()
      .waitFor({ state: 'detached', timeout: 240_000 })
    // Races are judged after the runs; until then their cells say how many have been.
    await page.waitForFunction(() => !/\d of \d+ run\b|running races/.test(document.body.innerText), undefined, {
      timeout: 600_000,
    })
    await page.waitForTimeout(SETTLE_MS)
  },
  async races(page) {
    await go(page, 'Races')
    await page.getByText(/^\d+ of \d+ violated/).waitFor({ timeout: 240_000 })
    await page.getByRole('gridcell', { name: /^R03 .*, strategy F:/ }).click()
    await page.getByText(/^Step/).first().waitFor()
    const beside = page.getByRole('region', { name: 'The same race under another strategy' })
    await beside.getByRole('img').waitFor({ timeout: 240_000 })
    await page.waitForTimeout(SETTLE_MS)
  },
  async simulate(page) {
    await go(page, 'Simulate')
  },
  sql: (page) => go(page, 'SQL'),
}

mkdirSync(FOLDER, { recursive: true })
const app = await startApp([{ kind: 'sample', sample: 'dax-ext4' }])
const wanted = process.argv.slice(2)
for (const [name, show] of Object.entries(PICTURES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const { page, problems, close } = await app.open({ size: LARGE_WINDOW, theme: 'light' })
  await page.getByRole('navigation', { name: 'Open traces' }).getByRole('button').first().waitFor()
  await show(page)
  await page.screenshot({ path: join(FOLDER, `${name}.png`) })
  process.stdout.write(`docs/pictures/${name}.png${problems.length > 0 ? ` (${problems.join('; ')})` : ''}\n`)
  await close()
}
await app.close()
process.exit(0)
