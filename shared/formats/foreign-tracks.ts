/**
 * Threads and tracks of traces that number them their own way (Chrome JSON, Perfetto), as tasks. A thread keeps its number
 * where that is one a Linux task can have and no other process uses it; everything else gets a number no task has. Tracks
 * that are no threads and whose slices overlap get as many tasks as overlap at once.
 */

import { limits } from '../base/limits.ts'
import type { TraceBuilder } from '../model/builder.ts'

/** Beyond the kernel's largest (2^22, include/linux/threads.h) and below 2^32. */
const MADE_UP = 4_000_000_000
const LARGEST = 4_194_304

interface Lane {
  readonly task: number
  /** What is open on it, and how many of it. */
  key: string | undefined
  depth: number
}

export class ForeignTracks {
  readonly #builder: TraceBuilder
  readonly #threads = new Map<string, number>()
  readonly #taken = new Set<number>()
  readonly #lanes = new Map<string, Lane[]>()
  readonly #open = new Map<string, Lane>()
  #made = 0

  constructor(builder: TraceBuilder) {
    this.#builder = builder
  }

  /** The task of a thread of a process; either may be anything. */
  thread(process: number | string, thread: number | string): number {
    const key = `${process}\0${thread}`
    let task = this.#threads.get(key)
    if (task === undefined) {
      const usable = typeof thread === 'number' && Number.isInteger(thread) && thread > 0 && thread <= LARGEST
      const pid = usable && !this.#taken.has(thread) ? thread : this.#number()
      this.#taken.add(pid)
      task = this.#builder.task(pid, -1)
      if (typeof thread === 'string') this.#builder.nameTask(task, oneLine(thread))
      if (typeof process === 'number' && process > 0 && process <= LARGEST) this.#builder.tasks[task].tgid = process
      this.#threads.set(key, task)
    }
    return task
  }

  name(process: number | string, thread: number | string, name: string): void {
    this.#builder.nameTask(this.thread(process, thread), oneLine(name))
  }

  /** A slice of a track begins: `key` is what it is told apart by, `group` what its track is called. */
  begin(group: string, key: string): number {
    const open = this.#open.get(key)
    if (open !== undefined) {
      open.depth++
      return open.task
    }
    let lanes = this.#lanes.get(group)
    if (lanes === undefined) this.#lanes.set(group, (lanes = []))
    let lane = lanes.find((one) => one.key === undefined)
    if (lane === undefined) {
      const task = this.#builder.task(this.#number(), -1)
      this.#builder.nameTask(task, oneLine(group))
      lanes.push((lane = { task, key: undefined, depth: 0 }))
    }
    lane.key = key
    lane.depth = 1
    this.#open.set(key, lane)
    return lane.task
  }

  /** Where a moment of it belongs; undefined: it is not open. */
  find(key: string): number | undefined {
    return this.#open.get(key)?.task
  }

  end(key: string): number | undefined {
    const lane = this.#open.get(key)
    if (lane === undefined) return undefined
    if (--lane.depth === 0) {
      lane.key = undefined
      this.#open.delete(key)
    }
    return lane.task
  }

  /** A track of its own that is always there. */
  track(key: string, name: string): number {
    return this.thread('track', `${name === '' ? 'track' : oneLine(name)}\0${key}`)
  }

  #number(): number {
    if (this.#made < limits.foreignTracks) return MADE_UP + this.#made++
    this.#builder.diagnose('warning', 'too-many-tracks', `tracks beyond ${limits.foreignTracks} share one task`)
    return MADE_UP + limits.foreignTracks
  }
}

/** Names are shown in one line and printed in lines. */
function oneLine(name: string): string {
  return name.replace(/[\0-\x1f]+.*$/, '').slice(0, 200)
}
