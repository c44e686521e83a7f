/** The one Chromium behind the windows: started when the app becomes ready, with its profile in the app's user data. */
import { join } from 'node:path'
import { chromium, type BrowserContext } from 'playwright-core'
import { CHROMIUM_FLAGS, findChromium } from '../../support/browser.ts'
import { WAIT_MS } from '../../support/wait.ts'

/** Set by whoever starts the stand-in (test/desktop/app.ts). */
export const USER_DATA = process.env['STAND_IN_USER_DATA'] ?? ''
const PORT = Number(process.env['STAND_IN_PORT'])

/** In Electron's pages a port says when its other end is gone; in a browser it does not. */
const AS_ELECTRON = '--enable-blink-features=MessagePortCloseEvent'

let context: Promise<BrowserContext> | undefined

export function browser(): Promise<BrowserContext> {
  context ??= start()
  return context
}

async function start(): Promise<BrowserContext> {
  const executable = await findChromium()
  if (executable === undefined) throw new Error('no Chromium on this machine: set FAULTLINE_CHROMIUM to one')
  const inherited = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return chromium.launchPersistentContext(join(USER_DATA, 'profile'), {
    executablePath: executable.path,
    timeout: WAIT_MS,
    args: [...CHROMIUM_FLAGS, AS_ELECTRON, `--remote-debugging-port=${PORT}`],
    viewport: { width: 1440, height: 900 },
    env: { ...Object.fromEntries(inherited), ...executable.env },
  })
}

export async function closeBrowser(): Promise<void> {
  await (await context?.catch(() => undefined))?.close().catch(() => undefined)
}
