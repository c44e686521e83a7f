/** Everything with a key, group by group, in the words on the keys: what the help dialog and the help page list. */

import type { ListedCommand, ListedGesture } from './index.ts'
import { keyWords } from './hotkeys.ts'

export interface HelpRow {
  readonly id: string
  readonly what: string
  /** Alternatives, each as the words on its keys. */
  readonly keys: readonly (readonly string[])[]
  /** Words that are alternatives by themselves (arrows), not pressed together. */
  readonly apart: boolean
}
export interface HelpGroup {
  readonly title: string
  readonly rows: readonly HelpRow[]
}

export function helpGroups(commands: readonly ListedCommand[], gestures: readonly ListedGesture[]): HelpGroup[] {
  const groups = new Map<string, HelpRow[]>()
  const add = (group: string, row: HelpRow): void => void groups.set(group, [...(groups.get(group) ?? []), row])
  for (const { id, title, group, keys } of commands)
    if (keys) add(group, { id, what: title, keys: keys.map((key) => keyWords(key)), apart: false })
  for (const { group, words, what } of gestures) add(group, { id: what, what, keys: [words], apart: true })
  return [...groups].map(([title, rows]) => ({ title, rows }))
}

/** Rows whose words or keys contain everything that was typed. */
export function foundRows(groups: readonly HelpGroup[], typed: string): HelpGroup[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  const fits = (title: string, { what, keys }: HelpRow): boolean => {
    const text = `${title} ${what} ${keys.flat().join(' ')}`.toLowerCase()
    return words.every((word) => text.includes(word))
  }
  return groups
    .map(({ title, rows }) => ({ title, rows: rows.filter((row) => fits(title, row)) }))
    .filter(({ rows }) => rows.length > 0)
}
