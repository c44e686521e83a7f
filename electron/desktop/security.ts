/**
 * What the window and the pages in it may do: nothing but show our own page. The decisions are plain functions and
 * values, so that a test can ask them; `secureApp` and `secureSession` only wire them to Electron.
 */

import type { App, Session, WebContents, WebPreferences } from 'electron'

const ORIGIN = 'app://faultline'
export const PAGE_URL = `${ORIGIN}/`

/** Isolated, sandboxed, without Node; spelled out so that a changed default changes nothing here. */
export const WEB_PREFERENCES = {
  contextIsolation: true,
  sandbox: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  webSecurity: true,
  allowRunningInsecureContent: false,
  webviewTag: false,
  navigateOnDragDrop: false,
  spellcheck: false,
} as const satisfies WebPreferences

/** Hosts whose https: pages may be opened in the user's browser. */
const LINK_HOSTS: readonly string[] = ['docs.kernel.org', 'www.kernel.org', 'www.sqlite.org']

function parsed(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined
}

export function isOurPage(url: string): boolean {
  const { protocol, host } = parsed(url) ?? {}
  return protocol === 'app:' && host === 'faultline'
}

export function mayOpenLink(url: string): boolean {
  const link = parsed(url)
  return link?.protocol === 'https:' && link.port === '' && link.username === '' && LINK_HOSTS.includes(link.host)
}

/** The app makes no network request; its own page, what it makes itself and the developer tools are all there is. */
export function mayRequest(url: string): boolean {
  const { protocol } = parsed(url) ?? {}
  if (protocol === 'blob:' || protocol === 'data:') return true
  return protocol === 'devtools:' || isOurPage(url)
}

/** Copying to the clipboard is all the page needs to be permitted. */
export function mayHave(permission: string, requestingUrl: string): boolean {
  return permission === 'clipboard-sanitized-write' && isOurPage(requestingUrl)
}

/** The part of an IPC event that says who sent it. `senderFrame` is null for a frame that is gone. */
export interface Sender {
  readonly senderFrame: { readonly url: string } | null
  readonly sender: { readonly mainFrame: unknown }
}

/** Only the main frame of a page of ours may call the shell. */
export function isTrustedSender({ senderFrame, sender }: Sender): boolean {
  return senderFrame !== null && senderFrame === sender.mainFrame && isOurPage(senderFrame.url)
}

/** Before the app is ready. Every page that will ever exist passes here. */
export function secureApp(app: App): void {
  app.enableSandbox()
  app.on('web-contents-created', (_, contents) => secureContents(contents))
}

function secureContents(contents: WebContents): void {
  contents.on('will-navigate', (event) => event.preventDefault())
  contents.on('will-frame-navigate', (event) => event.preventDefault())
  contents.on('will-redirect', (event) => event.preventDefault())
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
}

/** When the app is ready, before the first window. */
export function secureSession(session: Session): void {
  session.setPermissionRequestHandler((_, permission, decide, { requestingUrl }) =>
    decide(mayHave(permission, requestingUrl)),
  )
  session.setPermissionCheckHandler((_, permission, requestingOrigin) => mayHave(permission, requestingOrigin))
  session.setDevicePermissionHandler(() => false)
  session.webRequest.onBeforeRequest(({ url }, decide) => decide({ cancel: !mayRequest(url) }))
  session.setSpellCheckerEnabled(false)
}
