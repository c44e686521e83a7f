/** The one window, shown when its page has drawn something. */

import { BrowserWindow, nativeTheme } from 'electron'
import { PAGE_URL } from './security.ts'
import { windowOptions } from './window-options.ts'

export interface OpenedWindow {
  readonly window: BrowserWindow
  /** Rejects when the page cannot be loaded: the window would never be shown. */
  readonly loaded: Promise<void>
}

export function openWindow(preload: string): OpenedWindow {
  const window = new BrowserWindow(windowOptions(preload, nativeTheme.shouldUseDarkColors))
  window.once('ready-to-show', () => window.show())
  const loaded = window.loadURL(PAGE_URL).catch((error: unknown) => {
    // Closed before it was there: nobody waits for it.
    if (!window.isDestroyed()) throw error
  })
  return { window, loaded }
}
