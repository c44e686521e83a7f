/**
 * Names from a stranger: markup and scripts as task names, lock names, payloads, markers, file names and notes. Every
 * page shows them as text. What would run says so on the page or breaks the Content-Security-Policy; both fail this.
 */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createEngine } from '#electron/engine/engine.ts'
import { inProcessPair } from '#shared/contract/transports.ts'
import { createClient } from '#shared/contract/rpc.ts'
import { onPage, PAGES, startApp, type TestApp, type TestWindow } from '../support/window.ts'

const MARKUP = '<img src=x onerror="window.__ran=1">'
const LOCKS = [
  '<script>window.__ran=2</script>',
  '&x->i_mutex"><svg/onload=window.__ran=3>',
  "';window.__ran=4;//",
  '{{constructor.constructor("window.__ran=5")()}}',
  `javascript:window.__ran=6 ${'<b>'.repeat(80)}`,
]

/** Two tasks with such names that take turns on such locks, with operations, so that every page has something to show. */
function hostileTrace(): string {
  const lines = ['# tracer: nop', '#']
  let us = 1_000_000
  const say = (comm: string, pid: number, cpu: number, event: string) => {
    us += 7
    const time = `${Math.floor(us / 1_000_000)}.${String(us % 1_000_000).padStart(6, '0')}`
    lines.push(`${comm.padStart(16)}-${pid} [00${cpu}] ..... ${time}: ${event}`)
  }
  const first = '<img onerror=1>'
  const second = '</td><script>x'
  for (let round = 0; round < 40; round++) {
    LOCKS.forEach((lock, i) => {
      const at = `00000000000000a${i}`
      say(first, 101, 0, 'sys_pwrite64(fd: 3, buf: 0x1, count: 4096, pos: 0)')
      say(first, 101, 0, `lock_acquire: ${at} ${lock}`)
      say(second, 102, 1, 'sys_fallocate(fd: 3, mode: 3, offset: 0, len: 1000)')
      say(second, 102, 1, `lock_acquire: ${at} ${lock}`)
      say(second, 102, 1, `lock_contended: ${at} ${lock}`)
      say(first, 101, 0, `tracing_mark_write: ${MARKUP}`)
      say(first, 101, 0, `lock_release: ${at} ${lock}`)
      say(second, 102, 1, `lock_acquired: ${at} ${lock}`)
      say(first, 101, 0, 'sys_pwrite64 -> 0x1000')
      say(second, 102, 1, `lock_release: ${at} ${lock}`)
      say(second, 102, 1, 'sys_fallocate -> 0x0')
    })
  }
  return `${lines.join('\n')}\n`
}

let folder: string
let app: TestApp
let window: TestWindow
let page: Page

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'faultline-hostile-'))
  const trace = join(folder, '<img src=x onerror=window.__ran=7>.txt')
  writeFileSync(trace, hostileTrace())
  const clean = join(folder, 'clean.faultline')
  const engine = await createEngine({ host: 'cli', dataDir: join(folder, 'data') })
  const [server, client] = inProcessPair()
  void engine.serve(server, { paths: 'any', local: true })
  await createClient(client).call('trace.import', { source: { kind: 'path', path: trace }, out: clean })
  await engine.close()
  const edited = join(folder, "'--><svg onload=window.__ran=8>.faultline")
  copyFileSync(clean, edited)
  const db = new Database(edited)
  db.prepare('UPDATE trace SET name = ?, kernel = ?, clock = ?').run(MARKUP, MARKUP, MARKUP)
  db.prepare("INSERT INTO annotation (trace_id, kind, start_ns, end_ns, text) VALUES (1, 'note', 1000, 2000, ?)").run(
    MARKUP,
  )
  db.prepare(
    "INSERT INTO diagnostic (trace_id, severity, code, message, first_line, count) VALUES (1, 'warning', ?, ?, 1, 1)",
  ).run(MARKUP, MARKUP)
  db.close()
  app = await startApp([
    { kind: 'path', path: trace },
    { kind: 'path', path: edited },
  ])
  window = await app.open()
  page = window.page
  await page.getByRole('navigation', { name: 'Open traces' }).getByRole('button').nth(2).waitFor()
})
afterAll(async () => {
  await app?.close()
  rmSync(folder, { recursive: true, force: true })
})

test.each(PAGES.filter((title) => title !== 'Open'))('%s shows them as text', async (name) => {
  const tabs = page.getByRole('navigation', { name: 'Open traces' }).locator('button.name')
  for (let tab = 0; tab < (await tabs.count()); tab++) {
    await tabs.nth(tab).click()
    await page.getByRole('navigation', { name: 'Pages' }).getByText(name, { exact: true }).click()
    await onPage(page, name)
    await page.waitForTimeout(400)
    const seen = await page.evaluate(() => ({
      ran: (globalThis as { __ran?: number }).__ran,
      images: document.images.length,
      scripts: [...document.scripts].filter((script) => script.src === '').length,
    }))
    expect(seen).toEqual({ ran: undefined, images: 0, scripts: 0 })
  }
  expect(window.problems).toEqual([])
})

test('a row that is chosen, searched for and pointed at shows them as text too', async () => {
  await page.getByRole('navigation', { name: 'Pages' }).getByText('Contention', { exact: true }).click()
  await page.getByText('<script>window.__ran=2</script>').first().click()
  await page.waitForTimeout(300)
  await page.keyboard.press('Control+Shift+P')
  await page.keyboard.insertText('<img')
  await page.waitForTimeout(300)
  await page.keyboard.press('Escape')
  expect(await page.evaluate(() => (globalThis as { __ran?: number }).__ran)).toBeUndefined()
  expect(window.problems).toEqual([])
})
