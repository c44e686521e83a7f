/** What a search remembers: a million turns stay, whether threads share the memory or one has its own. */
import { describe, expect, it } from 'vitest'
import { Asks, Seen, sharedMemory } from '../../shared/explore/seen.ts'

const TURNS = 1_000_000
const turn = (n: number) => ({ one: Math.imul(n, 0x9e3779b1) | 0, two: n, preemptions: 1 })

describe.each([
  ['its own', () => new Seen()],
  ['shared', () => new Seen(sharedMemory())],
])('a memory, %s', (_, memory) => {
  it('keeps what a large search has done with', () => {
    const seen = memory()
    const asks = new Asks()
    for (let n = 0; n < TURNS; n++) {
      asks.clear()
      asks.set(n % 999)
      seen.add(turn(n), asks, n % 3)
    }
    let [kept, wrong] = [0, 0]
    for (let n = 0; n < TURNS; n++) {
      const at = seen.find(turn(n))
      if (at === -1) continue
      kept++
      seen.eachEvent(at, (bit) => (wrong += bit === n % 999 ? 0 : 1))
      if (seen.ownOf(at) !== n % 3) wrong++
    }
    expect({ kept, wrong }).toEqual({ kept: TURNS, wrong: 0 })
    expect(seen.find({ ...turn(0), preemptions: 0 })).toBe(-1)
    expect(seen.find(turn(TURNS))).toBe(-1)
  })
})
