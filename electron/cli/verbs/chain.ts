/**
 * `faultline chain`: the worst waits, or one, told link by link: who waited, who held the lock and doing what, what that
 * one waited for in turn, up to the root. A holder that the trace cannot show is said to be unknown.
 */

import { isTable } from '#shared/analysis/parts/shows.ts'
import type { WaitChain } from '#shared/analysis/wait-chains.ts'
import type { ChainLink } from '#shared/analysis/parts/chain.ts'
import { ApiError } from '#shared/base/errors.ts'
import { json, traceId, whole } from '../options.ts'
import { bold, dim, duration, plural, print, printable, printJson, type ClockUnit } from '../output.ts'
import type { OpenTrace } from '../session.ts'
import { NO_CONTENTION } from './contention.ts'
import { verb } from './verb.ts'

const DEFAULT_WORST = 3
/** The longest list of waits the analysis gives, to find neighbours of a wait that is not there. */
const MANY = 1000

export const chain = verb({
  id: 'chain',
  about: 'who held what, doing what, for how long, up to the root',
  args: [{ name: '<F>', about: 'a .faultline file' }],
  options: {
    worst: whole({
      value: 'N',
      min: 1,
      max: 1000,
      fallback: undefined,
      about: `the N longest waits (default ${DEFAULT_WORST})`,
    }),
    wait: whole({
      value: 'ID',
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      fallback: undefined,
      about: 'one wait, by its id (waitId of --json)',
    }),
    trace: traceId,
    json,
  },
  async run(session, [path], { worst, wait, trace: id, json: asJson }) {
    if (worst !== undefined && wait !== undefined)
      throw new ApiError('bad-request', '--worst and --wait exclude each other')
    const open = await session.openTrace(path, id)
    const { chains, total } =
      wait === undefined
        ? await open.analyse('wait-chains', { worst: worst ?? DEFAULT_WORST })
        : await oneWait(open, wait)
    if (asJson) {
      printJson({ trace: open.trace.id, total, chains })
      return 0
    }
    if (chains.length === 0) {
      print(
        isTable(open.trace)
          ? 'A table of locks has no single waits in it.'
          : open.trace.shows.waits
            ? 'No task waited for a lock here.'
            : open.trace.lockSpans > 0
              ? NO_CONTENTION
              : 'This trace cannot show lock waits: it has no lock events.',
      )
      return 0
    }
    print(chains.map((each) => describeChain(each, open.trace.clockUnit).join('\n')).join('\n\n'))
    if (wait === undefined)
      print(`\n${plural(chains.length, 'longest wait', 'longest waits')} of ${plural(total, 'wait')}`)
    return 0
  },
})

async function oneWait({ analyse }: OpenTrace, waitId: number) {
  const found = await analyse('wait-chains', { waitId }).catch((error: unknown) => {
    if (error instanceof ApiError && error.code === 'not-found') return undefined
    throw error
  })
  if (found !== undefined && found.chains.length > 0) return found
  const { chains } = await analyse('wait-chains', { worst: MANY })
  const near = chains
    .map((other) => other.waitId)
    .sort((a, b) => Math.abs(a - waitId) - Math.abs(b - waitId))
    .slice(0, 3)
  const hint =
    near.length === 0 ? 'no task waited for a lock in this trace' : `the nearest waits are ${near.join(', ')}`
  throw new ApiError('unknown-id', `unknown wait '${waitId}'`, hint)
}

/** The lines of one chain, each link one step further in. */
export function describeChain(wait: WaitChain, clock: ClockUnit): string[] {
  const time = (ns: number) => duration(ns, clock)
  const doing = wait.op === null ? '' : ` in ${wait.op}`
  const end = wait.open ? ', and was not seen to get it' : wait.gaveUp ? ', and gave up' : ''
  const head = `${who(wait)}${doing} waited ${lasted(wait, time)}for ${lock(wait)}${end}`
  const lines = [`${bold(printable(head))} ${dim(`(wait ${wait.waitId}, at ${time(wait.startNs)})`)}`]
  wait.links.forEach((link, i) =>
    lines.push(printable(`${'  '.repeat(i + 1)}${describeLink(link, { first: i === 0, time })}`)),
  )
  lines.push('  '.repeat(wait.links.length + 1) + ending(wait))
  return lines
}

/** Nothing is known of how long a wait was whose end went unseen. */
function lasted({ open, waitNs }: WaitChain, time: (ns: number) => string): string {
  if (!open) return `${time(waitNs)} `
  return waitNs > 0 ? `at least ${time(waitNs)} ` : ''
}

function describeLink(
  link: ChainLink,
  { first, time }: { readonly first: boolean; readonly time: (ns: number) => string },
): string {
  const waited = first ? '' : `which waited for ${lock(link)}, `
  const op = link.op === null ? ', operation unknown' : ` in ${link.op}`
  const details =
    link.kind === 'holder'
      ? [phaseWords(link.phase), link.heldNs === null ? '' : `for ${time(link.heldNs)}`]
      : ['itself waiting']
  const words = [`${link.kind === 'holder' ? 'held by' : 'queued behind'} ${who(link)}${op}`, ...details]
  words.push(`${time(link.overlapNs)} of the wait`)
  return `${waited}${words.filter((part) => part !== '').join(', ')}${link.inferred ? ' (inferred)' : ''}`
}

function phaseWords(phase: string | null): string {
  if (phase === null || phase === 'other') return ''
  return phase.startsWith('wait:') ? `waiting for ${phase.slice('wait:'.length)}` : `in ${phase}`
}

function ending(wait: WaitChain): string {
  const last = wait.links.at(-1)
  if (last === undefined) return 'holder unknown: the trace does not show who held it'
  if (wait.cut) return 'the chain goes on or closes on itself; it was cut here'
  return printable(`root: ${who(last)}${wait.rootOp === null ? '' : ` in ${wait.rootOp}`}`)
}

function who({ task, pid }: { readonly task: string; readonly pid: number }): string {
  return `${task}-${pid}`
}

function lock({ class: name, mode }: { readonly class: string; readonly mode: string }): string {
  return `${name} (${mode})`
}
