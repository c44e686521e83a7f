/**
 * Damage of every kind files suffer: bits, cuts, repeats, holes of zeros, foreign pieces, words that mean something to a
 * reader, numbers of a binary header that lie. One function for all fuzzers; what it does depends on its stream alone.
 */

import type { Stream } from '#shared/base/prng.ts'

const TEXT = ['\n', '\r\n', '\0', ' ', '[001]', '-', ': ', ' => x', '<stack trace>', '# tracer: nop\n', 'cpus=2\n', '99999999999999999999', '\xff', '(', ' <-', '==>', 'CPU:1 [LOST 5 EVENTS]\n', '-> 0xffffffffffffffff', '|', ' | ', '() {', '();', '}', '/*', '*/', '=>', ' -----\n', '0) ', ' us', '-> #1 (', '){++++}-{3:3}:', '{', '#', '1 lock held by a/1:\n', 'lock_stat version 0.4\n', '# tracer: function_graph\n', '\tffffffff81000010 f+0x1 ([kernel.kallsyms])\n', 'PERF_RECORD_LOST lost 122\n', ']', '[', '"', '\\', ',', ':', '1e999', 'null', '"ph":"X"', '\\ud800'] // prettier-ignore
const WORDS = TEXT.map((word) => Buffer.from(word, 'latin1'))

/** What sizes, offsets and counts of a binary header are set to. */
const LIES = [0n, 1n, 7n, 8n, 16n, 255n, 4096n, 65_535n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 1n << 48n, (1n << 63n) - 1n, (1n << 64n) - 1n] // prettier-ignore

/** `bytes` with up to eight wounds; `others` are what foreign pieces come from. */
export function wounded(random: Stream, bytes: Buffer, others: readonly Buffer[]): Buffer {
  let out: Buffer = Buffer.from(bytes)
  for (let wounds = 1 + random.below(8); wounds > 0 && out.length > 0; wounds--) out = wound(random, out, others)
  return out
}

export function wound(random: Stream, bytes: Buffer, others: readonly Buffer[]): Buffer {
  const at = random.below(bytes.length)
  const end = Math.min(bytes.length, at + 1 + random.below(random.below(4) === 0 ? 3000 : 40))
  const join = (...parts: Uint8Array[]) => Buffer.concat([bytes.subarray(0, at), ...parts])
  switch (random.below(10)) {
    case 0: {
      const flipped = Buffer.from(bytes)
      flipped[at] ^= 1 << random.below(8)
      return flipped
    }
    case 1:
      return join(bytes.subarray(end))
    case 2:
      return join(bytes.subarray(at, end), bytes.subarray(at))
    case 3:
      return join(WORDS[random.below(WORDS.length)], bytes.subarray(at))
    case 4:
      return join(WORDS[random.below(WORDS.length)], bytes.subarray(end))
    case 5:
      return join(Buffer.alloc(random.below(200)), bytes.subarray(at))
    case 6:
      return random.below(3) === 0 ? join() : join(Buffer.alloc(end - at, 0xff), bytes.subarray(end))
    case 7: {
      const other = others[random.below(others.length)]
      const start = random.below(other.length)
      return join(other.subarray(start, start + random.below(600)), bytes.subarray(at))
    }
    case 8:
      return lie(random, bytes, at)
    default: {
      const length = random.below(60) === 0 ? 1_100_000 : random.below(3000)
      return join(Buffer.alloc(length, random.below(256)), bytes.subarray(at))
    }
  }
}

/** A number of 1 to 8 bytes where something else stood, mostly where headers have theirs. */
function lie(random: Stream, bytes: Buffer, at: number): Buffer {
  const out = Buffer.from(bytes)
  const size = 1 << random.below(4)
  const place = random.below(2) === 0 ? at - (at % size) : at
  const number = Buffer.alloc(8)
  number.writeBigUInt64LE(LIES[random.below(LIES.length)])
  if (random.below(8) === 0) number.reverse()
  number.copy(out, place, 0, Math.min(size, out.length - place))
  return out
}
