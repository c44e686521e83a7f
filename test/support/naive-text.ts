/**
 * The slow, obvious reading of event lines, one regular expression per layout: an oracle for the byte scanners. It shares
 * no code with them and knows nothing of chunks, caches or damage.
 */

import type { TextEvent } from './read-text.ts'

const BRACKET = /^ *(.*)-(\d+) +(?:\([ \d-]+\) )?\[(\d+)\] +(?:([^\s\d]\S{3,4}|\.\S{3,4}) +)?([\d.]+): (.*)$/
const GLUED = /^ *(.*)-(\d+) +(\d+)([^\s\d]\S{4}) +(\d+us.|[\d.]+): (.*)$/
const VERBOSE =
  /^ *(.*?) +(\d+) +(\d+) (\d+) [0-9a-f]{8} [0-9a-f]{8} \[([0-9a-f]{8,16})\] [\d.]+ms \(\+[\d.]+ms\): (.*)$/

type Naive = Omit<TextEvent, 'ts' | 'stack'> & { readonly clock: bigint }

function contextOf(flags: string | undefined): number {
  const letter = flags?.[2] ?? '.'
  return 'zZ'.includes(letter) ? 3 : 'hH'.includes(letter) ? 2 : letter === 's' ? 1 : 0
}

function clockOf(text: string): bigint {
  if (text.includes('us')) return BigInt(parseInt(text, 10)) * 1000n
  const [seconds, fraction] = text.split('.')
  return fraction === undefined ? BigInt(seconds) : BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}

function header(line: string): (Omit<Naive, 'name' | 'payload'> & { readonly body: string }) | undefined {
  const b = BRACKET.exec(line)
  if (b !== null) {
    return {
      comm: b[1],
      pid: Number(b[2]),
      cpu: Number(b[3]),
      context: contextOf(b[4]),
      clock: clockOf(b[5]),
      body: b[6],
    }
  }
  const g = GLUED.exec(line)
  if (g !== null) {
    return {
      comm: g[1],
      pid: Number(g[2]),
      cpu: Number(g[3]),
      context: contextOf(g[4]),
      clock: clockOf(g[5]),
      body: g[6],
    }
  }
  const v = VERBOSE.exec(line)
  if (v === null) return undefined
  const flags = Number(v[4])
  const context = flags & 0x40 ? 3 : flags & 8 ? 2 : flags & 16 ? 1 : 0
  return { comm: v[1], pid: Number(v[2]), cpu: Number(v[3]), context, clock: BigInt(`0x${v[5]}`) * 1000n, body: v[6] }
}

/** Events of a text in the layouts above; stack lines are left out. */
export function naiveEvents(text: string, padded: boolean): Naive[] {
  const out: Naive[] = []
  for (const line of text.split('\n')) {
    const found = header(line)
    if (found === undefined || found.body.includes('<stack trace')) continue
    const { body: raw, ...rest } = found
    const body = padded ? raw.replace(/^ *(\([+-]\d+\))? */, '') : raw
    const named = /^([^\s(:]+): ?(.*)$/.exec(body)
    const call = /^(\w+)\((.*?)\)?$/.exec(body)
    const exit = /^(\w+) (-> .*)$/.exec(body)
    if (named !== null) out.push({ ...rest, name: named[1], payload: padded ? named[2].trimStart() : named[2] })
    else if (body.includes(' <-')) out.push({ ...rest, name: 'function', payload: body })
    else if (call !== null) out.push({ ...rest, name: call[1], payload: call[2] })
    else if (exit !== null) out.push({ ...rest, name: exit[1], payload: exit[2] })
  }
  return out
}
