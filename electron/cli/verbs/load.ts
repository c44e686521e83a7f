/**
 * The verbs a run needs: the one its first word names, alone, from the file that has its name; else all of them, which help
 * and an unknown word ask for. All of them and what they bring along take as long to load as everything else before the
 * engine. It does not know what a verb does.
 */

import { existsSync } from 'node:fs'
import type { Verb } from './verb.ts'

export async function verbsFor(word: string | undefined): Promise<readonly Verb[]> {
  if (word !== undefined && /^[a-z][a-z-]*$/.test(word)) {
    const file = new URL(`./${word}.ts`, import.meta.url)
    const module = existsSync(file) ? ((await import(file.href)) as Readonly<Record<string, Partial<Verb>>>) : {}
    const named = Object.values(module).find(({ id }) => id === word)
    if (named !== undefined) return [named as Verb]
  }
  return (await import('./index.ts')).verbs.items
}
