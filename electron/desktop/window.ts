/** The one window, shown when its page has drawn something. */

import { BrowserWindow, nativeTheme } from 'electron'
import { PAGE_URL } from './security.ts'
import { windowOptions } from './window-options.ts'

export function openWindow(preload: string): BrowserWindow {
  const window = new BrowserWindow(windowOptions(preload, nativeTheme.shouldUseDarkColors))
  window.once('ready-to-show', () => window.show())
  void window.loadURL(PAGE_URL)
  return window
}
