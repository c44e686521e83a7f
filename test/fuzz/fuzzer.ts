/**
 * The fuzzing harness: a fuzzer makes one attempt from a random stream and throws when a property does not hold. Attempts
 * are numbered, so a failure is two integers that repeat it. The first failure stops the run and names them.
 */

import { stream, type Stream } from '#shared/base/prng.ts'

export interface Fuzzer {
  readonly id: string
  /** What it feeds to what. */
  readonly about: string
  attempt(random: Stream): void | Promise<void>
}

export interface FuzzResult {
  readonly attempts: number
  readonly failure: { readonly attempt: number; readonly error: unknown } | undefined
}

/** Of CPU time, which a busy machine does not stretch: damage must not make a parser slow. */
const ATTEMPT_MS = 5_000

/** Bytes of memory an attempt may leave the process larger by: what a file says of its sizes must cost nothing. */
const ATTEMPT_BYTES = 1024 * 1024 * 1024

/** Begins an attempt; what it returns throws when the attempt took too much CPU time or memory. */
export function attemptWatch(): () => void {
  const used = process.cpuUsage()
  const peak = process.resourceUsage().maxRSS
  return () => {
    const { user, system } = process.cpuUsage(used)
    const took = (user + system) / 1000
    if (took > ATTEMPT_MS) throw new Error(`the attempt took ${Math.round(took)} ms of CPU time`)
    const grown = (process.resourceUsage().maxRSS - peak) * 1024
    if (grown > ATTEMPT_BYTES) throw new Error(`the attempt took ${Math.round(grown / 2 ** 20)} MiB of memory`)
  }
}

export interface FuzzOptions {
  readonly seed: number
  readonly attempts: number
  /** First attempt; a failure is repeated with `from: attempt, attempts: 1`. */
  readonly from?: number
  /** Stop after this long even if attempts are left, once there have been so many: a machine may have stood still. */
  readonly ms?: number
  readonly atLeast?: number
}

export async function fuzz(fuzzer: Fuzzer, options: FuzzOptions): Promise<FuzzResult> {
  const from = options.from ?? 0
  const begin = performance.now()
  let attempt = from
  for (; attempt < from + options.attempts; attempt++) {
    const enough = attempt - from >= (options.atLeast ?? 0)
    if (options.ms !== undefined && enough && performance.now() - begin > options.ms) break
    const watch = attemptWatch()
    try {
      await fuzzer.attempt(stream(options.seed, attempt))
      watch()
    } catch (error) {
      return { attempts: attempt - from + 1, failure: { attempt, error } }
    }
  }
  return { attempts: attempt - from, failure: undefined }
}

/** The sentence of a failure, with the command that repeats it. */
export function describeFailure(fuzzer: Fuzzer, seed: number, result: FuzzResult): string {
  if (result.failure === undefined) return `${fuzzer.id}: ${result.attempts} attempts, nothing found`
  const { attempt, error } = result.failure
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `${fuzzer.id} failed at attempt ${attempt}; repeat: npm run fuzz -- ${fuzzer.id} ${seed} ${attempt}\n${what}`
}
