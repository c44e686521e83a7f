/**
 * All commands: the registered groups, and what the page that is shown adds while it is there (`usePageCommands`). The
 * palette, the help, the status bar, the hotkeys and the native menu read the same list.
 */

import { defineStore } from 'pinia'
import { computed, onScopeDispose, shallowRef } from 'vue'
import type { MenuCommand, MenuName } from '#shared/contract/desktop.ts'
import { registry } from '#shared/base/registry.ts'
import { useFilesStore } from '../stores/files.ts'
import { useHistoryStore } from '../stores/history.ts'
import { useSelectionStore } from '../stores/selection.ts'
import { useSettingsStore } from '../stores/settings.ts'
import { useTraceStore } from '../stores/trace.ts'
import { useViewStore } from '../stores/view.ts'
import * as all from './all.ts'
import type { Command, CommandGroup, Gesture } from './command.ts'

const groups = registry<CommandGroup>(
  'command group',
  Object.values(all).sort((a, b) => a.order - b.order),
)

export interface ListedCommand extends Command {
  readonly group: string
  readonly menu: MenuName
}
export interface ListedGesture extends Gesture {
  readonly group: string
}

export const useCommandStore = defineStore('commands', () => {
  const browse = shallowRef<() => void>(() => undefined)
  const context = {
    files: useFilesStore(),
    trace: useTraceStore(),
    view: useViewStore(),
    selection: useSelectionStore(),
    history: useHistoryStore(),
    settings: useSettingsStore(),
    browse: () => browse.value(),
  }
  const ofPage = shallowRef<readonly ListedCommand[]>([])
  const standing = groups.items.flatMap((group) =>
    group
      .commands(context)
      .map((command): ListedCommand => ({ ...command, group: group.title, menu: command.menu ?? group.menu })),
  )
  const gestures = computed(() =>
    groups.items.flatMap((group) =>
      (group.gestures?.(context) ?? []).map((gesture): ListedGesture => ({ ...gesture, group: group.title })),
    ),
  )
  const commands = computed(() => [...ofPage.value, ...standing])
  const applicable = computed(() => commands.value.filter((command) => command.when?.() ?? true))
  /** As the native menu shows them: the standing ones in their order, then the page's. */
  const menu = computed(() => [...standing, ...ofPage.value].map(menuCommand))

  /** Keys of the page that are not commands (moving inside a panel), for the status bar. */
  const hints = shallowRef<readonly KeyHint[]>([])

  /** What the native menu chose. While somebody types, undo and redo are the text field's. */
  function runById(id: string): void {
    if (isTyping(document.activeElement) && (id === 'selection.undo' || id === 'selection.redo')) {
      document.execCommand(id === 'selection.undo' ? 'undo' : 'redo')
      return
    }
    const command = applicable.value.find((one) => one.id === id)
    void command?.run()
  }

  return { commands, applicable, gestures, menu, ofPage, hints, browse, runById }
})

function menuCommand({ id, title, menu, keys, when, checked }: ListedCommand): MenuCommand {
  return { id, title, menu, keys: keys?.[0] ?? null, enabled: when?.() ?? true, checked: checked?.() ?? null }
}

/** The element that has the keyboard, through shadow roots, is one that takes text. */
export function isTyping(element: Element | null): boolean {
  let inner = element
  while (inner?.shadowRoot?.activeElement) inner = inner.shadowRoot.activeElement
  return !!inner?.closest('input, textarea, select, [contenteditable=true], [contenteditable=""]')
}

export interface KeyHint {
  readonly words: readonly string[]
  readonly what: string
}

/** Commands of a page, and hints about its other keys, for as long as the calling component lives. */
export function usePageCommands(group: string, commands: readonly Command[], hints: readonly KeyHint[] = []): void {
  const store = useCommandStore()
  const listed = commands.map((command): ListedCommand => ({ ...command, group, menu: command.menu ?? 'Go' }))
  store.ofPage = [...store.ofPage, ...listed]
  store.hints = [...store.hints, ...hints]
  onScopeDispose(() => {
    store.ofPage = store.ofPage.filter((command) => !listed.includes(command))
    store.hints = store.hints.filter((hint) => !hints.includes(hint))
  })
}
