/**
 * The native menu. Items that belong to the page send the id of one of its commands (renderer/commands), so that menu,
 * palette and keys do the same thing; editing and window items are the system's own roles.
 */

import type { MenuItemConstructorOptions } from 'electron'

export interface MenuActions {
  /** Run a command of the page. */
  readonly command: (id: string) => void
  readonly revealLogs: () => void
}

export function menuTemplate(platform: NodeJS.Platform, actions: MenuActions): MenuItemConstructorOptions[] {
  const mac = platform === 'darwin'
  return [
    ...(mac ? [{ role: 'appMenu' } as const] : []),
    {
      label: '&File',
      submenu: [
        { label: 'Open…', accelerator: 'CmdOrCtrl+O', click: () => actions.command('file.open') },
        { type: 'separator' },
        mac ? { role: 'close' } : { role: 'quit' },
      ],
    },
    { role: 'editMenu' },
    {
      label: '&View',
      submenu: [
        { label: 'Command palette', accelerator: 'CmdOrCtrl+Shift+P', click: () => actions.command('view.palette') },
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
        { role: 'toggleDevTools' },
      ],
    },
    { role: 'windowMenu' },
    {
      role: 'help',
      submenu: [
        { label: 'Keyboard shortcuts', click: () => actions.command('view.help') },
        { label: 'Show logs', click: actions.revealLogs },
      ],
    },
  ]
}
