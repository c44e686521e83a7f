/**
 * Coverage-guided fuzzing: an input that made the readers run code no input ran before, or run it much more often, is kept
 * and damaged further, so that a search finds its way through checks that lie behind each other. What ran is what V8 counts
 * per block. Inputs that fail are handed back as they are: a number would not repeat them, since a pool grew before them.
 */

import { Session, type Profiler } from 'node:inspector'
import type { Stream } from '#shared/base/prng.ts'
import { stream } from '#shared/base/prng.ts'
import { wounded } from './damage.ts'
import { attemptWatch } from './fuzzer.ts'

export interface Target {
  readonly run: (bytes: Buffer) => void
  readonly seeds: readonly Buffer[]
  /** Whose blocks count. */
  readonly covers: (url: string) => boolean
}

export interface GuidedOptions {
  readonly seed: number
  readonly attempts: number
  readonly ms?: number
}

export interface GuidedResult {
  readonly attempts: number
  /** Inputs that ran something new, and distinct blocks (times orders of magnitude) that ran at all. */
  readonly kept: number
  readonly blocks: number
  readonly failure: { readonly input: Buffer; readonly error: unknown } | undefined
}

/** Longer inputs are slow and find little more; a pool this large is worked through in minutes. */
const INPUT_BYTES = 96 * 1024
const POOL = 2_000

/**
 * Counting is switched on once and for good: what was compiled before it has no blocks. It is answered at once.
 * (V8: src/debug/debug-coverage.cc)
 */
let counting: Session | undefined

function counts(): Profiler.ScriptCoverage[] {
  if (counting === undefined) {
    counting = new Session()
    counting.connect()
    counting.post('Profiler.enable')
    counting.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }
  let found: Profiler.ScriptCoverage[] = []
  counting.post('Profiler.takePreciseCoverage', (_, { result }) => (found = result))
  return found
}

/** What has run so far, by script and place. */
class Blocks {
  readonly #seen = new Set<string>()
  readonly #covers: (url: string) => boolean

  constructor(covers: (url: string) => boolean) {
    this.#covers = covers
    counts()
  }

  get size(): number {
    return this.#seen.size
  }

  /**
   * How many blocks ran for the first time, or an order of magnitude more often, since the last look. A block that ran as often
   * as the one around it is not told apart from it, so one that did not run while others did counts too.
   */
  look(): number {
    const before = this.#seen.size
    for (const { scriptId, url, functions } of counts()) {
      if (!this.#covers(url)) continue
      for (const { ranges } of functions) {
        if (ranges[0].count === 0) continue
        for (const { startOffset, endOffset, count } of ranges) {
          const often = count === 0 ? -1 : Math.floor(Math.log2(count) / 2)
          this.#seen.add(`${scriptId}:${startOffset}:${endOffset}:${often}`)
        }
      }
    }
    return this.#seen.size - before
  }
}

/** One input of the pool, the newest preferred, with wounds. */
function next(random: Stream, pool: readonly Buffer[]): Buffer {
  const back = random.below(3) === 0 ? pool.length : Math.max(1, pool.length >> 2)
  return wounded(random, pool[pool.length - 1 - random.below(back)], pool).subarray(0, INPUT_BYTES)
}

export function guided({ run, seeds, covers }: Target, { seed, attempts, ms = Infinity }: GuidedOptions): GuidedResult {
  const blocks = new Blocks(covers)
  const begin = performance.now()
  const pool: Buffer[] = seeds.filter(({ length }) => length <= INPUT_BYTES)
  let kept = 0
  let attempt = 0
  const result = (failure: GuidedResult['failure']): GuidedResult => ({ attempts: attempt, kept, blocks: blocks.size, failure }) // prettier-ignore
  for (const input of pool) run(input)
  blocks.look()
  for (; attempt < attempts && performance.now() - begin < ms; attempt++) {
    const input = next(stream(seed, attempt), pool)
    try {
      const watch = attemptWatch()
      run(input)
      watch()
    } catch (error) {
      return result({ input, error })
    }
    if (blocks.look() === 0) continue
    kept++
    if (pool.length < POOL) pool.push(input)
    else pool[seeds.length + (kept % (POOL - seeds.length))] = input
  }
  return result(undefined)
}
