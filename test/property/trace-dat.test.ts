/** trace.dat: what was written is read, in order of time; and damage anywhere costs a sentence, never more. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ApiError } from '#shared/base/errors.ts'
import { DAMAGED_DATA } from '#shared/model/diagnostics.ts'
import { asBigEndian } from '../support/big-endian.ts'
import { plainEvents, readDat, textOf, writeDat, type WrittenCpu, type WrittenEvent } from '../support/trace-dat.ts'

const gap = fc.oneof(fc.nat(3), fc.nat(2 ** 27), fc.integer({ min: 2 ** 27, max: 2 ** 40 }))
const anyEvent = fc.record({
  gap,
  pid: fc.integer({ min: 0, max: 4 }),
  count: fc.oneof(fc.nat(20), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
  address: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  text: fc.oneof(fc.stringMatching(/^[a-z ]{0,20}$/), fc.stringMatching(/^[a-z]{90,200}$/)),
  stamped: fc.boolean(),
})

/** Since boot, and the time of day: more than a double holds to the nanosecond. */
const anyStart = fc.constantFrom(1_000_000_000_000n, 1_795_490_916_411_551_115n)

const cpusFrom = (start: bigint): fc.Arbitrary<readonly WrittenCpu[]> =>
  fc.array(
    fc
      .array(
        fc.record({ events: fc.array(anyEvent, { minLength: 1, maxLength: 12 }), lost: fc.constantFrom(0, 0, -1, 7) }),
        {
          maxLength: 4,
        },
      )
      .map((pages) => {
        let ts = start
        return {
          pages: pages.map(({ events, lost }) => ({
            lost,
            events: events.map(({ gap: by, ...event }): WrittenEvent => ({ ...event, ts: (ts += BigInt(by)) })),
          })),
        }
      }),
    { minLength: 1, maxLength: 4 },
  )
const anyCpus = anyStart.chain(cpusFrom)

describe.each([6, 7] as const)('trace.dat version %d', (version) => {
  it('gives the events that were written, merged by time, the lower CPU first, in either order of bytes', () => {
    fc.assert(
      fc.property(anyCpus, fc.boolean(), (cpus, little) => {
        const read = readDat(writeDat(version, cpus, '1 one\n2 two words\n', little))
        const written = cpus
          .flatMap(({ pages }, cpu) => pages.flatMap(({ events }) => events.map((event) => ({ ...event, cpu }))))
          .map((event, order) => ({ ...event, order }))
          .sort((a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : a.cpu - b.cpu || a.order - b.order))
        const comm = (pid: number): string => ['<idle>', 'one', 'two words'][pid] ?? '<...>'
        expect([...plainEvents(read)]).toEqual(
          written.map((event) => ({
            ts: Number(event.ts - written[0].ts),
            cpu: event.cpu,
            pid: event.pid,
            comm: comm(event.pid),
            name: 'tested',
            args: textOf(event),
            stack: undefined,
          })),
        )
        const lost = cpus.flatMap(({ pages }) => pages.map((page) => page.lost ?? 0))
        const counted = lost.filter((count) => count > 0).length * 7
        expect(read.trace.meta.lostEvents).toBe(counted === 0 && lost.includes(-1) ? undefined : counted)
      }),
      { numRuns: 100 },
    )
  })

  const whole = writeDat(version, [
    {
      pages: [{ events: [1, 2, 3].map((n) => ({ ts: BigInt(n) * 1000n, pid: n, count: n, address: 5n, text: 'x' })) }],
    },
    { pages: [{ events: [{ ts: 1500n, pid: 2, count: 9, address: 0n, text: 'a'.repeat(150) }], lost: 3 }] },
  ])

  function survives(bytes: Uint8Array): void {
    try {
      readDat(bytes)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      expect(error.code).toBe('bad-input')
      expect(error.message).toMatch(/trace\.dat/)
    }
  }

  it('survives being cut at every byte', () => {
    for (let length = 11; length < whole.length; length += length < 700 ? 1 : 41) survives(whole.subarray(0, length))
  })

  it.runIf(version === 7)('cut in its data, gives what came before the cut', () => {
    const all = [...plainEvents(readDat(whole))]
    const damaged = ({ trace }: ReturnType<typeof readDat>) =>
      trace.diagnostics.some(({ code }) => code === DAMAGED_DATA)
    let least = Infinity
    // 100 bytes: its options.
    for (let length = whole.length - 100; length > 4096; length -= 7) {
      const read = readDat(whole.subarray(0, length))
      const some = [...plainEvents(read)].map(({ args }) => args)
      expect(some).toEqual(all.map(({ args }) => args).filter((args) => some.includes(args)))
      expect(damaged(read)).toBe(true)
      least = Math.min(least, some.length)
    }
    expect(least).toBe(0)
  })

  it('survives any byte being any other', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        (wounds) => {
          const bytes = Buffer.from(whole)
          for (const [at, value] of wounds) bytes[at] = value
          bytes.set(whole.subarray(0, 12))
          survives(bytes)
        },
      ),
      { numRuns: 400 },
    )
  })
})

describe('a trace.dat whose numbers lie', () => {
  const one = { ts: 1000n, pid: 1, count: 1, address: 5n, text: 'x'.repeat(150) }

  // Its length word is the first of the record, 16 bytes into the page.
  it.each([0x8000_0000, 0xffff_fffc, 0x7fff_ffff])('about the length of a record, %i, has a damaged page', (length) => {
    const bytes = writeDat(6, [{ pages: [{ events: [one] }, { events: [{ ...one, text: 'y' }] }] }])
    const page = bytes.length - 2 * 4096
    bytes.writeUInt32LE(length, page + 20)
    const read = readDat(bytes)
    expect([...plainEvents(read)].map(({ args }) => args)).toEqual([textOf({ ...one, text: 'y' })])
    expect(read.trace.diagnostics.find(({ code }) => code === DAMAGED_DATA)?.message).toContain('runs over its page')
  })

  it('about whose data it is, is refused', () => {
    const bytes = writeDat(7, [{ pages: [{ events: [one] }] }])
    const option = bytes.indexOf('mono\0', bytes.length - 200)
    bytes.writeUInt32LE(67_108_864, option + 5 + 8)
    expect(() => readDat(bytes)).toThrow('data of CPU 67108864, which cannot be')
  })
})

describe('a trace.dat that is turned round', () => {
  it('is byte for byte what a machine with the highest byte first writes', () => {
    fc.assert(
      fc.property(anyCpus, (cpus) => {
        const [little, big] = [true, false].map((order) => writeDat(6, cpus, '1 one\n', order))
        expect(asBigEndian(little).equals(big)).toBe(true)
      }),
      { numRuns: 100 },
    )
  })
})
