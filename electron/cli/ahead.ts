/**
 * What a verb is sure to need is begun before the rest of the command line has loaded: this file is loaded first, and alone.
 * It only looks at the verb; whether the words behind it make sense is found out later, and a process that ends takes along
 * what was begun for nothing.
 */

import { startAhead } from '#electron/engine/import-pair.ts'

export function beginAhead([verb, ...rest]: readonly string[]): void {
  if (verb === 'import' && !rest.includes('--help')) startAhead()
}
