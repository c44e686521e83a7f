/**
 * The one door for calls from the page to the shell. A call counts only from the main frame of our own page, on a
 * channel that is in the table, with parameters of its kind; anything else throws and is told apart in the log.
 */

import type { IpcMain, WebContents } from 'electron'
import { MENU_NAMES, SHELL_THEMES, type MenuCommand, type ShellCalls } from '#shared/contract/desktop.ts'
import { isTrustedSender, type Sender } from './security.ts'

type Channel = keyof ShellCalls
export type ShellHandlers = {
  readonly [C in Channel]: (params: ShellCalls[C]['params'], page: WebContents) => Promise<ShellCalls[C]['result']>
}

/** What each channel takes. Longer texts than any path or link are refused. */
const PARAMS: { readonly [C in Channel]: 'nothing' | 'text' | 'menu' | 'theme' } = {
  'engine:connect': 'nothing',
  'files:choose': 'nothing',
  'files:grant': 'text',
  'link:open': 'text',
  'menu:show': 'menu',
  'theme:use': 'theme',
}
const TEXT_CHARS = 4096
/** More commands than any menu can show are refused. */
const MENU_ITEMS = 500
const TITLE_CHARS = 200

const FITS: Readonly<Record<(typeof PARAMS)[Channel], (params: unknown) => boolean>> = {
  nothing: (params) => params === undefined,
  text: (params) => typeof params === 'string' && params.length <= TEXT_CHARS,
  theme: (params) => SHELL_THEMES.some((theme) => theme === params),
  menu: (params) => Array.isArray(params) && params.length <= MENU_ITEMS && params.every(isMenuCommand),
}

function isMenuCommand(value: unknown): value is MenuCommand {
  if (typeof value !== 'object' || value === null) return false
  const { id, title, menu, keys, enabled, checked } = value as Readonly<Record<string, unknown>>
  const short = (text: unknown): boolean => typeof text === 'string' && text.length <= TITLE_CHARS
  return (
    short(id) &&
    short(title) &&
    MENU_NAMES.some((name) => name === menu) &&
    (keys === null || short(keys)) &&
    typeof enabled === 'boolean' &&
    (checked === null || typeof checked === 'boolean')
  )
}

/** Throws unless this call may be made. */
export function checkCall(event: Sender, channel: string, params: unknown): asserts channel is Channel {
  if (!isTrustedSender(event)) throw new Error(`${channel}: not from our page`)
  if (!Object.hasOwn(PARAMS, channel)) throw new Error(`${channel}: no such channel`)
  if (!FITS[PARAMS[channel as Channel]](params)) throw new Error(`${channel}: parameters do not fit`)
}

export function handleCalls(ipc: IpcMain, handlers: ShellHandlers): void {
  for (const channel of Object.keys(handlers) as Channel[]) {
    ipc.handle(channel, (event, params: unknown) => {
      checkCall(event, channel, params)
      return (handlers[channel] as (params: unknown, page: WebContents) => Promise<unknown>)(params, event.sender)
    })
  }
}
