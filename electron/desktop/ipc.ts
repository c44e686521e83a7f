/**
 * The one door for calls from the page to the shell. A call counts only from the main frame of our own page, on a
 * channel that is in the table, with parameters of its kind; anything else throws and is told apart in the log.
 */

import type { IpcMain, WebContents } from 'electron'
import type { ShellCalls } from '#shared/contract/desktop.ts'
import { isTrustedSender, type Sender } from './security.ts'

type Channel = keyof ShellCalls
export type ShellHandlers = {
  readonly [C in Channel]: (params: ShellCalls[C]['params'], page: WebContents) => Promise<ShellCalls[C]['result']>
}

/** What each channel takes. Longer texts than any path or link are refused. */
const PARAMS: { readonly [C in Channel]: 'nothing' | 'text' } = {
  'engine:connect': 'nothing',
  'files:choose': 'nothing',
  'files:grant': 'text',
  'link:open': 'text',
}
const TEXT_CHARS = 4096

/** Throws unless this call may be made. */
export function checkCall(event: Sender, channel: string, params: unknown): asserts channel is Channel {
  if (!isTrustedSender(event)) throw new Error(`${channel}: not from our page`)
  if (!Object.hasOwn(PARAMS, channel)) throw new Error(`${channel}: no such channel`)
  const kind = PARAMS[channel as Channel]
  const fits = kind === 'nothing' ? params === undefined : typeof params === 'string' && params.length <= TEXT_CHARS
  if (!fits) throw new Error(`${channel}: parameters do not fit`)
}

export function handleCalls(ipc: IpcMain, handlers: ShellHandlers): void {
  for (const channel of Object.keys(handlers) as Channel[]) {
    ipc.handle(channel, (event, params: unknown) => {
      checkCall(event, channel, params)
      return (handlers[channel] as (params: unknown, page: WebContents) => Promise<unknown>)(params, event.sender)
    })
  }
}
