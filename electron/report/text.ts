/**
 * A comparison as plain text, fit to be pasted into a mail: the same finding, tables, counterexample and assumptions as the
 * page has, in 78 columns.
 */

import { formatCount, formatShare } from '#shared/base/time.ts'
import type { ComparedStrategy } from '#shared/contract/simulation.ts'
import {
  againstText,
  chainWords,
  counterNames,
  counterText,
  curveSeedsText,
  intervalText,
  mainOp,
  rateText,
  safetyNote,
  speedInterval,
  spreadText,
  verdictText,
} from '#shared/whatif/words.ts'
import { toldFidelity } from '#shared/whatif/told.ts'
import { viewOf, type Film, type ReportInput, type View } from './input.ts'
import { findingsOf } from './report.ts'
import { fidelityWords, stateText } from './sections.ts'
import { COLUMNS, head, plain, textBar, textTable, wrapped } from './text-page.ts'
import { errorText, formatTime, NO_SAFETY, NO_WAITS, seedsText } from './words.ts'

const BAR = 20
const LOCKS = 3
const STEPS = 200

/** `beside`: comparisons that belong to it and follow. */
export function compareText(input: ReportInput, beside: readonly ReportInput[] = []): string {
  return [input, ...beside].map(article).join('\n\n')
}

function article(input: ReportInput): string {
  const view = viewOf(input)
  const { strategies, recorded, sensitivity, scaling } = { ...input, ...view }
  const blocks = [
    `${wrapped(view.title)}\n${'='.repeat(Math.min(78, plain(view.title).length))}\n${wrapped(view.question)}\n\n${wrapped(view.made)}`,
    findingsOf(view)
      .map((sentence) => wrapped(sentence, { first: '* ', rest: '  ' }))
      .join('\n'),
    facts(view),
    fidelity(view),
    speed(view),
    latency(view),
    locks(strategies),
    words(
      'Longest wait of each',
      strategies.map((one) => `${one.id}: ${waited(one)}${chainWords(one, !recorded)}`),
    ),
    curve(view),
    sensitivity === undefined ? '' : words('What shorter holds would buy', sensitivity.words),
    scaling === undefined ? '' : words('More CPUs', [...scaling.strategies.map((one) => one.words), scaling.method]),
    counters(strategies),
    violations(strategies),
    ...(input.films ?? []).map(film),
    ...view.sentences.map(({ head: title, lines }) => words(title, lines)),
    view.params.length === 0
      ? ''
      : `${head('Parameters')}\n${wrapped(view.params.map(([name, value]) => `${name}=${value}`).join(' '))}`,
    `${head('How to make it again')}\n${commandLines(input.command)}\n${strategies
      .filter(({ digest }) => digest !== '')
      .map(({ id, digest }) => `  digest of ${plain(id)}: ${digest}`)
      .join('\n')}`,
  ]
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

function waited({ worstChain }: ComparedStrategy): string {
  return worstChain === null ? '' : `${formatTime(worstChain.waitNs)}, `
}

/** Broken before options, as a shell takes it. */
function commandLines(command: string): string {
  const lines: string[] = []
  for (const part of plain(command).split(/ (?=--)/)) {
    const last = lines.at(-1)
    if (last === undefined || last.length + part.length > COLUMNS - 6) lines.push(part)
    else lines[lines.length - 1] = `${last} ${part}`
  }
  return `  ${lines.join(' \\\n    ')}`
}

function words(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return ''
  return `${head(title)}\n${lines.map((line) => wrapped(line, { first: '* ', rest: '  ' })).join('\n')}`
}

function facts({ facts: traces }: View): string {
  return traces
    .map((rows, i) => factsOf(rows, traces.length === 1 ? 'The recording' : `Recording ${i + 1}`))
    .join('\n\n')
}

function factsOf(rows: View['facts'][number], title: string): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2
  const lines = rows.map(([name, value]) =>
    wrapped(value, { first: `${name}:`.padEnd(width), rest: ' '.repeat(width) }),
  )
  return `${head(title)}\n${lines.join('\n')}`
}

function fidelity({ fidelity: found, baseline }: View): string {
  if (found === undefined) return ''
  const rows = textTable(toldFidelity(found.rows), [
    { head: 'what', cell: (row) => row.of },
    { head: 'figure', cell: (row) => row.figure },
    { head: 'count', cell: (row) => formatCount(row.count), number: true, dispensable: 1 },
    { head: 'recorded', cell: (row) => formatTime(row.recordedNs), number: true },
    { head: 'replayed', cell: (row) => formatTime(row.replayedNs), number: true },
    { head: 'of one seed', cell: seedsText, number: true, dispensable: 2 },
    { head: 'error', cell: (row) => errorText(row.error), number: true },
  ])
  return `${head('How well the replay matches the recording')}\n${wrapped(fidelityWords(found, baseline))}\n\n${rows}`
}

function speed({ strategies, baseline, recorded }: View): string {
  const most = Math.max(...strategies.map(({ opsPerSecond }) => opsPerSecond.mean))
  const rows = textTable(strategies, [
    { head: recorded ? 'recording' : 'strategy', cell: ({ id }) => id },
    { head: 'speed', cell: ({ opsPerSecond }) => textBar(opsPerSecond.mean / most, BAR), dispensable: 3 },
    { head: 'operations', cell: ({ opsPerSecond }) => rateText(opsPerSecond.mean), number: true },
    {
      head: '95 %',
      cell: ({ opsPerSecond }) => spreadText(opsPerSecond.mean, opsPerSecond.ci95),
      number: true,
    },
    {
      head: `against ${baseline}`,
      cell: (row) => againstText(row, baseline, 'opsPerSecond'),
      number: true,
    },
    {
      head: '95 % interval',
      cell: speedInterval,
      number: true,
      dispensable: 2,
    },
  ])
  if (recorded) return `${head('Speed')}\n${rows}\n\n${wrapped(NO_SAFETY)}`
  const verdicts = strategies.map((row) => wrapped(`${row.id}: ${safety(row)}`, { first: '* ', rest: '  ' }))
  return `${head('Speed and safety')}\n${rows}\n\n${verdicts.join('\n')}\n${wrapped(safetyNote(strategies))}`
}

function safety({ verdict, deadlocks }: ComparedStrategy): string {
  return `${verdictText(verdict)}${deadlocks > 0 ? `, deadlock ${deadlocks}x` : ''}`
}

function latency({ strategies, baseline }: View): string {
  const main = mainOp({ strategies })
  if (main === undefined) return ''
  const rows = strategies.flatMap((strategy) =>
    strategy.ops.filter(({ op }) => op === main).map((row) => ({ strategy, row })),
  )
  const tail = ({ strategy }: (typeof rows)[number]) => againstText(strategy, baseline, `${main}.p99Ns`)
  const text = textTable(rows, [
    { head: 'strategy', cell: ({ strategy }) => strategy.id },
    { head: 'p50', cell: ({ row }) => formatTime(row.p50Ns), number: true },
    { head: 'p99', cell: ({ row }) => formatTime(row.p99Ns), number: true },
    { head: `against ${baseline}`, cell: tail, number: true },
    {
      head: '95 % of p99',
      cell: ({ row }) => intervalText(row.ci95.p99Ns, (value) => formatTime(value)),
      number: true,
      dispensable: 2,
    },
    { head: 'p99.9', cell: ({ row }) => formatTime(row.p999Ns), number: true, dispensable: 3 },
    { head: 'max', cell: ({ row }) => formatTime(row.maxNs), number: true, dispensable: 1 },
    {
      head: 'waiting',
      cell: ({ row }) => (row.waitShare === null ? '-' : `${formatShare(row.waitShare)} %`),
      number: true,
    },
  ])
  return `${head(`Latency of ${main}`)}\n${text}`
}

function locks(strategies: readonly ComparedStrategy[]): string {
  const rows = strategies.flatMap(({ id, locks: all }) =>
    all
      .filter(({ contended }) => contended > 0)
      .slice(0, LOCKS)
      .map((lock) => ({ id, lock })),
  )
  if (rows.length === 0) return `${head('Locks')}\n${NO_WAITS}`
  const text = textTable(rows, [
    { head: 'lock', cell: ({ id, lock }) => `${id} ${lock.class} ${lock.mode === 'shared' ? '(shared)' : ''}` },
    { head: 'waits', cell: ({ lock }) => formatCount(lock.contended), number: true },
    { head: 'mean wait', cell: ({ lock }) => formatTime(lock.waitMeanNs), number: true },
    { head: 'p99 wait', cell: ({ lock }) => formatTime(lock.waitP99Ns), number: true, dispensable: 1 },
    { head: 'longest', cell: ({ lock }) => formatTime(lock.waitMaxNs), number: true },
    { head: 'mean hold', cell: ({ lock }) => formatTime(lock.holdMeanNs), number: true, dispensable: 2 },
  ])
  return `${head('Locks waited for longest')}\n${text}`
}

function curve({ curve: found, seeds }: View): string {
  if (found === null) return ''
  const rows = found.values.map((value, i) => ({ value, i }))
  const text = textTable(rows, [
    { head: found.param, cell: ({ value }) => String(value) },
    ...found.strategies.map(({ id, points }, place) => ({
      head: id,
      cell: ({ i }: { readonly i: number }) => rateText(points[i].mean),
      number: true,
      ...(place < 2 ? {} : { dispensable: place }),
    })),
  ])
  return `${head(`Operations per second by ${found.param}`)}\n${wrapped(curveSeedsText(found.seeds, seeds.length))}\n\n${text}`
}

function counters(strategies: readonly ComparedStrategy[]): string {
  const names = counterNames(strategies)
  if (names.length === 0) return ''
  const text = textTable(names, [
    { head: 'what', cell: (name) => name },
    ...strategies.map(({ id, counters: counts }, place) => ({
      head: id,
      cell: (name: string) => counterText(counts[name] ?? 0),
      number: true,
      ...(place < 2 ? {} : { dispensable: place }),
    })),
  ])
  return `${head('Counted per run')}\n${text}`
}

function violations(strategies: readonly ComparedStrategy[]): string {
  return words(
    'What was violated',
    strategies.flatMap(({ id, verdict }) =>
      verdict.violations.map(({ invariant, count, seed, message }) =>
        seed === null
          ? `${id}: ${invariant}, found by searching: ${message}`
          : `${id}: ${invariant}, ${formatCount(count)} times, first with seed ${seed}: ${message}`,
      ),
    ),
  )
}

function film({ subject, strategy, schedule, findings, steps }: Film): string {
  const lines = steps.slice(0, STEPS).map(({ n, task, action, state, invariant }) => {
    const changed = state === undefined || Object.keys(state).length === 0 ? '' : `   [${stateText(state)}]`
    return wrapped(`${task}: ${action}${changed}${invariant === undefined ? '' : ` <== ${invariant}`}`, {
      first: `${n}.`.padStart(4) + ' ',
      rest: '     ',
    })
  })
  const cut = steps.length > STEPS ? `\n     (${formatCount(steps.length - STEPS)} more steps)` : ''
  const found = findings.map(({ invariant, message }) => wrapped(`${invariant}: ${message}`))
  return `${[head(`Counterexample: ${subject} under ${strategy}`), ...found, ...lines].join('\n')}${cut}\nPlay it again:\n  faultline replay '${plain(schedule)}'`
}
