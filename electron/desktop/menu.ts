/**
 * The native menu. Its commands are the page's own: the page sends its list (the one the palette, the keys and the help
 * are made from), this puts each under the menu it names, and a click sends its id back. Editing and window items are the
 * system's own roles. Until the page has sent its list only those are there.
 */

import type { MenuItemConstructorOptions } from 'electron'
import type { MenuCommand, MenuName } from '#shared/contract/desktop.ts'

export interface MenuActions {
  /** Run a command of the page. */
  readonly command: (id: string) => void
  readonly revealLogs: () => void
}

type Items = MenuItemConstructorOptions[]
const LINE: MenuItemConstructorOptions = { type: 'separator' }

export function menuTemplate(
  platform: NodeJS.Platform,
  commands: readonly MenuCommand[],
  actions: MenuActions,
): MenuItemConstructorOptions[] {
  const mac = platform === 'darwin'
  const of = (menu: MenuName): Items =>
    commands.filter((command) => command.menu === menu).map((command) => item(command, mac, actions))
  const own = (menu: MenuName): Items => (of(menu).length > 0 ? [{ label: `&${menu}`, submenu: of(menu) }] : [])
  return [
    ...(mac ? [{ role: 'appMenu' } as const] : []),
    { label: '&File', submenu: [...of('File'), LINE, mac ? { role: 'close' } : { role: 'quit' }] },
    {
      label: '&Edit',
      submenu: [...of('Edit'), LINE, { role: 'cut' }, { role: 'copy' }, { role: 'paste' }, { role: 'selectAll' }],
    },
    {
      label: '&View',
      submenu: [
        ...of('View'),
        LINE,
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
        { role: 'toggleDevTools' },
      ],
    },
    ...own('Go'),
    ...own('Timeline'),
    ...own('SQL'),
    { role: 'windowMenu' },
    {
      role: 'help',
      submenu: [
        ...of('Help'),
        LINE,
        { label: 'Show logs', click: actions.revealLogs },
        ...(mac ? [] : [{ role: 'about' } as const]),
      ],
    },
  ]
}

/** The page hears its keys itself: the menu only shows them, so that each works once. */
function item(
  { id, title, keys, enabled, checked }: MenuCommand,
  mac: boolean,
  actions: MenuActions,
): MenuItemConstructorOptions {
  const accelerator = keys === null ? undefined : acceleratorOf(keys, mac)
  return {
    label: title.replaceAll('&', '&&'),
    enabled,
    ...(checked === null ? {} : { type: 'checkbox' as const, checked }),
    ...(accelerator === undefined ? {} : { accelerator, registerAccelerator: false }),
    click: () => actions.command(id),
  }
}

const PARTS: Readonly<Record<string, string>> = {
  $mod: 'CmdOrCtrl',
  Escape: 'Esc',
  Enter: 'Return',
  ArrowLeft: 'Left',
  ArrowRight: 'Right',
  ArrowUp: 'Up',
  ArrowDown: 'Down',
  BracketLeft: '[',
  BracketRight: ']',
  Comma: ',',
  Period: '.',
  Slash: '/',
}

/** The page's spelling in Electron's. A Mac takes a menu's bare letters away from text fields: there they are not shown. */
export function acceleratorOf(keys: string, mac: boolean): string | undefined {
  const parts = keys.split('+').filter((part) => part !== '[Shift]')
  const combined = parts.length > 1 && parts.some((part) => ['$mod', 'Alt', 'Control', 'Meta'].includes(part))
  if (mac && !combined && !/^F\d+$/.test(keys)) return undefined
  return parts.map((part) => PARTS[part] ?? part.replace(/^(Key|Digit)/, '')).join('+')
}
