/**
 * Log-normal factors as integers. `exp(s·z)` for 4096 equally likely quantiles z of the standard normal, in 1/65536ths,
 * computed once with + − × ÷ only (IEEE 754 defines those to the last bit; Math.exp is not), so a cost drawn from a
 * 32-bit number is the same on every machine. The table is normalised to a median of exactly 1.
 */

const SIZE = 4096
const ONE = 65_536

/** e^x by range reduction to |x| <= 1/64 and a Taylor series; deterministic. */
export function expDeterministic(x: number): number {
  let halvings = 0
  let y = x
  while (y > 1 / 64 || y < -1 / 64) {
    y /= 2
    halvings++
  }
  let term = 1
  let sum = 1
  for (let k = 1; k <= 10; k++) {
    term = (term * y) / k
    sum += term
  }
  for (let i = 0; i < halvings; i++) sum *= sum
  return sum
}

/** Area of the standard normal between 0 and z >= 0, by the series of the error function. */
function area(z: number): number {
  let term = z
  let sum = z
  for (let n = 1; n < 200; n++) {
    term = (term * -z * z) / (2 * n)
    const next = sum + term / (2 * n + 1)
    if (next === sum) break
    sum = next
  }
  return sum * 0.3989422804014327 // 1/sqrt(2 pi)
}

let quantileTable: Float64Array | undefined

/** z at probabilities (i + 1/2) / SIZE. */
function normalQuantiles(): Float64Array {
  if (quantileTable !== undefined) return quantileTable
  const table = new Float64Array(SIZE)
  for (let i = 0; i < SIZE / 2; i++) {
    const wanted = (i + 0.5) / SIZE
    let low = 0
    let high = 5
    for (let step = 0; step < 50; step++) {
      const middle = (low + high) / 2
      if (area(middle) < wanted) low = middle
      else high = middle
    }
    table[SIZE / 2 + i] = low
    table[SIZE / 2 - 1 - i] = -low
  }
  quantileTable = table
  return table
}

const factorTables = new Map<number, Int32Array>()

/** Factors for a sigma given in thousandths. */
export function factorTable(sigmaMilli: number): Int32Array {
  let table = factorTables.get(sigmaMilli)
  if (table === undefined) {
    table = Int32Array.from(normalQuantiles(), (z) => Math.round(expDeterministic((sigmaMilli / 1000) * z) * ONE))
    factorTables.set(sigmaMilli, table)
  }
  return table
}

/** median × exp(sigma·z), z chosen by the upper 12 bits of `bits`; an integer >= 0. */
export function lognormal(median: number, table: Int32Array, bits: number): number {
  return Math.floor((median * table[bits >>> 20] + ONE / 2) / ONE)
}
