/**
 * A film as the page shows it: happenings gathered into frames (a scene is what one task does until another goes on, data
 * changes or something is violated; a move is one step of the explorer), the state before and after each frame, and who
 * holds and wants which lock after it. Plain functions over what the engine sent: nothing is decided here, and no frame is
 * left out.
 */

import type { ExploredFinding, FilmStep } from '#shared/contract/races.ts'

export type Grain = 'scene' | 'move' | 'step'

/** What is played: steps, the state before them, what was found. */
export interface FilmSource {
  readonly steps: readonly FilmStep[]
  readonly initialState: Readonly<Record<string, string>>
  readonly findings: readonly ExploredFinding[]
}

export interface Actor {
  readonly name: string
  /** Kind of its first operation; undefined: it does none. */
  readonly kind: string | undefined
}

export interface Frame {
  readonly actor: number
  /** Steps [from, to). */
  readonly from: number
  readonly to: number
  readonly title: string
  readonly phase: string | undefined
  readonly lines: readonly FrameLine[]
  readonly violated: readonly ExploredFinding[]
}

export interface FrameLine {
  readonly text: string
  readonly sign: 'takes' | 'waits' | 'changes' | undefined
}

/** What an actor holds and asks for, when a frame is over. */
export interface LockState {
  readonly holds: readonly string[]
  /** The lock it asked for and has not got. */
  readonly wants: string | undefined
  readonly state: 'not begun' | 'going' | 'ended'
}

export type State = Readonly<Record<string, string>>

export function actorsOf(steps: readonly FilmStep[]): readonly Actor[] {
  const kinds = new Map<string, string | undefined>()
  for (const { task, action } of steps) {
    if (task === '') continue
    kinds.set(task, kinds.get(task) ?? /^begins (\w+)/.exec(action)?.[1])
  }
  return [...kinds].map(([name, kind]) => ({ name, kind }))
}

export function framesOf(film: FilmSource, grain: Grain): readonly Frame[] {
  const { steps } = film
  const actors = new Map(actorsOf(steps).map(({ name }, i) => [name, i]))
  const found = findingAt(film)
  const frames: Frame[] = []
  let from = 0
  for (let i = 1; i <= steps.length; i++) {
    if (i < steps.length && !cutBefore(steps, i, grain)) continue
    const part = steps.slice(from, i)
    frames.push({
      actor: actors.get(part[0].task) ?? -1,
      from,
      to: i,
      ...wordsOf(part),
      violated: part.flatMap((_, at) => found.get(from + at) ?? []),
    })
    from = i
  }
  return frames
}

function cutBefore(steps: readonly FilmStep[], i: number, grain: Grain): boolean {
  if (grain === 'step') return true
  const [before, after] = [steps[i - 1], steps[i]]
  if (before.move === after.move && before.task === after.task) return false
  if (grain === 'move' || before.task !== after.task) return true
  if (/^begins \w+_?\w* /.test(after.action)) return true
  return changesData(before.state) || violates(steps, i - 1) || violates(steps, i)
}

/** Locks and transactions come and go all the time: they end no scene. */
function changesData(state: FilmStep['state']): boolean {
  return state !== undefined && Object.keys(state).some((name) => !/ holds$| transaction$/.test(name))
}

/** Is something violated in the move that step `i` belongs to? */
function violates(steps: readonly FilmStep[], i: number): boolean {
  const { move } = steps[i]
  const inMove = (at: number): boolean => steps.at(at)?.move === move
  for (let at = i; at >= 0 && inMove(at); at--) if (steps[at].invariant !== undefined) return true
  for (let at = i; at < steps.length && inMove(at); at++) if (steps[at].invariant !== undefined) return true
  return false
}

/** The finding that each violating step is about; they come in the same order. */
function findingAt({ steps, findings }: FilmSource): ReadonlyMap<number, ExploredFinding> {
  const rest = [...findings]
  const found = new Map<number, ExploredFinding>()
  steps.forEach((step, i) => {
    if (step.invariant === undefined) return
    const at = rest.findIndex(({ invariant }) => invariant === step.invariant)
    if (at >= 0) found.set(i, rest.splice(at, 1)[0])
  })
  return found
}

function wordsOf(part: readonly FilmStep[]): Pick<Frame, 'title' | 'phase' | 'lines'> {
  const told = part.filter((_, i) => !isDull(part, i))
  const lead = told.length === 0 ? part[0] : (told.find(isLead) ?? told[0])
  const lines = told
    .filter((step) => step !== lead && step.invariant === undefined)
    .map((step): FrameLine => ({ text: step.action, sign: signOf(step.action) }))
  return { title: lead.action, phase: part.findLast(({ phase }) => phase !== undefined)?.phase, lines: unique(lines) }
}

/** Says no more than its neighbours: a request that is granted, a phase that was just named, the end of the task. */
function isDull(part: readonly FilmStep[], i: number): boolean {
  const { action, lock, phase } = part[i]
  if (action === 'ends' || action === 'operation ends') return part.length > 1
  if (action.startsWith('asks for')) return part.slice(i + 1).some((one) => one.lock === lock)
  return action === phase && (action === 'syscall' || action === 'trap' || part[i - 1]?.phase === phase)
}

/** What a frame is called after: the beginning of an operation, else waiting, else a change. */
function isLead({ action }: FilmStep): boolean {
  return /^(begins \w|waits for|changes )/.test(action)
}

function signOf(action: string): FrameLine['sign'] {
  if (action.startsWith('takes')) return 'takes'
  if (/^(waits|asks) for/.test(action)) return 'waits'
  return action.startsWith('changes') ? 'changes' : undefined
}

function unique(lines: readonly FrameLine[]): FrameLine[] {
  return lines.filter((line, i) => lines[i - 1]?.text !== line.text)
}

/** The state when the first `count` steps are over. */
export function stateAfter({ initialState, steps }: FilmSource, count: number): State {
  const state: Record<string, string> = { ...initialState }
  for (const { state: changed } of steps.slice(0, count)) {
    for (const [name, value] of Object.entries(changed ?? {})) {
      if (value === '') delete state[name]
      else state[name] = value
    }
  }
  return state
}

/** Per frame and actor. */
export function lockStates(
  { steps }: FilmSource,
  frames: readonly Frame[],
  actors: readonly Actor[],
): readonly (readonly LockState[])[] {
  const index = new Map(actors.map(({ name }, i) => [name, i]))
  const now: LockState[] = actors.map(() => ({ holds: [], wants: undefined, state: 'not begun' }))
  return frames.map(({ from, to }) => {
    for (const step of steps.slice(from, to)) {
      const i = index.get(step.task)
      if (i !== undefined) now[i] = { ...now[i], ...after(step, now[i]) }
      for (const [name, value] of Object.entries(step.state ?? {})) {
        const holder = name.endsWith(' holds') ? index.get(name.slice(0, -' holds'.length)) : undefined
        if (holder !== undefined) now[holder] = { ...now[holder], holds: value === '' ? [] : value.split(', ') }
      }
    }
    return [...now]
  })
}

function after({ action, lock }: FilmStep, now: LockState): Partial<LockState> {
  if (action === 'ends') return { state: 'ended', wants: undefined }
  if (/^(asks|waits) for/.test(action)) return { state: 'going', wants: lock }
  if (action.startsWith('takes')) return { state: 'going', wants: undefined }
  return { state: now.state === 'ended' ? 'ended' : 'going' }
}

export const GROUPS = [
  'File',
  'Page tables',
  'Entries and cache',
  'Allocator',
  'Journal',
  'Locks',
  'Filesystem',
] as const
export type GroupName = (typeof GROUPS)[number]

export interface StateRow {
  readonly group: string
  readonly name: string
  readonly before: string
  readonly after: string
  readonly changed: boolean
  /** The sentence of what is violated names it. */
  readonly named: boolean
}

/** Rows of the state panel: what ever changes in the film or is named by a finding; or all. */
export function stateRows(
  film: FilmSource,
  frame: Frame,
  { all, findings }: { readonly all: boolean; readonly findings: readonly ExploredFinding[] },
): readonly StateRow[] {
  const before = stateAfter(film, frame.from)
  const now = stateAfter(film, frame.to)
  const moving = new Set(film.steps.flatMap(({ state }) => Object.keys(state ?? {})))
  const names = [...new Set([...Object.keys(film.initialState), ...moving])]
  const words = findings.flatMap(({ message }) => thingsIn(message))
  const rows = names
    .map((name): StateRow => {
      const [was, is] = [valueOf(name, before[name]), valueOf(name, now[name])]
      const named = words.some((word) => [name, was, is].some((text) => mentions(text, word)))
      return { group: groupOf(name), name: shortName(name), before: was, after: is, changed: was !== is, named }
    })
    .filter((row, i) => all || row.named || moving.has(names[i]) || row.name === 'i_size')
  return rows.sort((a, b) => groupAt(a.group) - groupAt(b.group))
}

/** `block 5`, `page 7`: what a finding's sentence is about. */
function thingsIn(message: string): string[] {
  return message.match(/\b(?:block|page) \d+/g) ?? []
}
function mentions(text: string, thing: string): boolean {
  const at = text.indexOf(thing)
  return at >= 0 && !/\d/.test(text[at + thing.length] ?? '')
}

/** What is at its default is not in the state: each kind of thing has its own word for that. */
function valueOf(name: string, value = ''): string {
  const isBlock = /^(file \d+ )?block of page /.test(name)
  if (value !== '') return isBlock && /^\d/.test(value) ? `block ${value}` : value
  if (isBlock) return 'hole'
  return name.endsWith(' holds') || /(^| )(PTE|PMD) /.test(name) ? 'none' : '–'
}

function groupOf(name: string): string {
  const file = /^file \d+ /.exec(name)?.[0].trim()
  const rest = file === undefined ? name : name.slice(file.length + 1)
  const of = (group: GroupName): string => (file === undefined ? group : `${group}, ${file}`)
  if (/^(PTE|PMD) /.test(rest)) return of('Page tables')
  if (/^(entry|cached page) /.test(rest)) return of('Entries and cache')
  if (rest === 'free blocks') return 'Allocator'
  if (rest.endsWith(' transaction')) return 'Journal'
  if (rest.endsWith(' holds')) return 'Locks'
  if (rest === 'filesystem') return 'Filesystem'
  return file === undefined ? 'File' : `File ${file.slice(5)}`
}
function groupAt(group: string): number {
  return GROUPS.findIndex((one) => group.startsWith(one))
}
function shortName(name: string): string {
  return name
    .replace(/^file \d+ /, '')
    .replace(/^(PTE|block|status cache) of page /, (_, what: string) => (what === 'block' ? 'page ' : `${what} `))
    .replace(/ transaction$/, '')
    .replace(/ holds$/, '')
}

/** The frame that shows a step. */
export function frameOfStep(frames: readonly Frame[], step: number): number {
  const at = frames.findIndex(({ to }) => step < to)
  return at < 0 ? Math.max(0, frames.length - 1) : at
}

export function firstViolation(frames: readonly Frame[]): number | undefined {
  const at = frames.findIndex(({ violated }) => violated.length > 0)
  return at < 0 ? undefined : at
}
