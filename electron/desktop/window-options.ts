/** The window's options: its look before the page is there, its size, and what its page may do. */

import type { BrowserWindowConstructorOptions } from 'electron'
import { WEB_PREFERENCES } from './security.ts'

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
    backgroundColor: dark ? '#0e1116' : '#f3f4f7',
    // Its place and size come back at the next start.
    windowStatePersistence: true,
    webPreferences: { ...WEB_PREFERENCES, preload },
  }
}
