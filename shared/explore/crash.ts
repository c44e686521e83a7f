/**
 * Power cuts: at every change of what is durable (a store that reached a line, a commit, something promised) the run is cut in
 * thought, recovery runs, and what the files show then is judged: V14 nothing of others, V15 what was synced is there.
 *
 *   recovery   the journal is replayed: committed transactions only, so extents and sizes of the last commit
 *   lines      of those not yet flushed none, all, each single one and random subsets survived; with eADR all of them
 *   cutting    changes nothing, so one execution is cut everywhere; a search covers the orders of the changes, because each
 *              of them counts as a write to one and the same thing
 *
 * A slot shows its own line only, so all, none and single ones find what all subsets would (a test enumerates them); random
 * subsets are there for the day on which that is not so any more.
 */

import { ApiError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { stream, type Stream } from '../base/prng.ts'
import { describeTag } from '../sim/content.ts'
import { judgeLines, recovered, unflushedLines, type CacheLine, type CrashFinding } from '../sim/invariants/crash.ts'
import { invariants, type InvariantSeverity } from '../sim/invariants/invariants.ts'
import { blockOf, isWritten } from '../sim/extents.ts'
import { silent, type SimSink } from '../sim/sink.ts'
import type { World } from '../sim/world.ts'
import { Execution } from './execution.ts'
import { encodeSchedule } from './schedule.ts'
import { findingKey, Search } from './search.ts'
import { changedState } from './state.ts'
import { parseSubjectId, type Subject } from './subject.ts'

export interface CrashOptions {
  /** Steps all executions together may take; and how many there may be. */
  readonly budget?: number
  readonly schedules?: number | undefined
  /** null: no bound. */
  readonly preemptions?: number | null
  /** Random subsets of lines at each point, besides none, all and each single one. */
  readonly subsets?: number
  readonly seed?: number
  /** Caches are flushed by the power supply: every line survives. */
  readonly eadr?: boolean
  /** False: every order of every move. */
  readonly reduce?: boolean
}

export interface CrashViolation {
  readonly invariant: 'V14' | 'V15'
  readonly severity: InvariantSeverity
  readonly message: string
  /** What the sentence is about; a power cut is nobody's doing. */
  readonly objects: readonly string[]
  /** After how many moves the power fails. */
  readonly event: string
  /** Which change of the execution's durable state the power cut follows, from 1. */
  readonly point: number
  /** Lines that survived: `none`, `all`, or by block and slot, `5.0`. */
  readonly lines: string
  /** Leads there: `SC7;crash=12.none` as its subject. */
  readonly schedule: string
}

export interface CrashResult {
  /** Power cuts judged: changes of durable state, and recovered states at them. */
  readonly points: number
  readonly states: number
  readonly executions: number
  readonly steps: number
  /** Nothing was left out within the bound of preemptions. */
  readonly complete: boolean
  readonly violations: readonly CrashViolation[]
}

/** A subset of the unflushed lines. */
export interface Survivors {
  readonly name: string
  readonly keeps: (line: CacheLine) => boolean
}

const NONE: Survivors = { name: 'none', keeps: () => false }
const ALL: Survivors = { name: 'all', keeps: () => true }

const nameOf = ({ block, slot }: CacheLine): string => `${block}.${slot}`

/** What may survive of the lines that only caches hold. */
function survivors(
  lines: readonly CacheLine[],
  options: { readonly subsets: number; readonly random: Stream; readonly eadr: boolean },
): Survivors[] {
  if (options.eadr) return [ALL]
  if (lines.length === 0) return [NONE]
  if (lines.length === 1) return [NONE, ALL]
  const singles = lines.map((line) => only([line]))
  const random = Array.from({ length: lines.length < 3 ? 0 : options.subsets }, () =>
    only(lines.filter(() => options.random.below(2) === 0)),
  )
  return [NONE, ALL, ...singles, ...random]
}

function only(lines: readonly CacheLine[]): Survivors {
  const names = new Set(lines.map(nameOf))
  return { name: [...names].join('+'), keeps: (line) => names.has(nameOf(line)) }
}

/** By the name a schedule has for it. */
function survivorsNamed(name: string): Survivors {
  if (name === 'none') return NONE
  if (name === 'all') return ALL
  const names = new Set(name.split('+'))
  return { name, keeps: (line) => names.has(nameOf(line)) }
}

/** Calls `cut` after each change of what a power cut would leave behind, once the world stands. */
export function withCuts(subject: Subject, cut: (world: World, point: number) => void): Subject {
  return {
    ...subject,
    build(sink: SimSink) {
      const world = subject.build(sink)
      const durable = world.k.objects(1)
      let point = 0
      const changed = () => {
        world.k.touch(durable, true)
        cut(world, ++point)
      }
      world.device.onChange = changed
      world.journal.onCommit = changed
      if (world.checks?.promises !== undefined) world.checks.promises.onGive = changed
      return world
    },
  }
}

interface Bad {
  readonly finding: CrashFinding
  readonly point: number
  readonly lines: string
}

/** All orders of a subject's moves within the bound, each cut everywhere. */
export function exploreCrashes(subject: Subject, options: CrashOptions = {}): CrashResult {
  const {
    budget = limits.crashSteps,
    schedules = Infinity,
    subsets = 4,
    seed = 1,
    eadr = false,
    reduce = true,
  } = options
  const preemptions = options.preemptions === undefined ? 2 : (options.preemptions ?? undefined)
  const known = new Map<string, CrashViolation>()
  let fresh: Bad[] = []
  let points = 0
  let states = 0
  const judged = withCuts(subject, (world, point) => {
    points++
    const random = stream(seed, point)
    for (const { name, keeps } of survivors(unflushedLines(world), { subsets, random, eadr })) {
      states++
      for (const finding of judgeLines(world, keeps)) {
        if (!known.has(findingKey(finding.invariant, finding.message))) fresh.push({ finding, point, lines: name })
      }
    }
  })
  const search = new Search(judged, { prefix: [], sleepers: [] }, { preemptions, depth: limits.exploreDepth, reduce })
  let complete = false
  while (search.steps < budget && search.executions < schedules) {
    if (!search.next()) {
      complete = true
      break
    }
    for (const bad of fresh) {
      const key = findingKey(bad.finding.invariant, bad.finding.message)
      if (!known.has(key)) known.set(key, violationOf(subject, search.path, bad))
    }
    fresh = []
  }
  const { executions, steps } = search
  return { points, states, executions, steps, complete, violations: [...known.values()] }
}

function violationOf(subject: Subject, path: readonly number[], { finding, point, lines }: Bad): CrashViolation {
  const { invariant, message, objects } = finding
  const moves = shortest(subject, path, point)
  return {
    invariant,
    severity: invariants.get(invariant).severity,
    message,
    objects,
    event: `power cut ${point}, after move ${moves.length}`,
    point,
    lines,
    schedule: encodeSchedule({ subject: `${subject.id};crash=${point}.${lines}`, strategy: subject.strategy, moves }),
  }
}

/** What comes after the power cut does not matter. */
function shortest(subject: Subject, path: readonly number[], point: number): readonly number[] {
  let reached = path.length
  const execution: Execution = new Execution(
    withCuts(subject, (_world, at) => {
      if (at === point) reached = execution.moves.length
    }),
  )
  for (const id of path) {
    execution.move(id)
    if (reached < path.length) break
  }
  return path.slice(0, reached)
}

export interface CrashName {
  /** The subject without the power cut. */
  readonly subject: string
  readonly point: number
  readonly lines: string
}

/** The power cut in the subject of a schedule, if there is one: `R10;crash=7.none`. */
export function crashOf(subject: string): CrashName | undefined {
  const { id, settings } = parseSubjectId(subject)
  const { crash, ...rest } = settings
  const found = crash === undefined ? null : /^(\d+)\.(none|all|\d+\.\d+(?:\+\d+\.\d+)*)$/.exec(crash)
  if (found === null) return undefined
  const others = Object.entries(rest).map(([name, value]) => `${name}=${value}`)
  return { subject: [id, ...others].join(';'), point: Number(found[1]), lines: found[2] }
}

/** One place to cut an execution, for a scrubber. */
export interface CrashPoint {
  readonly point: number
  /** Moves made before the one in which it lies. */
  readonly move: number
  readonly task: string
  /** Unflushed lines recovery would read. */
  readonly lines: readonly string[]
  /** Per subset of lines that shows something it must not, what. */
  readonly violations: readonly Pick<CrashViolation, 'invariant' | 'message' | 'objects' | 'lines'>[]
  /** What the files show after recovery with no unflushed line kept (eADR: with all of them), by name. */
  readonly recovered: Readonly<Record<string, string>>
  /** The subsets of lines that were tried: `none`, `all`, single ones, random ones. */
  readonly states: readonly CrashState[]
}

/** One subset of the unflushed lines survives. */
export interface CrashState {
  readonly lines: string
  /** What recovery shows otherwise than in `recovered`, '' for what it does not show. */
  readonly differs: Readonly<Record<string, string>>
  readonly violations: readonly Pick<CrashViolation, 'invariant' | 'message' | 'objects'>[]
}

/** Every place to cut one execution: the given moves, then the default order. */
export function crashPoints(subject: Subject, moves: readonly number[], options: CrashOptions = {}): CrashPoint[] {
  const { subsets = 4, seed = 1, eadr = false } = options
  const found: CrashPoint[] = []
  const execution: Execution = new Execution(
    withCuts(subject, (world, point) => {
      const lines = unflushedLines(world)
      const shown = recoveredFiles(world, eadr ? ALL : NONE)
      const states = survivors(lines, { subsets, random: stream(seed, point), eadr }).map((kept): CrashState => ({
        lines: kept.name,
        differs: changedState(new Map(Object.entries(shown)), new Map(Object.entries(recoveredFiles(world, kept)))),
        violations: judgeLines(world, kept.keeps).map(({ invariant, message, objects }) => ({
          invariant,
          message,
          objects,
        })),
      }))
      found.push({
        point,
        move: execution.moves.length - 1,
        task: world.k.current.comm,
        lines: lines.map(nameOf),
        violations: states.flatMap((state) => state.violations.map((one) => ({ ...one, lines: state.lines }))),
        recovered: shown,
        states,
      })
    }),
    silent,
  )
  for (const id of moves) execution.move(id)
  execution.runOut()
  return found
}

export interface CrashReplay {
  readonly violations: readonly Pick<CrashViolation, 'invariant' | 'message' | 'objects'>[]
  /** What the files show after recovery, by name. */
  readonly recovered: Readonly<Record<string, string>>
}

/** One power cut again; undefined: the moves do not lead to it. */
export function replayCrash(
  subject: Subject,
  moves: readonly number[],
  cut: Pick<CrashName, 'point' | 'lines'>,
): CrashReplay | undefined {
  let replayed: CrashReplay | undefined
  const kept = survivorsNamed(cut.lines)
  const execution = new Execution(
    withCuts(subject, (world, point) => {
      if (point !== cut.point) return
      const violations = judgeLines(world, kept.keeps).map(({ invariant, message, objects }) => ({
        invariant,
        message,
        objects,
      }))
      replayed = { violations, recovered: recoveredFiles(world, kept) }
    }),
  )
  for (const id of moves) execution.move(id)
  return replayed
}

/** The moves of a schedule do not lead to the power cut it names. */
export function notThere(subject: Subject, { point }: Pick<CrashName, 'point'>): ApiError {
  return new ApiError(
    'bad-request',
    `the schedule's moves do not lead to power cut ${point} of ${subject.id} under ${subject.strategy}`,
    'it was made with another version of the model, or for another subject or strategy',
  )
}

/** The files as recovery leaves them: sizes, and what each page shows; pages of zeroes are left out. */
function recoveredFiles(world: World, { keeps }: Survivors): Record<string, string> {
  const shown: Record<string, string> = {}
  for (const inode of world.inodes) {
    const file = world.inodes.length === 1 ? '' : `file ${inode.number} `
    shown[`${file}i_size`] = `${inode.durableSize} pages`
    for (let index = 0; index < Math.min(inode.pages, inode.durableSize); index++) {
      const mapping = inode.extents.durable[index]
      if (!isWritten(mapping)) continue
      const block = blockOf(mapping)
      const slots = Array.from({ length: world.device.slots }, (_, slot) => {
        const kept = world.device.unflushed(block, slot) && keeps({ block, slot })
        return describeTag(recovered(world, inode, { index, slot, line: kept ? 'kept' : 'flushed' }) ?? 0)
      })
      shown[`${file}page ${index}`] = `block ${block}: ${[...new Set(slots)].join(', ')}`
    }
  }
  return shown
}
