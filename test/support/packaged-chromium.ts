/**
 * The Chromium inside the npm package @sparticuz/chromium (Linux x64, a headless shell): unpacked once per version below
 * the temp folder with the libraries and the fonts that come with it, so that a machine with nothing but Node can run every
 * test, and always with the same browser. It is tried before it is handed out.
 */
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { chromium } from 'playwright-core'
import { WAIT_MS } from './wait.ts'

export interface Executable {
  readonly path: string
  readonly env: Readonly<Record<string, string>>
}

/** There once the browser below has shown a page with text. */
const TRIED = 'tried'

/** `undefined` where it does not run: another platform, or a system without what the package leaves to it. */
export async function packagedChromium(flags: readonly string[]): Promise<Executable | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined
  const root = join(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '..')
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const folder = join(tmpdir(), `faultline-chromium-${version}`)
  if (!existsSync(folder)) await unpack(folder, join(root, 'bin'))
  const executable = {
    path: join(folder, 'chromium'),
    env: { LD_LIBRARY_PATH: join(folder, 'al2023', 'lib'), FONTCONFIG_FILE: join(folder, 'fonts.conf') },
  }
  if (existsSync(join(folder, TRIED))) return executable
  if (!(await shows(executable, flags))) return undefined
  writeFileSync(join(folder, TRIED), '')
  return executable
}

/** Beside its place and then moved there: two processes that begin at once both find a whole one. */
async function unpack(folder: string, bin: string): Promise<void> {
  const beside = mkdtempSync(`${folder}.`)
  // the package unpacks where the temp folder is
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = beside
  try {
    const { default: packaged, inflate } = await import('@sparticuz/chromium')
    await packaged.executablePath()
    await inflate(join(bin, 'al2023.tar.br'))
  } finally {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  }
  writeFileSync(join(beside, 'fonts.conf'), fontsOf(folder))
  try {
    renameSync(beside, folder)
  } catch (error) {
    rmSync(beside, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
}

/** The package's own list names folders of the service it is packed for; without any font the browser ends with its first page. */
function fontsOf(folder: string): string {
  const places = [join(folder, 'fonts'), '/usr/share/fonts'].map((place) => `<dir>${place}</dir>`).join('')
  return `<?xml version="1.0"?>\n<fontconfig>${places}<cachedir>${join(folder, 'fonts-cache')}</cachedir></fontconfig>\n`
}

async function shows({ path, env }: Executable, flags: readonly string[]): Promise<boolean> {
  const browser = await chromium
    .launch({ executablePath: path, args: [...flags], env: { ...process.env, ...env }, timeout: WAIT_MS })
    .catch(() => undefined)
  try {
    const page = await browser?.newPage()
    await page?.setContent('<p>drawn</p>')
    return (await page?.locator('p').boundingBox())?.height !== undefined
  } catch {
    return false
  } finally {
    await browser?.close()
  }
}
