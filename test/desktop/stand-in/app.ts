/** `app`: starting, one instance, metrics and the end, on a real process and a real Chromium. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from '#electron/store/is-alive.ts'
import { appEvents } from './app-events.ts'
import { browser, closeBrowser, USER_DATA } from './browser.ts'
import { utilityMetrics } from './processes.ts'
import { BrowserWindow } from './window.ts'

const LOCK = join(USER_DATA, 'instance')
const HANDED_OVER = join(USER_DATA, 'handed-over')
const ready = Promise.withResolvers<void>()

/** True for the first; a second one leaves what it has to say for the first and gets false. */
function requestSingleInstanceLock(data: unknown): boolean {
  mkdirSync(HANDED_OVER, { recursive: true })
  const first = Number(readIfThere(LOCK))
  if (first > 0 && first !== process.pid && isAlive(first)) {
    const name = join(HANDED_OVER, String(process.pid))
    writeFileSync(`${name}.part`, JSON.stringify({ argv: process.argv, cwd: process.cwd(), data }))
    renameSync(`${name}.part`, `${name}.json`)
    return false
  }
  writeFileSync(LOCK, String(process.pid))
  watch(HANDED_OVER, takeHandedOver)
  return true
}

function takeHandedOver(): void {
  for (const name of readdirSync(HANDED_OVER).filter((file) => file.endsWith('.json'))) {
    const text = readIfThere(join(HANDED_OVER, name))
    rmSync(join(HANDED_OVER, name), { force: true })
    if (text === '') continue
    const { argv, cwd, data } = JSON.parse(text) as { argv: string[]; cwd: string; data: unknown }
    appEvents.emit('second-instance', {}, argv, cwd, data)
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Emits an event that can be prevented; true if it was not. */
function goesOn(name: string): boolean {
  let prevented = false
  appEvents.emit(name, { preventDefault: () => (prevented = true) })
  return !prevented
}

const aboutPanel: Record<string, unknown> = {}

export const app = Object.assign(appEvents, {
  isPackaged: false,
  sandboxed: false,
  recentDocuments: new Array<string>(),
  enableSandbox: () => void (app.sandboxed = true),
  aboutPanel,
  requestSingleInstanceLock,
  whenReady: () => ready.promise,
  addRecentDocument: (path: string) => void app.recentDocuments.push(path),
  setAboutPanelOptions: (options: unknown) => void Object.assign(aboutPanel, options),
  getVersion: () => '0.0.0-stand-in',
  getAppMetrics: () => [{ type: 'Browser', name: 'Browser', pid: process.pid }, ...utilityMetrics()],
  quit() {
    if (!goesOn('before-quit')) return
    for (const window of BrowserWindow.getAllWindows()) window.close()
    if (goesOn('will-quit')) app.exit(0)
  },
  exit(code = 0) {
    void closeBrowser().finally(() => process.exit(code))
  },
})

/** Called once the app's own code has been evaluated: Electron is never ready before that. */
export function becomeReady(): void {
  browser().then(
    () => ready.resolve(),
    (error: unknown) => ready.reject(error),
  )
}
