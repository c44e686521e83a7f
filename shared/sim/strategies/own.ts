/**
 * Strategies of the user's own, beside the presets. A host that has loaded one says how it is found (`findOwn`); to the model
 * it is a preset whose slots may name options that stand in no registry. What an option is (`plain`) is known without running
 * its code; its code comes with `options()`, which only threads that run the model call.
 */

import type { Policy } from '../policies/slots.ts'
import type { SlotName, Strategy } from './strategy.ts'

export type OwnOptions = { readonly [S in SlotName]?: Policy[S] }

export interface OwnStrategy extends Strategy {
  /** SHA-256 of its source, hexadecimal. */
  readonly digest: string
  /** Its own options without their hooks. */
  readonly plain: OwnOptions
  readonly options: () => OwnOptions
}

type Finder = (id: string) => OwnStrategy | undefined

let find: Finder = () => undefined

/** Who finds strategies of the user's own in this thread. */
export function findOwn(finder: Finder): void {
  find = finder
}

export function ownStrategy(id: string): OwnStrategy | undefined {
  return find(id)
}

/** Does a strategy's word name a file? (`./mine.ts`, `C:\mine.ts,tx=…`) */
export function namesFile(word: string): boolean {
  const [first] = word.split(',')
  return !first.includes('#') && (/[/\\]/.test(first) || /\.[cm]?[jt]s$/.test(first.trim()))
}
