/**
 * `npm start`'s door. Plain JavaScript that any Node can read: it looks at the version first and only then loads the
 * program, which is TypeScript and needs a newer one.
 */

import { fileURLToPath } from 'node:url'
import { onSupportedNode } from './node-version.mjs'

if (onSupportedNode(fileURLToPath(import.meta.url))) await import('./start.ts')
