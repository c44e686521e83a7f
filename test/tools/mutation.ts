/**
 * `npm run mutation -- GROUP… [-- STRYKER OPTIONS]`: each group of groups.ts in turn (all without a name), with what survived and a
 * score at the end. `-- --mutate FILE:FROM-TO` asks about some lines only.
 */
import { groups } from './groups.ts'
import { run, tool } from './install.ts'

const stryker = tool('@stryker-mutator/core/bin/stryker.js')
const given = process.argv.slice(2)
const cut = given.indexOf('--')
const named = cut < 0 ? given : given.slice(0, cut)
const options = cut < 0 ? [] : given.slice(cut + 1)

for (const group of named.length > 0 ? named : Object.keys(groups)) {
  const done = run([stryker, 'run', 'test/tools/stryker.config.mjs', ...options], { FAULTLINE_MUTATE: group })
  if (!done) process.exitCode = 1
}
