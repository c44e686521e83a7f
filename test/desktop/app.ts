/**
 * Starts the desktop app as a user has it and drives it: with Electron's runtime where there is one and a display,
 * otherwise its unchanged main and preload code over the stand-in (test/desktop/stand-in). One interface for both, so
 * that one file of tests covers both.
 */
import { fork, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { _electron, chromium, type ElectronApplication, type Page } from 'playwright-core'
import { hasDisplay, installedRuntime } from '#electron/launch/electron-runtime.ts'
import { WAIT_MS } from '../support/wait.ts'
import type * as StandIn from './stand-in/electron.ts'

/** What tests use of the `electron` module is what the stand-in has of it. */
export type Electron = typeof StandIn

export interface DesktopApp {
  readonly kind: 'electron' | 'stand-in'
  /** The window's page as it is now; a crashed one is replaced. */
  page(): Promise<Page>
  /** Runs in the main process; sees nothing of the test but `arg`. */
  inMain<R, A = undefined>(run: (electron: Electron, arg: A) => R | Promise<R>, arg: A): Promise<R>
  /** A second start with these files, until it has ended. */
  startAgain(files: readonly string[]): Promise<number>
  /** Resolves with the exit status. */
  readonly ended: Promise<number>
  close(): Promise<void>
}

export interface StartOptions {
  /** The built main process. */
  readonly main: string
  readonly args?: readonly string[]
  /** Kept between starts where given. */
  readonly home?: string
  /** Handed over before the app is ready; the stand-in only. */
  readonly openFile?: string
}

export function electronBinary(): string | undefined {
  const folder = dirname(createRequire(import.meta.url).resolve('electron/package.json'))
  return hasDisplay(process.platform, process.env) ? installedRuntime(folder) : undefined
}

export function startDesktop(options: StartOptions): Promise<DesktopApp> {
  const binary = electronBinary()
  return binary === undefined ? startStandIn(options) : startElectron(binary, options)
}

function environment(home: string): Record<string, string> {
  const inherited = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return {
    ...Object.fromEntries(inherited),
    FAULTLINE_HOME: join(home, 'data'),
    STAND_IN_USER_DATA: join(home, 'user'),
  }
}

const exitOf = (child: ChildProcess) =>
  new Promise<number>((resolve) => child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 128))))

async function startElectron(binary: string, { main, args = [], home }: StartOptions): Promise<DesktopApp> {
  const folder = home ?? mkdtempSync(join(tmpdir(), 'faultline-app-'))
  const profile = `--user-data-dir=${join(folder, 'user')}`
  const env = environment(folder)
  const app: ElectronApplication = await _electron.launch({
    executablePath: binary,
    args: [main, profile, ...args],
    env,
  })
  const ended = exitOf(app.process())
  return {
    kind: 'electron',
    page: async () => app.windows().at(-1) ?? (await app.firstWindow()),
    inMain: (run, arg) => app.evaluate(run as never, arg as never),
    startAgain: (files) => exitOf(spawn(binary, [main, profile, ...files], { env, stdio: 'ignore' })),
    ended,
    async close() {
      await app.close()
      if (home === undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A start over the stand-in that comes to nothing: how it ended, and what its boxes said. */
export async function failedStart(
  main: string,
  home: string,
): Promise<{ readonly status: number; readonly said: string }> {
  const env = { ...environment(home), STAND_IN_PORT: String(await freePort()) }
  const child = fork(RUN, [main], { env, execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  let said = ''
  child.stderr?.on('data', (text: Buffer) => (said += text.toString()))
  return { status: await exitOf(child), said }
}

/** A page that is being opened is looked for after such a pause each. */
const PAGE_PAUSE_MS = 100
const PAGE_TRIES = WAIT_MS / PAGE_PAUSE_MS

const RUN = join(import.meta.dirname, 'stand-in/run.ts')

async function startStandIn({ main, args = [], home, openFile }: StartOptions): Promise<DesktopApp> {
  const folder = home ?? mkdtempSync(join(tmpdir(), 'faultline-app-'))
  const port = await freePort()
  const env = { ...environment(folder), STAND_IN_PORT: String(port) }
  const start = (files: readonly string[], more: Record<string, string> = {}) =>
    fork(RUN, [main, ...files], { env: { ...env, ...more }, execArgv: [], stdio: 'inherit' })
  const child = start(args, openFile === undefined ? {} : { STAND_IN_OPEN_FILE: openFile })
  const ended = exitOf(child)
  const inMain = evaluator(child)
  await inMain(({ app }) => app.whenReady(), undefined)
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { timeout: WAIT_MS })
  const crashed = new WeakSet<Page>()
  return {
    kind: 'stand-in',
    async page() {
      for (let tries = 0; tries < PAGE_TRIES; tries++) {
        const pages = browser.contexts().flatMap((context) => context.pages())
        const alive = pages.filter((page) => !page.isClosed() && !crashed.has(page))
        const ours = alive.find((page) => page.url().startsWith('https://faultline.'))
        if (ours !== undefined) return ours.once('crash', () => crashed.add(ours))
        await setTimeout(PAGE_PAUSE_MS)
      }
      throw new Error('the app has shown no page')
    },
    inMain,
    startAgain: (files) => exitOf(start(files)),
    ended,
    async close() {
      if (child.exitCode === null) await inMain(({ app }) => app.quit(), undefined).catch(() => undefined)
      await ended
      await browser.close().catch(() => undefined)
      if (home === undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Has functions evaluated in the child, as run.ts offers it. */
function evaluator(child: ChildProcess): DesktopApp['inMain'] {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let next = 1
  child.on('message', ({ id, result, error }: { id: number; result?: unknown; error?: string }) => {
    const answer = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) answer?.resolve(result)
    else answer?.reject(new Error(error))
  })
  child.once('exit', () => waiting.forEach(({ reject }) => reject(new Error('the app has ended'))))
  return (run, arg) => {
    const id = next++
    const answer = Promise.withResolvers<unknown>()
    waiting.set(id, answer)
    child.send({ id, text: run.toString(), arg })
    return answer.promise as Promise<never>
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
