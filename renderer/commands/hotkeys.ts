/**
 * Hotkeys from the command list, and how they are written for people. Letters are physical keys (`KeyO`), so that they
 * stay where they are on other layouts. While typing, only combinations with Ctrl or Alt and function keys work, and
 * what edits text stays with the text.
 */

import { matchKeybindingPress, parseKeybinding } from 'tinykeys'
import { computed, onScopeDispose } from 'vue'
import { isTyping, useCommandStore, type ListedCommand } from './index.ts'

/** Combinations that belong to a text field that has the keyboard. */
const EDITING: ReadonlySet<string> = new Set(['KeyZ', 'KeyY', 'KeyA', 'KeyC', 'KeyV', 'KeyX'])

/** A dialog that is open keeps all but what opened it. */
function ignore(event: KeyboardEvent): boolean {
  // the real target: an editor in a shadow root would look like its host
  const [inner] = event.composedPath()
  const target = inner instanceof Element ? inner : undefined
  if (event.isComposing || event.defaultPrevented) return true
  // an open menu or dialog has the keyboard: Esc closes it, letters find its items
  if (target?.closest('[role=dialog]') || document.querySelector('[role=menu][data-state=open]')) return true
  return false
}

/** It types or edits text where the keyboard is. */
function isText(event: KeyboardEvent): boolean {
  const [inner] = event.composedPath()
  if (!isTyping(inner instanceof Element ? inner : null)) return false
  const combined = event.ctrlKey || event.metaKey || event.altKey
  return combined ? EDITING.has(event.code) && !event.altKey : !/^F\d/.test(event.key)
}

type Press = ReturnType<typeof parseKeybinding>[number]

/** Every key of every command, in the commands' order. */
function bindingsOf(commands: readonly ListedCommand[]) {
  return commands.flatMap((command) =>
    (command.keys ?? []).flatMap((keys) => parseKeybinding(keys).map((press) => ({ press, command }))),
  )
}

/** The first command that applies; where a sign and its place both have one (? and /), the sign counts. */
function commandFor(event: KeyboardEvent, bindings: readonly { press: Press; command: ListedCommand }[]) {
  const text = isText(event)
  const fits = bindings.filter(
    ({ press, command }) =>
      (command.whileTyping || !text) && matchKeybindingPress(event, press) && (command.when?.() ?? true),
  )
  return (fits.find(({ press: [, , key] }) => key === event.key) ?? fits[0])?.command
}

export function useHotkeys(): void {
  const store = useCommandStore()
  const bindings = computed(() => bindingsOf(store.commands))
  const listen = (event: KeyboardEvent): void => {
    // what fills in a form for somebody sends bare events
    if (!event.key || !event.code || ignore(event)) return
    const command = commandFor(event, bindings.value)
    if (!command) return
    event.preventDefault()
    void command.run()
  }
  window.addEventListener('keydown', listen)
  onScopeDispose(() => window.removeEventListener('keydown', listen))
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
  Equal: '=',
  Minus: '-',
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
