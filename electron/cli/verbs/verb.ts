/**
 * What a verb is: an id, its arguments and options, and a function that calls the contract and prints the answer. One
 * file per verb and one line in all.ts. A verb computes nothing itself: what it prints, the window can show too.
 */

import type { OptionSpecs, OptionValues } from '../options.ts'
import type { Session } from '../session.ts'

/** 3: it ran, and what was asked is not so. Failures are thrown, not returned. */
export type ExitStatus = 0 | 3

export interface Verb {
  readonly id: string
  readonly about: string
  /** As the help shows them: `<F>` has to be there, `[F…]` may be. */
  readonly args: readonly { readonly name: string; readonly about: string; readonly known?: readonly string[] }[]
  readonly options: OptionSpecs
  run(
    session: Session,
    args: readonly string[],
    options: Readonly<Record<string, unknown>>,
    given: ReadonlySet<string>,
  ): Promise<ExitStatus>
}

export function verb<const O extends OptionSpecs>(definition: {
  readonly id: string
  readonly about: string
  readonly args: Verb['args']
  readonly options: O
  /** Arguments are strings as given; a missing optional one is simply not there. `given`: the options that were. */
  run(
    session: Session,
    args: readonly string[],
    options: OptionValues<O>,
    given: ReadonlySet<string>,
  ): Promise<ExitStatus>
}): Verb {
  // The one place where commander's untyped values become typed: each went through its option's `parse`.
  return {
    ...definition,
    run: (session, args, options, given) => definition.run(session, args, options as OptionValues<O>, given),
  }
}
