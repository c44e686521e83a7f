/** The one window: its look before the page is there, its place, which Electron remembers, and when it is shown. */

import { BrowserWindow, nativeTheme, type BrowserWindowConstructorOptions } from 'electron'
import { PAGE_URL, WEB_PREFERENCES } from './security.ts'

export function windowOptions(preload: string, dark: boolean): BrowserWindowConstructorOptions {
  return {
    name: 'main',
    title: 'Faultline',
    width: 1440,
    height: 900,
    minWidth: 960,
    minHeight: 600,
    // Shown when the first picture is there; until then it would flash.
    show: false,
    backgroundColor: dark ? '#14161a' : '#ffffff',
    windowStatePersistence: true,
    webPreferences: { ...WEB_PREFERENCES, preload },
  }
}

export function openWindow(preload: string): BrowserWindow {
  const window = new BrowserWindow(windowOptions(preload, nativeTheme.shouldUseDarkColors))
  window.once('ready-to-show', () => window.show())
  void window.loadURL(PAGE_URL)
  return window
}
