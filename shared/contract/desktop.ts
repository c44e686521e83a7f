/**
 * What the desktop shell adds around the contract: the messages between the shell and the engine's process, and the few
 * functions the preload gives the page. Types and names only. The page never names a path: the shell's dialog and drops make a
 * file known to the engine, and the page gets the name the engine made up for it.
 */

import type { Source } from './methods.ts'

/** Shell → engine. `connect` and `sql-port` come with a port. */
export type ToEngine =
  | { readonly kind: 'start'; readonly dataDir: string | undefined; readonly startWith: readonly Source[] }
  | { readonly kind: 'connect' }
  | { readonly kind: 'grant'; readonly request: number; readonly path: string }
  | { readonly kind: 'stop' }
  | { readonly kind: 'sql-port'; readonly id: number }
  | { readonly kind: 'sql-exit'; readonly id: number; readonly how: string }

/** Engine → shell. Only Electron's main process can fork, so it forks the SQL processes too. */
export type FromEngine =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'granted'; readonly request: number; readonly source: Source }
  | { readonly kind: 'fork-sql'; readonly id: number }
  | { readonly kind: 'kill-sql'; readonly id: number }

/** The native menus that hold commands of the page, in their order; the rest of the menu is the system's own. */
export const MENU_NAMES = ['File', 'Edit', 'View', 'Go', 'Timeline', 'SQL', 'Help'] as const
export type MenuName = (typeof MENU_NAMES)[number]

/** A command of the page as the native menu shows it: the page sends its list, the menu sends back an id. */
export interface MenuCommand {
  readonly id: string
  readonly title: string
  readonly menu: MenuName
  /** In the page's spelling: `$mod+Shift+KeyP`. */
  readonly keys: string | null
  readonly enabled: boolean
  /** null: it is not something that is on or off. */
  readonly checked: boolean | null
}

/** What the native parts are drawn in: menus, dialogs, the window before its page is there. */
export const SHELL_THEMES = ['system', 'light', 'dark'] as const
export type ShellTheme = (typeof SHELL_THEMES)[number]

/** What the page asks of the shell, by channel: parameters → result. */
export interface ShellCalls {
  readonly 'engine:connect': { readonly params: undefined; readonly result: null }
  readonly 'files:choose': { readonly params: undefined; readonly result: readonly ChosenFile[] }
  readonly 'files:grant': { readonly params: string; readonly result: Source | null }
  readonly 'link:open': { readonly params: string; readonly result: null }
  readonly 'menu:show': { readonly params: readonly MenuCommand[]; readonly result: null }
  readonly 'theme:use': { readonly params: ShellTheme; readonly result: null }
}

/** What the shell tells the page. */
export interface ShellEvents {
  /** Files from the system: a second start, a file manager, the menu. */
  readonly 'files:open': readonly Source[]
  /** Id of a command of the page, chosen in the native menu. */
  readonly 'menu:command': string
  /** Something of the app died and was started again. */
  readonly 'shell:notice': ShellNotice
}

/** From the system's dialog: the page is told what a file is called, not where it lies. */
export interface ChosenFile {
  readonly source: Source
  readonly name: string
}

export interface ShellNotice {
  readonly title: string
  readonly detail: string
}

/** `window.faultline` in the desktop window; not there in a browser. */
export interface DesktopBridge {
  readonly platform: string
  /** A port to the engine arrives as a message event of the window whose data is ENGINE_PORT. */
  connectEngine(): Promise<null>
  chooseFiles(): Promise<readonly ChosenFile[]>
  /** A dropped file, as a source the engine knows. null: it has no path (made by a page). */
  grantFile(file: object): Promise<Source | null>
  openLink(url: string): Promise<null>
  /** Make the native menu of these commands. */
  showMenu(commands: readonly MenuCommand[]): Promise<null>
  /** As the page's own setting says. */
  useTheme(theme: ShellTheme): Promise<null>
  onOpenFiles(listener: (sources: readonly Source[]) => void): void
  onCommand(listener: (id: string) => void): void
  onNotice(listener: (notice: ShellNotice) => void): void
}

export const ENGINE_PORT = 'faultline:engine-port'
