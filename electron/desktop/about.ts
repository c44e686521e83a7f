/**
 * What the about box says: the versions somebody who reports a fault is asked for. It names no person and links nowhere.
 */

import type { AboutPanelOptionsOptions } from 'electron'

export function aboutPanel(
  version: string,
  { electron, chrome, node, v8 }: NodeJS.ProcessVersions,
): AboutPanelOptionsOptions {
  const parts = { Electron: electron, Chromium: chrome, Node: node, V8: v8 }
  const known = Object.entries(parts).flatMap(([name, of]) => (of === undefined ? [] : [`${name} ${of}`]))
  return {
    applicationName: 'Faultline',
    applicationVersion: version,
    // The one text that all three systems show.
    copyright: `${known.join(' · ')}. Works offline: it opens no network connection. MIT licence.`,
  }
}
