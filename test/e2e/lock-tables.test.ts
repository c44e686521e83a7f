/**
 * Tables and reports beside a trace, in a real browser on real files: a /proc/lock_stat dump held against the trace on the
 * Contention page, as the command line does; lockdep's reports with what every task held; the call site of an mmap_lock wait.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { fixturePath } from '../support/corpus.ts'
import { sharedApp } from '../support/shared-app.ts'
import { chooseFiles, go, NO_OVERFLOW, onPage, overflow, seriousFindings, settled } from '../support/window.ts'

const app = sharedApp()
const DUMP = fixturePath('lock-stat/dax-ext4.txt')
const TRACE = fixturePath('ftrace/dax-ext4-lockdep.txt')
let folder: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'faultline-tables-'))))
afterAll(() => rmSync(folder, { recursive: true }))

async function opened(page: Page, path: string, on = 'Overview'): Promise<void> {
  await page.locator('input[type=file]').setInputFiles(path)
  await onPage(page, on)
}
const beside = (page: Page) => page.getByRole('region', { name: 'Beside lock_stat' })
const row = (page: Page, name: string, mode: string) =>
  beside(page).getByRole('row').filter({ hasText: name }).filter({ hasText: mode }).first()

/** As the system drops a file on the page. */
async function drop(page: Page, path: string, name: string): Promise<void> {
  const bytes = readFileSync(path).toString('latin1')
  await page.evaluate(
    ([text, called]) => {
      const dropped = new DataTransfer()
      dropped.items.add(new File([Uint8Array.from(text, (char) => char.charCodeAt(0))], called))
      window.dispatchEvent(new DragEvent('drop', { dataTransfer: dropped, bubbles: true, cancelable: true }))
    },
    [bytes, name],
  )
}

function chooseDump(page: Page, path: string): Promise<void> {
  const choose = beside(page).getByRole('button', { name: /Choose a dump/ })
  return chooseFiles(page, () => choose.click(), path)
}

it('a lock_stat dump stands beside the trace with what differs, chosen or dropped, and goes again', async () => {
  const { page, problems, close } = await app.open()
  await opened(page, TRACE)
  await go(page, 'Contention')
  await page.getByRole('switch', { name: /Beside lock_stat/ }).click()
  await page.getByText('No /proc/lock_stat dump is beside this trace').waitFor()
  await chooseDump(page, DUMP)
  await beside(page)
    .getByText(/lock classes in both, modes apart; [\d,]+ differ/)
    .first()
    .waitFor()
  const mmap = row(page, '&mm->mmap_lock', 'shared')
  await mmap.waitFor()
  // 276 + 7 waits of readers are in the dump; the fixture's trace is a part of that time.
  expect(await mmap.innerText()).toContain('283')
  expect(await mmap.innerText()).toContain("lock_stat's time is longer than the trace's")
  await settled(page)
  expect(await overflow(page)).toEqual(NO_OVERFLOW)
  expect(await seriousFindings(page)).toEqual([])
  await mmap.click()
  await page
    .getByRole('button', { name: /&mm->mmap_lock/ })
    .first()
    .waitFor()
  await beside(page).getByRole('button', { name: 'The trace alone' }).click()
  await page.getByRole('region', { name: 'Locks', exact: true }).waitFor()

  await drop(page, DUMP, 'again.txt')
  await beside(page)
    .getByText(/again\.txt: /)
    .first()
    .waitFor()
  expect(await page.getByRole('navigation', { name: 'Open traces' }).getByText('again').count()).toBe(0)
  expect(problems).toEqual([])
  await close()
})

it.each([
  ['/proc/lock_stat', DUMP],
  ['perf lock contention', fixturePath('perf-lock/callers.txt')],
])('a table of %s opens where it is shown, and nothing says that nobody waited', async (_, path) => {
  const { page, problems, close } = await app.open()
  await opened(page, path, 'Contention')
  await page.getByText('A table has no single holds').waitFor()
  expect(await page.getByText('A table has no single waits').count()).toBe(3)
  const locks = await page.getByRole('region', { name: 'Locks', exact: true }).innerText()
  expect(locks).toMatch(/ms|µs/)
  expect(locks).not.toContain('NaN')
  await go(page, 'Overview')
  await page.getByText('A table of figures per lock, not a trace: Contention shows it.').waitFor()
  expect(await page.getByText(/Nobody waited|Nothing waited/).count()).toBe(0)
  await settled(page)
  expect(await overflow(page)).toEqual(NO_OVERFLOW)
  expect(problems).toEqual([])
  await close()
})

it('what is no lock_stat dump says so, and a table that is open already can be taken', async () => {
  const { page, problems, close } = await app.open()
  await opened(page, DUMP, 'Contention')
  expect(await page.getByRole('switch', { name: /Beside lock_stat/ }).count()).toBe(0)
  await opened(page, TRACE)
  await go(page, 'Contention')
  await page.getByRole('switch', { name: /Beside lock_stat/ }).click()
  await chooseDump(page, TRACE)
  await beside(page).getByText('this is no /proc/lock_stat table').waitFor()
  await beside(page)
    .getByRole('button', { name: /^dax-ext4/ })
    .click()
  await row(page, '&mm->mmap_lock', 'shared').waitFor()
  expect(problems).toEqual([])
  await close()
})

it("lockdep's reports stand beside the order they give, with the locks every task held and where", async () => {
  const { page, problems, close } = await app.open()
  await opened(page, fixturePath('lockdep-report/circular.txt'), 'Lock order')
  const reports = page.getByRole('region', { name: 'Reports of lockdep' })
  await reports.getByText('possible circular locking dependency detected').first().waitFor()
  const held = reports.getByRole('list', { name: 'Held by punch-hole-0 9 9071' })
  expect(await held.getByRole('listitem').allInnerTexts()).toEqual([
    expect.stringMatching(/&sb->s_type->i_mutex_key#6[^]*ext4_punch_hole\+0x94/),
    expect.stringMatching(/jbd2_handle[^]*start_this_handle\+0x1a1/),
  ])
  // a report without a time says so, and not that it was NaN ns
  expect(await page.getByRole('region', { name: 'Circles' }).innerText()).not.toContain('NaN')
  await reports.getByText('stack of jbd2_handle').click()
  await reports.getByText('ext4_dax_huge_fault+0x1a0/0x3e0').waitFor()
  await reports.getByRole('button', { name: 'sb_pagefaults → jbd2_handle' }).click()
  await page.getByRole('row', { selected: true }).filter({ hasText: 'jbd2_handle' }).first().waitFor()
  expect(await overflow(page)).toEqual(NO_OVERFLOW)
  expect(await seriousFindings(page)).toEqual([])
  expect(problems).toEqual([])
  await close()
})

it('a wait for mmap_lock is listed under the function that asked for it', async () => {
  const line = (us: number, what: string) => `            task-11     [000] d..2.   100.0${us}000: ${what}\n`
  const path = join(folder, 'mmap.txt')
  const mm = 'mm=00000000cccccccc memcg_path='
  writeFileSync(
    path,
    [
      '# tracer: nop\n#\n',
      line(10, `mmap_lock_start_locking: ${mm} write=false`),
      line(12, 'contention_begin: 00000000bc512a5b (flags=READ)'),
      line(12, '<stack trace>'),
      ' => rwsem_down_read_slowpath\n => lock_mm_and_find_vma\n',
      line(20, 'contention_end: 00000000bc512a5b (ret=0)'),
      line(21, `mmap_lock_acquire_returned: ${mm} write=false success=true`),
      line(30, `mmap_lock_released: ${mm} write=false`),
    ].join(''),
  )
  const { page, problems, close } = await app.open()
  await opened(page, path)
  await go(page, 'Contention')
  await page.getByText('Call site', { exact: true }).first().click()
  const found = page.getByRole('row').filter({ hasText: 'lock_mm_and_find_vma' }).first()
  await found.waitFor()
  expect(await found.innerText()).toContain('mmap_lock')
  expect(problems).toEqual([])
  await close()
})
