/**
 * What strategies of the user's own say over the contract. Loading one runs its file, so the client says that its user has
 * agreed; afterwards its id is a strategy like a preset's, with overrides behind it where wanted, until the engine ends.
 */

import * as z from 'zod'

export const strategyParams = {
  /** The window and the browser ask their user first; a terminal's user has typed the file's name. */
  agreed: z.boolean().default(false),
} as const

export interface OwnStrategyInfo {
  /** `mine.ts#1a2b3c4d`: wherever a strategy is named. */
  readonly id: string
  readonly file: string
  /** SHA-256 of the source. */
  readonly digest: string
  readonly title: string
  readonly about: string
  readonly media: 'page-cache' | 'dax'
  readonly fs: string
  /** Slots and switches as they are run. */
  readonly slots: Readonly<Record<string, string>>
  /** Options that are the file's own. */
  readonly own: readonly { readonly slot: string; readonly id: string; readonly title: string }[]
}
