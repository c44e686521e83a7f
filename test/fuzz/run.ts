/**
 * `npm run fuzz -- ID [SEED [ATTEMPT]]`: one fuzzer until Ctrl-C or its first failure; with an attempt, just that one.
 * `npm run fuzz -- smoke`: all of them for ten seconds each with a fixed seed. Without arguments: the list.
 */

import { describeFailure, fuzz, type Fuzzer } from './fuzzer.ts'
import { fuzzers } from './index.ts'

const [id, seed = '1', attempt] = process.argv.slice(2)

async function run(fuzzer: Fuzzer, options: { readonly ms?: number }): Promise<void> {
  const from = attempt === undefined ? 0 : Number(attempt)
  const attempts = attempt === undefined ? Infinity : 1
  const result = await fuzz(fuzzer, { seed: Number(seed), from, attempts, ...options })
  process.stdout.write(`${describeFailure(fuzzer, Number(seed), result)}\n`)
  if (result.failure !== undefined) process.exitCode = 1
}

if (id === 'smoke') {
  for (const fuzzer of fuzzers) await run(fuzzer, { ms: 10_000 })
} else {
  const fuzzer = fuzzers.find((candidate) => candidate.id === id)
  if (fuzzer !== undefined) await run(fuzzer, {})
  else {
    process.stdout.write(`usage: npm run fuzz -- ID [SEED [ATTEMPT]] | smoke\n`)
    for (const known of fuzzers) process.stdout.write(`  ${known.id.padEnd(18)} ${known.about}\n`)
    process.exitCode = 2
  }
}
