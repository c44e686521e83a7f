/**
 * The SQL page in a real browser with the real engine: completion from the real schema, errors with their place, a
 * statement that never ends and is stopped, caps said loudly, rows that lead to the timeline, what is kept. Every test
 * fails on any console error, CSP violation or uncaught exception.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { sharedApp } from '../support/shared-app.ts'
import {
  LARGE_WINDOW,
  NO_OVERFLOW,
  onPage,
  overflow,
  seriousFindings,
  SMALL_WINDOW,
  type TestApp,
  type TestWindow,
} from '../support/window.ts'

const app = sharedApp([{ kind: 'sample', sample: 'dax-ext4' }])

const NEVER_ENDS = 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n'

async function opened(options?: Parameters<TestApp['open']>[0]): Promise<TestWindow> {
  const window = await app.open(options)
  const { page } = window
  await page.getByRole('navigation', { name: 'Open traces' }).getByText('dax-ext4').waitFor()
  await page.keyboard.press('Alt+9')
  await onPage(page, 'SQL')
  await editor(page).waitFor()
  return window
}
const editor = (page: Page) => page.getByRole('textbox', { name: 'SQL' })
const grid = (page: Page) => page.getByRole('grid', { name: 'Result' })
const note = (page: Page) => page.getByRole('region', { name: 'Result' }).locator('.sub')
const lists = (page: Page) => page.getByRole('region', { name: 'Statements' })

/** A new query with this text, as if it had been typed. */
async function write(page: Page, sql: string): Promise<void> {
  await page.getByRole('button', { name: 'New query' }).click()
  await editor(page).click()
  await page.keyboard.insertText(sql)
}
async function run(page: Page, sql: string): Promise<void> {
  await write(page, sql)
  await page.keyboard.press('Control+Enter')
}
const cell = (page: Page, row: number, column: number) =>
  grid(page).locator(`[aria-rowindex="${row + 1}"] [aria-colindex="${column}"]`)

describe('writing', () => {
  it('completes tables, columns of an alias and functions, with what they mean', async () => {
    const { page, problems, close } = await opened()
    // What can be completed is known once the tables are.
    await page.getByRole('region', { name: 'Tables' }).getByText('wait_edge', { exact: true }).first().waitFor()
    await write(page, 'SELECT e. FROM wait_edge e')
    for (let i = 0; i < ' FROM wait_edge e'.length; i++) await page.keyboard.press('ArrowLeft')
    await page.keyboard.type('ho')
    const options = page.getByRole('option')
    await options.filter({ hasText: 'holder_span_id' }).filter({ hasText: 'lock_span.id' }).waitFor()
    expect(await options.allInnerTexts()).toHaveLength(2)
    await page.getByText('what the holder was doing most of that time').waitFor()
    await page.waitForTimeout(150) // a list that has just come does not take keys yet
    await page.keyboard.press('Tab')
    expect(await editor(page).innerText()).toContain('e.holder_phase FROM')
    await page.keyboard.press('Control+Enter')
    await grid(page).getByRole('columnheader', { name: 'holder_phase' }).waitFor()
    expect(problems).toEqual([])
    await close()
  })

  it('takes what is typed over several selected lines, wraps a selection in brackets, and the policy has nothing to say', async () => {
    const { page, problems, close } = await opened()
    await write(page, 'SELECT 1,\n  2,\n  3')
    await page.keyboard.press('Control+A')
    await page.keyboard.type('V')
    await page.keyboard.press('Escape')
    expect(await editor(page).innerText()).toBe('V')
    await page.keyboard.press('Control+Z')
    expect((await editor(page).innerText()).split('\n')).toHaveLength(3)
    await page.keyboard.press('Control+A')
    await page.keyboard.type('(')
    expect(await editor(page).innerText()).toMatch(/^\(SELECT 1,[^]*3\)$/)
    expect(problems).toEqual([])
    await close()
  })

  it('lists the tables of the file with their rows and puts a column into the query', async () => {
    const { page, problems, close } = await opened()
    const tables = page.getByRole('region', { name: 'Tables' })
    await tables.getByText('78\u2009405').waitFor()
    await write(page, 'SELECT  FROM op')
    for (let i = 0; i < ' FROM op'.length; i++) await page.keyboard.press('ArrowLeft')
    await tables.getByRole('button', { name: 'duration_ns' }).first().click()
    expect(await editor(page).innerText()).toContain('SELECT duration_ns FROM op')
    expect(problems).toEqual([])
    await close()
  })

  it('says what is wrong and underlines where', async () => {
    const { page, problems, close } = await opened()
    await run(page, 'SELECT id\nFROM op\nWHERE kindd = 1')
    await page.getByRole('alert').getByText('no such column: kindd (line 3, column 7)').waitFor()
    expect(await editor(page).locator('.cm-bad').innerText()).toBe('kindd')
    await editor(page).click()
    await page.keyboard.type(' ')
    expect(await editor(page).locator('.cm-bad').count()).toBe(0)
    expect(problems).toEqual([])
    await close()
  })

  it('runs the statement the caret is in, or what is selected', async () => {
    const { page, problems, close } = await opened()
    await run(page, 'SELECT 1 AS one;\nSELECT 2 AS two;')
    await grid(page).getByRole('columnheader', { name: 'two' }).waitFor()
    await page.keyboard.press('Control+Home')
    await page.keyboard.press('Control+Enter')
    await grid(page).getByRole('columnheader', { name: 'one' }).waitFor()
    expect(problems).toEqual([])
    await close()
  })
})

describe('a statement', () => {
  it('that never ends is stopped, its process is gone, and the next one runs', async () => {
    const { page, problems, close } = await opened()
    const processes = () => process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length
    await run(page, 'SELECT 1 AS one')
    await cell(page, 1, 1).getByText('1').waitFor()
    const before = processes()
    await run(page, NEVER_ENDS)
    await page.getByText(/Running for 1\.\d s/).waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('Stopped.').waitFor()
    await expect.poll(processes).toBeLessThan(before)
    await run(page, 'SELECT 7 AS seven')
    await cell(page, 1, 1).getByText('7').waitFor()
    await lists(page).getByRole('radio', { name: 'History' }).click()
    await lists(page)
      .getByText(/stopped after \d/)
      .waitFor()
    expect(problems).toEqual([])
    await close()
  })

  it('with more rows than come back says so loudly, and draws only what is in sight', async () => {
    const { page, problems, close } = await opened()
    await run(page, 'SELECT a.id, a.mode FROM lock_span a, (SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3)')
    await page.getByText('Only the first 100\u2009000 rows are here').waitFor()
    expect(await note(page).innerText()).toContain('the first 100\u2009000 rows')
    expect(await grid(page).getByRole('row').count()).toBeLessThan(80)
    await grid(page).focus()
    await page.keyboard.press('Control+End')
    await grid(page).locator('[aria-rowindex="100001"]').waitFor()
    expect(problems).toEqual([])
    await close()
  })

  it('that may not run is refused with the reason', async () => {
    const { page, problems, close } = await opened()
    await run(page, "ATTACH 'x.db' AS x")
    await page.getByRole('alert').getByText('not with SELECT, WITH, VALUES').waitFor()
    expect(problems).toEqual([])
    await close()
  })
})

describe('the answer', () => {
  it('is sorted by its heads and copied with the keyboard', async () => {
    const { page, problems, close } = await opened()
    await run(page, "SELECT 3 AS n, 'c' AS t UNION ALL SELECT NULL, 'x' UNION ALL SELECT 10, 'b'")
    await grid(page).getByRole('columnheader', { name: 'n' }).getByRole('button').click()
    await cell(page, 1, 1).getByText('10').waitFor()
    await cell(page, 3, 1).getByText('NULL').waitFor()
    await grid(page).focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Control+C')
    await page.getByText('Copied the cell').waitFor()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('b')
    expect(problems).toEqual([])
    await close()
  })

  it('is drawn as bars, a line over time or a distribution, with the finding in words', async () => {
    const { page, problems, close } = await opened()
    const chart = (name: RegExp) => page.getByRole('region', { name: 'Result' }).getByRole('img', { name }).waitFor()
    await lists(page)
      .getByRole('button', { name: /^Latency of operations/ })
      .dblclick()
    await chart(/p50_us by kind: most is/)
    await lists(page)
      .getByRole('button', { name: /^Waiting over time/ })
      .dblclick()
    await chart(/wait_ms over start_ns: \d+ points/)
    await lists(page)
      .getByRole('button', { name: /^Durations of one kind/ })
      .dblclick()
    await chart(/duration_ns: .* values, half of them up to/)
    await page.getByLabel('Kind of chart').waitFor()
    expect(problems).toEqual([])
    await close()
  })

  it('is saved as CSV and NDJSON', async () => {
    const { page, problems, close } = await opened()
    await run(page, "SELECT 1 AS a, 'x,\"y' AS b, NULL AS c")
    await cell(page, 1, 2).waitFor()
    for (const [button, text] of [
      ['CSV', 'a,b,c\r\n1,"x,""y",\r\n'],
      ['NDJSON', '{"a":1,"b":"x,\\"y","c":null}\n'],
    ] as const) {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: button, exact: true }).click(),
      ])
      expect(readFileSync(await download.path(), 'utf8')).toBe(text)
    }
    expect(problems).toEqual([])
    await close()
  })

  it('leads to the timeline, which shows the row’s time, and undo shows the whole trace again', async () => {
    const { page, problems, close } = await opened()
    await lists(page)
      .getByRole('button', { name: /^Slowest operations/ })
      .dblclick()
    await cell(page, 1, 1).waitFor()
    await grid(page).focus()
    await page.keyboard.press('Enter')
    await onPage(page, 'Timeline')
    const times = () =>
      page.locator('.pagehead input').evaluateAll((all) => all.map((one) => (one as HTMLInputElement).value))
    await expect.poll(async () => (await times()).join()).toMatch(/\+ (?!769)[\d.]+ (ms|µs)/)
    await page.keyboard.press('Control+Z')
    await expect.poll(async () => (await times()).join()).toContain('+ 769 ms')
    expect(problems).toEqual([])
    await close()
  })
})

describe('what was written', () => {
  it('is there after a restart: drafts, saved queries and history', async () => {
    const first = await opened({ address: '' })
    await run(first.page, 'SELECT 42 AS answer')
    await cell(first.page, 1, 1).getByText('42').waitFor()
    await first.page.getByRole('button', { name: 'Save', exact: true }).click()
    await first.page.getByLabel('Name of the query').fill('The answer')
    await first.page.keyboard.press('Enter')
    await first.page.waitForTimeout(600)
    expect(first.problems).toEqual([])
    await first.close()
    const again = await opened({ address: '' })
    expect(await editor(again.page).innerText()).toContain('SELECT 42 AS answer')
    await lists(again.page).getByRole('radio', { name: 'Saved' }).click()
    await lists(again.page).getByText('The answer').waitFor()
    await lists(again.page).getByRole('radio', { name: 'History' }).click()
    await lists(again.page).getByText('SELECT 42 AS answer').waitFor()
    expect(again.problems).toEqual([])
    await again.close()
  })
})

describe.each([
  ['1440 × 900', LARGE_WINDOW],
  ['1280 × 720', SMALL_WINDOW],
] as const)('at %s', (_name, size) => {
  it.each(['light', 'dark'] as const)('%s: nothing scrolls, nothing serious for axe', async (theme) => {
    const { page, problems, close } = await opened({ size, theme })
    await page.keyboard.press('Control+Enter')
    await cell(page, 1, 1).waitFor()
    await page.getByRole('region', { name: 'Result' }).getByRole('img').locator('canvas').waitFor()
    expect(await overflow(page)).toEqual(NO_OVERFLOW)
    expect(await seriousFindings(page)).toEqual([])
    expect(problems).toEqual([])
    await close()
  })
})
