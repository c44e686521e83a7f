/**
 * Hotkeys from the command list, and how they are written for people. Letters are physical keys (`KeyO`), so that they
 * stay where they are on other layouts. While typing, only combinations with Ctrl or Alt and function keys work.
 */

import { tinykeys } from 'tinykeys'
import { onScopeDispose, watch } from 'vue'
import { useCommandStore, type ListedCommand } from './index.ts'

/** Inputs keep their keys; a dialog that is open keeps all but what opened it. */
function ignore(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : undefined
  if (event.isComposing || event.defaultPrevented) return true
  // an open menu or dialog has the keyboard: Esc closes it, letters find its items
  if (target?.closest('[role=dialog]') || document.querySelector('[role=menu][data-state=open]')) return true
  const typing = target?.closest('input, textarea, select, [contenteditable]') !== null && target !== undefined
  return typing && !event.ctrlKey && !event.metaKey && !event.altKey && !/^F\d/.test(event.key)
}

export function useHotkeys(): void {
  const store = useCommandStore()
  let stop: (() => void) | undefined
  const bind = (commands: readonly ListedCommand[]): void => {
    stop?.()
    const byKey = new Map<string, ListedCommand[]>()
    for (const command of commands)
      for (const key of command.keys ?? []) byKey.set(key, [...(byKey.get(key) ?? []), command])
    const bindings = [...byKey].map(([key, candidates]) => [
      key,
      (event: KeyboardEvent) => {
        const command = candidates.find(({ when }) => when?.() ?? true)
        if (!command) return
        event.preventDefault()
        void command.run()
      },
    ])
    stop = tinykeys(window, Object.fromEntries(bindings) as Record<string, (event: KeyboardEvent) => void>, { ignore })
  }
  watch(() => store.commands, bind, { immediate: true })
  onScopeDispose(() => stop?.())
}

const names: Readonly<Record<string, string>> = {
  $mod: 'Ctrl',
  Escape: 'Esc',
  PageDown: 'Page Down',
  PageUp: 'Page Up',
  '[Shift]': '',
  BracketLeft: '[',
  BracketRight: ']',
}

/** `$mod+Shift+KeyP` as the words on the keys: Ctrl, Shift, P. */
export function keyWords(keys: string): string[] {
  return keys
    .split('+')
    .map((part) => names[part] ?? part.replace(/^(Key|Digit)/, ''))
    .filter((word) => word !== '')
}
