/** A lock without a name gets one in the window; the file keeps it, and another start shows it. In a real browser. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { onPage, startApp, type TestApp } from '../support/window.ts'

let app: TestApp
let folder: string
beforeAll(async () => {
  app = await startApp()
  folder = mkdtempSync(join(tmpdir(), 'faultline-names-'))
})
afterAll(async () => {
  await app.close()
  rmSync(folder, { recursive: true })
})

async function instances(page: Page): Promise<void> {
  await page
    .getByRole('navigation', { name: 'Pages' })
    .getByRole('button', { name: /^Contention/ })
    .click()
  await page
    .getByRole('radio', { name: 'Instance' })
    .or(page.getByRole('button', { name: 'Instance', exact: true }))
    .first()
    .click()
}

it('is called what the user says, everywhere, until the name is taken away', async () => {
  const line = (at: string, what: string) => `            task-11     [000] d..2.   ${at}: ${what}\n`
  const path = join(folder, 'unnamed.txt')
  const begin = line('100.010000', 'contention_begin: 00000000bc512a5b (flags=WRITE)')
  writeFileSync(path, `# tracer: nop\n#\n${begin}${line('100.020000', 'contention_end: 00000000bc512a5b (ret=0)')}`)
  const { page, problems, close } = await app.open()
  await page.locator('input[type=file]').setInputFiles(path)
  await onPage(page, 'Overview')
  await instances(page)
  await page.getByRole('button', { name: 'Name 00000000bc512a5b' }).first().click()
  const field = page.getByLabel('Name of 00000000bc512a5b')
  await field.fill('my_own_rwsem')
  await field.press('Enter')
  await page.getByRole('grid').getByText('my_own_rwsem').first().waitFor()
  await page
    .getByRole('navigation', { name: 'Pages' })
    .getByRole('button', { name: /^Overview/ })
    .click()
  await page.getByText('my_own_rwsem').first().waitFor()
  await instances(page)
  await page.getByRole('button', { name: 'Name 00000000bc512a5b' }).first().click()
  await field.fill('')
  await field.press('Enter')
  await page.getByRole('grid').getByText('(unnamed rwsem)').first().waitFor()
  expect(problems).toEqual([])
  await close()
})
