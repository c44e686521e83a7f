/**
 * A real Chromium for tests: the one named by FAULTLINE_CHROMIUM, an installed Chromium or Chrome, else the one inside
 * the npm package @sparticuz/chromium (Linux x64), which is unpacked once with the libraries it needs, so that a machine
 * with nothing but Node can run every test. Where there is none, tests say so and are skipped.
 */
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'

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

interface Executable {
  readonly path: string
  readonly env: Readonly<Record<string, string>>
}

export async function launchBrowser(): Promise<Browser> {
  const executable = await findChromium()
  if (executable === undefined) throw new Error('no Chromium on this machine: set FAULTLINE_CHROMIUM to one')
  const inherited = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return chromium.launch({
    executablePath: executable.path,
    args: CHROMIUM_FLAGS,
    env: { ...Object.fromEntries(inherited), ...executable.env },
  })
}

export async function findChromium(): Promise<Executable | undefined> {
  const named = process.env['FAULTLINE_CHROMIUM']
  if (named === 'bundled') return unpackBundled()
  const path = [named ?? '', ...INSTALLED].find((candidate) => candidate !== '' && existsSync(candidate))
  if (path !== undefined) return { path, env: {} }
  return process.platform === 'linux' && process.arch === 'x64' ? unpackBundled() : undefined
}

/** Unpacks the packaged browser below the temp folder; a second call finds it there. */
async function unpackBundled(): Promise<Executable> {
  const folder = join(tmpdir(), 'faultline-chromium')
  mkdirSync(folder, { recursive: true })
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = folder
  try {
    const { default: packaged, inflate } = await import('@sparticuz/chromium')
    const path = await packaged.executablePath()
    const bin = join(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '..', 'bin')
    const libraries = join(await inflate(join(bin, 'al2023.tar.br')), 'lib')
    if (!existsSync(libraries)) throw new Error(`no libraries in ${readdirSync(folder).join(', ')}`)
    return { path, env: { LD_LIBRARY_PATH: libraries, FONTCONFIG_PATH: join(folder, 'fonts') } }
  } finally {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  }
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
