/**
 * Hotkeys from the command list, and how they are written for people. Letters are physical keys (`KeyO`), so that they
 * stay where they are on other layouts. While typing, only combinations with Ctrl or Alt and function keys work, and
 * what edits text stays with the text.
 */

import { tinykeys } from 'tinykeys'
import { onScopeDispose, watch } from 'vue'
import { isTyping, useCommandStore, type ListedCommand } from './index.ts'

/** Combinations that belong to a text field that has the keyboard. */
const EDITING: ReadonlySet<string> = new Set(['KeyZ', 'KeyY', 'KeyA', 'KeyC', 'KeyV', 'KeyX'])

/** Inputs keep their keys; a dialog that is open keeps all but what opened it. */
function ignore(event: KeyboardEvent): boolean {
  // the real target: an editor in a shadow root would look like its host
  const [inner] = event.composedPath()
  const target = inner instanceof Element ? inner : undefined
  if (event.isComposing || event.defaultPrevented) return true
  // an open menu or dialog has the keyboard: Esc closes it, letters find its items
  if (target?.closest('[role=dialog]') || document.querySelector('[role=menu][data-state=open]')) return true
  if (!isTyping(target ?? null)) return false
  const combined = event.ctrlKey || event.metaKey || event.altKey
  return combined ? EDITING.has(event.code) && !event.altKey : !/^F\d/.test(event.key)
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
  Enter: 'Enter',
  '[Shift]': '',
  BracketLeft: '[',
  BracketRight: ']',
  Comma: ',',
  Period: '.',
  Slash: '/',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
}
const onMac = typeof navigator === 'object' && /Mac/.test(navigator.platform)

/** `$mod+Shift+KeyP` as the words on the keys: Ctrl, Shift, P. On a Mac: ⌘, ⇧, P. */
export function keyWords(keys: string, mac = onMac): string[] {
  const own: Readonly<Record<string, string>> = mac ? { $mod: '⌘', Shift: '⇧', Alt: '⌥' } : {}
  return keys
    .split('+')
    .map((part) => own[part] ?? names[part] ?? part.replace(/^(Key|Digit)/, ''))
    .filter((word) => word !== '')
}
