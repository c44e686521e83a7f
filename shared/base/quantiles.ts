/**
 * Exact quantiles without a full sort. A counting pass over a log-linear histogram finds the bucket each rank falls
 * into, a second pass gathers just those buckets and looks closer inside them: O(n), and exact to the nanosecond. The
 * rank rule is nearest-rank (the smallest value with at least q·n values not above it), so a quantile is always a
 * measured value, never an average of two.
 *
 * The histogram's buckets are the top bits of the double itself: exponent and the first SUB bits of the mantissa, 32
 * buckets an octave, read without arithmetic. `bucketOf`, for charts, counts in the same way but in whole numbers.
 */

/** Buckets per octave: 2^SUB. */
const SUB = 5
/** Shift that leaves the exponent and SUB mantissa bits of a double's upper half. */
const SHIFT = 20 - SUB
/** Bucket number of 1.0 in those bits; everything below 1 shares bucket 0. */
const ONE = (1023 << SUB) - 1
const BUCKETS = (54 << SUB) + 2
/** Buckets of one linear look inside a gathered bucket. */
const LINEAR = 1024
/** Below this a sort is quicker than counting. */
const SMALL = 512
/** 2^0 … 2^53: a look-up is several times as fast as `**`. */
const POWERS = Float64Array.from({ length: 54 }, (_, exponent) => 2 ** exponent)
/** Index of a double's upper half in a pair of 32-bit words. */
const UPPER = new Uint32Array(Float64Array.of(1).buffer)[1] === 0 ? 0 : 1

/** Log-linear bucket of a whole number 0 … 2^53: exact up to 2^sub, then 2^sub buckets an octave. */
export function bucketOf(value: number, sub = SUB): number {
  if (value < 1 << sub) return value <= 0 ? 0 : Math.trunc(value)
  const exponent = exponentOf(value)
  const mantissa = Math.trunc(value / POWERS[exponent - sub]) - (1 << sub)
  return ((exponent - sub + 1) << sub) + mantissa
}

/** Smallest value of a bucket of `bucketOf` with the same `sub`. */
export function bucketStart(bucket: number, sub = SUB): number {
  if (bucket < 1 << sub) return bucket
  const exponent = (bucket >> sub) + sub - 1
  return ((1 << sub) + (bucket & ((1 << sub) - 1))) * 2 ** (exponent - sub)
}

function exponentOf(value: number): number {
  return value < 0x1_0000_0000 ? 31 - Math.clz32(value) : 63 - Math.clz32(Math.trunc(value / 0x1_0000_0000))
}

/**
 * Nearest-rank quantiles of `values[0 … length)`, one per q (ascending, 0 < q <= 1). NaN for each when empty.
 * Values must be finite and >= 0; they are left as they are.
 */
export function quantiles(values: Float64Array, length: number, qs: readonly number[]): number[] {
  const part = values.subarray(0, length)
  return quantilesInPlace(length <= SMALL ? part.slice() : part, qs)
}

/** The same of all of `values`, which may end up in another order. */
export function quantilesInPlace(values: Float64Array, qs: readonly number[]): number[] {
  const length = values.length
  if (length === 0) return qs.map(() => NaN)
  const ranks = qs.map((q) => Math.min(length - 1, Math.max(0, Math.ceil(q * length) - 1)))
  if (length <= SMALL) {
    sortSmall(values)
    return ranks.map((rank) => values[rank])
  }
  const words = new Uint32Array(values.buffer, values.byteOffset, length * 2)
  const counts = new Uint32Array(BUCKETS)
  for (let i = UPPER; i < words.length; i += 2) counts[bitsBucket(words[i])]++
  const wanted = locate(counts, ranks)
  const gathered = gather(values, words, counts, wanted)
  return wanted.map(({ bucket, within }) => select(gathered.get(bucket) ?? values, within))
}

function bitsBucket(upper: number): number {
  const bucket = (upper >>> SHIFT) - ONE
  return bucket < 0 ? 0 : bucket < BUCKETS ? bucket : BUCKETS - 1
}

interface Wanted {
  readonly bucket: number
  readonly within: number
}

/** For each rank (ascending) the bucket that holds it, and the rank inside that bucket. */
function locate(counts: Uint32Array, ranks: readonly number[]): Wanted[] {
  const out: Wanted[] = []
  let bucket = 0
  let before = 0
  for (const rank of ranks) {
    while (before + counts[bucket] <= rank) before += counts[bucket++]
    out.push({ bucket, within: rank - before })
  }
  return out
}

function gather(
  values: Float64Array,
  words: Uint32Array,
  counts: Uint32Array,
  wanted: readonly Wanted[],
): Map<number, Float64Array> {
  const lists = new Map(wanted.map(({ bucket }) => [bucket, new Float64Array(counts[bucket])]))
  const marks = new Uint8Array(BUCKETS)
  for (const bucket of lists.keys()) marks[bucket] = 1
  const used = new Uint32Array(BUCKETS)
  for (let i = 0; i < values.length; i++) {
    const bucket = bitsBucket(words[i * 2 + UPPER])
    if (marks[bucket] === 0) continue
    const list = lists.get(bucket)
    if (list !== undefined) list[used[bucket]++] = values[i]
  }
  return lists
}

/** The value of one rank. Equal values (timestamps in whole microseconds make many) end the search at once. */
function select(values: Float64Array, rank: number): number {
  for (;;) {
    if (values.length <= SMALL) return values.slice().sort()[rank]
    let min = values[0]
    let max = min
    for (const value of values) {
      if (value < min) min = value
      else if (value > max) max = value
    }
    if (min === max) return min
    const scale = (LINEAR - 1) / (max - min)
    const counts = new Uint32Array(LINEAR)
    for (const value of values) counts[Math.trunc((value - min) * scale)]++
    const [{ bucket, within }] = locate(counts, [rank])
    const list = new Float64Array(counts[bucket])
    let used = 0
    for (const value of values) if (Math.trunc((value - min) * scale) === bucket) list[used++] = value
    values = list
    rank = within
  }
}

/** Insertion sort for a handful (a typed array's own sort costs more than it does there), else the built-in one. */
function sortSmall(values: Float64Array): void {
  if (values.length > 24) {
    values.sort()
    return
  }
  for (let i = 1; i < values.length; i++) {
    const value = values[i]
    let j = i - 1
    while (j >= 0 && values[j] > value) {
      values[j + 1] = values[j]
      j--
    }
    values[j + 1] = value
  }
}
