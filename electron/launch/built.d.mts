/** Types of built.mjs, for entries written in TypeScript. */
export const ROOT: string
/** Where the built command line is, from the project's root. */
export const PROGRAM: string
/** Sources that are not there do not count as changed; paths are from `root`. */
export function isStale(built: string, sources: readonly string[], root?: string): boolean
export function isProgramStale(root?: string): boolean
export function programPath(root?: string): string
