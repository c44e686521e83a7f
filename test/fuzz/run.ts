/**
 * `npm run fuzz -- ID [SEED [ATTEMPT]]`: one fuzzer until Ctrl-C or its first failure; with an attempt, just that one.
 * `npm run fuzz -- all [SECONDS]`: all of them with a fixed seed, ten seconds each unless told otherwise.
 * `npm run fuzz -- guided FORMAT|all [SECONDS [SEED]]`: coverage-guided; what fails is written to a file, and
 * `npm run fuzz -- input FORMAT FILE` reads it again. Without arguments: the list.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formats } from '#shared/formats/index.ts'
import { attemptWatch, describeFailure, fuzz, type Fuzzer } from './fuzzer.ts'
import { guided } from './guided.ts'
import { fuzzers } from './index.ts'
import { outcome, targetOf } from './readers.ts'

const [id, ...rest] = process.argv.slice(2)
const say = (line: string): boolean => process.stdout.write(`${line}\n`)

async function run(fuzzer: Fuzzer, seed: number, options: { readonly ms?: number; readonly attempt?: number }) {
  const { ms, attempt } = options
  const attempts = attempt === undefined ? Infinity : 1
  const bound = ms === undefined ? {} : { ms }
  const result = await fuzz(fuzzer, { seed, from: attempt ?? 0, attempts, ...bound })
  say(describeFailure(fuzzer, seed, result))
  if (result.failure !== undefined) process.exitCode = 1
}

function search(format: string, ms: number, seed: number): void {
  const { attempts, kept, blocks, failure } = guided(targetOf(format), { seed, attempts: Infinity, ms })
  say(`${format}: ${attempts} attempts, ${kept} ran something new, ${blocks} blocks${failure ? '' : ', nothing found'}`)
  if (failure === undefined) return
  const file = join(tmpdir(), `fuzz-${format}.bin`)
  writeFileSync(file, failure.input)
  say(`failed; repeat: npm run fuzz -- input ${format} ${file}\n${String((failure.error as Error).stack)}`)
  process.exitCode = 1
}

function usage(): void {
  say(
    'usage: npm run fuzz -- ID [SEED [ATTEMPT]] | all [SECONDS] | guided FORMAT|all [SECONDS [SEED]] | input FORMAT FILE',
  )
  for (const known of fuzzers) say(`  ${known.id.padEnd(22)} ${known.about}`)
  process.exitCode = 2
}

const fuzzer = fuzzers.find((candidate) => candidate.id === id)
if (id === 'all') {
  for (const one of fuzzers) await run(one, 1, { ms: Number(rest[0] ?? 10) * 1000 })
} else if (id === 'guided' && rest.length > 0) {
  const ids = rest[0] === 'all' ? formats.items.map((format) => format.id) : [formats.get(rest[0]).id]
  for (const one of ids) search(one, Number(rest[1] ?? 10) * 1000, Number(rest[2] ?? 1))
} else if (id === 'input' && rest.length === 2) {
  const watch = attemptWatch()
  say(outcome(formats.get(rest[0]).id, readFileSync(rest[1])))
  watch()
} else if (fuzzer === undefined) usage()
else await run(fuzzer, Number(rest[0] ?? 1), rest[1] === undefined ? {} : { attempt: Number(rest[1]) })
