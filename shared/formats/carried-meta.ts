/**
 * What a trace knows of itself beyond its events, as one line of JSON that Faultline's own exports carry: in a comment of
 * ftrace text, in `otherData` of Chrome JSON, in the first event of a Perfetto trace. Other programs pass over it. What is
 * read back is checked word by word: it may come from anybody.
 */

import { TIMES_INFERRED } from '../model/diagnostics.ts'
import { LOCK_KINDS, type LockKind } from '../model/kinds.ts'
import type { Trace, TraceMeta } from '../model/trace.ts'
import { natureOf } from '../spans/lock-names.ts'
import type { Recorder } from '../spans/recorder.ts'

/** Begins the comment line of ftrace text. */
export const CARRIED_COMMENT = '# faultline: '
/** The key in Chrome JSON's `otherData`, and the event's name in Perfetto traces. */
export const CARRIED_KEY = 'faultline_trace'

/** The clock of simulated runs. */
const SIMULATED = 'sim'
/** What function_graph text without times is said to have. */
const INFERRED = 'inferred'
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
/** A line of text is looked at no further: with CARRIED_COMMENT. */
const LONGEST = 2_000
export const CARRIED_LINE = CARRIED_COMMENT.length + LONGEST

type CarriedMeta = { -readonly [K in (typeof TEXTS)[number] | (typeof NUMBERS)[number] | 'clockUnit']?: TraceMeta[K] }

interface Carried {
  readonly meta: CarriedMeta
  /** Times are written so much later than the clock had them: text has no room for times before its zero. */
  readonly laterNs: bigint
  /** Of classes whose name says another kind, or none: a simulated run has locks where a kernel has lockdep's annotations. */
  readonly lockKinds: ReadonlyMap<string, LockKind>
}

export function carriedMeta({ meta, lockClasses }: Pick<Trace, 'meta' | 'lockClasses'>, laterNs = 0n): string {
  const known = { ...carriedTexts(meta), ...(laterNs === 0n ? {} : { laterNs: String(laterNs) }) }
  const text = JSON.stringify(known)
  if (meta.clock !== SIMULATED) return text
  let lockKinds: Readonly<Record<string, LockKind>> = {}
  for (const { name, kind } of lockClasses) {
    const more = { ...lockKinds, [name]: kind }
    if (natureOf(name).kind !== kind && text.length + JSON.stringify({ more }).length <= LONGEST) lockKinds = more
  }
  return JSON.stringify({ ...known, lockKinds })
}

function carriedTexts(meta: TraceMeta): Readonly<Record<string, string | number>> {
  const { clockUnit } = meta
  const all: Record<string, string | number> = { version: 1, clockUnit }
  for (const key of [...TEXTS, ...NUMBERS]) {
    const value = meta[key]
    if (value === undefined) continue
    if (JSON.stringify({ ...all, [key]: value }).length <= LONGEST / 2) all[key] = value
  }
  return all
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
  const { laterNs } = words
  const later = typeof laterNs === 'string' && /^\d{1,30}$/.test(laterNs) ? BigInt(laterNs) : 0n
  return { meta: carried, laterNs: later, lockKinds: kindsIn(words['lockKinds']) }
}

function kindsIn(found: unknown): ReadonlyMap<string, LockKind> {
  const kinds = new Map<string, LockKind>()
  if (typeof found !== 'object' || found === null) return kinds
  for (const [name, said] of Object.entries(found)) {
    const kind = LOCK_KINDS.find((one) => one === said)
    if (kind !== undefined) kinds.set(name, kind)
  }
  return kinds
}

/**
 * Before the first event: what system calls' numbers mean, and that a simulated run shows every wait it has, names no more
 * waiters than it did, and says all of its phases itself, whatever its locks are called.
 */
export function expectCarried(recorder: Recorder, { meta, lockKinds }: Carried): void {
  recorder.builder.meta.machine ??= meta.machine
  recorder.spans.graph.timesInferred = meta.clock === INFERRED
  if (meta.clock !== SIMULATED) return
  recorder.spans.plainLocks = lockKinds
  recorder.spans.state.showsWaits()
  recorder.spans.state.limitAsSimulated()
}

/** At the end: what the events themselves do not say. The start is the reader's to know. */
export function applyCarried(recorder: Recorder, { meta: { startClock: _start, ...rest }, laterNs }: Carried): void {
  const { meta } = recorder.builder
  Object.assign(meta, rest)
  if (meta.clock === INFERRED) {
    const how = 'made from the lengths of calls and the order of lines, so pauses are missing and begins are inferred'
    recorder.builder.diagnose('warning', TIMES_INFERRED, `the text this was made of had no times: they were ${how}`)
  }
  if (laterNs > 0n) meta.startClock = String(BigInt(meta.startClock) - laterNs)
}
