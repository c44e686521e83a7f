/**
 * A wait chain in words: who waits for what in which mode, who holds it, in which phase of which operation and for how
 * long, down to the task that waits for no lock itself. Pure: the panel lays the steps out, tests read them.
 */

import type { WaitChain } from '#shared/analysis/wait-chains.ts'
import type { ChainLink } from '#shared/analysis/parts/chain.ts'
import { phaseWords } from '../../charts/words.ts'
import { timeText, type ClockUnit } from '../../ui/format.ts'
import { kindLook } from '../../theme/kinds.ts'

export interface ChainStep {
  /** Token of the dot: red waits, amber holds and is waited for, grey unknown. */
  readonly dot: 'lock-waiting' | 'lock-contended' | 'task-dio' | 'lock-unknown'
  readonly taskId: number | undefined
  readonly task: string
  /** What it does, in words; empty where no operation is known. */
  readonly op: string
  readonly phase: string | undefined
  readonly detail: string
  /** How long it waited, or stood in the way. */
  readonly ns: number | undefined
  readonly root: boolean
  readonly inferred: boolean
}

export function chainSteps(chain: WaitChain, clock: ClockUnit): ChainStep[] {
  const first: ChainStep = {
    dot: 'lock-waiting',
    taskId: chain.taskId,
    task: chain.task,
    op: opWords(chain.op),
    phase: undefined,
    detail: `waits for ${chain.class}, ${chain.mode}${chain.open ? '; it still did when the trace ended' : wakingWords(chain, clock)}`,
    ns: chain.waitNs,
    root: false,
    inferred: false,
  }
  const links = chain.links.map((link, i) => linkStep(chain, i, clock, link))
  return links.length === 0 ? [first, unknownHolder(chain)] : [first, ...links]
}

/** A wait ends when the waiter runs again; the part after the last holder let go is nobody's hold. Under 1 % it is noise. */
function wakingWords({ wakeupNs, waitNs }: WaitChain, clock: ClockUnit): string {
  return wakeupNs > 0.01 * waitNs ? `; the last ${timeText(wakeupNs, clock)} after its holder had let go` : ''
}

function opWords(op: string | null): string {
  return op === null ? '' : kindLook(op).label
}

function linkStep(chain: WaitChain, at: number, clock: ClockUnit, link: ChainLink): ChainStep {
  const next = chain.links.at(at + 1)
  const last = at === chain.links.length - 1
  const root = last && !chain.cut
  const parts = [holds(link, clock)]
  if (next !== undefined) parts.push(`waits for ${next.class}${next.kind === 'queued-writer' ? ' itself' : ''}`)
  else if (chain.cut) parts.push('the chain goes on or closes here and was cut')
  else parts.push('root: waits for no lock that was recorded')
  return {
    dot: root ? 'task-dio' : 'lock-contended',
    taskId: link.taskId,
    task: link.task,
    op: opWords(link.op),
    // what it waits for itself is in the next step
    phase: link.phase?.startsWith('wait:') ? undefined : phaseWords(link.phase),
    detail: parts.join(', '),
    ns: link.overlapNs,
    root,
    inferred: link.inferred,
  }
}

function holds(link: ChainLink, clock: ClockUnit): string {
  if (link.kind === 'queued-writer') return `queued before it for ${link.class}, ${link.mode}`
  const time = link.heldNs === null ? '' : ` for ${timeText(link.heldNs, clock)}`
  return `holds ${link.class}, ${link.mode}${time}`
}

function unknownHolder(chain: WaitChain): ChainStep {
  return {
    dot: 'lock-unknown',
    taskId: undefined,
    task: 'holder unknown',
    op: '',
    phase: undefined,
    detail: `no hold of ${chain.class} was recorded during this wait`,
    ns: undefined,
    root: false,
    inferred: false,
  }
}

/** The whole chain as one sentence: the label of the panel for screen readers. */
export function chainSentence(chain: WaitChain, clock: ClockUnit): string {
  return chainSteps(chain, clock)
    .map((step) => {
      const doing = [step.op, step.phase === undefined ? '' : `in ${step.phase}`]
        .filter((part) => part !== '')
        .join(' ')
      const who = doing === '' ? step.task : `${step.task} (${doing})`
      return `${who} ${step.detail}${step.ns === undefined ? '' : `, ${timeText(step.ns, clock)}`}${step.inferred ? ', inferred' : ''}`
    })
    .join('; ')
}
