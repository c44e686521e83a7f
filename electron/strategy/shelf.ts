/**
 * The strategies of the user's own that this process has loaded, for all its threads: a folder of its own with one file per
 * strategy, named by its digest, and one per hook of it that had to be stopped. What lies there is the text as it was when it was
 * chosen, so a file that changes meanwhile changes no run. Threads are born with the folder's name; it is gone when the process
 * ends, or, where that was killed, when another one loads a strategy.
 */

import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { OwnOptions, OwnStrategy } from '#shared/sim/strategies/own.ts'
import type { Strategy } from '#shared/sim/strategies/strategy.ts'
import type { HookNames } from '#shared/strategy/define.ts'
import type { StoppedBefore } from '#shared/strategy/harness.ts'
import { removeDead, tempPath } from '../store/temp-folder.ts'

const NAME = 'FAULTLINE_STRATEGIES'
const STOPPED = '.stopped'

/** Called where no thread has been started yet. */
export function prepareShelf(): void {
  if (process.env[NAME] !== undefined) return
  const folder = tempPath('strategies')
  process.env[NAME] = folder
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
}

/** What a strategy is loaded from: its text as it was when it was chosen. */
export interface StrategySource {
  readonly id: string
  /** As people know it: `mine.ts`. */
  readonly file: string
  readonly text: string
}

export interface Shelved {
  readonly source: StrategySource
  readonly digest: string
  readonly strategy: Strategy
  readonly plain: OwnOptions
  readonly hooks: HookNames
}

/** `mine.ts#1a2b3c4d`: what runs, results and schedules call it. */
export function idOf(file: string, digest: string): string {
  return `${file.replace(/[^\w.-]/g, '_').slice(-60)}#${digest.slice(0, 8)}`
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

export function shelve(one: Shelved): void {
  const folder = process.env[NAME]
  if (folder === undefined) throw new Error('strategies are loaded by an engine')
  if (!existsSync(folder)) removeDead('strategies')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  put(pathOf(folder, one.source.id), one)
}

/** Whole or not at all: other threads read it. */
function put(path: string, value: object): void {
  const draft = `${path}.${randomBytes(4).toString('hex')}`
  writeFileSync(draft, JSON.stringify(value), { mode: 0o600 })
  renameSync(draft, path)
}

/** A hook that cost its thread (pulse.ts): threads that come do not call it. */
export function noteStopped(id: string, hook: StoppedBefore): void {
  const folder = process.env[NAME]
  if (folder !== undefined) put(`${pathOf(folder, id)}.${hook.where}${STOPPED}`, hook)
}

export function stoppedHooks(id: string): readonly StoppedBefore[] {
  const folder = process.env[NAME]
  if (folder === undefined) return []
  const begin = `${basename(pathOf(folder, id))}.`
  const notes = readdirSync(folder).filter((name) => name.startsWith(begin) && name.endsWith(STOPPED))
  return notes.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as StoppedBefore)
}

const known = new Map<string, OwnStrategy>()

/** A strategy that has been loaded; `optionsOf` runs its code, where it is asked for its options. */
export function shelved(id: string, optionsOf: (one: Shelved) => OwnOptions): OwnStrategy | undefined {
  const found = known.get(id)
  if (found !== undefined) return found
  const folder = process.env[NAME]
  if (folder === undefined || !/^[\w.-]+#[0-9a-f]{8}$/.test(id) || !existsSync(pathOf(folder, id))) return undefined
  const one = JSON.parse(readFileSync(pathOf(folder, id), 'utf8')) as Shelved
  const { digest, strategy, plain } = one
  let options: OwnOptions | undefined
  const own = { ...strategy, digest, plain, options: () => (options ??= optionsOf(one)) }
  known.set(id, own)
  return own
}

function pathOf(folder: string, id: string): string {
  return join(folder, `${id.replace('#', '-')}.json`)
}
