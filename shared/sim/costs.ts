/**
 * What things cost: named parameters with unit, range and where the figure comes from. Every phase of
 * every operation draws from one of these: log-normal around the median, with an optional rare tail, from a stream of
 * its own per (task, cost), so that two strategies see the same luck. Integers only.
 */

import type { Kernel } from './kernel.ts'
import { factorTable, lognormal } from './lognormal.ts'
import { P } from './phases.ts'

export interface CostSpec {
  readonly id: string
  /** What it is, in the field's words. */
  readonly title: string
  readonly ns: number
  readonly min: number
  readonly max: number
  /** `cpu`: sigma 0.15. `io`: sigma 0.4. `fixed`: never varies. */
  readonly spread: 'cpu' | 'io' | 'fixed'
  /** Rare tail: probability in millionths, and the factor. */
  readonly tail?: { readonly perMillion: number; readonly factor: number }
  readonly basis: string
}

function cost(
  id: string,
  title: string,
  ns: number,
  range: readonly [number, number],
  basis: string,
  spread: CostSpec['spread'] = 'cpu',
  tail?: CostSpec['tail'],
): CostSpec {
  return { id, title, ns, min: range[0], max: range[1], spread, basis, ...(tail === undefined ? {} : { tail }) }
}

export const COSTS = [
  cost(
    'trap',
    'fault entry and exit, mitigations included',
    350,
    [100, 1_000],
    'minor fault on a 6.6 desktop: min 575, median 1 000',
  ),
  cost('vmaLookup', 'finding the VMA', 80, [30, 300], 'estimate'),
  cost('pteSet', 'setting a PTE: accounting, rmap', 120, [50, 400], 'estimate'),
  cost(
    'faultAround',
    'mapping up to 16 cached pages around',
    450,
    [200, 1_500],
    'whole cached read fault is 1.0-1.6 us',
  ),
  cost('pageAlloc', 'allocating a page-cache page', 300, [100, 1_000], 'estimate'),
  cost('anonAlloc', 'allocating and clearing an anonymous page', 1_300, [700, 2_500], '1.3 us p50 measured on 6.18'),
  cost('clear4k', 'clearing 4 KiB of DRAM', 370, [200, 1_000], 'measured'),
  cost(
    'clear4kPmem',
    'clearing 4 KiB of pmem, flush and fence included',
    1_800,
    [300, 6_000],
    '4 KiB / 2.3 GB/s, one DIMM',
  ),
  cost('clear2mPmem', 'clearing 2 MiB of pmem', 200_000, [150_000, 900_000], '2 MiB / 10 GB/s'),
  cost('copy4k', 'copying 4 KiB to an anonymous page', 500, [250, 1_200], 'estimate'),
  cost('copy4kFromPmem', 'copying 4 KiB from pmem', 1_100, [600, 3_000], '4 KiB / 6.6 GB/s plus latency'),
  cost('copyUser4k', 'copying 4 KiB between user and page cache', 500, [250, 1_200], 'estimate'),
  cost(
    'flushLines4k',
    'writing back the cache lines of a page',
    1_200,
    [300, 6_400],
    '64 lines, clwb and fence 100 ns a line overlapped',
  ),
  cost('esLookup', 'extent-status cache look-up', 120, [50, 500], '<= 1 us with tracing, measured'),
  cost('extentLookup', 'look-up in the in-memory extent tree', 500, [200, 2_000], 'estimate'),
  cost('alloc', 'allocating a block, bitmap cached', 1_500, [800, 6_000], 'allocator 1 us p50, 2 us p95 measured'),
  cost('linkExtent', 'linking and publishing an extent', 300, [100, 1_500], 'conversion step of the reference model'),
  cost('handleStart', 'starting a journal handle', 350, [150, 1_500], 'estimate; waits are modelled, not costed'),
  cost('handleStop', 'stopping a journal handle', 250, [100, 1_500], 'estimate'),
  cost('timeUpdate', 'file times, in a small handle of their own', 1_000, [400, 3_000], 'estimate'),
  cost(
    'freeExtent',
    'removing and freeing an extent',
    15_000,
    [2_000, 100_000],
    '63 us p50 in ext4_ext_remove_space on a disk-backed VM',
  ),
  cost('syscall', 'system call entry and exit', 137, [50, 500], 'measured'),
  cost('zapPte', 'clearing one PTE', 40, [20, 120], '128 pages 11.4 us in total, measured'),
  cost('unmapFixed', 'page-table walk of one VMA', 150, [50, 600], 'estimate'),
  cost('tlbLocal', 'invalidating the local TLB', 100, [50, 500], 'single page 100-200 ns'),
  cost('tlbShootdown', 'TLB shootdown, first remote CPU', 1_200, [500, 4_000], 'IPI round trip 1-3 us'),
  cost('tlbPerCpu', 'TLB shootdown, each remote CPU', 200, [50, 800], '1.6 us for 4, 14 us for 64 CPUs'),
  cost('xaUpdate', 'looking up and updating an xarray slot', 80, [40, 300], 'estimate'),
  cost('rangeTree', 'range-lock tree insert and remove', 200, [100, 1_000], 'shape from the January 2013 RFC'),
  cost(
    'rangePerLevel',
    'range-lock tree, each level or intersecting range',
    60,
    [20, 300],
    'shape from the January 2013 RFC',
  ),
  cost(
    'pageLockTax',
    'taking the page lock in a cached fault',
    20,
    [0, 60],
    '+2 % of a fault: Hugh Dickins, April 2006',
  ),
  cost(
    'sharedCacheLine',
    'shared rwsem acquisition, each other CPU active on it',
    60,
    [0, 150],
    'estimate; caps a lock near 10 M acquisitions/s',
    'fixed',
  ),
  cost('orderedData', 'writing one page of ordered data', 10_000, [1_000, 200_000], 'NVMe', 'io'),
  cost(
    'logWrite',
    'writing a commit to the log and flushing it',
    60_000,
    [20_000, 30_000_000],
    '60 us pmem, 250 us NVMe, 8 ms disk',
    'io',
  ),
  cost(
    'pmemWriteShare',
    'the pmem write channel, 4 KiB: all writers share it',
    295,
    [100, 2_000],
    '4 KiB / 13.9 GB/s, six interleaved DIMMs',
    'fixed',
  ),
  cost(
    'pmemReadShare',
    'the pmem read channel, 4 KiB: all readers share it',
    104,
    [50, 700],
    '4 KiB / 39.4 GB/s, six interleaved DIMMs',
    'fixed',
  ),
  cost('readPage', 'reading a page from the device', 80_000, [10_000, 10_000_000], 'device dependent', 'io'),
  cost('writebackPage', 'writing a page back to the device', 10_000, [1_000, 1_000_000], 'NVMe', 'io'),
  cost('flushLine', 'making one stored cache line durable (clwb, fence)', 100, [60, 300], 'estimate'),
  cost(
    'fsyncBatch',
    'longest wait of an fsync for company',
    15_000_000,
    [0, 15_000_000],
    'ext4 default; never longer than the average commit',
    'fixed',
  ),
  cost(
    'extentLookupCold',
    'reading a leaf of the extent tree from the device',
    80_000,
    [10_000, 10_000_000],
    'device dependent; only with coldMetadata=1',
    'io',
  ),
  cost(
    'allocCold',
    'reading the bitmap and buddies of a block group',
    150_000,
    [50_000, 10_000_000],
    'first allocation 206 us measured; only with coldMetadata=1',
    'io',
  ),
] as const satisfies readonly CostSpec[]

export type CostId = (typeof COSTS)[number]['id']

/** Numbers of the costs, for model code. */
export const C = Object.fromEntries(COSTS.map((spec, i) => [spec.id, i])) as Readonly<Record<CostId, number>>

const tails = COSTS.map((spec: CostSpec) => spec.tail)

/** What a search charges, whose worlds are built by the thousand: nothing of it is written to. */
const MEDIANS = Int32Array.from(COSTS, (spec: CostSpec) => spec.ns)
const NO_TABLES: readonly (Int32Array | undefined)[] = COSTS.map(() => undefined)

/** Prices of one run: the table with the user's overrides, ready to draw from. */
export class Prices {
  readonly #median: Int32Array
  readonly #tables: readonly (Int32Array | undefined)[]
  /** What a price becomes for the running task: a replay stretches it to what was measured. Undefined: it stays. */
  pace: ((task: number, cost: number, ns: number) => number) | undefined
  /** What a replayed operation of the running task has not used up of its measured time, which then is used up. */
  rest: ((task: number, held: boolean) => number) | undefined

  constructor(overrides: Readonly<Partial<Record<CostId, number>>> = {}, jitter = true) {
    const specs: readonly CostSpec[] = COSTS
    const fixed = !jitter && Object.keys(overrides).length === 0
    this.#median = fixed ? MEDIANS : Int32Array.from(specs, (spec) => overrides[spec.id] ?? spec.ns)
    this.#tables = fixed
      ? NO_TABLES
      : specs.map((spec) =>
          !jitter || spec.spread === 'fixed' ? undefined : factorTable(spec.spread === 'cpu' ? 150 : 400),
        )
  }

  median(id: CostId): number {
    return this.#median[C[id]]
  }

  /** The next cost of this kind for the running task. */
  draw(kernel: Kernel, number: number): number {
    const ns = this.#drawn(kernel, number)
    return this.pace === undefined ? ns : this.pace(kernel.current.id, number, ns)
  }

  /** Before an operation lets go of its locks: a replay spends under them what the steps have left of the measured time. */
  settle(kernel: Kernel): boolean {
    const ns = this.rest?.(kernel.current.id, true) ?? 0
    return ns > 0 && kernel.work(P.user, ns)
  }

  /** Once the fault lock is let go, and nothing else: a replay spends what was measured from there to the end. */
  afterwards(kernel: Kernel): boolean {
    const ns = this.rest?.(kernel.current.id, false) ?? 0
    return ns > 0 && kernel.work(P.user, ns)
  }

  #drawn(kernel: Kernel, number: number): number {
    const median = this.#median[number]
    const table = this.#tables[number]
    if (table === undefined || !kernel.timed) return median
    const bits = kernel.draw(number)
    const tail = tails[number]
    const value = lognormal(median, table, bits)
    return tail !== undefined && (bits & 0xfffff) * 1_000_000 < tail.perMillion * 0x100000 ? value * tail.factor : value
  }
}
