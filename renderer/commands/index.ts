/**
 * All commands: the registered groups, and what the page that is shown adds while it is there (`usePageCommands`). The
 * palette, the help, the status bar and the hotkeys read the same list.
 */

import { defineStore } from 'pinia'
import { computed, onScopeDispose, shallowRef } from 'vue'
import { registry } from '#shared/base/registry.ts'
import { useFilesStore } from '../stores/files.ts'
import { useSelectionStore } from '../stores/selection.ts'
import { useSettingsStore } from '../stores/settings.ts'
import { useTraceStore } from '../stores/trace.ts'
import { useViewStore } from '../stores/view.ts'
import * as all from './all.ts'
import type { Command, CommandGroup } from './command.ts'

const groups = registry<CommandGroup>('command group', [all.file, all.selection, all.view])

export interface ListedCommand extends Command {
  readonly group: string
}

export const useCommandStore = defineStore('commands', () => {
  const browse = shallowRef<() => void>(() => undefined)
  const context = {
    files: useFilesStore(),
    trace: useTraceStore(),
    view: useViewStore(),
    selection: useSelectionStore(),
    settings: useSettingsStore(),
    browse: () => browse.value(),
  }
  const ofPage = shallowRef<readonly ListedCommand[]>([])
  const standing = groups.items.flatMap((group) =>
    group.commands(context).map((command): ListedCommand => ({ ...command, group: group.title })),
  )
  const commands = computed(() => [...ofPage.value, ...standing])
  const applicable = computed(() => commands.value.filter((command) => command.when?.() ?? true))

  /** Keys of the page that are not commands (moving inside a panel), for the status bar. */
  const hints = shallowRef<readonly KeyHint[]>([])

  /** By its id, or by what stands after the dot in it: the native menu says `palette`. */
  function runById(id: string): void {
    const command = applicable.value.find((one) => one.id === id || one.id.endsWith(`.${id}`))
    void command?.run()
  }

  return { commands, applicable, ofPage, hints, browse, runById }
})

export interface KeyHint {
  readonly words: readonly string[]
  readonly what: string
}

/** Commands of a page, and hints about its other keys, for as long as the calling component lives. */
export function usePageCommands(group: string, commands: readonly Command[], hints: readonly KeyHint[] = []): void {
  const store = useCommandStore()
  const listed = commands.map((command) => ({ ...command, group }))
  store.ofPage = [...store.ofPage, ...listed]
  store.hints = [...store.hints, ...hints]
  onScopeDispose(() => {
    store.ofPage = store.ofPage.filter((command) => !listed.includes(command))
    store.hints = store.hints.filter((hint) => !hints.includes(hint))
  })
}
