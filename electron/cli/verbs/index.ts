/** All verbs of the command line, by id. */

import { registry } from '#shared/base/registry.ts'
import * as all from './all.ts'
import type { Verb } from './verb.ts'

export const verbs = registry<Verb>(
  'verb',
  Object.values(all).sort((a, b) => (a.id < b.id ? -1 : 1)),
)
