/**
 * What the desktop shell decides, asked of the very values and functions it uses: Electron itself is not needed to see
 * what a page may do. (The wiring of events is checked by the compiler against electron.d.ts.)
 */
import { EventEmitter } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test, vi } from 'vitest'
import { CONTENT_SECURITY_POLICY } from '#electron/csp.ts'
import { CRASH_REPORTER, mayReload, restartPolicy, startCrashHandling } from '#electron/desktop/crash.ts'
import { filesOfCommandLine, filesOfSecondStart, sampleOfCommandLine } from '#electron/desktop/files.ts'
import { checkCall, handleCalls } from '#electron/desktop/ipc.ts'
import { acceleratorOf, menuTemplate } from '#electron/desktop/menu.ts'
import { pageResponse, SCHEME } from '#electron/desktop/protocol.ts'
import {
  isOurPage,
  isTrustedSender,
  mayHave,
  mayOpenLink,
  mayRequest,
  PAGE_URL,
  secureApp,
  secureSession,
  WEB_PREFERENCES,
} from '#electron/desktop/security.ts'
import { openWindow } from '#electron/desktop/window.ts'
import { windowOptions } from '#electron/desktop/window-options.ts'
import { installedRuntime, hasDisplay } from '#electron/launch/electron-runtime.ts'
import { isStale } from '#electron/launch/built.mjs'
import { MENU_NAMES, type MenuCommand } from '#shared/contract/desktop.ts'
import { PROJECT } from '../support/engine.ts'

/** Windows whose page cannot be loaded. */
const windows = vi.hoisted(() => ({ destroyed: false }))
vi.mock('electron', () => ({
  nativeTheme: { shouldUseDarkColors: false },
  BrowserWindow: class {
    once = () => undefined
    loadURL = () => Promise.reject(new Error('ERR_FAILED'))
    isDestroyed = () => windows.destroyed
  },
}))

describe('the window', () => {
  test('is isolated, sandboxed and without Node, whatever else its options say', () => {
    const { webPreferences } = windowOptions('/preload.cjs', false)
    expect(webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
    })
    expect(webPreferences).toEqual({ ...WEB_PREFERENCES, preload: '/preload.cjs' })
  })

  test('that cannot load its page says so to whoever opened it, unless it was closed before', async () => {
    windows.destroyed = false
    await expect(openWindow('/p').loaded).rejects.toThrow('ERR_FAILED')
    windows.destroyed = true
    await expect(openWindow('/p').loaded).resolves.toBeUndefined()
  })

  test('is shown only when there is something to see', () => {
    expect(windowOptions('/p', true)).toMatchObject({ show: false, name: 'main', windowStatePersistence: true })
  })
})

describe('a page', () => {
  test.each([
    [PAGE_URL, true],
    ['app://faultline/assets/x.js', true],
    ['app://faultline.evil/', false],
    ['app://evil/', false],
    ['https://faultline/', false],
    ['file:///etc/passwd', false],
    ['about:blank', false],
    ['', false],
  ])('%s is ours: %s', (url, ours) => {
    expect(isOurPage(url)).toBe(ours)
  })

  test.each([
    'https://example.com/',
    'http://127.0.0.1:1/',
    'file:///etc/passwd',
    'ws://127.0.0.1/',
    'ftp://x/',
    'nonsense',
  ])('may not request %s', (url) => {
    expect(mayRequest(url)).toBe(false)
  })

  test('may request its own files and what it made itself', () => {
    for (const url of [PAGE_URL, 'blob:app://faultline/1', 'data:image/png;base64,', 'devtools://devtools/x'])
      expect(mayRequest(url)).toBe(true)
  })

  test('is permitted to copy, and nothing else', () => {
    expect(mayHave('clipboard-sanitized-write', PAGE_URL)).toBe(true)
    expect(mayHave('clipboard-sanitized-write', 'https://evil.example/')).toBe(false)
    for (const permission of [
      'media',
      'geolocation',
      'notifications',
      'clipboard-read',
      'fileSystem',
      'openExternal',
      'hid',
    ]) {
      expect(mayHave(permission, PAGE_URL)).toBe(false)
    }
  })

  test.each([
    ['https://docs.kernel.org/filesystems/dax.html', true],
    ['http://docs.kernel.org/', false],
    ['https://docs.kernel.org:8443/', false],
    ['https://user@docs.kernel.org/', false],
    ['https://docs.kernel.org.evil.example/', false],
    ['javascript:alert(1)', false],
    ['file:///etc/passwd', false],
    ['nonsense', false],
  ])('opens %s outside: %s', (url, may) => {
    expect(mayOpenLink(url)).toBe(may)
  })
})

describe('wiring', () => {
  /** Collects what is registered, and can fire it: the few members that are used, not a stand-in for Electron. */
  function emitter() {
    const handlers = new Map<string, (...args: never[]) => unknown>()
    return { handlers, on: (name: string, handler: (...args: never[]) => unknown) => void handlers.set(name, handler) }
  }

  test('every page that comes to be is denied navigation, webviews and windows', () => {
    const app = { ...emitter(), enableSandbox: vi.fn() }
    secureApp(app as never)
    expect(app.enableSandbox).toHaveBeenCalledOnce()
    let opens: ((details: object) => unknown) | undefined
    const contents = { ...emitter(), setWindowOpenHandler: (handler: typeof opens) => (opens = handler) }
    app.handlers.get('web-contents-created')?.(undefined as never, contents as never)
    for (const name of ['will-navigate', 'will-frame-navigate', 'will-redirect', 'will-attach-webview']) {
      const preventDefault = vi.fn()
      contents.handlers.get(name)?.({ preventDefault } as never)
      expect(preventDefault, name).toHaveBeenCalledOnce()
    }
    expect(opens?.({ url: PAGE_URL })).toEqual({ action: 'deny' })
  })

  test('a session cancels requests and denies permissions and devices', () => {
    const set: Record<string, (...args: unknown[]) => unknown> = {}
    const setter = (name: string) => (handler: (...args: unknown[]) => unknown) => (set[name] = handler)
    const spelling = vi.fn()
    secureSession({
      setPermissionRequestHandler: setter('request'),
      setPermissionCheckHandler: setter('check'),
      setDevicePermissionHandler: setter('device'),
      webRequest: { onBeforeRequest: setter('before') },
      setSpellCheckerEnabled: spelling,
    } as never)
    const decide = vi.fn()
    set['before']({ url: 'https://example.com/' }, decide)
    set['before']({ url: PAGE_URL }, decide)
    set['request'](undefined, 'media', decide, { requestingUrl: PAGE_URL })
    expect(decide.mock.calls).toEqual([[{ cancel: true }], [{ cancel: false }], [false]])
    expect(set['check'](undefined, 'media', PAGE_URL)).toBe(false)
    expect(set['device']({})).toBe(false)
    expect(spelling).toHaveBeenCalledWith(false)
  })
})

describe('calls from the page', () => {
  const frame = { url: PAGE_URL }
  const ours = { senderFrame: frame, sender: { mainFrame: frame } }

  test.each([
    ['a frame that is gone', { senderFrame: null, sender: { mainFrame: frame } }],
    ['a frame inside the page', { senderFrame: { url: PAGE_URL }, sender: { mainFrame: frame } }],
    ['another page', { senderFrame: { url: 'https://evil.example/' }, sender: { mainFrame: { url: PAGE_URL } } }],
  ])('from %s are refused', (_, event) => {
    expect(isTrustedSender(event)).toBe(false)
    expect(() => checkCall(event, 'files:choose', undefined)).toThrow('not from our page')
  })

  test('from a page that has become another are refused', () => {
    const moved = { url: 'https://evil.example/' }
    expect(isTrustedSender({ senderFrame: moved, sender: { mainFrame: moved } })).toBe(false)
  })

  test('on unknown channels, or with other parameters, are refused', () => {
    expect(() => checkCall(ours, 'shell:run', undefined)).toThrow('no such channel')
    expect(() => checkCall(ours, 'toString', undefined)).toThrow('no such channel')
    expect(() => checkCall(ours, 'files:choose', 'x')).toThrow('do not fit')
    expect(() => checkCall(ours, 'files:grant', { path: '/' })).toThrow('do not fit')
    expect(() => checkCall(ours, 'files:grant', 'x'.repeat(5000))).toThrow('do not fit')
    expect(() => checkCall(ours, 'files:grant', '/trace.txt')).not.toThrow()
  })

  test('go through that check on every channel there is', async () => {
    const handled = new Map<string, (event: unknown, params: unknown) => unknown>()
    const ipc = {
      handle: (channel: string, handler: (event: unknown, params: unknown) => unknown) => handled.set(channel, handler),
    }
    const handlers = {
      'engine:connect': vi.fn(() => Promise.resolve(null)),
      'files:choose': vi.fn(() => Promise.resolve([])),
      'files:grant': vi.fn(() => Promise.resolve(null)),
      'link:open': vi.fn(() => Promise.resolve(null)),
      'menu:show': vi.fn(() => Promise.resolve(null)),
      'theme:use': vi.fn(() => Promise.resolve(null)),
    }
    handleCalls(ipc as never, handlers)
    expect([...handled.keys()].sort()).toEqual(Object.keys(handlers).sort())
    for (const handler of handled.values())
      expect(() => handler({ senderFrame: null, sender: {} }, undefined)).toThrow()
    for (const handler of Object.values(handlers)) expect(handler).not.toHaveBeenCalled()
    expect(await handled.get('files:choose')?.(ours, undefined)).toEqual([])
  })
})

describe('our scheme', () => {
  const files = new Map([
    ['/', { bytes: Buffer.from('page'), type: 'text/html; charset=utf-8' }],
    ['/assets/x.js', { bytes: Buffer.from('code'), type: 'text/javascript; charset=utf-8' }],
  ])

  test('is standard and secure, and not exempt from the policy', () => {
    expect(SCHEME).toEqual({
      scheme: 'app',
      privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true },
    })
  })

  test('serves its list with the same headers as the web host', async () => {
    const response = pageResponse(files, 'GET', PAGE_URL)
    expect(await response.text()).toBe('page')
    expect(response.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(pageResponse(files, 'GET', 'app://faultline/assets/x.js').headers.get('content-type')).toMatch(
      /^text\/javascript/,
    )
  })

  test.each([
    ['GET', 'app://faultline/missing', 404],
    ['GET', 'app://faultline/../../etc/passwd', 404],
    ['GET', 'app://faultline/%2e%2e/package.json', 404],
    ['GET', 'app://elsewhere/', 404],
    ['POST', PAGE_URL, 405],
    ['HEAD', PAGE_URL, 405],
  ])('%s %s is %i, with the policy all the same', (method, url, status) => {
    const response = pageResponse(files, method, url)
    expect(response.status).toBe(status)
    expect(response.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY)
  })
})

test('the policy names no source but our own origin', () => {
  const directives = new Map(
    CONTENT_SECURITY_POLICY.split('; ').map((one) => [one.split(' ')[0], one.split(' ').slice(1)]),
  )
  expect(directives.get('default-src')).toEqual(["'none'"])
  expect(directives.get('script-src')).toEqual(["'self'"])
  expect(directives.get('img-src')).toEqual(["'self'", 'data:'])
  expect(new Set([...directives.values()].flat())).toEqual(new Set(["'none'", "'self'", 'data:']))
})

describe('files', () => {
  test('of a command line are what is no switch, made absolute', () => {
    expect(filesOfCommandLine(['--no-sandbox', 'a.txt', '', '-x', '/b/c.dat'], '/traces')).toEqual([
      resolve('/traces/a.txt'),
      resolve('/b/c.dat'),
    ])
  })

  test('of a Linux file manager come as URLs', () => {
    const path = resolve('/träces/a b%20#1.faultline')
    expect(filesOfCommandLine([pathToFileURL(path).href], '/')).toEqual([path])
    expect(filesOfCommandLine(['file:x'], '/traces')).toHaveLength(1)
  })

  test('a sample may be named instead', () => {
    expect(sampleOfCommandLine(['electron', 'main.js', '--sample=dax-ext4'])).toBe('dax-ext4')
    expect(sampleOfCommandLine(['electron', 'main.js'])).toBeUndefined()
  })

  test('of a second start are absolute paths and nothing else', () => {
    expect(filesOfSecondStart({ files: ['/a', 'b', 7, null] })).toEqual(['/a'])
    for (const wrong of [undefined, null, 7, 'x', {}, { files: 'x' }, []]) expect(filesOfSecondStart(wrong)).toEqual([])
  })
})

describe('crashes', () => {
  test('dumps stay here', () => {
    expect(CRASH_REPORTER).toEqual({ uploadToServer: false })
  })

  test('an engine that keeps dying is started three times, slower each time; one that lived starts anew', () => {
    const policy = restartPolicy()
    expect([10, 10, 10, 10].map((lived) => policy.next(lived))).toEqual([250, 500, 1000, undefined])
    expect(policy.next(60_000)).toBe(250)
  })

  test('a dead page is loaded again, also one the system killed; one that dies at once again is not', () => {
    expect(mayReload('crashed', Infinity)).toBe(true)
    expect(mayReload('crashed', 60_000)).toBe(true)
    expect(mayReload('crashed', 1_000)).toBe(false)
    expect(mayReload('killed', Infinity)).toBe(true)
    expect(mayReload('clean-exit', Infinity)).toBe(false)
  })

  /** The app's handling of a page that is not well: what its boxes said, and whether it was ended and loaded again. */
  function unwell(answer: number) {
    const app = new EventEmitter()
    const said: string[] = []
    const [end, reload] = [vi.fn(), vi.fn()]
    const page = Object.assign(new EventEmitter(), { forcefullyCrashRenderer: end, reload, isDestroyed: () => false })
    const ask = vi.fn(() => Promise.resolve({ response: answer }))
    const dialog = { showErrorBox: (_: string, text: string) => said.push(text), showMessageBox: ask }
    const before = process.listeners('uncaughtException')
    const parts = { app, crashReporter: { start: () => undefined }, dialog, tell: () => undefined }
    startCrashHandling(parts as unknown as Parameters<typeof startCrashHandling>[0])
    for (const listener of process.listeners('uncaughtException'))
      if (!before.includes(listener)) process.off('uncaughtException', listener)
    app.emit('web-contents-created', {}, page)
    return { app, page, said, ask, end, reload }
  }

  test('a page that does not answer is ended only if the user says so, who is asked once at a time', async () => {
    for (const [answer, ended] of [
      [0, 0],
      [1, 1],
    ]) {
      const { page, ask, end } = unwell(answer)
      page.emit('unresponsive')
      page.emit('unresponsive')
      expect(ask).toHaveBeenCalledTimes(1)
      await Promise.resolve()
      expect(end).toHaveBeenCalledTimes(ended)
      page.emit('unresponsive')
      expect(ask).toHaveBeenCalledTimes(2)
    }
  })

  test('a preload that fails, and a page that cannot be loaded again, are said', () => {
    const { app, page, said, reload } = unwell(0)
    page.emit('preload-error', {}, '/preload.cjs', new Error('no such module'))
    expect(said).toEqual([expect.stringContaining('cannot reach its engine: no such module')])
    const fails = (isMainFrame: boolean) => page.emit('did-fail-load', {}, -6, 'ERR_FILE_NOT_FOUND', '', isMainFrame)
    fails(true)
    expect(said).toHaveLength(1)
    app.emit('render-process-gone', {}, page, { reason: 'crashed' })
    expect(reload).toHaveBeenCalledOnce()
    fails(false)
    expect(said).toHaveLength(1)
    fails(true)
    expect(said[1]).toContain('cannot be loaded again (ERR_FILE_NOT_FOUND)')
  })
})

describe('the native menu', () => {
  const actions = { command: vi.fn(), revealLogs: vi.fn() }
  const command = (part: Partial<MenuCommand> = {}): MenuCommand => ({
    id: 'file.open',
    title: 'Open a trace…',
    menu: 'File',
    keys: '$mod+KeyO',
    enabled: true,
    checked: null,
    ...part,
  })
  const items = (platform: NodeJS.Platform, commands: readonly MenuCommand[]) =>
    menuTemplate(platform, commands, actions).flatMap(({ submenu }) => (Array.isArray(submenu) ? submenu : []))

  test('is the page’s own list of commands: each under its menu, a click sends its id back', () => {
    const sent = MENU_NAMES.map((menu) => command({ id: `one.${menu}`, title: menu, menu, keys: null }))
    const template = menuTemplate('linux', sent, actions)
    for (const { id, menu } of sent) {
      const under = template.find(({ label, role }) => label === `&${menu}` || role === menu.toLowerCase())
      const found = (under?.submenu as { label?: string; click?: () => void }[]).find(({ label }) => label === menu)
      found?.click?.()
      expect(actions.command).toHaveBeenLastCalledWith(id)
    }
    const labels = items('linux', sent).map(({ label }) => label)
    for (const { title } of sent) expect(labels.filter((label) => label === title)).toHaveLength(1)
  })

  test('shows what is off, what is ticked, and the keys the page listens to itself', () => {
    const [open, theme] = items('linux', [command({ enabled: false }), command({ checked: true, keys: null })])
    expect(open).toMatchObject({ enabled: false, accelerator: 'CmdOrCtrl+O', registerAccelerator: false })
    expect(theme).toMatchObject({ type: 'checkbox', checked: true })
  })

  test('has only the system’s own items before the page has sent its list', () => {
    const shown = items('linux', []).filter(({ role, type, label }) => !role && type !== 'separator' && label)
    expect(shown.map(({ label }) => label)).toEqual(['Show logs'])
    expect(menuTemplate('darwin', [], actions)[0]).toEqual({ role: 'appMenu' })
  })

  test('spells keys as Electron does, and on a Mac leaves bare letters to text fields', () => {
    expect(acceleratorOf('$mod+Shift+KeyP', false)).toBe('CmdOrCtrl+Shift+P')
    expect(acceleratorOf('$mod+Comma', true)).toBe('CmdOrCtrl+,')
    expect(acceleratorOf('[Shift]+?', false)).toBe('?')
    expect(acceleratorOf('BracketRight', false)).toBe(']')
    expect(acceleratorOf('KeyW', true)).toBeUndefined()
    expect(acceleratorOf('F1', true)).toBe('F1')
  })

  test('takes a list of commands, the theme one of three words, and nothing that only looks like that', () => {
    const frame = { url: PAGE_URL }
    const ours = { senderFrame: frame, sender: { mainFrame: frame } }
    expect(() => checkCall(ours, 'menu:show', [command()])).not.toThrow()
    for (const wrong of [undefined, 'text', [1], [{ ...command(), menu: 'Nowhere' }], [{ ...command(), enabled: 1 }]])
      expect(() => checkCall(ours, 'menu:show', wrong)).toThrow('do not fit')
    expect(() => checkCall(ours, 'theme:use', 'dark')).not.toThrow()
    for (const wrong of [undefined, 'pink', ['dark']])
      expect(() => checkCall(ours, 'theme:use', wrong)).toThrow('do not fit')
  })
})

test('the preload is small and imports nothing but Electron and the contract’s types', () => {
  const text = readFileSync(join(PROJECT, 'electron/desktop/preload.ts'), 'utf8')
  expect(text.split('\n').length).toBeLessThanOrEqual(61)
  const imports = [...text.matchAll(/from '([^']+)'/g)].map(([, from]) => from)
  expect(imports).toEqual(['electron', '#shared/contract/desktop.ts'])
  expect(text).not.toMatch(/exposeInMainWorld\([^)]*ipcRenderer/)
})

describe('starting', () => {
  test('Electron counts as there only when its executable is', () => {
    const folder = mkdtempSync(join(tmpdir(), 'faultline-electron-'))
    try {
      expect(installedRuntime(folder, undefined)).toBeUndefined()
      writeFileSync(join(folder, 'path.txt'), 'electron')
      expect(installedRuntime(folder, undefined)).toBeUndefined()
      mkdirSync(join(folder, 'dist'))
      writeFileSync(join(folder, 'dist/electron'), '')
      expect(installedRuntime(folder, undefined)).toBe(join(folder, 'dist/electron'))
      expect(installedRuntime(folder, join(folder, 'other'))).toBeUndefined()
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('a screen is needed on Linux only by name', () => {
    expect(hasDisplay('linux', {})).toBe(false)
    expect(hasDisplay('linux', { DISPLAY: '' })).toBe(false)
    expect(hasDisplay('linux', { DISPLAY: ':0' })).toBe(true)
    expect(hasDisplay('linux', { WAYLAND_DISPLAY: 'wayland-0' })).toBe(true)
    expect(hasDisplay('darwin', {})).toBe(true)
    expect(hasDisplay('win32', {})).toBe(true)
  })

  test('what was built is stale when missing or older than any source, however deep', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'faultline-build-'))
    try {
      const [source, built] = [join(folder, 'src/deep/a.ts'), join(folder, 'out.js')]
      mkdirSync(join(folder, 'src/deep'), { recursive: true })
      writeFileSync(source, '')
      expect(isStale(built, [join(folder, 'src')])).toBe(true)
      await new Promise((resolve) => setTimeout(resolve, 20))
      writeFileSync(built, '')
      expect(isStale(built, [join(folder, 'src'), join(folder, 'missing')])).toBe(false)
      await new Promise((resolve) => setTimeout(resolve, 20))
      writeFileSync(source, 'changed')
      expect(statSync(source).mtimeMs).toBeGreaterThan(statSync(built).mtimeMs)
      expect(isStale(built, [join(folder, 'src')])).toBe(true)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
