/**
 * The files of a recorded workload: only the pages the trace touches, in their order, so that a sparse file of gigabytes
 * is as small as what was done to it. A range keeps what is in it. Which pages had no block is read off what the first
 * operation on each had to do.
 */

import { lowerBound } from '../base/search.ts'
import type { Trace } from '../model/trace.ts'

export interface WorkloadFile {
  readonly name: string
  readonly pages: number
  /** Pages without a block when the trace began. */
  readonly holes: readonly number[]
}

export interface Files {
  readonly list: readonly WorkloadFile[]
  readonly numberOf: ReadonlyMap<number, number>
  /** Byte offset to page among those touched. */
  rank(inode: number, byte: number): number
}

export const PAGE = 4096

export interface FilesContext {
  readonly rows: readonly number[]
  /** Of every operation. */
  readonly inodes: Int32Array
}

export function filesOf(trace: Trace, { rows, inodes }: FilesContext): Files {
  const { cols } = trace.op
  const touched = new Map<number, Set<number>>()
  const creates = creatingOps(trace)
  const first = new Map<string, boolean | undefined>()
  /** Where no event tells what a read found, a sparse file's reads found nothing. */
  const tells = trace.phaseNames.includes('load_hole') || trace.meta.sourceFormat === 'simulation'
  /** By inode: first touches that could tell, and those that found no block. */
  const told = new Map<number, { count: number; holes: number }>()
  for (const row of rows) {
    const inode = inodes[row]
    const set = touched.get(inode) ?? new Set([0])
    touched.set(inode, set)
    if (!(cols.offset[row] >= 0)) continue
    const page = Math.floor(cols.offset[row] / PAGE)
    set.add(page)
    const key = `${inode}:${page}`
    if (first.get(key) !== undefined) continue
    if (!tells && READS.has(trace.opKinds[cols.kind[row]])) {
      if (!first.has(key)) first.set(key, undefined)
      continue
    }
    first.set(key, creates.has(row))
    const sum = told.get(inode) ?? { count: 0, holes: 0 }
    told.set(inode, sum)
    sum.count++
    if (creates.has(row)) sum.holes++
  }
  // A simulated file is small, and what was done to a page of it is done to the same page again.
  const whole = trace.meta.sourceFormat === 'simulation'
  const pages = new Map(
    [...touched].map(([inode, set]) => [inode, whole ? upTo(Math.max(...set)) : [...set].sort((a, b) => a - b)]),
  )
  const sparse = (inode: number) => {
    const { count, holes } = told.get(inode) ?? { count: 0, holes: 0 }
    return count >= 20 && holes * 2 > count
  }
  const numberOf = new Map([...touched.keys()].map((inode, i) => [inode, i]))
  return {
    numberOf,
    list: [...pages].map(([inode, sorted]) => ({
      name: trace.inodes[inode],
      pages: sorted.length,
      holes: sorted.flatMap((page, rank) =>
        (first.get(`${inode}:${page}`) ?? (sparse(inode) && first.has(`${inode}:${page}`))) ? [rank] : [],
      ),
    })),
    rank: (inode, byte) => lowerBound(pages.get(inode) ?? [0], Math.floor(byte / PAGE)),
  }
}

const READS = new Set(['read_fault', 'read'])

function upTo(last: number): number[] {
  return Array.from({ length: last + 1 }, (_, page) => page)
}

const CREATES: readonly string[] = ['load_hole', 'alloc', 'zero']
const MAY_CREATE: readonly string[] = ['journal', 'handle', ...CREATES]

/**
 * Operations that found no block: a read that mapped the hole page, a write that allocated; where the trace shows no
 * allocation, a write that had to open a handle.
 */
function creatingOps({ phase, phaseNames }: Trace): ReadonlySet<number> {
  const signs = phaseNames.includes('alloc') ? CREATES : MAY_CREATE
  const rows = new Set<number>()
  for (let row = 0; row < phase.length; row++) {
    if (phase.cols.op[row] >= 0 && signs.includes(phaseNames[phase.cols.name[row]])) rows.add(phase.cols.op[row])
  }
  return rows
}
