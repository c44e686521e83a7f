/** What runs that judge nothing else still say of a strategy of the user's own: mistakes in its file, each with its line. */

export const MISTAKE = 'S1'

export function mistakesIn(
  findings: readonly { readonly invariant: string; readonly message: string }[],
): readonly string[] {
  return findings.flatMap(({ invariant, message }) => (invariant === MISTAKE ? [message] : []))
}

/** Of many runs, each once, in order of first appearance. */
export function eachOnce(lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())]
}
