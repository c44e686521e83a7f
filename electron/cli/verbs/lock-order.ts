/**
 * `faultline lock-order`: the circles in the order in which a trace took its locks, each step with who showed it first and
 * when, or that there is none. `--all` lists every order. With `--expect acyclic` a circle is exit status 3, and so is a
 * trace or a range of time that cannot show one, or shows no order at all: there was nothing to judge.
 */

import type { LockOrderCycle, LockOrderEdge, LockOrderResult } from '#shared/analysis/lock-order.ts'
import { unseenWords } from '#shared/lockorder/unseen.ts'
import { choice, flag, from, json, to, traceId, windowOf } from '../options.ts'
import { callersOf } from '#shared/model/call-site.ts'
import type { LockReport, ReportLock } from '#shared/model/extras.ts'
import {
  bold,
  columnsOf,
  count,
  duration,
  plural,
  print,
  printable,
  printJson,
  printTable,
  type ClockUnit,
} from '../output.ts'
import { verb } from './verb.ts'

/** Of a stack: `start_this_handle` alone would not say whose handle. */
const CALLERS = 4

export const lockOrder = verb({
  id: 'lock-order',
  about: 'which lock was taken under which, and whether those orders go in a circle',
  args: [{ name: '<F>', about: 'a .faultline file' }],
  options: {
    all: flag('list every order, not only circles'),
    lockdep: flag('only what lockdep can see: without folio and DAX entry bits'),
    expect: choice({ what: '--expect', of: ['acyclic'], fallback: undefined, about: 'exit 3 if it is not so' }),
    from,
    to,
    trace: traceId,
    json,
  },
  async run(session, [path], options) {
    const open = await session.openTrace(path, options.trace)
    const scope = windowOf(options)
    const result = await open.analyse('lock-order', { scope, lockdepOnly: options.lockdep })
    if (options.json) printJson({ trace: open.trace.id, ...result })
    else {
      print(orderFinding(result))
      for (const report of result.reports) print(`\n${reportLines(report).join('\n')}`)
      for (const cycle of result.cycles) print(`\n${circleLines(result, cycle, open.trace.clockUnit).join('\n')}`)
      if (options.all && result.edges.length > 0) {
        print('')
        printTable(orderColumns(result.edges, open.trace.clockUnit))
      }
    }
    // What cannot be seen is not what was asked for; without one order there was nothing to judge.
    const unseen = result.blind || result.waitsOnly.length > 0 || result.edges.length === 0
    return options.expect === 'acyclic' && (result.cycles.length > 0 || unseen) ? 3 : 0
  },
})

/** One sentence: circles, none, or why the trace cannot tell. */
function orderFinding(result: LockOrderResult): string {
  const { classes, edges, cycles, cyclesLeftOut, openHolds, waitsOnly, blind } = result
  if (blind) return 'This trace cannot show a lock order: it has no holds. Record lock:* to see them.'
  const open = openHolds === 0 ? '' : ` ${plural(openHolds, 'hold')} without an end left out.`
  const unseen = waitsOnly.length === 0 ? '' : ` ${printable(unseenWords(waitsOnly))}`
  if (edges.length === 0) {
    return `No lock was asked for while another was seen held, which says nothing about circles.${open}${unseen}`
  }
  const found = cycles.length + cyclesLeftOut
  const what = found === 0 ? 'No circle' : bold(plural(found, 'circle'))
  const listed = cyclesLeftOut === 0 ? '' : `, the first ${cycles.length} listed`
  return `${what} in ${plural(edges.length, 'order')} among ${plural(classes.length, 'class', 'classes')}${listed}.${open}${unseen}`
}

function circleLines(result: LockOrderResult, cycle: LockOrderCycle, clock: ClockUnit): string[] {
  const notes = [
    cycle.lockdepSees ? '' : 'lockdep does not see it: it goes through a bit lock',
    cycle.needsQueuedWriter ? writerWords(cycle) : '',
  ].filter((text) => text !== '')
  const head = bold(printable([...cycle.classes, cycle.classes[0]].join(' → ')))
  return [
    notes.length === 0 ? head : `${head} (${notes.join('; ')})`,
    ...cycle.edges.map((index) => `  ${edgeWords(result.edges[index], clock)}`),
  ]
}

/** The commit waits for all handles and lets no new one start: it is the writer of `jbd2_handle`. */
function writerWords({ classes }: LockOrderCycle): string {
  const writer = classes.includes('jbd2_handle') ? 'a journal commit' : 'a writer'
  return `hangs only with ${writer} queued between readers`
}

/** What lockdep said, whom it was about and what everybody held. */
function reportLines({ title, firstLine, tasks, wanted, against, edges }: LockReport): string[] {
  const at = ({ site }: ReportLock) => (site === null ? '' : ` in ${site}`)
  return [
    `${bold(printable(title))} (line ${count(firstLine)})`,
    ...(wanted === null ? [] : [`  asked for ${wanted.class}${at(wanted)}`]),
    ...(against === null ? [] : [`  against ${against.class}${at(against)}`]),
    ...edges.map(({ from, to, stack }) => `  ${from} was held when ${to} was asked for${stackWords(stack)}`),
    ...tasks.flatMap(({ comm, pid, held }) => held.map((lock) => `  ${comm}-${pid} held ${lock.class}${at(lock)}`)),
  ].map((line, i) => (i === 0 ? line : printable(line)))
}

/** The innermost calls that are no locking code, as far as they say where it was. */
function stackWords(stack: readonly string[]): string {
  const callers = callersOf(stack, CALLERS)
  return callers.length === 0 ? '' : `, in ${callers.join(' ← ')}`
}

function edgeWords(edge: LockOrderEdge, clock: ClockUnit): string {
  if (edge.report !== undefined) {
    const by = edge.task.comm === '?' ? '' : `, by ${edge.task.comm}-${edge.task.pid}`
    return printable(`lockdep: ${edge.from} was held when ${edge.to} was asked for${callerWords(edge)}${by}`)
  }
  const op = edge.op === null ? '' : ` in ${edge.op}`
  return printable(
    `${edge.task.comm}-${edge.task.pid}${op} held ${edge.from} and asked for ${edge.to}${callerWords(edge)} at ${duration(edge.atNs, clock)}, ${modesOf(edge)}, ${plural(edge.count, 'time')}`,
  )
}

function callerWords({ caller, stack }: LockOrderEdge): string {
  if (stack !== undefined) return stackWords(stack)
  return caller === undefined ? '' : `, in ${caller}`
}

function modesOf({ modes, inferred }: LockOrderEdge): string {
  const seen = modes.map(([held, wanted]) => `${held}/${wanted}`).join(' ')
  return inferred ? `${seen}, inferred` : seen
}

function orderColumns(edges: readonly LockOrderEdge[], clock: ClockUnit) {
  const { name, count: number, time } = columnsOf(edges, clock)
  return [
    name('held', (edge) => edge.from),
    name('asked for', (edge) => edge.to),
    name('modes', modesOf),
    number('times', (edge) => edge.count),
    name('first by', (edge) => (edge.task.comm === '?' ? null : `${edge.task.comm}-${edge.task.pid}`)),
    name('in', (edge) => edge.op ?? edge.caller ?? null),
    time('at', (edge) => (Number.isNaN(edge.atNs) ? null : edge.atNs)),
  ]
}
