/**
 * What a version 7 file still has when the list of its parts is gone: it was cut before the options at its end. Its sections
 * follow each other with a head each, and a buffer's data begins at a page for every CPU, so both can be walked. Compressed
 * data counts its chunks; of plain pages, one that is earlier than the page before begins the next CPU. CPUs without data leave
 * no trace, so numbers are those of a recording in which every CPU has some.
 */

import { limits } from '../../base/limits.ts'
import type { RandomFile } from '../random-file.ts'
import { Cursor } from './cursor.ts'

export interface CpuData {
  readonly cpu: number
  readonly offset: number
  readonly size: number
}

/** Id, flags, name, size. */
export const SECTION_HEAD = 16

export interface SectionPlace {
  readonly id: number
  readonly at: number
  readonly compressed: boolean
  /** Of what follows its head, as far as the file goes. */
  readonly size: number
  readonly whole: boolean
}

/** undefined: the file ends before its head does. */
export function sectionAt(file: RandomFile, little: boolean, at: number): SectionPlace | undefined {
  const left = file.size - at - SECTION_HEAD
  if (left < 0) return undefined
  const head = new Cursor(new Uint8Array(file.read(at, SECTION_HEAD)), { little, base: at })
  const id = head.u16()
  const compressed = (head.u16() & 1) !== 0
  head.u32()
  const size = head.u64()
  return { id, at, compressed, size: Math.min(size, left), whole: size <= left }
}

export function* sectionsFrom(file: RandomFile, little: boolean, first: number): Generator<SectionPlace> {
  let section = sectionAt(file, little, first)
  while (section !== undefined) {
    yield section
    section = sectionAt(file, little, section.at + SECTION_HEAD + section.size)
  }
}

interface Layout {
  readonly little: boolean
  readonly pageSize: number
  /** There are no more than this; undefined: as many as there are data. */
  readonly cpuCount: number | undefined
}

/** The data of a buffer's CPUs. That of the last may reach beyond the file: then it was cut. */
export function cpusIn(file: RandomFile, section: SectionPlace, layout: Layout): readonly CpuData[] {
  const { pageSize, cpuCount = limits.cpus } = layout
  const end = section.at + SECTION_HEAD + section.size
  const cpus: CpuData[] = []
  let at = section.at + SECTION_HEAD
  while (cpus.length < Math.min(cpuCount, limits.cpus)) {
    at = Math.ceil(at / pageSize) * pageSize
    if (at + SECTION_HEAD > end) break
    const to = section.compressed ? endOfChunks(file, at, layout) : endOfPages(file, at, end, layout)
    // Compressed data does not count the word that says how many chunks there are.
    cpus.push({ cpu: cpus.length, offset: at, size: to - at - (section.compressed ? 4 : 0) })
    at = to
  }
  return cpus
}

function endOfChunks(file: RandomFile, from: number, { little }: Layout): number {
  const number = (at: number) => new Cursor(new Uint8Array(file.read(at, 4)), { little, base: at }).u32()
  let at = from + 4
  for (let left = number(from); left > 0; left--) {
    if (at + 8 > file.size) return file.size + 1
    const packed = number(at)
    at += 8 + packed
    if (packed === 0 || at > file.size) return at
  }
  return at
}

function endOfPages(file: RandomFile, from: number, end: number, { little, pageSize }: Layout): number {
  let before = 0n
  let at = from
  for (; at + pageSize <= end; at += pageSize) {
    const bytes = new Uint8Array(file.read(at, 8))
    const time = new DataView(bytes.buffer).getBigUint64(0, little)
    if (time < before) return at
    before = time
  }
  return at === end ? end : at + pageSize
}
