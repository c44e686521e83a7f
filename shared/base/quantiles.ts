/**
 * Exact quantiles without a full sort. A counting pass over a log-linear histogram finds the bucket each rank falls
 * into, a second pass gathers just those buckets and sorts them: O(n), and exact to the nanosecond. The rank rule is
 * nearest-rank (the smallest value with at least q·n values not above it), so a quantile is always a measured value.
 */

/** Buckets per octave: 2^SUB. */
const SUB = 5
const BUCKETS = (54 - SUB + 1) << SUB

/** Log-linear bucket of a non-negative integer below 2^53: exact up to 2^SUB, then 32 buckets an octave. */
export function bucketOf(value: number): number {
  if (value < 1 << SUB) return value <= 0 ? 0 : Math.trunc(value)
  const exponent = exponentOf(value)
  const mantissa = Math.trunc(value / 2 ** (exponent - SUB)) - (1 << SUB)
  return ((exponent - SUB + 1) << SUB) + mantissa
}

/** Smallest value of a bucket. */
export function bucketStart(bucket: number): number {
  if (bucket < 1 << SUB) return bucket
  const exponent = (bucket >> SUB) + SUB - 1
  return ((1 << SUB) + (bucket & ((1 << SUB) - 1))) * 2 ** (exponent - SUB)
}

function exponentOf(value: number): number {
  return value < 0x1_0000_0000 ? 31 - Math.clz32(value) : 63 - Math.clz32(Math.trunc(value / 0x1_0000_0000))
}

/**
 * Nearest-rank quantiles of `values[0 … length)`, one per q (ascending, 0 < q <= 1). NaN for each when empty.
 * Values must be finite and >= 0.
 */
export function quantiles(values: Float64Array, length: number, qs: readonly number[]): number[] {
  if (length === 0) return qs.map(() => NaN)
  const ranks = qs.map((q) => Math.min(length - 1, Math.max(0, Math.ceil(q * length) - 1)))
  if (length <= 512) {
    const sorted = values.slice(0, length).sort()
    return ranks.map((rank) => sorted[rank])
  }
  const counts = new Uint32Array(BUCKETS)
  for (let i = 0; i < length; i++) counts[bucketOf(values[i])]++
  const wanted = locate(counts, ranks)
  const gathered = gather(values, length, wanted)
  return wanted.map(({ bucket, within }) => {
    const bucketValues = gathered.get(bucket)
    return bucketValues === undefined ? NaN : bucketValues[within]
  })
}

interface Wanted {
  readonly bucket: number
  readonly within: number
}

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

function gather(values: Float64Array, length: number, wanted: readonly Wanted[]): Map<number, Float64Array> {
  const lists = new Map<number, number[]>(wanted.map(({ bucket }) => [bucket, []]))
  for (let i = 0; i < length; i++) lists.get(bucketOf(values[i]))?.push(values[i])
  return new Map([...lists].map(([bucket, list]) => [bucket, Float64Array.from(list).sort()]))
}
