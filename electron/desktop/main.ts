/**
 * The desktop shell's entry. It locks everything down before Electron is ready, starts the engine in its own process,
 * opens the window on our own scheme and passes files on. It parses nothing, opens no database and computes nothing.
 */

import { basename, join } from 'node:path'
import {
  app,
  crashReporter,
  dialog,
  ipcMain,
  Menu,
  nativeTheme,
  protocol,
  session,
  shell,
  type BrowserWindow,
  type WebContents,
} from 'electron'
import { dataDirAt } from '#electron/engine/data-dir.ts'
import type { MenuCommand, ShellEvents } from '#shared/contract/desktop.ts'
import type { Source } from '#shared/contract/methods.ts'
import { readPage } from '../page-files.ts'
import { aboutPanel } from './about.ts'
import { ENGINE_CAME_BACK, startCrashHandling } from './crash.ts'
import { startEngineProcess, type EngineProcess } from './engine-process.ts'
import { chooseFiles, filesOfCommandLine, filesOfSecondStart, sampleOfCommandLine } from './files.ts'
import { handleCalls } from './ipc.ts'
import { menuTemplate } from './menu.ts'
import { SCHEME, servePage } from './protocol.ts'
import { mayOpenLink, secureApp, secureSession } from './security.ts'
import { openWindow } from './window.ts'

const here = import.meta.dirname
/** The same as the command line's and the web host's: imports and recent files are shared. */
const data = dataDirAt()
/** An unpackaged start carries the entry's path as its first argument. */
const named = filesOfCommandLine(process.argv.slice(app.isPackaged ? 1 : 2), process.cwd())

interface Shell {
  readonly engine: EngineProcess
  window: BrowserWindow
}
let running: Shell | undefined
/** Files that came before the window was there. */
const early: string[] = []

function tell<E extends keyof ShellEvents>(page: WebContents, event: E, what: ShellEvents[E]): void {
  page.send(event, what)
}

/** However a file came, the system's list of recent files has it. */
function makeKnown(engine: EngineProcess, path: string): Promise<Source> {
  app.addRecentDocument(path)
  return engine.grant(path)
}

function openFiles(paths: readonly string[]): void {
  if (running === undefined) return void early.push(...paths)
  const { engine, window } = running
  Promise.all(paths.map((path) => makeKnown(engine, path))).then(
    (sources) => sources.length > 0 && tell(window.webContents, 'files:open', sources),
    () => undefined, // only without any engine, and that has been said
  )
}

async function openLink(url: string): Promise<null> {
  if (mayOpenLink(url)) await shell.openExternal(url)
  return null
}

async function start(): Promise<void> {
  secureSession(session.defaultSession)
  servePage(session.defaultSession, await readPage(join(here, '../web')))
  const engine = startEngineProcess({
    entries: here,
    dataDir: data.path,
    startWith: startWith(),
    onRestarted: () => running && tell(running.window.webContents, 'shell:notice', ENGINE_CAME_BACK),
    onGivenUp: (why) =>
      dialog.showErrorBox(
        'Faultline',
        `The engine does not stay up: ${why}. Start Faultline again; nothing that was imported is lost. The logs say more (Help, Show logs).`,
      ),
  })
  handleCalls(ipcMain, {
    async 'engine:connect'(_, page) {
      await Promise.resolve(engine.connect(page))
      return null
    },
    'files:choose': async () => {
      if (running === undefined) return []
      const paths = await chooseFiles(dialog, running.window)
      return Promise.all(paths.map(async (path) => ({ source: await makeKnown(engine, path), name: basename(path) })))
    },
    'files:grant': (path) => makeKnown(engine, path),
    'link:open': openLink,
    'menu:show': (commands) => showMenu(commands),
    'theme:use': (theme) => {
      nativeTheme.themeSource = theme
      return Promise.resolve(null)
    },
  })
  app.setAboutPanelOptions(aboutPanel(app.getVersion(), process.versions))
  const { window, loaded } = openWindow(join(here, '../preload/preload.cjs'))
  running = { engine, window }
  await showMenu([])
  await loaded
}

function startWith(): readonly Source[] {
  const files = [...named, ...early.splice(0)]
  const sample = sampleOfCommandLine(process.argv)
  if (files.length === 0 && sample !== undefined) return [{ kind: 'sample', sample }]
  for (const path of files) app.addRecentDocument(path)
  return files.map((path) => ({ kind: 'path', path }))
}

function showMenu(commands: readonly MenuCommand[]): Promise<null> {
  const template = menuTemplate(process.platform, commands, {
    command: (id) => running && tell(running.window.webContents, 'menu:command', id),
    revealLogs: () => shell.showItemInFolder(join(data.logs, 'engine.log')),
  })
  Menu.setApplicationMenu(Menu.buildFromTemplate(template))
  return Promise.resolve(null)
}

if (app.requestSingleInstanceLock({ files: named })) {
  startCrashHandling({
    app,
    crashReporter,
    dialog,
    tell: (page, notice) => tell(page, 'shell:notice', notice),
  })
  secureApp(app)
  protocol.registerSchemesAsPrivileged([SCHEME])
  app.on('second-instance', (_event, _argv, _cwd, handedOver) => {
    if (running?.window.isMinimized() === true) running.window.restore()
    running?.window.focus()
    openFiles(filesOfSecondStart(handedOver))
  })
  app.on('open-file', (event, path) => {
    event.preventDefault()
    openFiles([path])
  })
  app.on('window-all-closed', () => app.quit())
  app.on('will-quit', (event) => {
    if (running === undefined) return
    event.preventDefault()
    void running.engine.stop().then(() => app.exit())
  })
  app
    .whenReady()
    .then(start)
    .catch((error: unknown) => {
      dialog.showErrorBox(
        'Faultline',
        `Faultline cannot start: ${error instanceof Error ? error.message : String(error)}`,
      )
      app.exit(1)
    })
} else {
  app.quit()
}
