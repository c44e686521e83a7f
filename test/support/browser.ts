/**
 * A real Chromium for tests: the one named by FAULTLINE_CHROMIUM, else the one of the npm package (Linux x64), else an
 * installed Chromium or Chrome. Where there is none, tests say so and are skipped.
 */
import { existsSync } from 'node:fs'
import { chromium, type Browser, type Page } from 'playwright-core'
import { packagedChromium, type Executable } from './packaged-chromium.ts'
import { WAIT_MS } from './wait.ts'

const INSTALLED = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--font-render-hinting=none',
]

export async function launchBrowser(): Promise<Browser> {
  const executable = await findChromium()
  if (executable === undefined) throw new Error('no Chromium on this machine: set FAULTLINE_CHROMIUM to one')
  const inherited = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return chromium.launch({
    executablePath: executable.path,
    timeout: WAIT_MS,
    args: CHROMIUM_FLAGS,
    env: { ...Object.fromEntries(inherited), ...executable.env },
  })
}

/** The pinned one where it runs: the same browser on every machine, and half the work of a whole one. */
export async function findChromium(): Promise<Executable | undefined> {
  const named = process.env['FAULTLINE_CHROMIUM']
  if (named !== undefined) return existsSync(named) ? { path: named, env: {} } : undefined
  const packaged = await packagedChromium(CHROMIUM_FLAGS)
  const installed = INSTALLED.find((candidate) => existsSync(candidate))
  return packaged ?? (installed === undefined ? undefined : { path: installed, env: {} })
}

/** Collects what must not happen on a page: console errors, uncaught exceptions, CSP violations, failed requests. */
export function watchPage(page: Page): readonly string[] {
  const problems: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      problems.push(`${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => problems.push(`uncaught: ${error.message}`))
  page.on('requestfailed', (request) => problems.push(`request failed: ${request.url()}`))
  return problems
}
