/**
 * Strategies given as files on the command line: `--strategy ./mine.ts,tx=tx-before-locks`. Whoever types a file's name has
 * agreed to run it. What the engine then knows it by takes its place in the call.
 */

import { resolve } from 'node:path'
import type { Client } from '#shared/contract/methods.ts'
import { namesFile } from '#shared/sim/strategies/own.ts'

export async function withOwnStrategies<P>(client: Client, params: P): Promise<P> {
  return replaced(client, params, new Map())
}

/** `known`: what was loaded for this call, by path; a file named twice is loaded once. */
async function replaced<P>(client: Client, params: P, known: Map<string, Promise<string>>): Promise<P> {
  if (typeof params !== 'object' || params === null) return params
  const named = async (word: unknown): Promise<unknown> => {
    if (typeof word !== 'string' || !namesFile(word)) return word
    const [path, ...overrides] = word.split(',')
    const load = async () => {
      const source = { kind: 'path', path: resolve(path.trim()) } as const
      return (await client.call('strategy.load', { source, agreed: true })).id
    }
    let id = known.get(path)
    if (id === undefined) known.set(path, (id = load()))
    return [await id, ...overrides].join(',')
  }
  const changed = new Map(Object.entries(params) as [string, unknown][])
  for (const [name, value] of changed) {
    if (name === 'strategy' || name === 'baseline') changed.set(name, await named(value))
    else if (name === 'strategies' && Array.isArray(value)) changed.set(name, await Promise.all(value.map(named)))
    // What an experiment is about says what its trace was recorded under.
    else if (name === 'subject') changed.set(name, await replaced(client, value, known))
  }
  return Object.fromEntries(changed) as P
}
