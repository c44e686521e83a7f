/** perf's rounds against putting everything in order that two ends of rounds have passed. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Rounds } from '#shared/formats/perf-data/rounds.ts'

interface Kept {
  readonly time: number
  readonly id: number
}

/** What may go out when a round ends is as old as the newest record of the round before. */
function naive(rounds: readonly (readonly number[])[]): string[] {
  const out: string[] = []
  let waiting: Kept[] = []
  let [newest, safe, id] = [-Infinity, -Infinity, 0]
  const give = (until: number) => {
    const ready = waiting.filter(({ time }) => time <= until).sort((a, b) => a.time - b.time || a.id - b.id)
    waiting = waiting.filter(({ time }) => time > until)
    out.push(...ready.map((one) => `${one.time} ${one.id}`))
  }
  for (const times of rounds) {
    for (const time of times) waiting.push({ time, id: id++ })
    newest = Math.max(newest, ...times)
    give(safe)
    safe = newest
  }
  give(Infinity)
  return out
}

function inRounds(rounds: readonly (readonly number[])[]): string[] {
  const out: string[] = []
  const queue = new Rounds()
  let id = 0
  const give = (time: number, bytes: Uint8Array, from: number, to: number) => {
    const record = bytes.subarray(from, to)
    const value = new DataView(record.buffer, record.byteOffset).getUint32(0)
    expect(record.subarray(4).every((byte) => byte === (value & 255))).toBe(true)
    out.push(`${time} ${value}`)
  }
  for (const times of rounds) {
    for (const time of times) {
      // Records of many lengths, so that what moves down overlaps where it was.
      const record = new Uint8Array(4 + ((id * 7) % 50)).fill(id & 255)
      new DataView(record.buffer).setUint32(0, id++)
      queue.add(time, record)
    }
    queue.finish(give)
  }
  queue.flush(give)
  expect([queue.size, queue.bytes]).toEqual([0, 0])
  return out
}

it('records of all CPUs come out by time, equal ones as they were written', () => {
  const round = fc.array(fc.nat(30), { maxLength: 12 })
  fc.assert(
    fc.property(fc.array(round, { maxLength: 12 }), fc.nat(20), (rounds, pace) => {
      const later = rounds.map((times, i) => times.map((time) => time + i * pace))
      expect(inRounds(later)).toEqual(naive(later))
    }),
  )
})
