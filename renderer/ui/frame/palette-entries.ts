/**
 * What the palette finds besides commands: recent files, saved queries, tasks and locks of the open trace, and a link that
 * was pasted. Each is found by its words like a command; long lists are cut, because typing one more letter is quicker
 * than scrolling.
 */

import { useCommandStore } from '../../commands/index.ts'
import { useFilesStore } from '../../stores/files.ts'
import { parseLink, useLinksStore } from '../../stores/links.ts'
import { useOpening } from '../../stores/opening.ts'
import { useSelectionStore } from '../../stores/selection.ts'
import { useSqlStore } from '../../stores/sql.ts'
import { useTraceStore } from '../../stores/trace.ts'
import { useViewStore } from '../../stores/view.ts'
import type { IconName } from '../icons.ts'

export interface PaletteEntry {
  readonly id: string
  readonly title: string
  readonly group: string
  readonly icon?: IconName | undefined
  readonly keys?: string | undefined
  readonly run: () => void | Promise<void>
}

/** Entries of one kind that are shown at once. */
const SHOWN = 12

export function usePaletteEntries(): (typed: string) => PaletteEntry[] {
  const commands = useCommandStore()
  const files = useFilesStore()
  const opening = useOpening()
  const links = useLinksStore()
  const sql = useSqlStore()
  const view = useViewStore()

  const standing = (): PaletteEntry[] =>
    commands.applicable
      .filter(({ id }) => id !== 'view.palette')
      .map(({ id, title, group, icon, keys, run }) => ({ id, title, group, icon, keys: keys?.[0], run }))
  const recent = (): PaletteEntry[] =>
    (files.recent ?? [])
      .filter(({ missing }) => !missing)
      .map(({ source, name }, i) => ({
        id: `recent.${i}`,
        title: name,
        group: 'Recent file',
        icon: 'open',
        run: () => opening.openAll([{ kind: 'source', source, name }]),
      }))
  const queries = (): PaletteEntry[] =>
    (files.current === undefined ? [] : sql.saved).map(({ name, sql: text }) => ({
      id: `saved.${name}`,
      title: name,
      group: 'Saved query',
      icon: 'sql',
      run: () => {
        view.goTo('sql')
        sql.show(text, name)
        return sql.run()
      },
    }))
  const names = useNames()

  return (typed) => {
    const link = typed.includes('page=') ? parseLink(typed.trim()) : undefined
    if (link) {
      const run = async (): Promise<void> => void (await links.follow(link))
      return [
        {
          id: 'link',
          title: `Go to the view of this link: ${link.name}, ${link.page}`,
          group: 'Link',
          icon: 'link',
          run,
        },
      ]
    }
    const words = wordsOf(typed)
    const fits = ({ title, group }: PaletteEntry): boolean => {
      const text = `${title} ${group}`.toLowerCase()
      return words.every((word) => text.includes(word))
    }
    const more =
      words.length === 0 ? [] : [recent(), queries(), names()].flatMap((list) => list.filter(fits).slice(0, SHOWN))
    return [...standing().filter(fits).sort(byFit(words)), ...more]
  }
}

/** Tasks and lock classes of the open trace: choosing one selects it for every page. */
function useNames(): () => PaletteEntry[] {
  const trace = useTraceStore()
  const selection = useSelectionStore()
  return () => [
    ...(trace.info?.taskList ?? []).map(({ id, comm, pid }): PaletteEntry => ({
      id: `task.${id}`,
      title: `${comm}, ${pid}`,
      group: 'Task',
      icon: 'filter',
      run: () => selection.select({ task: id }),
    })),
    ...(trace.info?.classList ?? []).map(({ id, name }): PaletteEntry => ({
      id: `lock.${id}`,
      title: name,
      group: 'Lock',
      icon: 'lock',
      run: () => selection.select({ lockClass: id, mode: undefined, lock: undefined }),
    })),
  ]
}

export function wordsOf(typed: string): string[] {
  return typed.toLowerCase().split(/\s+/).filter(Boolean)
}

/** What begins with what was typed comes first, then what has a word that begins with it; else as they stand. */
function byFit(words: readonly string[]) {
  const rank = ({ title }: PaletteEntry): number => {
    const text = title.toLowerCase()
    const [first] = words
    if (first === undefined || text.startsWith(first)) return 0
    return text.includes(` ${first}`) ? 1 : 2
  }
  return (a: PaletteEntry, b: PaletteEntry): number => rank(a) - rank(b)
}

/** A title in pieces, those that were typed marked. */
export function markedPieces(
  title: string,
  words: readonly string[],
): { readonly text: string; readonly hit: boolean }[] {
  const lower = title.toLowerCase()
  const hit = new Uint8Array(title.length)
  for (const word of words) {
    const at = lower.indexOf(word)
    if (at >= 0) hit.fill(1, at, at + word.length)
  }
  const out: { text: string; hit: boolean }[] = []
  for (let i = 0; i < title.length; i++) {
    const last = out.at(-1)
    if (last?.hit === (hit[i] === 1)) last.text += title[i]
    else out.push({ text: title[i], hit: hit[i] === 1 })
  }
  return out
}
