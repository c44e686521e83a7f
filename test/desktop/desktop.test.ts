/**
 * The desktop app from end to end, out of the package a release would hold: main process, preload, engine and page over
 * Electron where its runtime is there, else over the stand-in. What a user of the window relies on and a browser host
 * cannot show.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { extractAll } from '@electron/asar'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SCHEME } from '#electron/desktop/protocol.ts'
import { isAlive } from '#electron/store/is-alive.ts'
import { watchPage } from '../support/browser.ts'
import { PROJECT } from '../support/engine.ts'
import { WAIT_MS } from '../support/wait.ts'
import { failedStart, startDesktop, type DesktopApp } from './app.ts'
import { pack } from './pack.ts'

const SAMPLES = join(PROJECT, 'samples')
const OTHER = join(SAMPLES, 'nl-dax-ext4-small.trace.txt.zst')
const THIRD = join(SAMPLES, 'dax-ext4-full.trace.txt.zst')

let folder: string
let main: string
let app: DesktopApp
let page: Page
let problems: readonly string[]

const tab = (name: string) =>
  page.getByRole('navigation', { name: 'Open traces' }).getByRole('button', { name: new RegExp(`^${name}`) })
const go = (title: string) => page.getByRole('navigation', { name: 'Pages' }).getByText(title, { exact: true }).click()
const enginePid = () =>
  app.inMain(({ app }) => app.getAppMetrics().find(({ name }) => name === 'Faultline Engine')?.pid ?? 0, undefined)

/** Starts a statement that never ends; the processes it may run in. */
async function endlessSql(): Promise<readonly number[]> {
  await go('SQL')
  // The page's own questions, of which a process is kept for the next statement, have been answered.
  await page.getByRole('region', { name: 'Tables' }).locator('summary .num', { hasText: /\d/ }).first().waitFor()
  await page.getByRole('button', { name: 'New query' }).click()
  await page.getByRole('textbox', { name: 'SQL' }).click()
  await page.keyboard.insertText('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n')
  await page.keyboard.press('Control+Enter')
  const sql = () =>
    app.inMain(
      ({ app }) =>
        app
          .getAppMetrics()
          .filter(({ name }) => name === 'Faultline SQL')
          .map(({ pid }) => pid),
      undefined,
    )
  await expect.poll(async () => (await sql()).length).toBeGreaterThan(0)
  return sql()
}

async function crashPage(): Promise<void> {
  const gone = page.waitForEvent('crash')
  await app.inMain(
    ({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer(),
    undefined,
  )
  await gone
}

async function show(): Promise<void> {
  page = await app.page()
  page.setDefaultTimeout(WAIT_MS)
  problems = watchPage(page)
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'faultline-desktop-e2e-'))
  const packed = await pack(folder)
  // Electron reads the archive as it is; Node has to unpack it, and finds nothing that was not packed.
  extractAll(join(packed.resources, 'app.asar'), join(folder, 'app'))
  main = join(folder, 'app/out/main/main.js')
  app = await startDesktop({ main, args: ['--sample=dax-xfs'], home: join(folder, 'home') })
  process.stdout.write(`the desktop app runs over ${app.kind}\n`)
  await show()
})
afterAll(async () => {
  await app?.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('the desktop window', () => {
  test('shows the sample it was started with, from its own scheme', async () => {
    await tab('dax-xfs').waitFor()
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    expect(
      await app.inMain(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getURL(), undefined),
    ).toBe('app://faultline/')
    await expect
      .poll(() => app.inMain(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible(), undefined))
      .toBe(true)
    expect(problems).toEqual([])
  })

  test('gives the page a few functions and nothing of Node or Electron', async () => {
    const there = await page.evaluate(() => {
      const all = window as unknown as Record<string, unknown>
      return {
        bridge: Object.keys(all['faultline'] as object).sort(),
        leaks: ['require', 'process', 'module', 'Buffer', 'electron', 'ipcRenderer'].filter((name) => name in all),
      }
    })
    expect(there).toEqual({
      bridge: [
        'chooseFiles',
        'connectEngine',
        'grantFile',
        'onCommand',
        'onNotice',
        'onOpenFiles',
        'openLink',
        'platform',
        'showMenu',
        'useTheme',
      ],
      leaks: [],
    })
  })

  test('draws menus and dialogs in the theme of the page', async () => {
    const source = () => app.inMain(({ nativeTheme }) => nativeTheme.themeSource, undefined)
    const choose = async (command: string) => {
      await page.keyboard.press('Control+Shift+P')
      await page.getByPlaceholder(/Find a command/).fill(command)
      await page.getByRole('option', { name: command }).click()
    }
    expect(await source()).toBe('system')
    await choose('Theme: light or dark')
    await expect.poll(source).toBe('dark')
    await choose('Theme: as the system')
    await expect.poll(source).toBe('system')
  })

  test('opens the file chosen in the system’s dialog', async () => {
    await app.inMain(({ dialog }, path) => {
      dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [path] })
    }, OTHER)
    await page.keyboard.press('Control+O')
    await tab('nl-dax-ext4-small').waitFor()
    expect(problems).toEqual([])
  })

  test('opens nothing when the dialog is cancelled', async () => {
    const tabs = page.getByRole('navigation', { name: 'Open traces' }).getByRole('button', { name: /zst$/ })
    const before = await tabs.allInnerTexts()
    await app.inMain(({ dialog }, path) => {
      dialog.showOpenDialog = () => Promise.resolve({ canceled: true, filePaths: [path] })
    }, THIRD)
    await page.keyboard.press('Control+O')
    await pause(500)
    expect(await tabs.allInnerTexts()).toEqual(before)
    expect(problems).toEqual([])
    if (app.kind === 'electron') return // Electron does not tell what the system remembers
    expect(await app.inMain(({ app }) => app.recentDocuments, undefined)).toEqual([OTHER])
  })

  test('takes over the files of a second start, which ends', async () => {
    expect(await app.startAgain([THIRD])).toBe(0)
    await tab('dax-ext4-full').waitFor()
  })

  test('a second start brings the window forward, also from where it was put away', async () => {
    if (app.kind === 'electron') return // a window manager decides
    const window = (run: 'putAway' | 'ask') =>
      app.inMain(({ BrowserWindow }, what) => {
        const [own] = BrowserWindow.getAllWindows()
        if (what === 'putAway') own?.minimize()
        if (what === 'putAway') own?.blur()
        return { minimized: own?.isMinimized(), focused: own?.isFocused() }
      }, run)
    expect(await window('putAway')).toEqual({ minimized: true, focused: false })
    expect(await app.startAgain([])).toBe(0)
    await expect.poll(() => window('ask')).toEqual({ minimized: false, focused: true })
  })

  test('opens a file the file manager hands over, and remembers it for the system’s list', async () => {
    await tab('nl-dax-ext4-small').click()
    const taken = await app.inMain(({ app }, path) => {
      let prevented = false
      app.emit('open-file', { preventDefault: () => (prevented = true) }, path)
      return prevented
    }, THIRD)
    expect(taken).toBe(true)
    await expect.poll(() => tab('dax-ext4-full').getAttribute('aria-current')).toBe('true')
    if (app.kind === 'electron') return // Electron does not tell what the system remembers
    // Chosen, handed over by a second start, and by the file manager: all of them.
    expect(await app.inMain(({ app }) => app.recentDocuments, undefined)).toEqual([OTHER, THIRD, THIRD])
  })

  test('has a native menu of the page’s commands, which run them', async () => {
    const labels = await app.inMain(
      ({ Menu }) => Menu.getApplicationMenu()?.items.map(({ label, role }) => label || String(role)) ?? [],
      undefined,
    )
    expect(labels.map((label) => label.replace('&', ''))).toEqual(
      expect.arrayContaining(['File', 'Edit', 'View', 'Go', 'SQL']),
    )
    await app.inMain(({ Menu }) => {
      const items = Menu.getApplicationMenu()?.items.flatMap(({ submenu }) => submenu?.items ?? []) ?? []
      items.find(({ label }) => label.includes('Contention'))?.click()
    }, undefined)
    await page.getByRole('heading', { name: 'Contention' }).first().waitFor()
  })

  test('shows where its logs are', async () => {
    if (app.kind === 'electron') return // it would open a file manager
    const revealed = await app.inMain(({ Menu, shell }) => {
      const items = Menu.getApplicationMenu()?.items.flatMap(({ submenu }) => submenu?.items ?? []) ?? []
      items.find(({ label }) => label === 'Show logs')?.click()
      return shell.revealed
    }, undefined)
    expect(revealed).toEqual([join(folder, 'home/data/logs/engine.log')])
    expect(revealed.map((path) => existsSync(path))).toEqual([true])
  })

  test('runs SQL in a process of its own, and stops it by ending that process', async () => {
    const before = await endlessSql()
    await pause(1_500) // longer than a process takes to see that who started it is gone
    expect(before.filter(isAlive)).toEqual(before)
    await page.keyboard.press('Escape')
    await page.getByText('Stopped.').waitFor()
    await expect.poll(() => before.filter(isAlive)).toEqual([])
    expect(problems).toEqual([])
  })

  test('says in its about box which versions it is made of', async () => {
    if (app.kind === 'electron') return // Electron does not tell what the box will say
    const about = await app.inMain(({ app }) => app.aboutPanel, undefined)
    expect(about).toMatchObject({ applicationName: 'Faultline' })
    expect(JSON.stringify(about)).toMatch(/Node \d+\.\d+/)
  })
})

describe('nothing leaves the window', () => {
  test('its session asks at every door, its pages are in the sandbox, dumps of crashes stay', async () => {
    if (app.kind === 'electron') return // Electron does not tell what was set
    const set = await app.inMain(({ app, crashReporter, protocol, session }) => {
      const { guards } = session.defaultSession
      const schemes = protocol.schemes
      return { schemes, sandboxed: app.sandboxed, dumps: crashReporter.started, guards: [...guards].sort() }
    }, undefined)
    expect(set).toEqual({
      schemes: [SCHEME],
      sandboxed: true,
      dumps: { uploadToServer: false },
      guards: ['devices', 'permission checks', 'permission requests', 'requests', 'spelling'],
    })
  })

  const refused = (ask: string) =>
    page.evaluate(async (text) => {
      try {
        await (0, eval)(`(async () => { ${text} })()`)
        return 'allowed'
      } catch (error) {
        return (error as Error).name
      }
    }, ask)

  test('no request gets out, however it is made', async () => {
    expect(await refused("await fetch('https://www.kernel.org/')")).not.toBe('allowed')
    const socket = await page.evaluate(
      () =>
        new Promise((resolve) => {
          try {
            const socket = new WebSocket('wss://www.kernel.org/')
            socket.onopen = () => resolve('open')
            socket.onclose = () => resolve('closed')
          } catch {
            resolve('closed')
          }
        }),
    )
    expect(socket).toBe('closed')
  })

  test('the page cannot be led away and opens no windows', async () => {
    const before = await app.inMain(({ BrowserWindow }) => BrowserWindow.getAllWindows().length, undefined)
    await page.evaluate(() => void window.open('app://faultline/'))
    await page.evaluate(() => void (location.href = 'https://www.kernel.org/'))
    await pause(300)
    expect(await app.inMain(({ BrowserWindow }) => BrowserWindow.getAllWindows().length, undefined)).toBe(before)
    expect(
      await app.inMain(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getURL(), undefined),
    ).toBe('app://faultline/')
    expect(await page.title()).toBe('Faultline')
  })

  test('a link goes to the user’s browser only if it leads to a host on the list', async () => {
    if (app.kind === 'electron') return // it would open the browser of whoever runs this
    await page.evaluate(async () => {
      const { faultline } = window as unknown as { faultline: { openLink(url: string): Promise<null> } }
      for (const url of ['https://docs.kernel.org/x', 'https://evil.example/', 'file:///etc/passwd', 'javascript:1'])
        await faultline.openLink(url)
    })
    expect(await app.inMain(({ shell }) => shell.opened, undefined)).toEqual(['https://docs.kernel.org/x'])
  })
})

describe('when something dies', () => {
  test('a dead engine is started again, the window says so and works on', async () => {
    await show()
    const endless = await endlessSql()
    const pid = await enginePid()
    process.kill(pid, 'SIGKILL')
    await page.getByText('The engine had stopped and was started again').waitFor()
    await expect.poll(enginePid).not.toBe(pid)
    // What it had under way ends with it.
    await expect.poll(() => endless.filter(isAlive)).toEqual([])
    await tab('dax-xfs').click()
    await go('Latency')
    // What no earlier page asked for comes from the new engine.
    await page
      .getByRole('row', { name: /^write/ })
      .first()
      .waitFor()
  })

  test('a file handed over while there is no engine is opened by the next one', async () => {
    const [soon, later] = ['at once', 'handed over %20ä'].map((name) => join(folder, `${name}.trace.txt.zst`))
    copyFileSync(OTHER, soon)
    copyFileSync(OTHER, later)
    process.kill(await enginePid(), 'SIGKILL')
    await expect.poll(enginePid).toBe(0)
    await app.inMain(({ app }, path) => app.emit('open-file', { preventDefault: () => undefined }, path), soon)
    expect(await enginePid()).toBe(0)
    expect(await app.startAgain([pathToFileURL(later).href])).toBe(0)
    await tab('at once').waitFor()
    await tab('handed over %20ä').waitFor()
  })

  test('a dead page is loaded again with what was open, and says so', async () => {
    await crashPage()
    await show()
    await page.getByText('The window had stopped working and was loaded again').waitFor()
    await tab('dax-xfs').waitFor()
    await tab('nl-dax-ext4-small').waitFor()
  })

  test('closed and started again it shows what it was left with, and nothing of it runs on', async () => {
    const pid = await enginePid()
    await pause(500) // the session is written a moment after the last change
    // The last window closed is the end, on every system.
    await app.inMain(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close(), undefined)
    expect(await app.ended).toBe(0)
    expect(() => process.kill(pid, 0)).toThrow()
    const sessions = join(folder, 'home/data/sessions')
    expect(existsSync(sessions) ? readdirSync(sessions) : []).toEqual([])
    app = await startDesktop({ main, home: join(folder, 'home') })
    await show()
    await tab('dax-xfs').waitFor()
    await tab('dax-ext4-full').waitFor()
    expect(problems).toEqual([])
  })

  test('an engine that keeps dying is given up, which is said once', async () => {
    for (let death = 0; death < 4; death++) {
      await expect.poll(enginePid).not.toBe(0)
      process.kill(await enginePid(), 'SIGKILL')
      await expect.poll(enginePid).toBe(0)
    }
    await page.getByText('The engine cannot be reached').waitFor()
    await pause(2_000)
    expect(await enginePid()).toBe(0)
    if (app.kind === 'electron') return // the box waits for a click of the user's
    const errors = await app.inMain(({ dialog }) => dialog.errors, undefined)
    expect(errors).toHaveLength(1)
    expect(errors[0]?.text).toMatch(/does not stay up.*Start Faultline again/)
  })

  test('a page that dies again at once is not loaded for ever: a box says so', async () => {
    if (app.kind === 'electron') return // the box waits for a click of the user's
    await app.close()
    app = await startDesktop({ main, args: [OTHER], openFile: THIRD, home: join(folder, 'other-home') })
    await show()
    // Named and handed over before there was a window: both are open, and known to the system.
    await tab('nl-dax-ext4-small').waitFor()
    await tab('dax-ext4-full').waitFor()
    expect(await app.inMain(({ app }) => app.recentDocuments, undefined)).toEqual([OTHER, THIRD])
    await crashPage()
    await show()
    await page.getByText('The window had stopped working and was loaded again').waitFor()
    await crashPage()
    const errors = () => app.inMain(({ dialog }) => dialog.errors.map(({ text }) => text), undefined)
    await expect.poll(errors).toEqual([expect.stringMatching(/window has stopped working .*Start Faultline again/)])
  })

  test('an engine that listens no more does not outlive the window', async () => {
    if (process.platform === 'win32') return // there are no such signals
    const pid = await enginePid()
    process.kill(pid, 'SIGSTOP')
    await app.close()
    expect(await app.ended).toBe(0)
    await expect.poll(() => isAlive(pid)).toBe(false)
    app = await startDesktop({ main, home: join(folder, 'other-home') })
    await show()
  })

  test('a mistake in the shell itself ends the app, and the engine with it', async () => {
    if (app.kind === 'electron') return // the box waits for a click of the user's
    const pid = await enginePid()
    await app.inMain(
      () =>
        void setImmediate(() => {
          throw new Error('a mistake')
        }),
      undefined,
    )
    expect(await app.ended).toBe(1)
    await expect.poll(() => isAlive(pid)).toBe(false)
  })

  test('a shell that cannot start says why in a box, and ends', async () => {
    const [index, aside] = ['index.html', 'index.aside'].map((name) => join(dirname(main), '../web', name))
    renameSync(index, aside)
    try {
      const { status, said } = await failedStart(main, join(folder, 'third-home'))
      expect(status).toBe(1)
      expect(said).toMatch(/^Faultline: Faultline cannot start: the page has not been built$/m)
    } finally {
      renameSync(aside, index)
    }
  })

  test('a folder of data that cannot be made: the window comes, and says so when it is needed', async () => {
    if (app.kind === 'electron') return
    await app.close()
    const home = join(folder, 'no-home')
    mkdirSync(home)
    writeFileSync(join(home, 'data'), 'a file where the folder of data should be')
    app = await startDesktop({ main, home })
    page = await app.page()
    await page.getByRole('button', { name: 'xfs on DAX' }).click()
    await page.getByText(/Faultline cannot keep files in .*: a file is in its way/).waitFor()
    await page.getByText('FAULTLINE_HOME').waitFor()
    expect(await app.inMain(({ dialog }) => dialog.errors, undefined)).toEqual([])
  })
})
