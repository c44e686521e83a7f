/**
 * `npm run demo`: the main job in a terminal. First a real kernel trace that ships with Faultline: import it, name the lock
 * that was waited for longest, what was done under it, who waited for whom, and the worst wait up to its root. Then the
 * question that lock leads to, put to the simulated kernel under three strategies, side by side. It works in a folder of
 * its own and removes it, also when it is interrupted; only demo-report.html stays, where it was started.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { ContentionRow } from '#shared/analysis/contention.ts'
import { toWireError } from '#shared/base/errors.ts'
import type { Sample } from '#shared/contract/methods.ts'
import { watchInterrupts } from './interrupts.ts'
import { bold, columnsOf, count, duration, grouped, percent, plural, print, printable, printTable } from './output.ts'
import { Session, type OpenTrace } from './session.ts'
import { describeChain } from './verbs/chain.ts'
import { printCompare } from './verbs/compare.ts'
import { contentionFinding } from './verbs/contention.ts'
import { describeImport } from './verbs/import.ts'

const ROWS = 6
const REPORT = 'demo-report.html'
/** What the mails of 2014 argued about: get_block outside i_mmap, under it, and what the kernel does today. */
const SIMULATED = {
  scenario: 'SC1',
  strategies: ['E', 'F', 'K'],
  baseline: 'E',
  seeds: 6,
  // Half of the scenario's own time: the order is the same, and the demo is over in half a minute.
  set: { durationMs: 100 },
  sweep: { param: 'threads', values: [1, 2, 4, 8, 16], seeds: 3 },
} as const

async function demo(session: Session, folder: string): Promise<void> {
  await showTrace(session, folder)
  await showStrategies(session)
}

async function showTrace(session: Session, folder: string): Promise<void> {
  const { samples } = await session.call('app.info', {})
  const sample = samples[0]
  introduce(sample)
  const file = join(folder, `${sample.id}.faultline`)
  const summary = await session.call('trace.import', { source: { kind: 'sample', sample: sample.id }, out: file })
  print(describeImport(summary, `${sample.id}.faultline`))
  const open = await session.openTrace(file, undefined)
  const worst = await showLocks(open)
  if (worst === undefined) return
  await showPhases(open, worst)
  await showWaiters(open, worst)
  await showChain(open, worst)
}

function introduce(sample: Sample): void {
  print(bold(`A real kernel trace: ${sample.title}`))
  print(`${sample.origin}\n`)
}

async function showLocks({ analyse, trace }: OpenTrace): Promise<ContentionRow | undefined> {
  const { rows, total } = await analyse('contention', { contendedOnly: true, top: ROWS })
  print(`\n${bold('1. The locks that were waited for')}`)
  print(contentionFinding(trace, rows))
  if (rows.length === 0) return undefined
  const { name, count: number, time } = columnsOf(rows)
  printTable([
    name('lock class', (row) => row.class),
    name('mode', (row) => row.mode),
    number('waits', (row) => row.contended),
    ...grouped('waited', [
      time('total', (row) => row.waitTotalNs),
      time('p99', (row) => row.waitP99Ns, 2),
      time('max', (row) => row.waitMaxNs, 1),
    ]),
    ...grouped('held', [time('total', (row) => row.holdTotalNs, 3)]),
  ])
  print(`${rows.length} of ${count(total)} contended`)
  return rows[0]
}

async function showPhases({ analyse }: OpenTrace, { classId, class: name, mode }: ContentionRow): Promise<void> {
  const { rows } = await analyse('hold-phases', { scope: { lockClass: classId, mode }, top: ROWS })
  print(`\n${bold('2. What was done while it was held')}`)
  if (rows.length === 0) {
    print('The trace does not show holds of this lock.')
    return
  }
  print(`${printable(name)} (${mode}), by phase of the holder's operation (other: in none that the trace names):`)
  const { name: text, time, share } = columnsOf(rows)
  printTable([
    text('phase', (row) => row.phase),
    text('op', (row) => row.op),
    time('held', (row) => row.holdNs),
    share('of its hold', (row) => row.shareOfHold),
  ])
}

async function showWaiters({ analyse }: OpenTrace, { classId, mode, waitTotalNs }: ContentionRow): Promise<void> {
  const scope = { lockClass: classId, mode }
  const { waiters, holders, overlapNs } = await analyse('waiter-holder', { scope })
  const pairs = waiters
    .flatMap((waiter, w) => holders.map((holder, h) => ({ waiter, holder, ns: overlapNs[w * holders.length + h] })))
    .filter((pair) => pair.ns > 0)
    .sort((a, b) => b.ns - a.ns)
    .slice(0, ROWS)
  print(`\n${bold('3. Who waited for whom')}`)
  if (pairs.length === 0) {
    print('The trace does not show who held it.')
    return
  }
  const [{ waiter, holder, ns }] = pairs
  print(
    printable(
      `${waiter.comm} waited ${duration(ns)} for ${holder.comm}, ${percent(ns / waitTotalNs)} of all waiting for this lock.`,
    ),
  )
  const { name, time } = columnsOf(pairs)
  printTable([
    name('waiter', (pair) => taskName(pair.waiter)),
    name('holder', (pair) => taskName(pair.holder)),
    time('blocked', (pair) => pair.ns),
  ])
}

/** Tasks beyond the analysis's cut come as one row without a process. */
function taskName({ id, comm, pid }: { readonly id: number; readonly comm: string; readonly pid: number }): string {
  return id < 0 ? 'all others' : `${comm}-${pid}`
}

async function showChain({ analyse, trace }: OpenTrace, { classId, mode }: ContentionRow): Promise<void> {
  const { chains, total } = await analyse('wait-chains', { scope: { lockClass: classId, mode }, worst: 1 })
  print(`\n${bold('4. The longest wait, up to its root')}`)
  for (const chain of chains) print(describeChain(chain, trace.clockUnit).join('\n'))
  print(`1 of ${plural(total, 'wait')}`)
}

async function showStrategies(session: Session): Promise<void> {
  print(`\n${bold('5. The same fight under other strategies, simulated')}`)
  const { sweep, ...what } = SIMULATED
  const result = await session.call('sim.compare', {
    ...what,
    strategies: [...what.strategies],
    sweep: { ...sweep, values: [...sweep.values] },
  })
  printCompare(result)
  await session.call('report.compare', { format: 'html', result, out: resolve(REPORT), force: true })
  print(`\nWritten: ${REPORT}, one file to send to a colleague. See the trace in the window: npm start`)
}

async function main(): Promise<void> {
  const interrupts = watchInterrupts()
  const folder = await mkdtemp(join(tmpdir(), 'faultline-demo-'))
  // The demo's own home: it shall not turn up among the user's recent files.
  process.env['FAULTLINE_HOME'] = join(folder, 'home')
  const session = new Session(interrupts.signal)
  let status = 0
  try {
    await demo(session, folder)
  } catch (error) {
    status = interrupts.status() ?? 1
    if (interrupts.status() === undefined) process.stderr.write(`faultline: demo: ${toWireError(error).message}\n`)
  }
  await session.close()
  await rm(folder, { recursive: true, force: true })
  process.exit(interrupts.status() ?? status)
}

await main()
