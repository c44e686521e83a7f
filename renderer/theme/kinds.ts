/**
 * How operation kinds, phases, lock states and task states look: one code, one label and one colour token each, the same
 * in every chart and table. System calls outside the known kinds share the neutral colour; their own name stays.
 */

import { TASK_STATES, type TaskState } from '#shared/model/kinds.ts'
import type { PatternName } from './tokens.ts'

export interface KindLook {
  /** Two letters on the tag. */
  readonly code: string
  readonly label: string
  /** Token of the fill and of the ink on it. */
  readonly color: string
  readonly ink: string
}

function look(code: string, label: string, token: string): KindLook {
  return { code, label, color: `op-${token}`, ink: token === 'other' ? 'ph-2-on' : `op-${token}-on` }
}

const kinds: Readonly<Record<string, KindLook>> = {
  read_fault: look('RF', 'read fault', 'rf'),
  write_fault: look('WF', 'write fault', 'wf'),
  mkwrite: look('MK', 'mkwrite', 'mk'),
  cow_fault: look('CW', 'COW fault', 'cw'),
  pmd_fault: look('HF', 'PMD fault', 'hf'),
  fault: look('PF', 'fault', 'other'),
  truncate: look('TR', 'truncate', 'tr'),
  punch_hole: look('PH', 'punch hole', 'ph'),
  fallocate: look('FA', 'fallocate', 'other'),
  read: look('RD', 'read(2)', 'rd'),
  write: look('WR', 'write(2)', 'wr'),
  fsync: look('FS', 'fsync', 'fs'),
  fdatasync: look('FD', 'fdatasync', 'fs'),
  msync: look('MS', 'msync', 'fs'),
  writeback: look('WB', 'writeback', 'wb'),
  commit: look('JC', 'journal commit', 'jc'),
  invalidate: look('IV', 'invalidate', 'other'),
  mmap: look('MM', 'mmap', 'other'),
  munmap: look('MU', 'munmap', 'other'),
  none: look('––', 'no operation', 'other'),
}

/** The look of an operation kind; a system call of another name gets its first two letters. */
export function kindLook(kind: string): KindLook {
  return (
    kinds[kind] ??
    look(
      kind
        .replace(/[^a-z0-9]/gi, '')
        .slice(0, 2)
        .toUpperCase() || '??',
      kind,
      'other',
    )
  )
}

/** Order in which every page lists kinds. */
const order = new Map(Object.keys(kinds).map((kind, i) => [kind, i]))
export function compareKinds(a: string, b: string): number {
  return (order.get(a) ?? 99) - (order.get(b) ?? 99) || (a < b ? -1 : a > b ? 1 : 0)
}

export interface PhaseLook {
  readonly color: string
  readonly ink: string
  /** Legend entry the phase belongs to. */
  readonly family: PhaseFamily
}

const families = {
  getblock: { label: 'map blocks', color: 'ph-getblock' },
  zero: { label: 'zero', color: 'ph-zero' },
  pte: { label: 'pte', color: 'ph-pte' },
  unmap: { label: 'unmap', color: 'ph-unmap' },
  commit: { label: 'journal', color: 'ph-commit' },
  work: { label: 'other', color: 'ph-1' },
  wait: { label: 'waits itself', color: 'ph-2' },
  wakeup: { label: 'waking up', color: 'task-runnable' },
  other: { label: 'no phase', color: 'ph-other' },
  unknown: { label: 'unknown', color: 'lock-unknown' },
} as const
export type PhaseFamily = keyof typeof families
export const PHASE_FAMILIES = families

/** First match decides; names come from tracepoints and functions of mm, fs/dax.c, ext4, xfs and jbd2. */
const rules: readonly (readonly [RegExp, PhaseFamily])[] = [
  [/^wait:/, 'wait'],
  [/^wakeup$/, 'wakeup'],
  [/^other$/, 'other'],
  [/^unknown$/, 'unknown'],
  [/commit|jbd2|journal|log_|checkpoint|handle/, 'commit'],
  [/zero/, 'zero'],
  [/unmap|invalidate|tlb|truncate_page|remove|free|break_layout/, 'unmap'],
  [/map_blocks|get_block|alloc|iomap|reserve|extent|es_|bmap/, 'getblock'],
  [/pte|pmd|pfn|insert|mkwrite|mapping_entry/, 'pte'],
]

export function phaseFamily(phase: string): PhaseFamily {
  return rules.find(([pattern]) => pattern.test(phase))?.[1] ?? 'work'
}

export function phaseLook(phase: string): PhaseLook {
  const family = phaseFamily(phase)
  const { color } = families[family]
  // Runnable's green is light in both themes: its ink is the one that is dark in both.
  const ink = family === 'unknown' ? 'text' : family === 'wakeup' ? 'ph-unmap-on' : `${color}-on`
  return { color, ink, family }
}

/** A fill is a colour token or a pattern. */
export type Fill = { readonly color: string } | { readonly pattern: PatternName }

export const lockStates = {
  held: { label: 'held', fill: { color: 'lock-held' } },
  contended: { label: 'held, wanted', fill: { pattern: 'lock-contended' } },
  waiting: { label: 'waiting', fill: { pattern: 'lock-waiting' } },
  unknown: { label: 'unknown', fill: { color: 'lock-unknown' } },
} as const satisfies Record<string, { label: string; fill: Fill }>

/** Task states as they are drawn, in drawing order; sleeping and dead share a look. */
export const taskStates: readonly {
  readonly states: readonly TaskState[]
  readonly label: string
  readonly fill: Fill
}[] = [
  { states: ['running'], label: 'running', fill: { color: 'task-running' } },
  { states: ['runnable'], label: 'runnable', fill: { color: 'task-runnable' } },
  { states: ['io'], label: 'D, io', fill: { color: 'task-dio' } },
  { states: ['lock'], label: 'D, lock', fill: { pattern: 'task-d' } },
  { states: ['disk-sleep'], label: 'D, other', fill: { color: 'task-d' } },
  { states: ['sleeping', 'dead'], label: 'sleeping', fill: { color: 'task-sleep' } },
]

/** ns per drawn state from ns per TASK_STATES entry. */
export function drawnStates(ns: readonly number[]): number[] {
  return taskStates.map(({ states }) => states.reduce((sum, state) => sum + (ns[TASK_STATES.indexOf(state)] ?? 0), 0))
}

/** One of the operation kinds that have a colour of their own. */
export function isKnownKind(kind: unknown): boolean {
  return typeof kind === 'string' && kind !== 'none' && Object.hasOwn(kinds, kind)
}
