/**
 * `npm run mutation -- GROUP… [--every N] [-- STRYKER OPTIONS]`: each group of groups.ts in turn (all without a name), with what
 * survived and a score at the end. `--every N` is a sample: only mutants within every Nth line of code, the same ones each time;
 * `-- --mutate FILE:FROM-TO` asks about some lines.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { groups, type MutationGroup } from './groups.ts'
import { root, run, tool } from './install.ts'

const stryker = tool('@stryker-mutator/core/bin/stryker.js')
const given = process.argv.slice(2)
const cut = given.indexOf('--')
const own = cut < 0 ? given : given.slice(0, cut)
const options = cut < 0 ? [] : given.slice(cut + 1)
const sampled = own.indexOf('--every')
const every = sampled < 0 ? 1 : Number(own[sampled + 1])
if (!(every >= 1)) throw new Error('--every takes a number of lines')
const named = sampled < 0 ? own : own.toSpliced(sampled, 2)

/** Every Nth line that has code on it, counted over the group's files together. */
function linesOf({ mutate }: MutationGroup): string {
  const code = mutate
    .flatMap((pattern) => globSync(pattern, { cwd: root }).sort())
    .flatMap((file) =>
      readFileSync(join(root, file), 'utf8')
        .split('\n')
        .flatMap((text, at) =>
          /^\s*($|\/?\*|\/\/|import |[)}\]]+$)/.test(text) ? [] : [`${file}:${at + 1}-${at + 1}`],
        ),
    )
  return code.filter((_, i) => i % every === 0).join(',')
}

for (const group of named.length > 0 ? named : Object.keys(groups)) {
  const sample = every === 1 || groups[group] === undefined ? [] : ['--mutate', linesOf(groups[group])]
  const done = run([stryker, 'run', 'test/tools/stryker.config.mjs', ...sample, ...options], {
    FAULTLINE_MUTATE: group,
  })
  if (!done) process.exitCode = 1
}
