/**
 * What a user says about when operations of a replay come: `open` or `closed` for all tasks, or by a task's name or pid
 * (`fio=open, 4711=closed`). Whether such a task is in the trace only the engine knows.
 */

import type { MethodParams } from '#shared/contract/methods.ts'

type Choice = MethodParams<'whatif.compare'>['arrival']

export interface Arrivals {
  /** Undefined: by the evidence of the trace. */
  readonly choice: Choice
  readonly problem: string | undefined
}

export function parseArrivals(text: string): Arrivals {
  const given = text.trim()
  if (given === '') return { choice: undefined, problem: undefined }
  if (isArrival(given)) return { choice: given, problem: undefined }
  const choice: Record<string, 'open' | 'closed'> = {}
  for (const part of given.split(',').map((one) => one.trim())) {
    const at = part.lastIndexOf('=')
    const [task, arrival] = [part.slice(0, Math.max(0, at)).trim(), part.slice(at + 1).trim()]
    if (task === '' || !isArrival(arrival)) {
      return {
        choice: undefined,
        problem: `Arrival: '${part}' is neither open nor closed, nor a task with one of them`,
      }
    }
    choice[task] = arrival
  }
  return { choice, problem: undefined }
}

function isArrival(text: string): text is 'open' | 'closed' {
  return text === 'open' || text === 'closed'
}
