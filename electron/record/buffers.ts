/**
 * The instance's buffers, CPU by CPU, read as the kernel's own pages (trace_pipe_raw): no text is made, so reading costs a
 * tenth of the tracing itself, and a page says before which of its events others were lost. trace_pipe would print every
 * event and lose far more on a busy machine. Pages go to one file per CPU, which the trace.dat is made of.
 */

import { closeSync, constants, openSync, readdirSync, readFileSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** Pages collected before they are written. */
const BATCH = 256

export interface CpuFile {
  readonly cpu: number
  readonly path: string
  readonly bytes: number
}

export interface Counts {
  readonly cpu: number
  /** Read, and still in the buffer. */
  readonly events: number
  readonly lost: number
}

class CpuBuffer {
  readonly cpu: number
  readonly path: string
  bytes = 0
  readonly #from: number
  readonly #to: number
  readonly #stats: string
  readonly #batch: Buffer
  readonly #page: number

  constructor(cpu: number, { instance, folder, page }: { instance: string; folder: string; page: number }) {
    this.cpu = cpu
    this.path = join(folder, `cpu${cpu}`)
    const at = join(instance, 'per_cpu', `cpu${cpu}`)
    this.#stats = join(at, 'stats')
    this.#from = openSync(join(at, 'trace_pipe_raw'), constants.O_RDONLY | constants.O_NONBLOCK)
    this.#to = openSync(this.path, 'wx')
    this.#batch = Buffer.alloc(page * BATCH)
    this.#page = page
  }

  /**
   * Takes at most so many pages; returns how many bytes that was. A page that is still being written is given out as far
   * as it is, in a page's room: whoever reads all there is while events keep coming gets a page for every few of them.
   */
  drain(pages: number): number {
    const before = this.bytes
    let filled = 0
    for (let left = pages; ; left--) {
      const got = left > 0 ? this.#read(filled) : 0
      filled += got
      if (got > 0 && filled < this.#batch.length) continue
      for (let done = 0; done < filled;) done += writeSync(this.#to, this.#batch, done, filled - done)
      this.bytes += filled
      if (got === 0) return this.bytes - before
      filled = 0
    }
  }

  #read(at: number): number {
    try {
      return readSync(this.#from, this.#batch, at, this.#page, null)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return 0
      throw error
    }
  }

  /** Pages that are full: what is in the buffer fills at least so many. */
  fullPages(): number {
    return Math.floor(statOf(readFileSync(this.#stats, 'utf8'), 'bytes') / this.#page)
  }

  /** As trace-cmd keeps it in a trace.dat. */
  stats(): string {
    return `CPU: ${this.cpu}\n${readFileSync(this.#stats, 'utf8')}`
  }

  /** kernel/trace/trace.c, tracing_stats_read: `overrun` was written over, `dropped` and `commit overrun` never written. */
  counts(): Counts {
    const text = readFileSync(this.#stats, 'utf8')
    return {
      cpu: this.cpu,
      events: statOf(text, 'entries') + statOf(text, 'read events'),
      lost: statOf(text, 'overrun') + statOf(text, 'commit overrun') + statOf(text, 'dropped events'),
    }
  }

  close(): void {
    closeSync(this.#from)
    closeSync(this.#to)
  }
}

function statOf(text: string, name: string): number {
  return Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
}

export class Buffers {
  readonly #cpus: readonly CpuBuffer[]
  #open = true

  constructor(instance: string, folder: string, page: number) {
    const cpus = readdirSync(join(instance, 'per_cpu')).flatMap((name) => /^cpu(\d+)$/.exec(name)?.[1] ?? [])
    this.#cpus = cpus
      .map(Number)
      .sort((a, b) => a - b)
      .map((cpu) => new CpuBuffer(cpu, { instance, folder, page }))
  }

  /** Full pages, while it records. */
  drain(): number {
    return this.#cpus.reduce((sum, cpu) => sum + cpu.drain(cpu.fullPages()), 0)
  }

  /** Everything, when it no longer does. */
  drainAll(): number {
    return this.#cpus.reduce((sum, cpu) => sum + cpu.drain(Infinity), 0)
  }

  counts(): readonly Counts[] {
    return this.#cpus.map((cpu) => cpu.counts())
  }

  /** What the kernel says of each CPU's buffer. */
  get stats(): readonly string[] {
    return this.#cpus.map((cpu) => cpu.stats())
  }

  get files(): readonly CpuFile[] {
    return this.#cpus.map(({ cpu, path, bytes }) => ({ cpu, path, bytes }))
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    for (const cpu of this.#cpus) cpu.close()
  }
}
