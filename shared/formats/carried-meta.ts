/**
 * What a trace knows of itself beyond its events, as one line of JSON that Faultline's own exports carry: in a comment of
 * ftrace text, in `otherData` of Chrome JSON, in the first event of a Perfetto trace. Other programs pass over it. What is
 * read back is checked word by word: it may come from anybody.
 */

import { limits } from '../base/limits.ts'
import type { TraceMeta } from '../model/trace.ts'
import type { Recorder } from '../spans/recorder.ts'

/** Begins the comment line of ftrace text. */
export const CARRIED_COMMENT = '# faultline: '
/** The key in Chrome JSON's `otherData`, and the event's name in Perfetto traces. */
export const CARRIED_KEY = 'faultline_trace'

const TEXTS = [
  'clock',
  'startClock',
  'startUnixNs',
  'kernel',
  'machine',
  'scenario',
  'strategy',
  'seed',
  'digest',
] as const
const NUMBERS = ['cpus', 'lostEvents'] as const
/** A line of text is looked at no further. */
const LONGEST = 400

type Carried = { -readonly [K in (typeof TEXTS)[number] | (typeof NUMBERS)[number] | 'clockUnit']?: TraceMeta[K] }

export function carriedMeta(meta: TraceMeta): string {
  const { clockUnit } = meta
  const all: Record<string, string | number> = { version: 1, clockUnit }
  for (const key of [...TEXTS, ...NUMBERS]) {
    const value = meta[key]
    if (value === undefined) continue
    if (JSON.stringify({ ...all, [key]: value }).length <= LONGEST) all[key] = value
  }
  return JSON.stringify(all)
}

/** What such a line says; undefined: it is none of ours. */
export function readCarried(text: string): Carried | undefined {
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof found !== 'object' || found === null || !('version' in found) || found.version !== 1) return undefined
  const words = found as Readonly<Record<string, unknown>>
  const carried: Record<string, string | number> = {}
  for (const key of TEXTS) {
    const value = words[key]
    if (typeof value === 'string' && value.length <= 200) carried[key] = value
  }
  if (!/^-?\d{1,30}$/.test(String(carried['startClock'] ?? ''))) delete carried['startClock']
  if (!/^\d{1,30}$/.test(String(carried['startUnixNs'] ?? ''))) delete carried['startUnixNs']
  for (const key of NUMBERS) {
    const value = words[key]
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) carried[key] = value
  }
  carried['clockUnit'] = words['clockUnit'] === 'tick' ? 'tick' : 'ns'
  return carried
}

/** Before the first event: what system calls' numbers mean, and that a simulated run shows every wait it has, and names no more waiters than it did. */
export function expectCarried(recorder: Recorder, carried: Carried): void {
  recorder.builder.meta.machine ??= carried.machine
  if (carried.clock !== 'sim') return
  recorder.spans.state.showsWaits()
  recorder.spans.state.edgesPerRelease = limits.simEdgesPerRelease
}

/** At the end: what the events themselves do not say. The start is the reader's to know. */
export function applyCarried(recorder: Recorder, { startClock: _start, ...carried }: Carried): void {
  Object.assign(recorder.builder.meta, carried)
}
