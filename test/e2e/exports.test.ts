/**
 * Every export of the window's menu, as a user gets it: a download, which reads back to the same operations and lock spans
 * where its format is one Faultline reads. In a real browser.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { sampleText, SMALL } from '../support/engine.ts'
import { readBytes, spanWords } from '../support/round-trip.ts'
import { onPage, startApp, type TestApp, type TestWindow } from '../support/window.ts'

let app: TestApp
let folder: string
let window: TestWindow
const text = Buffer.from(sampleText(SMALL))

beforeAll(async () => {
  app = await startApp()
  folder = mkdtempSync(join(tmpdir(), 'faultline-exports-'))
  const path = join(folder, 'small.txt')
  writeFileSync(path, text)
  window = await app.open()
  await window.page.locator('input[type=file]').setInputFiles(path)
  await onPage(window.page, 'Overview')
})
afterAll(async () => {
  await app.close()
  rmSync(folder, { recursive: true })
})

async function exported(command: string): Promise<Buffer> {
  const { page } = window
  await page.keyboard.press('F1')
  await page.getByPlaceholder(/Find a command/).waitFor()
  await page.keyboard.type(`Export as ${command}`)
  await page.getByRole('option').filter({ hasText: command }).first().waitFor()
  const download = page.waitForEvent('download')
  await page.keyboard.press('Enter')
  return readFileSync(await (await download).path())
}

it.each([
  ['ftrace', 'ftrace text'],
  ['chrome-json', 'Chrome trace JSON'],
  ['perfetto', 'a Perfetto trace'],
])('%s comes back with the same operations and lock spans', async (format, command) => {
  const back = spanWords(readBytes(format, await exported(command)))
  const own = spanWords(readBytes('ftrace', text))
  expect(back.op).toEqual(own.op)
  expect(back.lockSpan).toEqual(own.lockSpan)
  expect(back.waitEdge).toEqual(own.waitEdge)
  expect(own.lockSpan.length).toBeGreaterThan(0)
  expect(window.problems).toEqual([])
})

it.each([
  ['Parquet', 'PAR1'],
  ['a report page', '<!doctype html>'],
  ['a .faultline file', 'SQLite format 3\0'],
])('%s begins as such a file does', async (command, begin) => {
  const bytes = await exported(command)
  expect(bytes.toString('latin1', 0, begin.length).toLowerCase()).toBe(begin.toLowerCase())
  expect(bytes.length).toBeGreaterThan(1000)
  expect(window.problems).toEqual([])
})
