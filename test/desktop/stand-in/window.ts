/**
 * `BrowserWindow`, its `webContents` and `ipcMain`: a page of a real Chromium with the preload injected, whose requests
 * the session answers, whose navigations and windows the app's own handlers decide on.
 */
import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Frame, Page } from 'playwright-core'
import { appEvents } from './app-events.ts'
import { browser } from './browser.ts'
import { packing } from './packing.ts'
import { CALL, pageWorld, RECEIVE, type FromPage, type Invoked, type ToPage } from './page-world.ts'
import { HandedOver, type StandInPort } from './ports.ts'
import { defaultSession, offWire, onWire } from './session.ts'

type IpcListener = (event: { senderFrame: unknown; sender: WebContents }, ...params: readonly unknown[]) => unknown
const handlers = new Map<string, IpcListener>()
export const ipcMain = { handle: (channel: string, listener: IpcListener) => void handlers.set(channel, listener) }

const { pack, unpack } = packing()
const open = new Set<BrowserWindow>()

class WebContents extends EventEmitter {
  readonly mainFrame = { url: '' }
  #windowOpen: () => { action: string } = () => ({ action: 'allow' })
  #page: Page | undefined
  #preload = ''
  #size = { width: 1440, height: 900 }
  #url = ''
  /** A load the app itself asked for: Electron tells it of all others. */
  #own = ''
  #ports = this.#newPorts()
  #sending: Promise<unknown> = Promise.resolve()

  configure({ preload, width, height }: { preload: string; width: number; height: number }): void {
    this.#preload = preload
    this.#size = { width, height }
  }
  setWindowOpenHandler(handler: () => { action: string }): void {
    this.#windowOpen = handler
  }
  send(channel: string, ...args: readonly unknown[]): void {
    this.#post({ kind: 'event', channel, args, ports: [] })
  }
  postMessage(channel: string, data: unknown, ports: readonly StandInPort[] = []): void {
    this.#ports.hand({ channel, args: [data] }, ports)
  }
  getURL(): string {
    return this.#page === undefined ? '' : offWire(this.#page.url())
  }
  executeJavaScript(text: string): Promise<unknown> {
    return this.#page?.evaluate(text) ?? Promise.reject(new Error('there is no page'))
  }
  /** Electron ends the page's process; here its own debugging protocol does. */
  forcefullyCrashRenderer(): void {
    const page = this.#page
    void page
      ?.context()
      .newCDPSession(page)
      .then((session) => session.send('Page.crash'))
      .catch(() => undefined)
  }
  reload(): void {
    void this.load(this.#url)
  }
  async load(url: string): Promise<void> {
    this.#url = url
    const before = this.#page
    this.#ports.closeAll()
    this.#ports = this.#newPorts()
    this.#sending = Promise.resolve()
    const page = await this.#newPage()
    this.#page = page
    // A page that has crashed may never answer.
    void before?.close().catch(() => undefined)
    this.#own = onWire(url)
    this.mainFrame.url = url
    await page.goto(this.#own)
    this.emit('did-finish-load')
  }
  async closePage(): Promise<void> {
    this.#ports.closeAll()
    await this.#page?.close().catch(() => undefined)
  }

  #newPorts(): HandedOver {
    return new HandedOver((crossing) => {
      if (crossing.kind !== 'message') return this.#post(crossing)
      const { channel, args } = crossing.data as { channel: string; args: readonly unknown[] }
      this.#post({ kind: 'event', channel, args, ports: crossing.ports })
    })
  }
  #post(message: ToPage): void {
    const page = this.#page
    const text = pack(message)
    const call = () =>
      page?.evaluate(({ name, text }) => (window as unknown as Record<string, (text: string) => void>)[name]?.(text), {
        name: RECEIVE,
        text,
      })
    // One after the other: the order of a port's messages is part of what it promises.
    this.#sending = this.#sending.then(call).catch(() => undefined)
  }
  async #newPage(): Promise<Page> {
    const context = await browser()
    const blank = context.pages().find((page) => page.url() === 'about:blank')
    const page = blank ?? (await context.newPage())
    await page.setViewportSize(this.#size)
    await page.exposeBinding(CALL, ({ frame }, text: string) => this.#called(frame, unpack(text) as FromPage))
    if (this.#preload !== '') await page.addInitScript(pageWorld(readFileSync(this.#preload, 'utf8')))
    await page.route('**/*', async (route) => {
      if (route.request().isNavigationRequest() && !this.#mayNavigate(route.request().frame(), route.request().url()))
        return route.abort('aborted')
      return defaultSession.answer(route)
    })
    await page.routeWebSocket(/.*/, (socket) => void (defaultSession.mayLoad(socket.url()) || socket.close()))
    page.on('popup', (popup) => void (this.#windowOpen().action === 'deny' && popup.close()))
    page.on('crash', () => {
      if (page !== this.#page) return
      this.#ports.closeAll()
      appEvents.emit('render-process-gone', {}, this, { reason: 'crashed', exitCode: 1 })
    })
    return page
  }
  #mayNavigate(frame: Frame, url: string): boolean {
    if (frame === this.#page?.mainFrame() && url === this.#own) return true
    let prevented = false
    const event = { url: offWire(url), preventDefault: () => (prevented = true) }
    this.emit('will-frame-navigate', event)
    if (frame === this.#page?.mainFrame()) this.emit('will-navigate', event)
    return !prevented
  }
  async #called(frame: Frame, message: FromPage): Promise<string> {
    if (message.kind !== 'invoke') {
      this.#ports.came(message)
      return ''
    }
    const senderFrame = frame === this.#page?.mainFrame() ? this.mainFrame : { url: offWire(frame.url()) }
    return pack(await invoke(message.channel, { senderFrame, sender: this }, message.params))
  }
}

async function invoke(
  channel: string,
  event: { senderFrame: unknown; sender: WebContents },
  params: readonly unknown[],
): Promise<Invoked> {
  const handler = handlers.get(channel)
  if (handler === undefined) return { error: `No handler registered for '${channel}'` }
  try {
    return { result: await handler(event, ...params) }
  } catch (error) {
    return { error: String(error) }
  }
}

export interface WindowOptions {
  readonly width?: number
  readonly height?: number
  readonly title?: string
  readonly webPreferences?: { readonly preload?: string }
}

export class BrowserWindow extends EventEmitter {
  static getAllWindows = (): BrowserWindow[] => [...open]
  readonly webContents = new WebContents()
  readonly options: WindowOptions
  #visible = false
  #minimized = false
  #focused = false
  constructor(options: WindowOptions) {
    super()
    this.options = options
    const { width = 800, height = 600, webPreferences } = options
    this.webContents.configure({ preload: webPreferences?.preload ?? '', width, height })
    open.add(this)
    appEvents.emit('web-contents-created', {}, this.webContents)
  }
  isDestroyed(): boolean {
    return !open.has(this)
  }
  async loadURL(url: string): Promise<void> {
    await this.webContents.load(url)
    this.emit('ready-to-show')
  }
  show(): void {
    this.#visible = true
  }
  focus(): void {
    this.#focused = true
  }
  blur(): void {
    this.#focused = false
  }
  isFocused(): boolean {
    return this.#focused
  }
  minimize(): void {
    this.#minimized = true
  }
  isVisible(): boolean {
    return this.#visible
  }
  isMinimized(): boolean {
    return this.#minimized
  }
  restore(): void {
    this.#minimized = false
  }
  close(): void {
    if (!open.delete(this)) return
    void this.webContents.closePage().then(() => {
      this.emit('closed')
      if (open.size === 0) appEvents.emit('window-all-closed')
    })
  }
}
