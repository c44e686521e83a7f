/**
 * The engine's half of the timeline: how long views take through the contract, at random windows of every width, with
 * ticks and counters, on the 3 M-event trace and on the same repeated to 50 M; how large their replies are; and how long
 * the first one takes, which builds what later ones share. Bounds are the project's: 50 ms warm, 200 KB.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createEngine } from '#electron/engine/engine.ts'
import { messageSize } from '#shared/contract/size.ts'
import type { Client } from '#shared/contract/methods.ts'
import { lcg } from '../support/synthetic-trace.ts'
import { printFigures, quantile, type Figure } from './measure.ts'

const PIXELS = 1600
const ROWS = 40
const VIEWS = 200

interface Views {
  readonly coldMs: number
  readonly ms: readonly number[]
  /** Of all threads: what a view costs where other programs keep the machine busy. */
  readonly cpuMs: readonly number[]
  readonly bytes: readonly number[]
  /** Views until every event was indexed. */
  readonly indexing: number
}

/** Rows a screen shows: the busiest tasks, the CPUs, the most waited for locks, the counters. */
async function screenOf(client: Client, of: { file: string; trace: number }): Promise<string[]> {
  const ids: string[] = []
  for (const [section, count] of [
    ['task', ROWS / 2],
    ['cpu', 4],
    ['lock', ROWS / 2 - 6],
    ['counter', 2],
  ] as const) {
    const { rows } = await client.call('timeline.rows', { ...of, section, sort: 'waited', limit: count })
    ids.push(...rows.map(({ id }) => id))
  }
  return ids
}

async function views(path: string, folder: string): Promise<Views> {
  const engine = await createEngine({ host: 'desktop', dataDir: join(folder, 'data') })
  try {
    const client = engine.connect()
    const { opened } = await client.call('files.open', { source: { kind: 'path', path } })
    const of = { file: opened.file, trace: 1 }
    const durationNs = opened.traces[0].durationNs ?? NaN
    const began = performance.now()
    const rows = await screenOf(client, of)
    const ask = (fromNs: number, toNs: number) =>
      client.call('timeline.view', { ...of, fromNs, toNs, pixels: PIXELS, rows })
    let { indexed } = await ask(0, durationNs)
    const coldMs = performance.now() - began
    let indexing = 1
    for (; indexed < 1; indexing++) ({ indexed } = await ask(0, durationNs))
    const random = lcg(7)
    const ms: number[] = []
    const cpuMs: number[] = []
    const bytes: number[] = []
    for (let i = 0; i < VIEWS; i++) {
      // From the whole trace down to a ten-thousandth, log-uniformly.
      const width = Math.max(1000, Math.floor(durationNs / 2 ** (random(1330) / 100)))
      const fromNs = Math.floor((durationNs - width) * (random(1_000_000) / 1_000_000))
      const cpu = process.cpuUsage()
      const started = performance.now()
      const view = await ask(fromNs, fromNs + width)
      ms.push(performance.now() - started)
      const { user, system } = process.cpuUsage(cpu)
      cpuMs.push((user + system) / 1000)
      bytes.push(messageSize(view, Infinity))
    }
    return { coldMs, ms, cpuMs, bytes, indexing }
  } finally {
    await engine.close()
  }
}

/** Traces of the same kind, the longer ones later. */
export async function benchTimeline(paths: readonly string[]): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-bench-'))
  try {
    const figures: Figure[] = []
    for (const path of paths) {
      const what = basename(path)
      const { coldMs, ms, cpuMs, bytes, indexing } = await views(path, folder)
      figures.push(
        { what: `${what}: rows and first view, cold`, value: coldMs, unit: 'ms' },
        { what: '  views until every event is indexed', value: indexing, unit: 'views' },
        { what: `  view of ${ROWS} rows, any window, p50`, value: quantile(ms, 0.5), unit: 'ms' },
        { what: '  the same, p95', value: quantile(ms, 0.95), unit: 'ms', bound: { kind: 'max', value: 50 } },
        { what: '  CPU time of it, p95', value: quantile(cpuMs, 0.95), unit: 'ms' },
        {
          what: '  largest reply',
          value: quantile(bytes, 1) / 1000,
          unit: 'KB',
          bound: { kind: 'max', value: 200 },
        },
      )
    }
    return printFigures(`timeline views (${PIXELS} pixels, ${VIEWS} random windows)`, figures)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  process.exit((await benchTimeline(process.argv.slice(2))) ? 0 : 3)
}
