/**
 * `npm run demo`: the main job in a terminal. First a real kernel trace that ships with Faultline: import it, name the lock
 * that was waited for longest, what was done under it, who waited for whom, and the worst wait up to its root. Then the
 * same workload replayed under three strategies, side by side, and the old question behind it put to the simulated kernel.
 * It works in a folder of its own and removes it, also when it is interrupted; only demo-report.html stays, where it was started.
 */

import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { ContentionRow } from '#shared/analysis/parts/contention-row.ts'
import { toldOfLock } from '#shared/analysis/parts/shown-percentiles.ts'
import { toWireError } from '#shared/base/errors.ts'
import type { Sample } from '#shared/contract/methods.ts'
import type { CompareResult } from '#shared/contract/simulation.ts'
import type { WhatIfResult } from '#shared/contract/whatif.ts'
import { toldStrategies } from '#shared/whatif/told.ts'
import { againstText, rateText } from '#shared/whatif/words.ts'
import { fidelityWords } from '#electron/report/sections.ts'
import { tempFolder } from '../store/temp-folder.ts'
import { bar } from './bars.ts'
import { watchInterrupts } from './interrupts.ts'
import { bold, columnsOf, count, duration, grouped, percent, plural, print, printable, printTable } from './output.ts'
import { Session, type OpenTrace } from './session.ts'
import { describeChain } from './verbs/chain.ts'
import { printCompare } from './verbs/compare-print.ts'
import { contentionFinding } from './verbs/contention.ts'
import { describeImport } from './verbs/import.ts'

const ROWS = 6
const BAR = 16
const REPORT = 'demo-report.html'
/** What it ran under, the mutex of 4.3-rc1, and the entry lock that took its place. */
const REPLAYED = {
  strategies: ['K', 'F', 'G'],
  baseline: 'K',
  seeds: 6,
  // Of five small worlds together: enough to find what F does wrong.
  explore: 500,
} as const
/** What the mails of 2014 argued about: get_block outside i_mmap, under it, and what the kernel does today. */
const SIMULATED = {
  scenario: 'SC1',
  strategies: ['E', 'F', 'K'],
  baseline: 'E',
  seeds: 6,
  // A part of the scenario's own time, with a commit in it: the order is the same, and one need not wait for it.
  set: { durationMs: 60 },
  sweep: { param: 'threads', values: [1, 2, 4, 8, 16], seeds: 2 },
  // Enough to find what E does wrong, few enough to wait for.
  explore: 200,
} as const

async function demo(session: Session, folder: string): Promise<void> {
  const open = await showTrace(session, folder)
  const result = await showReplay(session, open)
  const simulated = await showStrategies(session)
  const traces = [{ file: open.file, trace: open.trace.id }]
  const out = resolve(REPORT)
  await session.call('report.compare', { format: 'html', result, beside: [simulated], traces, out, force: true })
  print(`\nWritten: ${REPORT}, one file to send to a colleague. See the trace in the window: npm start`)
}

async function showTrace(session: Session, folder: string): Promise<OpenTrace> {
  const { samples } = await session.call('app.info', {})
  const sample = samples[0]
  introduce(sample)
  const file = join(folder, `${sample.id}.faultline`)
  const summary = await session.call('trace.import', { source: { kind: 'sample', sample: sample.id }, out: file })
  print(describeImport(summary, `${sample.id}.faultline`))
  const open = await session.openTrace(file, undefined)
  const worst = await showLocks(open)
  if (worst === undefined) return open
  await showPhases(open, worst)
  await showWaiters(open, worst)
  await showChain(open, worst)
  return open
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
      time('p99', (row) => toldOfLock(row).waitP99, 2),
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

/** The recorded workload under three locks, with how far that can be believed. */
async function showReplay(session: Session, { file, trace }: OpenTrace): Promise<WhatIfResult> {
  print(`\n${bold('5. The same recording under other locks, replayed')}`)
  const result = await session.call('whatif.compare', {
    file,
    trace: trace.id,
    ...REPLAYED,
    strategies: [...REPLAYED.strategies],
  })
  const { baseline, workload, fidelity } = result
  const strategies = toldStrategies(result)
  const most = Math.max(...strategies.map(({ opsPerSecond }) => opsPerSecond.mean))
  const op = 'write_fault'
  const { name } = columnsOf(strategies)
  type Row = (typeof strategies)[number]
  const right = (head: string, of: (row: Row) => string) => ({ ...name(head, of), right: true })
  const latency = (row: Row) => row.ops.find((one) => one.op === op)
  print(
    printable(
      `${plural(workload.ops, 'operation')} of ${plural(workload.tasks.length, 'task')}, ${plural(result.seeds.length, 'seed')}; ${baseline} is what it was recorded under.`,
    ),
  )
  printTable([
    name('strategy', ({ id, title }) => `${id} ${title}`),
    { ...name('speed', (row) => bar(row.opsPerSecond.mean / most, BAR)), dispensable: 2 },
    right('operations', (row) => rateText(row.opsPerSecond.mean, ' ')),
    right(`against ${baseline}`, (row) => againstText(row, baseline, 'opsPerSecond')),
    right(`${op} p50`, (row) => duration(latency(row)?.p50Ns)),
    { ...right('p99', (row) => duration(latency(row)?.p99Ns)), dispensable: 1 },
    right('deadlocks', (row) => `${row.deadlocks} of ${row.runs}`),
  ])
  print(printable(fidelityWords(fidelity, baseline)))
  return result
}

async function showStrategies(session: Session): Promise<CompareResult> {
  print(`\n${bold('6. The question behind it, simulated from nothing')}`)
  const { sweep, ...what } = SIMULATED
  const result = await session.call('sim.compare', {
    ...what,
    strategies: [...what.strategies],
    sweep: { ...sweep, values: [...sweep.values] },
  })
  printCompare(result)
  return result
}

async function main(): Promise<void> {
  const interrupts = watchInterrupts()
  const folder = tempFolder('demo')
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
