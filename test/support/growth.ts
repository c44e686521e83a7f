/**
 * How the work of a function grows with its input, told without a clock's absolute word: a machine that is slow or busy
 * makes both sides of a ratio slower.
 */
import { expect } from 'vitest'

const TIMES = 8

/** Tries: what a busy machine does to one of them it does not do to all. */
const TRIES = 8

/** CPU time in µs, which other processes do not stretch. */
function cpuOf(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/**
 * One input of `size` must take little more than eight of an eighth of it. Quadratic work takes eight times as much;
 * what backtracks without end never comes here and runs into the time limit of its test.
 */
export function expectLinear(size: number, what: string, prepare: (size: number) => () => void): void {
  const whole = prepare(size)
  const part = prepare(Math.floor(size / TIMES))
  let least = Infinity
  for (let n = 0; n < TRIES && least > TIMES / 2; n++) {
    const parts = cpuOf(() => {
      for (let i = 0; i < TIMES; i++) part()
    })
    // Below a millisecond the accounting is coarser than the work.
    least = Math.min(least, cpuOf(whole) / Math.max(parts, 1000))
  }
  expect(least, `${what}: one of ${size} costs as much as so many times eight of an eighth`).toBeLessThanOrEqual(
    TIMES / 2,
  )
}
