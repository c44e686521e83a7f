/**
 * What a command is: one entry that the palette, the hotkeys, the help and the status bar are made from. A command whose
 * `when` is false is not offered and its keys do nothing. There is no command for what does not exist.
 */

import type { useFilesStore } from '../stores/files.ts'
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
  /** Shown with its key in the status bar while it applies: few words. */
  readonly status?: string
  readonly run: () => void | Promise<void>
}

/** What commands act on. */
export interface CommandContext {
  readonly files: ReturnType<typeof useFilesStore>
  readonly trace: ReturnType<typeof useTraceStore>
  readonly view: ReturnType<typeof useViewStore>
  readonly selection: ReturnType<typeof useSelectionStore>
  readonly settings: ReturnType<typeof useSettingsStore>
  /** Ask for files with the system's dialog. */
  readonly browse: () => void
}

export interface CommandGroup {
  readonly id: string
  readonly title: string
  readonly commands: (on: CommandContext) => readonly Command[]
}

export function commandGroup(group: CommandGroup): CommandGroup {
  return group
}
