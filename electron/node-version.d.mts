/** Types of node-version.mjs, for entries written in TypeScript. */
export function isSupported(version?: string): boolean
export function bundledNode(
  from?: string | URL,
): { readonly path: string; readonly why: undefined } | { readonly path: undefined; readonly why: string }
/** False: the entry is running in (or could not be given to) a second process; import nothing and return. */
export function onSupportedNode(entry: string, args?: readonly string[]): boolean
