/**
 * A strategy file with a mistake in a step, in a real browser with the real engine: chosen in the system's dialog, agreed to, run;
 * what is wrong with it is a finding with its line wherever it runs, and the window goes on. Fails on any console error.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { sharedApp } from '../support/shared-app.ts'
import { chooseFiles, go, onPage, seriousFindings, SMALL_WINDOW } from '../support/window.ts'

const folder = mkdtempSync(join(tmpdir(), 'faultline-own-window-'))
const app = sharedApp()
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A strategy whose faults do this in line 4. */
function file(name: string, steps: string): string {
  const path = join(folder, name)
  writeFileSync(
    path,
    `import { defineStrategy } from 'faultline/strategy'
export default defineStrategy({
  title: 'a try', base: 'K', slots: { guard: { id: 'a-try', title: 'a try', *enter(w, f) {
    ${steps}
  } } },
})`,
  )
  return path
}

async function load(page: Page, path: string, button = 'From a file…'): Promise<void> {
  await chooseFiles(page, () => page.getByRole('button', { name: button }).click(), path)
  const question = page.getByRole('alertdialog', { name: 'Run this strategy file?' })
  await question.getByRole('button', { name: 'Run it', exact: true }).click()
  await question.waitFor({ state: 'detached' })
}

it('a step that hangs: found by the search with its line, filmed, and a cell of the matrix', async () => {
  const { page, problems, close } = await app.open()
  await go(page, 'Races')
  await page.getByRole('radio', { name: 'Search', exact: true }).click()
  const path = file('hangs.ts', "/^(a+)+$/.test('a'.repeat(60) + 'b')")
  await load(page, path)
  await page.getByRole('combobox', { name: 'Scenario or race' }).selectOption('R05')
  await page.getByLabel('Budget, schedules').fill('100')
  await page.keyboard.press('Control+Enter')
  const found = page.getByRole('region', { name: 'What the search found' })
  const why = 'hangs.ts:4: guard.enter has not come back for 5 s and was stopped'
  await found.getByText(why).first().waitFor()
  await found.getByRole('button', { name: /^✕ S1/ }).first().click()
  const film = page.getByRole('region', { name: /^R05 .*strategy hangs\.ts/ })
  await film.getByText(/^Step/).waitFor()
  await film.getByText(why).first().waitFor()
  expect(await seriousFindings(page)).toEqual([])
  await page.getByRole('radio', { name: 'Matrix', exact: true }).click()
  await load(page, path, 'Own strategy…')
  const cell = page.getByRole('gridcell', { name: /^R05 .*, strategy hangs\.ts.*: violated, S1/ })
  await cell.waitFor()
  expect(problems).toEqual([])
  await close()
})

it('a step that throws: told of a simulated run and in a comparison, with its line', async () => {
  const { page, problems, close } = await app.open({ size: SMALL_WINDOW })
  await go(page, 'Simulate')
  await load(page, file('throws.ts', "throw new Error('not today')"))
  await page.getByRole('radio', { name: /^throws\.ts/, checked: true }).waitFor()
  await page.keyboard.press('Control+Enter')
  await onPage(page, 'Overview')
  const why = 'throws.ts:4: guard.enter throws Error: not today'
  await page.getByText(`has a mistake in its strategy. ${why}`).waitFor()
  await page.getByRole('button', { name: 'Show', exact: true }).first().click()
  await page.getByText(why).first().waitFor()
  await go(page, 'Compare')
  await page.getByRole('combobox', { name: 'Add a strategy' }).selectOption({ label: 'throws.ts a try' })
  await page.getByLabel('Simulated time').fill('5')
  await page.getByLabel('Seeds', { exact: true }).fill('1')
  await page.getByLabel('Schedules searched').fill('100')
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  const table = page.getByRole('region', { name: 'Speed and safety' })
  await table
    .getByText(/throws\.ts/)
    .first()
    .waitFor()
  await page.getByText(new RegExp(why)).first().waitFor()
  expect(problems).toEqual([])
  await close()
})
