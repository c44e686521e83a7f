/**
 * The window as a user has it: the built page served by the real loopback host with an engine of its own, in a real
 * Chromium. Whatever must never happen on a page (console errors, CSP violations, uncaught exceptions, failed requests) is
 * collected in `problems`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, FileChooser, Page } from 'playwright-core'
import { onTestFailed } from 'vitest'
import { createEngine } from '#electron/engine/engine.ts'
import { buildPage, PAGE } from '#electron/launch/build.ts'
import { serveWeb } from '#electron/web/server.ts'
import type { Source } from '#shared/contract/methods.ts'
import { launchBrowser, watchPage } from './browser.ts'
import { WAIT_MS } from './wait.ts'
import { watchLoads, type Loaded } from './bundle.ts'
import { keepKnownCells, takeKnownCells } from './known-cells.ts'

export const LARGE_WINDOW = { width: 1440, height: 900 }
export const SMALL_WINDOW = { width: 1280, height: 720 }

/** What a page is looked at in: a name, the window's size, the theme. */
/** Every page, by its title. */
export const PAGES = [
  'Open',
  'Overview',
  'Timeline',
  'Contention',
  'Latency',
  'Lock order',
  'Compare',
  'Races',
  'Simulate',
  'SQL',
] as const
export const LOOKS = [
  ['1440 × 900, light', LARGE_WINDOW, 'light'],
  ['1440 × 900, dark', LARGE_WINDOW, 'dark'],
  ['1280 × 720, light', SMALL_WINDOW, 'light'],
  ['1280 × 720, dark', SMALL_WINDOW, 'dark'],
] as const

export interface TestWindow {
  readonly page: Page
  readonly problems: readonly string[]
  /** What this window has loaded so far, or before it asked for a file of this name. */
  readonly loaded: (before?: RegExp) => Promise<Loaded>
  readonly close: () => Promise<void>
}

export interface TestApp {
  /**
   * `address`: how the page's address goes on; without it the window is a fresh one, apart from the session that is kept.
   * `url`: of another host than this one.
   */
  open(options?: {
    size?: typeof LARGE_WINDOW
    theme?: 'light' | 'dark'
    address?: string
    url?: string
  }): Promise<TestWindow>
  readonly close: () => Promise<void>
}

export interface AppOptions {
  /** The matrix is known from an earlier start as far as there was one, or is yet to be computed. */
  readonly races?: 'known' | 'unknown'
}

export async function startApp(
  startWith: readonly Source[] = [],
  { races = 'known' }: AppOptions = {},
): Promise<TestApp> {
  await buildPage(() => undefined)
  const folder = mkdtempSync(join(tmpdir(), 'faultline-window-'))
  const dataDir = join(folder, 'data')
  if (races === 'known') takeKnownCells(dataDir)
  const engine = await createEngine({ host: 'web', dataDir, startWith })
  const host = await serveWeb({ engine, page: PAGE })
  const browser: Browser = await launchBrowser()
  return {
    async open({ size = LARGE_WINDOW, theme = 'light', address = '&fresh=1', url = host.url } = {}) {
      const context = await browser.newContext({
        viewport: size,
        colorScheme: theme,
        acceptDownloads: true,
        permissions: ['clipboard-read', 'clipboard-write'],
      })
      const page = await context.newPage()
      page.setDefaultTimeout(WAIT_MS)
      tellOfFailure(page)
      const problems = watchPage(page)
      const loaded = watchLoads(page)
      await page.goto(url + address)
      return { page, problems, loaded, close: () => context.close() }
    },
    async close() {
      await browser.close()
      await host.close()
      await engine.close()
      keepKnownCells(dataDir)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A test that fails says what its page showed. */
function tellOfFailure(page: Page): void {
  try {
    onTestFailed(async () => {
      const shown = page.isClosed() ? 'it was closed' : await page.locator('body').ariaSnapshot()
      process.stderr.write(`What the page showed:\n${shown}\n`)
    })
  } catch {
    // opened before the first of several tests, or by no test
  }
}

/** What is shown, in a window of another size and under another theme. */
export async function look(page: Page, size: typeof LARGE_WINDOW, theme: 'light' | 'dark'): Promise<void> {
  await page.setViewportSize(size)
  await page.emulateMedia({ colorScheme: theme })
}

/** To a page by its button in the sidebar. */
export async function go(page: Page, name: string): Promise<void> {
  const pages = page.getByRole('navigation', { name: 'Pages' })
  await pages.getByRole('button', { name: new RegExp(`^${name}`) }).click()
  await onPage(page, name)
}

/** The page of that title is shown: where opening a trace comes first, a slow machine takes its time. */
export const onPage = (page: Page, name: string): Promise<void> =>
  page.getByRole('heading', { level: 1, name, exact: true }).waitFor()

/** Nothing is loading any more. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null)
}

export interface Overflow {
  readonly x: number
  readonly y: number
}
export const NO_OVERFLOW: Overflow = { x: 0, y: 0 }

/** How far the page as a whole scrolls: it never does, its panels do. */
export const overflow = (page: Page): Promise<Overflow> =>
  page.evaluate(() => ({
    x: document.documentElement.scrollWidth - window.innerWidth,
    y: document.documentElement.scrollHeight - window.innerHeight,
  }))

/** What opens the system's file dialog, and the files chosen in it. */
export async function chooseFiles(
  page: Page,
  ask: () => Promise<void>,
  paths: Parameters<FileChooser['setFiles']>[0],
): Promise<void> {
  const chooser = page.waitForEvent('filechooser')
  // Listening makes the browser hold dialogs back, in a message of its own: after an answer it has arrived.
  await page.evaluate(() => undefined)
  await ask()
  await (await chooser).setFiles(paths)
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Serious and critical findings of axe-core on the page as it stands, one line each. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    interface Axe {
      run(): Promise<{
        violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[]
      }>
    }
    const { violations } = await (window as unknown as { axe: Axe }).axe.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary.slice(0, 200)}`),
      )
  })
}
