/**
 * Several files dropped at once: asked first, opened one by one or as one trace on one time axis with an offset; a kallsyms
 * among them names functions. In a real browser, on real files.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { onPage, seriousFindings, startApp, type TestApp } from '../support/window.ts'

let app: TestApp
let folder: string
beforeAll(async () => {
  app = await startApp()
  folder = mkdtempSync(join(tmpdir(), 'faultline-several-'))
})
afterAll(async () => {
  await app.close()
  rmSync(folder, { recursive: true })
})

/** A wait of `pid`, from 10 ms on the trace's clock. */
function trace(name: string, pid: number): string {
  const line = (at: string, what: string) => `            task-${pid}     [000] d..2.   ${at}: ${what}\n`
  const path = join(folder, name)
  const begin = line('100.010000', 'contention_begin: 00000000bc512a5b (flags=WRITE)')
  writeFileSync(path, `# tracer: nop\n#\n${begin}${line('100.020000', 'contention_end: 00000000bc512a5b (ret=0)')}`)
  return path
}

const tabs = (page: Page) => page.getByRole('navigation', { name: 'Open traces' })
const dialog = (page: Page) => page.getByRole('alertdialog', { name: 'Open 2 files' })
const choose = (page: Page, paths: readonly string[]) => page.locator('input[type=file]').setInputFiles([...paths])

it('become one trace, moved by the offset that was given', async () => {
  const { page, problems, close } = await app.open()
  await choose(page, [trace('one.txt', 11), trace('two.txt', 22)])
  await dialog(page).waitFor()
  expect(await seriousFindings(page)).toEqual([])
  await dialog(page).getByLabel('Offset of two.txt').fill('soon')
  await dialog(page).getByText('An offset is a time such as').waitFor()
  expect(await dialog(page).getByRole('button', { name: 'Join as one trace' }).isDisabled()).toBe(true)
  await dialog(page).getByLabel('Offset of two.txt').fill('+1s')
  await dialog(page).getByRole('button', { name: 'Join as one trace' }).click()
  await onPage(page, 'Overview')
  expect(await tabs(page).getByRole('button', { name: /^one/ }).count()).toBeGreaterThan(0)
  await page
    .getByText(/1\.01 s/)
    .first()
    .waitFor()
  expect(problems).toEqual([])
  await close()
})

it('are opened one by one where that is chosen, and not at all where nothing is', async () => {
  const { page, problems, close } = await app.open()
  await choose(page, [trace('three.txt', 11), trace('four.txt', 22)])
  await dialog(page).getByRole('button', { name: 'Cancel' }).click()
  await dialog(page).waitFor({ state: 'detached' })
  await choose(page, [trace('three.txt', 11), trace('four.txt', 22)])
  await dialog(page).getByRole('button', { name: 'Open each' }).click()
  await tabs(page).getByText('three').waitFor()
  await tabs(page).getByText('four').waitFor()
  expect(problems).toEqual([])
  await close()
})

it('with a kallsyms are a trace and names for it: nothing is asked', async () => {
  const { page, problems, close } = await app.open()
  const kallsyms = join(folder, 'kallsyms.txt')
  writeFileSync(kallsyms, 'ffffffff81000000 T _text\n')
  await choose(page, [kallsyms, trace('five.txt', 11)])
  await tabs(page).getByText('five').waitFor()
  expect(problems).toEqual([])
  await close()
})
