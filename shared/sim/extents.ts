/**
 * A file's map from page index to block, in the copies a filesystem keeps: the in-memory tree (under i_data_sem), ext4's
 * extent-status cache (read without it: the moment a mapping enters it is its publication point), and what the journal
 * has made durable. One integer per index and copy.
 */

/** No block: reads as zeroes. */
export const HOLE = 0
/** Space promised, block not chosen yet (delayed allocation). */
export const DELALLOC = -0x7fff_ffff

/** A mapping: `block + 1` written, `-(block + 1)` unwritten (reads as zeroes), HOLE or DELALLOC. */
export type Mapping = number

export function written(block: number): Mapping {
  return block + 1
}

export function unwritten(block: number): Mapping {
  return -(block + 1)
}

export function isMapped(mapping: Mapping): boolean {
  return mapping !== HOLE && mapping !== DELALLOC
}

export function isWritten(mapping: Mapping): boolean {
  return mapping > 0
}

export function isUnwritten(mapping: Mapping): boolean {
  return mapping < 0 && mapping !== DELALLOC
}

/** Block of a mapping that has one. */
export function blockOf(mapping: Mapping): number {
  return (mapping < 0 ? -mapping : mapping) - 1
}

export class Extents {
  readonly pages: number
  readonly tree: Int32Array
  readonly cache: Int32Array
  /** Indices the status cache knows; others must be looked up in the tree. */
  readonly cached: Uint8Array
  readonly durable: Int32Array

  constructor(pages: number) {
    this.pages = pages
    this.tree = new Int32Array(pages)
    this.cache = new Int32Array(pages)
    this.cached = new Uint8Array(pages)
    this.durable = new Int32Array(pages)
  }

  /** Makes the tree's mapping of an index visible to look-ups that take no lock. */
  publish(index: number): void {
    this.cache[index] = this.tree[index]
    this.cached[index] = 1
  }

  /** Where the gap ends that begins at `from` and that the status cache does not know. */
  gapEnd(from: number): number {
    const { tree, cached, pages } = this
    let index = from
    while (index < pages && tree[index] === HOLE && cached[index] === 0) index++
    return index
  }

  /** `publish` for [from, to), which is a hole. */
  publishGap(from: number, to: number): void {
    this.cache.fill(HOLE, from, to)
    this.cached.fill(1, from, to)
  }

  /** First index >= from with a mapping, below `to`; `to` if none. */
  nextMapped(from: number, to: number): number {
    let index = from
    while (index < to && this.tree[index] === HOLE) index++
    return index
  }
}
