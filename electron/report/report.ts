/**
 * A comparison as one HTML page that stands alone: the finding in words first, then how far the replay can be trusted,
 * speed and safety, latency, locks, the chosen counterexample, and what all of it assumes, down to the command that makes
 * it again. Nothing in it is loaded; every text from outside is escaped.
 */

import { limits } from '#shared/base/limits.ts'
import { ApiError } from '#shared/base/errors.ts'
import { UNKNOWN, formatCount, formatShare } from '#shared/base/time.ts'
import type { ComparedStrategy, VersusBaseline, VerdictViolation } from '#shared/contract/simulation.ts'
import {
  againstText,
  counterNames,
  counterText,
  curveSeedsText,
  decimalText,
  findings,
  incomparable,
  intervalText,
  rateText,
  ratioInterval,
  ratioText,
  reservation,
  safetyNote,
  speedInterval,
  verdictText,
  versusOf,
} from '#shared/whatif/words.ts'
import { bars, curve } from './charts.ts'
import { html, page, section, swatch, table, type Html } from './html.ts'
import { latency } from './latency.ts'
import { viewOf, type ReportInput, type View } from './input.ts'
import { films, fidelity, scaling, sensitivity, worstWaits } from './sections.ts'
import { formatTime, NO_SAFETY, NO_WAITS, pText } from './words.ts'

const LOCKS = 6

/** `beside`: comparisons that belong to it and follow on the same page. */
export function compareReport(input: ReportInput, beside: readonly ReportInput[] = []): string {
  const { title, strategies } = viewOf(input)
  const body = html`${[input, ...beside].map(article)}`
  const text = page(`${title}: ${strategies.map(({ id }) => id).join(', ')}`, body)
  if (text.length <= limits.reportBytes) return text
  throw new ApiError(
    'limit',
    `the report would have ${formatCount(text.length)} characters; ${formatCount(limits.reportBytes)} are the most`,
    'compare fewer strategies, or leave films out',
  )
}

function article(input: ReportInput): Html {
  const view = viewOf(input)
  const { strategies, title, question, made } = view
  return html`<article>
    <header>
      <h1>${title}</h1>
      <p class="dim">${question}</p>
      <small>${made}</small>
    </header>
    ${section('Finding', ...findingsOf(view).map((sentence) => html`<p class="finding">${sentence}</p> `))}
    ${recording(view)} ${speed(view)} ${latency(view)} ${deltas(view)} ${curves(view)} ${locks(view)}
    ${where(strategies)} ${sensitivity(input.sensitivity)} ${scaling(input.scaling)} ${counters(strategies)}
    ${violations(strategies)} ${films(input.films ?? [])} ${assumptions(view)} ${again(view, input)}
  </article> `
}

/** What the words need: a replay has no scenario. */
export function findingsOf({ strategies, baseline, seeds }: View): string[] {
  return findings({ strategies, baseline, seeds })
}

function recording({ facts, recorded, fidelity: found, baseline }: View): Html {
  const [first] = facts
  const trace =
    first === undefined
      ? html``
      : section(
          facts.length === 1 ? 'The recording' : 'The recordings',
          table(recorded ? 'What is laid side by side.' : 'What was replayed.', first, [
            { head: 'what', cell: ([name]) => name },
            ...facts.map((one, i) => ({
              head: i === 0 ? 'value' : 'compared with',
              cell: ([name]: (typeof first)[number]) => one.find(([other]) => other === name)?.[1] ?? UNKNOWN,
            })),
          ]),
        )
  return html`${trace} ${found === undefined ? html`` : fidelity(found, baseline)}`
}

function speed({ strategies, baseline, recorded, fidelity: replay }: View): Html {
  const counted = replay === undefined ? 'Loads, stores and system calls' : 'Recorded operations'
  const rows = strategies.map(({ id, opsPerSecond: { mean, ci95 } }) => ({
    id,
    value: mean,
    ci95,
    text: rateText(mean),
    spread: `95 % interval ${intervalText(ci95, (value) => rateText(value))}`,
  }))
  const label = `Operations per second: ${rows.map(({ id, text }) => `${id} ${text}`).join(', ')}`
  const ratio = (row: ComparedStrategy) => versusOf(row, 'opsPerSecond')
  const places = new Map(strategies.map(({ id }, i) => [id, i]))
  return section(
    recorded ? 'Speed' : 'Speed and safety',
    bars(label, rows),
    table<ComparedStrategy>(
      recorded
        ? 'Operations per second of the recording; whiskers and intervals follow from how its parts differ.'
        : `${counted} that succeeded, per simulated second; the whiskers and intervals hold the true mean in 95 of 100 repetitions.`,
      strategies,
      [
        {
          head: recorded ? 'recording' : 'strategy',
          cell: ({ id, title }) => html`${swatch(places.get(id) ?? 0)}${id} <small>${title}</small>`,
        },
        {
          head: 'operations',
          number: true,
          cell: ({ opsPerSecond }) => rateText(opsPerSecond.mean),
          by: ({ opsPerSecond }) => opsPerSecond.mean,
        },
        {
          head: '95 % interval',
          number: true,
          cell: ({ opsPerSecond }) => intervalText(opsPerSecond.ci95, (value) => rateText(value)),
          by: ({ opsPerSecond }) => opsPerSecond.ci95?.[0],
        },
        {
          head: `against ${baseline}`,
          number: true,
          cell: (row) => againstText(row, baseline, 'opsPerSecond'),
          by: (row) => (row.id === baseline ? 1 : ratio(row)?.ratio),
        },
        {
          head: '95 % interval',
          number: true,
          cell: speedInterval,
          by: (row) => (incomparable(row) === '' ? ratio(row)?.ci95?.[0] : undefined),
        },
        ...(recorded ? [] : [{ head: 'safety', cell: safety }]),
      ],
    ),
    recorded ? html`<p class="dim">${NO_SAFETY}</p>` : html`<p class="dim">${safetyNote(strategies)}</p>`,
    searched(strategies),
  )
}

function safety({ verdict, deadlocks }: ComparedStrategy): Html {
  const text = `${verdictText(verdict)}${deadlocks > 0 ? `, deadlock ${deadlocks}×` : ''}`
  return verdict.violations.length > 0 || deadlocks > 0 ? html`<span class="bad">${text}</span>` : html`${text}`
}

/** What stands behind each verdict: schedules within which bound, power cuts, what was left out. */
function searched(strategies: readonly ComparedStrategy[]): Html {
  const rows = strategies.flatMap(({ id, verdict }) => verdict.searched.map((search) => ({ id, search })))
  if (rows.length === 0) return html``
  return html`<details>
    <summary>What was searched</summary>
    ${table(
      'All orders of what the tasks do to each other, within the bound; power cuts at every durable change.',
      rows,
      [
        { head: 'strategy', cell: ({ id }) => id },
        { head: 'what', cell: ({ search }) => search.subject },
        {
          head: 'schedules',
          number: true,
          cell: ({ search }) => formatCount(search.executions),
          by: ({ search }) => search.executions,
        },
        { head: 'preemptions', number: true, cell: ({ search }) => String(search.bound.preemptions ?? 'any') },
        { head: 'left out', cell: ({ search }) => (search.complete ? 'nothing' : (search.incomplete ?? 'some')) },
        {
          head: 'power cuts',
          number: true,
          cell: ({ search }) => `${formatCount(search.crash.points)}${search.crash.complete ? '' : ' so far'}`,
          by: ({ search }) => search.crash.points,
        },
        {
          head: 'recovered states',
          number: true,
          cell: ({ search }) => formatCount(search.crash.states),
          by: ({ search }) => search.crash.states,
        },
      ],
    )}
  </details>`
}

function deltas({ strategies, baseline, recorded }: View): Html {
  type Row = { readonly id: string; readonly versus: VersusBaseline; readonly but: string }
  const rows = strategies.flatMap((strategy) =>
    strategy.versusBaseline.map((versus): Row => ({ id: strategy.id, versus, but: reservation(strategy, versus) })),
  )
  if (rows.length === 0) return html``
  return section(
    `Everything against ${baseline}`,
    html`<details>
      <summary>${formatCount(rows.length)} ratios</summary>
      ${table<Row>(ratiosSaid(recorded), rows, [
        { head: recorded ? 'recording' : 'strategy', cell: ({ id }) => id },
        { head: 'metric', cell: ({ versus }) => versus.metric },
        {
          head: 'ratio',
          number: true,
          cell: ({ versus }) => ratioText(versus.ratio),
          by: ({ versus }) => versus.ratio,
        },
        {
          head: '95 % interval',
          number: true,
          cell: ({ versus }) => ratioInterval(versus.ci95),
          by: ({ versus }) => versus.ci95?.[0],
        },
        { head: 'p', number: true, cell: ({ versus }) => pText(versus.p), by: ({ versus }) => versus.p },
        {
          head: 'effect',
          number: true,
          cell: ({ versus }) => decimalText(versus.effect, 2),
          by: ({ versus }) => versus.effect,
        },
        { head: 'verdict', cell: ({ but }) => but || 'differs' },
      ])}
    </details>`,
  )
}

function ratiosSaid(recorded: boolean): string {
  const effect = 'effect: rank-biserial correlation, 1 when every one is larger'
  return recorded
    ? `Ratios of means over parts of the recordings' time, bootstrap intervals; p by the Mann-Whitney test; ${effect}.`
    : `Ratios over pairs of runs with the same seed, bootstrap intervals; p by the signed-rank test; ${effect}.`
}

function curves({ curve: found, seeds }: View): Html {
  if (found === null) return html``
  const label = `Operations per second by ${found.param}`
  return section(
    label,
    curve(label, { ...found, text: (value) => rateText(value) }),
    table(
      curveSeedsText(found.seeds, seeds.length),
      found.values.map((value, i) => ({ value, i })),
      [
        { head: found.param, cell: ({ value }) => String(value), by: ({ value }) => value },
        ...found.strategies.map(({ id, points }) => ({
          head: id,
          number: true,
          cell: ({ i }: { readonly i: number }) => rateText(points[i].mean),
          by: ({ i }: { readonly i: number }) => points[i].mean,
        })),
      ],
    ),
  )
}

function locks({ strategies, recorded }: View): Html {
  const rows = strategies.flatMap(({ id, locks: all }) =>
    all
      .filter(({ contended }) => contended > 0)
      .slice(0, LOCKS)
      .map((lock) => ({ id, lock })),
  )
  if (rows.length === 0) return section('Locks', html`<p>${NO_WAITS}</p>`)
  type Row = (typeof rows)[number]
  const time = (head: string, of: (lock: Row['lock']) => number | null) => ({
    head,
    number: true,
    cell: ({ lock }: Row) => formatTime(of(lock)),
    by: ({ lock }: Row) => of(lock),
  })
  return section(
    'Locks waited for longest',
    worstWaits(strategies, recorded),
    table(
      recorded ? 'Whole recordings.' : 'All runs of a strategy together; percentiles are means over the runs.',
      rows,
      [
        { head: recorded ? 'recording' : 'strategy', cell: ({ id }) => id },
        { head: 'lock class', cell: ({ lock }) => html`<code class="w">${lock.class}</code>` },
        { head: 'mode', cell: ({ lock }) => lock.mode },
        {
          head: 'waits',
          number: true,
          cell: ({ lock }) => formatCount(lock.contended),
          by: ({ lock }) => lock.contended,
        },
        time('waited in all', (lock) => lock.waitTotalNs),
        time('mean wait', (lock) => lock.waitMeanNs),
        time('p99 wait', (lock) => lock.waitP99Ns),
        time('longest wait', (lock) => lock.waitMaxNs),
        time('mean hold', (lock) => lock.holdMeanNs),
        time('longest hold', (lock) => lock.holdMaxNs),
      ],
    ),
  )
}

/** What an operation's mean time goes into. */
function where(strategies: readonly ComparedStrategy[]): Html {
  const rows = strategies.flatMap(({ id, breakdown }) =>
    breakdown.flatMap(({ op, meanNs, waits, restNs }) => [
      ...waits.slice(0, LOCKS).map((wait) => ({ id, op, what: `waiting for ${wait.class}`, ns: wait.ns, meanNs })),
      { id, op, what: 'everything else', ns: restNs, meanNs },
    ]),
  )
  if (rows.length === 0) return html``
  return section(
    'Where the time goes',
    html`<details>
      <summary>Mean time of an operation, by what it waited for</summary>
      ${table('Per operation, over all runs.', rows, [
        { head: 'strategy', cell: ({ id }) => id },
        { head: 'operation', cell: ({ op }) => op },
        { head: 'what', cell: ({ what }) => what },
        { head: 'time', number: true, cell: ({ ns }) => formatTime(ns), by: ({ ns }) => ns },
        {
          head: 'share',
          number: true,
          cell: ({ ns, meanNs }) => `${formatShare(ns / meanNs)} %`,
          by: ({ ns, meanNs }) => ns / meanNs,
        },
      ])}
    </details>`,
  )
}

function counters(strategies: readonly ComparedStrategy[]): Html {
  const names = counterNames(strategies)
  if (names.length === 0) return html``
  return section(
    'Counted per run',
    table('What the model counts beside operations: means over the runs.', names, [
      { head: 'what', cell: (name) => name },
      ...strategies.map(({ id, counters: counts }) => ({
        head: id,
        number: true,
        cell: (name: string) => counterText(counts[name] ?? 0),
        by: (name: string) => counts[name] ?? 0,
      })),
    ]),
  )
}

function violations(strategies: readonly ComparedStrategy[]): Html {
  const rows = strategies.flatMap(({ id, verdict }) => verdict.violations.map((violation) => ({ id, violation })))
  if (rows.length === 0) return html``
  const of =
    (pick: (violation: VerdictViolation) => string) =>
    ({ violation }: { readonly violation: VerdictViolation }) =>
      pick(violation)
  return section(
    'What was violated',
    table('The first time each invariant was seen broken, and how often in all runs.', rows, [
      { head: 'strategy', cell: ({ id }) => id },
      { head: 'invariant', cell: of(({ invariant }) => invariant) },
      {
        head: 'times',
        number: true,
        cell: of(({ count }) => formatCount(count)),
        by: ({ violation }) => violation.count,
      },
      {
        head: 'first at',
        number: true,
        cell: of(({ atNs }) => formatTime(atNs)),
        by: ({ violation }) => violation.atNs,
      },
      {
        head: 'seed',
        number: true,
        cell: of(({ seed }) => (seed === null ? UNKNOWN : String(seed))),
        by: ({ violation }) => violation.seed,
      },
      { head: 'what', cell: of(({ message }) => message) },
    ]),
  )
}

function assumptions({ sentences, params }: View): Html {
  const lists = sentences
    .filter(({ lines }) => lines.length > 0)
    .map(
      ({ head, lines }) =>
        html`<h3>${head}</h3>
          <ul>
            ${lines.map((text) => html`<li>${text}</li> `)}
          </ul> `,
    )
  const settings =
    params.length === 0
      ? html``
      : table('Parameters of the scenario.', params, [
          { head: 'parameter', cell: ([name]) => name },
          { head: 'value', number: true, cell: ([, value]) => value },
        ])
  return section('What this assumes', ...lists, settings)
}

function again({ strategies, recorded }: View, { command, version }: ReportInput): Html {
  if (recorded) {
    return section(
      'How to make it again',
      html`<pre>${command}</pre>
        <p class="dim">
          Faultline ${version}. Nothing was run: the same files give the same figures on every machine.
        </p>`,
    )
  }
  return section(
    'How to make it again',
    html`<pre>${command}</pre>
      <p class="dim">Faultline ${version}. The same seeds give the same runs to the bit, on every machine.</p>`,
    table('Strategies as they were run; the digest is of the first seed’s run.', strategies, [
      { head: 'strategy', cell: ({ id }) => id },
      { head: 'digest', cell: ({ digest }) => html`<code class="w">${digest === '' ? '–' : digest}</code>` },
      {
        head: 'slots',
        cell: ({ slots }) =>
          html`<code
            >${Object.entries(slots)
              .map(([slot, option]) => `${slot}=${option}`)
              .join(' ')}</code
          >`,
      },
    ]),
  )
}
