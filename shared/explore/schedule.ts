/**
 * Schedules as short strings: `fl1:<subject>:<strategy>:<moves>:<check>`. Moves are tasks in the order they move, by letter
 * (a-z, A-Z, then `(57)`), with a count where a task moves several times: `a12bc3`. When the moves are used up, everybody
 * else goes on in the default order (who moved last, else the lowest number), so a schedule ends with its last choice that
 * matters. The check is over everything before it: a string that lost a character on its way is refused, not replayed as
 * something else.
 */

import { ApiError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { hashText } from '../base/prng.ts'

export interface Schedule {
  /** Subject with its parameters: `SC2;threads=2`. */
  readonly subject: string
  readonly strategy: string
  /** Task numbers in the order they move. */
  readonly moves: readonly number[]
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
const PREFIX = 'fl1'
const HINT = 'copy it whole, from fl1: to the last character'

export function encodeSchedule(schedule: Schedule): string {
  const text = [PREFIX, escape(schedule.subject), escape(schedule.strategy), encodeMoves(schedule.moves)].join(':')
  return `${text}:${checkOf(text)}`
}

export function decodeSchedule(text: string): Schedule {
  const trimmed = text.trim()
  if (trimmed.length > limits.scheduleChars)
    throw refused(`it has ${trimmed.length} characters, at most ${limits.scheduleChars} make sense`)
  const parts = trimmed.split(':')
  if (parts[0] !== PREFIX) throw refused(`it begins with '${parts[0].slice(0, 12)}', not with '${PREFIX}:'`)
  if (parts.length !== 5) throw refused(`it has ${parts.length} parts between colons instead of 5`)
  const [, subject, strategy, moves, check] = parts
  if (checkOf(parts.slice(0, 4).join(':')) !== check)
    throw refused('its last part does not fit the rest, so something was lost or changed')
  return { subject: unescape(subject), strategy: unescape(strategy), moves: decodeMoves(moves) }
}

function refused(why: string): ApiError {
  return new ApiError('bad-request', `this is no schedule: ${why}`, HINT)
}

/** Moves as text: letters with counts. */
function encodeMoves(moves: readonly number[]): string {
  let text = ''
  for (let i = 0; i < moves.length;) {
    const task = moves[i]
    let end = i + 1
    while (end < moves.length && moves[end] === task) end++
    text += task < LETTERS.length ? LETTERS[task] : `(${task})`
    if (end - i > 1) text += String(end - i)
    i = end
  }
  return text
}

function decodeMoves(text: string): number[] {
  const moves: number[] = []
  const run = /([a-zA-Z]|\((\d{1,6})\))(\d{0,7})/gy
  while (run.lastIndex < text.length) {
    const at = run.lastIndex
    const found = run.exec(text)
    if (found === null) throw refused(`'${text[at]}' at place ${at + 1} of its moves is no task`)
    const task = found[2] === undefined ? LETTERS.indexOf(found[1]) : Number(found[2])
    const count = found[3] === '' ? 1 : Number(found[3])
    if (moves.length + count > limits.exploreDepth) throw refused(`it has more than ${limits.exploreDepth} moves`)
    for (let i = 0; i < count; i++) moves.push(task)
  }
  return moves
}

function checkOf(text: string): string {
  return hashText(text).toString(36).padStart(7, '0').slice(-5)
}

/** Colons separate the parts; a strategy of the user's own may be a path with anything in it. */
function escape(text: string): string {
  return text.replace(/[%:\s]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

function unescape(text: string): string {
  return text.replace(/%([0-9a-f]{2})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
