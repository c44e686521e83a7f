/** Binary logarithm by repeated squaring: + − × ÷ only, which IEEE 754 defines to the last bit, so it is the same everywhere. */

const BITS = 40

/** Of a positive finite number, to 2^-40. */
export function log2(value: number): number {
  let result = 0
  let rest = value
  for (; rest >= 2; rest /= 2) result++
  for (; rest < 1; rest *= 2) result--
  let bit = 0.5
  for (let i = 0; i < BITS; i++, bit /= 2) {
    rest *= rest
    if (rest < 2) continue
    rest /= 2
    result += bit
  }
  return result
}
