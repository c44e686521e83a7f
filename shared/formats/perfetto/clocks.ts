/**
 * One time axis out of Perfetto's clocks. Times are kept relative to the first one seen, so that clocks of any size keep their
 * nanoseconds. A snapshot says what several clocks read at one moment; what no snapshot connects is taken as it is. Clocks of
 * a sequence's own (64 …) may count in other units, or from one packet to the next.
 */

import type { Ns } from '../../model/trace.ts'
import { Wire } from './wire.ts'

export const BOOTTIME = 6
/** Clocks from here on mean something on their own sequence only. */
const LOCAL = 64

interface LocalClock {
  /** ns on the axis at reading `from`. */
  readonly at: Ns
  readonly from: number
  readonly unitNs: number
  readonly incremental: boolean
  last: number
}

interface Reading {
  readonly id: number
  readonly value: number
  readonly unitNs: number
  readonly incremental: boolean
}

export class Clocks {
  #zero: { readonly lo: number; readonly hi: number } | undefined
  /** What to add to a clock's time to be on the axis. */
  readonly #shift = new Map<number, Ns>()
  readonly #local = new Map<string, LocalClock>()

  /** ns of the axis at 0, as a clock reading. */
  get zeroNs(): bigint {
    return this.#zero === undefined ? 0n : (BigInt(this.#zero.hi) << 32n) | BigInt(this.#zero.lo)
  }

  /** A reading of 64 bits relative to the first one. */
  relative(lo: number, hi: number): Ns {
    this.#zero ??= { lo, hi }
    return (hi - this.#zero.hi) * 2 ** 32 + (lo - this.#zero.lo)
  }

  /** The time on the axis of a reading of a clock, on a sequence. */
  time({ lo, hi, clock, sequence }: { lo: number; hi: number; clock: number; sequence: number }): Ns {
    if (clock < LOCAL) return this.relative(lo, hi) + (this.#shift.get(clock) ?? 0)
    const local = this.#local.get(`${sequence} ${clock}`)
    if (local === undefined) return this.relative(lo, hi)
    const value = hi * 2 ** 32 + lo
    if (local.incremental) local.last += value
    else local.last = value
    return Math.round(local.at + (local.last - local.from) * local.unitNs)
  }

  /** `wire` stands on a ClockSnapshot. */
  snapshot({ bytes, from, to }: Wire, sequence: number): void {
    const outer = new Wire().of(bytes, from, to)
    const readings: Reading[] = []
    let boot: Ns | undefined
    while (outer.next() && readings.length < 64) {
      if (outer.field !== 1 || !outer.isMessage) continue
      const clock = new Wire().of(bytes, outer.from, outer.to)
      let [id, lo, hi, unitNs, incremental] = [0, 0, 0, 1, false]
      while (clock.next()) {
        if (clock.field === 1) id = clock.number
        else if (clock.field === 2) [lo, hi] = [clock.lo, clock.hi]
        else if (clock.field === 3) incremental = clock.number !== 0
        else if (clock.field === 4) unitNs = Math.max(1, Math.min(1e9, clock.number))
      }
      const value = id < LOCAL ? this.relative(lo, hi) : hi * 2 ** 32 + lo
      readings.push({ id, value, unitNs, incremental })
      if (id === BOOTTIME) boot = value
    }
    this.#connect(readings, boot ?? readings.find(({ id }) => id < LOCAL)?.value, sequence)
  }

  #connect(readings: readonly Reading[], axis: Ns | undefined, sequence: number): void {
    if (axis === undefined) return
    for (const { id, value, unitNs, incremental } of readings) {
      if (id < LOCAL) this.#shift.set(id, axis - value)
      else this.#local.set(`${sequence} ${id}`, { at: axis, from: value, unitNs, incremental, last: value })
    }
  }
}
