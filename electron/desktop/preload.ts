/**
 * The page's few calls to the shell, and nothing else of Electron. A port to the engine goes to the page as a message of
 * its own window, because ports cannot cross the bridge as values.
 */

import { contextBridge, ipcRenderer, webUtils } from 'electron'
import { ENGINE_PORT, type DesktopBridge, type ShellCalls, type ShellEvents } from '#shared/contract/desktop.ts'

type Params<C extends keyof ShellCalls> = ShellCalls[C]['params'] extends undefined ? [] : [ShellCalls[C]['params']]

function call<C extends keyof ShellCalls>(channel: C, ...params: Params<C>): Promise<ShellCalls[C]['result']> {
  return ipcRenderer.invoke(channel, ...params) as Promise<ShellCalls[C]['result']>
}

/** What the shell says before the page listens waits for it: a page that was just loaded still starts. */
function inbox<E extends keyof ShellEvents>(channel: E): (listener: (data: ShellEvents[E]) => void) => void {
  const early: ShellEvents[E][] = []
  let take = (data: ShellEvents[E]): void => void early.push(data)
  ipcRenderer.on(channel, (_, data: ShellEvents[E]) => take(data))
  return (listener) => {
    take = listener
    for (const data of early.splice(0)) listener(data)
  }
}

ipcRenderer.on(ENGINE_PORT, ({ ports }) => window.postMessage(ENGINE_PORT, location.origin, [...ports]))

const bridge: DesktopBridge = {
  platform: process.platform,
  connectEngine: () => call('engine:connect'),
  chooseFiles: () => call('files:choose'),
  async grantFile(file) {
    // The path stays between Electron and the shell.
    const path = webUtils.getPathForFile(file as File)
    return path === '' ? null : call('files:grant', path)
  },
  openLink: (url) => call('link:open', url),
  showMenu: (commands) => call('menu:show', commands),
  useTheme: (theme) => call('theme:use', theme),
  onOpenFiles: inbox('files:open'),
  onCommand: inbox('menu:command'),
  onNotice: inbox('shell:notice'),
}

contextBridge.exposeInMainWorld('faultline', bridge)
