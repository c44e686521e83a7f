/**
 * The job that looks through every raw event: for names, and for a text in what the trace printed of them. Chunks without
 * a name that is looked for are not read; payloads are looked through as bytes. Cancel takes effect between chunks.
 */

import { setImmediate } from 'node:timers/promises'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { EventChunk } from '#shared/model/trace.ts'
import type { EventHits } from '#shared/timeline/search.ts'
import { chunkReader } from '../store/event-chunks.ts'
import { chunkPlaces, tickReader } from '../store/event-ticks.ts'
import { openFile, type Db } from '../store/open.ts'
import type { JobContext } from './job-context.ts'

export interface SearchOptions extends JobContext {
  readonly path: string
  readonly trace: number
  /** Events with one of these names are hits. */
  readonly names: readonly number[]
  /** So are those whose payload contains this, whatever its case; undefined: payloads are not looked at. */
  readonly args: string | undefined
}

/** Chunks between two looks at the signal. */
const LOOK_EVERY = 8

export async function searchEvents({
  path,
  trace,
  names,
  args,
  signal,
  onProgress,
}: SearchOptions): Promise<EventHits> {
  const started = performance.now()
  const db = openFile(path)
  try {
    const places = chunkPlaces(db, trace)
    const total = places.reduce((sum, { n }) => sum + n, 0)
    const scan = args === undefined ? nameScan(db, names) : textScan(db, names, args)
    const hits = new Found()
    let done = 0
    for (const [i, place] of places.entries()) {
      scan(place, hits)
      done += place.n
      if (hits.full) break
      if (i % LOOK_EVERY !== 0) continue
      const elapsedMs = Math.round(performance.now() - started)
      onProgress({ stage: 'searching', done, total, unit: 'rows', events: null, elapsedMs })
      await setImmediate()
      if (signal.aborted) throw new ApiError('cancelled', 'the search was cancelled')
    }
    return hits.take()
  } finally {
    db.close()
  }
}

class Found {
  readonly #ns = new Float64Array(limits.searchHits)
  readonly #chunk = new Uint32Array(limits.searchHits)
  readonly #row = new Uint32Array(limits.searchHits)
  #length = 0
  full = false

  add(ns: number, chunk: number, row: number): void {
    if (this.#length === limits.searchHits) {
      this.full = true
      return
    }
    this.#ns[this.#length] = ns
    this.#chunk[this.#length] = chunk
    this.#row[this.#length++] = row
  }

  take(): EventHits {
    const part = <T extends Float64Array | Uint32Array>(column: T) => column.slice(0, this.#length) as T
    return { ns: part(this.#ns), chunk: part(this.#chunk), row: part(this.#row), capped: this.full }
  }
}

type Scan = (place: ReturnType<typeof chunkPlaces>[number], hits: Found) => void

function nameScan(db: Db, names: readonly number[]): Scan {
  const read = tickReader(db)
  const wanted = new Set(names)
  const present = db.prepare('SELECT name_seq FROM event_chunk_name WHERE chunk_id = ?').pluck()
  return (place, hits) => {
    if (!(present.all(place.id) as number[]).some((name) => wanted.has(name))) return
    const { length, ts, name } = read(place)
    for (let i = 0; i < length; i++) if (wanted.has(name[i])) hits.add(ts[i], place.id, i)
  }
}

function textScan(db: Db, names: readonly number[], text: string): Scan {
  const read = chunkReader(db)
  const wanted = new Set(names)
  const needle = Buffer.from(lowered(Buffer.from(text)))
  return ({ id }, hits) => {
    const { chunk } = read(id)
    const inArgs = matchingRows(chunk, needle)
    for (let i = 0; i < chunk.length; i++)
      if (inArgs[i] === 1 || wanted.has(chunk.name[i])) hits.add(chunk.ts[i], id, i)
  }
}

/** 1 for each event whose payload contains the needle; a match never reaches from one payload into the next. */
function matchingRows({ length, args, argsEnd }: EventChunk, needle: Buffer): Uint8Array {
  const found = new Uint8Array(length)
  const hay = lowered(args)
  let row = 0
  for (let at = hay.indexOf(needle); at !== -1; at = hay.indexOf(needle, at + 1)) {
    while (argsEnd[row] <= at) row++
    if (at + needle.length <= argsEnd[row]) found[row] = 1
  }
  return found
}

/** ASCII letters in lower case; other bytes as they are. */
function lowered(bytes: Uint8Array): Buffer {
  const out = Buffer.from(bytes)
  for (let i = 0; i < out.length; i++) if (out[i] >= 0x41 && out[i] <= 0x5a) out[i] |= 0x20
  return out
}
