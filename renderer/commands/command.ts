/**
 * What a command is: one entry that the palette, the hotkeys, the help, the status bar and the desktop's native menu are
 * made from. A command whose `when` is false is not offered and its keys do nothing. There is no command for what does
 * not exist.
 */

import type { MenuName } from '#shared/contract/desktop.ts'
import type { useFilesStore } from '../stores/files.ts'
import type { useHistoryStore } from '../stores/history.ts'
import type { useSelectionStore } from '../stores/selection.ts'
import type { useSettingsStore } from '../stores/settings.ts'
import type { useTraceStore } from '../stores/trace.ts'
import type { useViewStore } from '../stores/view.ts'
import type { IconName } from '../ui/icons.ts'

export interface Command {
  readonly id: string
  readonly title: string
  /** In tinykeys' spelling: `$mod+Shift+KeyP`. All of them work, the first is shown. */
  readonly keys?: readonly string[]
  readonly icon?: IconName
  readonly when?: () => boolean
  /** For what is on or off: is it on? */
  readonly checked?: () => boolean
  /** Shown with its key in the status bar while it applies: few words. */
  readonly status?: string
  /** The native menu it stands in, where that is not its group's. */
  readonly menu?: MenuName
  /** Its keys also work while a text field has the keyboard, whatever they are. */
  readonly whileTyping?: boolean
  readonly run: () => void | Promise<void>
}

/** What is done with the mouse or inside a panel: no command, but the help names it with the rest. */
export interface Gesture {
  /** Words on the keys and what the hand does: `['Ctrl', 'wheel']`. */
  readonly words: readonly string[]
  readonly what: string
}

/** What commands act on. */
export interface CommandContext {
  readonly files: ReturnType<typeof useFilesStore>
  readonly trace: ReturnType<typeof useTraceStore>
  readonly view: ReturnType<typeof useViewStore>
  readonly selection: ReturnType<typeof useSelectionStore>
  readonly history: ReturnType<typeof useHistoryStore>
  readonly settings: ReturnType<typeof useSettingsStore>
  /** Ask for files with the system's dialog. */
  readonly browse: () => void
}

export interface CommandGroup {
  readonly id: string
  readonly title: string
  /** Where it stands among the groups, in the help and in the palette. */
  readonly order: number
  readonly menu: MenuName
  readonly commands: (on: CommandContext) => readonly Command[]
  readonly gestures?: (on: CommandContext) => readonly Gesture[]
}

export function commandGroup(group: CommandGroup): CommandGroup {
  return group
}
