/**
 * The recently opened files, in <data>/recent.json, newest first. The list is read anew for every change, because other
 * engines may share the data directory; a list that cannot be read counts as empty and is written anew.
 */

import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { limits } from '#shared/base/limits.ts'
import { writeWhole } from './data-dir.ts'

const schema = z.array(
  z.object({
    /** What was opened: a path, or a sample by id. */
    source: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('path'), path: z.string() }),
      z.object({ kind: z.literal('sample'), sample: z.string() }),
    ]),
    /** The import in the data directory it was opened as, so that it can be kept as long as it is listed. */
    imported: z.string().nullable(),
    name: z.string(),
    format: z.string(),
    /** Entries of earlier versions do not say it. */
    clockUnit: z.enum(['ns', 'tick']).nullable().default(null),
    durationNs: z.number(),
    events: z.number(),
    lost: z.number().nullable(),
    worstLock: z.string().nullable(),
    worstWaitNs: z.number().nullable(),
    /** It was looked for. Entries of earlier versions do not say it. */
    worstKnown: z.boolean().default(true),
    openedAt: z.number(),
  }),
)
export type RecentEntry = z.infer<typeof schema>[number]
export type RecentSource = RecentEntry['source']

export type Worst = Pick<RecentEntry, 'worstLock' | 'worstWaitNs'>

export interface Recents {
  list(): Promise<readonly RecentEntry[]>
  /** Its worst lock is not known yet, unless the same trace was listed already: that one's stays until it is looked for again. */
  add(entry: Omit<RecentEntry, keyof Worst | 'worstKnown'>): Promise<void>
  /** What became known later; a file that was forgotten meanwhile stays forgotten. */
  update(source: RecentSource, worst: Worst): Promise<void>
  forget(source: RecentSource): Promise<void>
}

export function createRecents(folder: string): Recents {
  const path = join(folder, 'recent.json')
  let tail: Promise<unknown> = Promise.resolve()

  async function list(): Promise<readonly RecentEntry[]> {
    try {
      return schema.parse(JSON.parse(await readFile(path, 'utf8')))
    } catch {
      return []
    }
  }

  function change(next: (entries: readonly RecentEntry[]) => readonly RecentEntry[]): Promise<void> {
    const done = tail.then(async () => {
      const entries = next(await list()).slice(0, limits.recentFiles)
      await writeWhole(path, `${JSON.stringify(entries, undefined, 1)}\n`)
    })
    tail = done.catch(() => undefined)
    return done
  }

  return {
    list,
    add: (entry) =>
      change((entries) => {
        const others = entries.filter(({ source }) => !sameSource(source, entry.source))
        const before = entries.find((other) => sameTrace(other, entry))
        const { worstLock, worstWaitNs, worstKnown } = before ?? UNKNOWN_WORST
        return [{ ...entry, worstLock, worstWaitNs, worstKnown }, ...others]
      }),
    update: (updated, worst) =>
      change((entries) =>
        entries.map((entry) => (sameSource(entry.source, updated) ? { ...entry, ...worst, worstKnown: true } : entry)),
      ),
    forget: (forgotten) => change((entries) => entries.filter(({ source }) => !sameSource(source, forgotten))),
  }
}

const UNKNOWN_WORST = { worstLock: null, worstWaitNs: null, worstKnown: false }

type Listed = Pick<RecentEntry, 'source' | 'imported' | 'events' | 'durationNs'>

/** The same file that was not changed meanwhile, as far as the list can tell. */
function sameTrace(a: Listed, b: Listed): boolean {
  const isSame = a.imported === b.imported && a.events === b.events && a.durationNs === b.durationNs
  return isSame && sameSource(a.source, b.source)
}

function sameSource(a: RecentSource, b: RecentSource): boolean {
  return sourceKey(a) === sourceKey(b)
}

function sourceKey(source: RecentSource): string {
  return source.kind === 'path' ? `path ${source.path}` : `sample ${source.sample}`
}

/** The name a client that may not name paths knows a path by. */
export function knownId(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 24)
}

export async function isMissing(source: RecentSource): Promise<boolean> {
  return source.kind === 'path' && (await stat(source.path).catch(() => undefined)) === undefined
}
