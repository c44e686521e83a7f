/** Which function asked for each lock span's lock, for traces whose events have call stacks. */

import { callerOf } from '../../model/call-site.ts'
import type { Trace } from '../../model/trace.ts'
import { perTrace } from './per-trace.ts'

export interface CallSites {
  readonly names: readonly string[]
  /** Per lock span an index into `names`, -1 where no stack tells. */
  readonly of: Int32Array
}

export const callSites = perTrace((trace: Trace): CallSites => {
  const names: string[] = []
  const of = new Int32Array(trace.lockSpan.length).fill(-1)
  const stacks = trace.extras?.spanStacks
  if (stacks === undefined) return { names, of }
  const ids = new Map<string, number>()
  // Equal stacks are one, so each is looked into once.
  const ofStack = trace.stacks.map((frames) => {
    const name = callerOf(frames)
    if (name === undefined) return -1
    const known = ids.get(name)
    if (known !== undefined) return known
    ids.set(name, names.length)
    return names.push(name) - 1
  })
  for (let i = 0; i < stacks.span.length; i++) of[stacks.span[i]] = ofStack[stacks.stack[i]] ?? -1
  return { names, of }
})
