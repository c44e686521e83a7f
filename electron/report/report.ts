/**
 * A comparison as one HTML page that stands alone: the finding in words first, then speed and safety, latency, locks and
 * what all of it assumes. Nothing in it is loaded, nothing runs; every text from outside is escaped.
 */

import type { ComparedStrategy, CompareResult, ViolationInfo } from '#shared/contract/simulation.ts'
import { formatCount, formatShare } from '#shared/base/time.ts'
import {
  counterNames,
  counterText,
  findings,
  intervalText,
  mainOp,
  ONLY_TIMED,
  rateText,
  ratioInterval,
  versusOf,
  versusText,
} from '#shared/whatif/words.ts'
import { bars, cdfs, curve, timeText } from './charts.ts'
import { html, page, runColour, table, type Html } from './html.ts'

const LOCKS = 4

export function compareReport(result: CompareResult): string {
  const { workload } = result
  const title = `${workload.scenario} ${workload.title}: ${result.strategies.map(({ id }) => id).join(', ')}`
  const body = html`
    <header>
      <h1>${workload.scenario} ${workload.title}</h1>
      <p class="dim">${workload.question}</p>
      <small
        >Simulated on ${workload.fs}, ${result.seeds.length} runs per strategy with the same seeds
        (${seedsText(result.seeds)}).</small
      >
    </header>
    <section>
      <h2>Finding</h2>
      ${findings(result).map((sentence) => html`<p class="finding">${sentence}</p> `)}
    </section>
    ${speed(result)} ${latency(result)} ${curveSection(result)} ${locks(result)} ${counters(result.strategies)}
    ${violations(result.strategies)} ${assumptions(result)}
  `
  return page(title, body)
}

function seedsText(seeds: readonly number[]): string {
  return seeds.length === 1 ? String(seeds[0]) : `${seeds[0]} to ${seeds[seeds.length - 1]}`
}

function speed({ strategies, baseline }: CompareResult): Html {
  const rows = strategies.map(({ id, opsPerSecond: { mean, ci95 } }) => ({
    id,
    value: mean,
    ci95,
    text: rateText(mean),
  }))
  const label = `Operations per second: ${rows.map(({ id, text }) => `${id} ${text}`).join(', ')}`
  const ratio = (row: ComparedStrategy) => versusOf(row, 'opsPerSecond')
  const places = new Map(strategies.map(({ id }, i) => [id, i]))
  return html`<section>
    <h2>Speed and safety</h2>
    ${bars(label, rows)}
    ${table<ComparedStrategy>(
      'Operations per simulated second; the whiskers and intervals hold the true mean in 95 of 100 repetitions.',
      strategies,
      [
        {
          head: 'strategy',
          cell: ({ id, title }) =>
            html`<span class="swatch" style="background:${runColour(places.get(id) ?? 0)}"></span>${id}
              <small>${title}</small>`,
        },
        { head: 'operations', number: true, cell: ({ opsPerSecond }) => rateText(opsPerSecond.mean) },
        {
          head: '95 % interval',
          number: true,
          cell: ({ opsPerSecond }) => intervalText(opsPerSecond.ci95, (value) => rateText(value)),
        },
        {
          head: `against ${baseline}`,
          number: true,
          cell: (row) => (row.id === baseline ? 'baseline' : versusText(ratio(row))),
        },
        {
          head: '95 % interval',
          number: true,
          cell: (row) => {
            const found = ratio(row)
            return found === undefined ? '' : ratioInterval(found.ci95)
          },
        },
        { head: 'seen to break', cell: seen },
      ],
    )}
    <p class="dim">${ONLY_TIMED}</p>
  </section>`
}

function seen({ verdict: { violations: found }, deadlocks }: ComparedStrategy): Html {
  const parts = [
    ...found.map(({ invariant, count }) => `${invariant} ${formatCount(count)}×`),
    ...(deadlocks > 0 ? [`deadlock ${deadlocks}×`] : []),
  ]
  return parts.length === 0 ? html`nothing` : html`<span class="bad">${parts.join(', ')}</span>`
}

function latency(result: CompareResult): Html {
  const { strategies, baseline } = result
  const op = mainOp(result)
  if (op === undefined) return html``
  const rows = strategies.flatMap((strategy) =>
    strategy.ops.filter((row) => row.op === op).map((row) => ({ strategy, row })),
  )
  const series = strategies.flatMap(({ id, cdf }) =>
    cdf.filter((one) => one.op === op).map((one) => ({ id, cdf: one })),
  )
  return html`<section>
    <h2>Latency of ${op}</h2>
    ${cdfs(`Share of ${op} operations that took at most so long, by strategy, on a logarithmic time axis`, series)}
    ${table('Percentiles are means over the runs.', rows, [
      { head: 'strategy', cell: ({ strategy }) => strategy.id },
      { head: 'count', number: true, cell: ({ row }) => formatCount(row.count) },
      { head: 'failed', number: true, cell: ({ row }) => formatCount(row.failed) },
      { head: 'p50', number: true, cell: ({ row }) => timeText(row.p50Ns) },
      { head: 'p99', number: true, cell: ({ row }) => timeText(row.p99Ns) },
      {
        head: '95 % interval of p99',
        number: true,
        cell: ({ row }) => intervalText(row.ci95.p99Ns, (value) => timeText(value)),
      },
      {
        head: `p99 against ${baseline}`,
        number: true,
        cell: ({ strategy }) => (strategy.id === baseline ? 'baseline' : versusText(versusOf(strategy, `${op}.p99Ns`))),
      },
      { head: 'max', number: true, cell: ({ row }) => timeText(row.maxNs) },
      {
        head: 'waiting',
        number: true,
        cell: ({ row }) => (row.waitShare === null ? '–' : `${formatShare(row.waitShare)} %`),
      },
    ])}
  </section>`
}

function curveSection({ curve: found }: CompareResult): Html {
  if (found === null) return html``
  const label = `Operations per second by ${found.param}`
  return html`<section>
    <h2>${label}</h2>
    ${curve(label, found)}
    ${table(
      `Means over the runs of each value.`,
      found.values.map((value, i) => ({ value, i })),
      [
        { head: found.param, cell: ({ value }) => String(value) },
        ...found.strategies.map(({ id, points }) => ({
          head: id,
          number: true,
          cell: ({ i }: { readonly i: number }) => rateText(points[i].mean),
        })),
      ],
    )}
  </section>`
}

function locks({ strategies }: CompareResult): Html {
  const rows = strategies.flatMap(({ id, locks: all }) =>
    all
      .filter(({ contended }) => contended > 0)
      .slice(0, LOCKS)
      .map((lock) => ({ id, lock })),
  )
  if (rows.length === 0)
    return html`<section>
      <h2>Locks</h2>
      <p>No task waited for a lock in any run.</p>
    </section>`
  return html`<section>
    <h2>Locks waited for longest</h2>
    ${table('All runs of a strategy together; percentiles are means over the runs.', rows, [
      { head: 'strategy', cell: ({ id }) => id },
      { head: 'lock class', cell: ({ lock }) => html`<code>${lock.class}</code>` },
      { head: 'mode', cell: ({ lock }) => lock.mode },
      { head: 'waits', number: true, cell: ({ lock }) => formatCount(lock.contended) },
      { head: 'mean wait', number: true, cell: ({ lock }) => timeText(lock.waitMeanNs) },
      { head: 'p99 wait', number: true, cell: ({ lock }) => timeText(lock.waitP99Ns) },
      { head: 'longest wait', number: true, cell: ({ lock }) => timeText(lock.waitMaxNs) },
      { head: 'mean hold', number: true, cell: ({ lock }) => timeText(lock.holdMeanNs) },
      { head: 'longest hold', number: true, cell: ({ lock }) => timeText(lock.holdMaxNs) },
    ])}
  </section>`
}

function counters(strategies: readonly ComparedStrategy[]): Html {
  const names = counterNames(strategies)
  if (names.length === 0) return html``
  return html`<section>
    <h2>Counted per run</h2>
    ${table('What the model counts beside operations: means over the runs.', names, [
      { head: 'what', cell: (name) => name },
      ...strategies.map(({ id, counters: counts }) => ({
        head: id,
        number: true,
        cell: (name: string) => counterText(counts[name] ?? 0),
      })),
    ])}
  </section>`
}

function violations(strategies: readonly ComparedStrategy[]): Html {
  const rows = strategies.flatMap(({ id, verdict }) => verdict.violations.map((violation) => ({ id, violation })))
  if (rows.length === 0) return html``
  const of =
    (pick: (violation: ViolationInfo) => string) =>
    ({ violation }: { readonly violation: ViolationInfo }) =>
      pick(violation)
  return html`<section>
    <h2>What was violated</h2>
    ${table('The first time each invariant was seen broken, and how often in all runs.', rows, [
      { head: 'strategy', cell: ({ id }) => id },
      { head: 'invariant', cell: of(({ invariant }) => invariant) },
      { head: 'times', number: true, cell: of(({ count }) => formatCount(count)) },
      { head: 'first at', number: true, cell: of(({ atNs }) => timeText(atNs)) },
      { head: 'seed', number: true, cell: of(({ seed }) => String(seed)) },
      { head: 'what', cell: of(({ message }) => message) },
    ])}
  </section>`
}

function assumptions({ assumptions: texts, workload, strategies }: CompareResult): Html {
  const params = Object.entries(workload.params)
  return html`<section>
    <h2>What this assumes</h2>
    <ul>
      ${texts.map((text) => html`<li>${text}</li> `)}
    </ul>
    ${table('Parameters of the scenario.', params, [
      { head: 'parameter', cell: ([name]) => name },
      { head: 'value', number: true, cell: ([, value]) => String(value) },
    ])}
    ${table('Runs can be repeated to the bit: the digest of the first seed’s run of each strategy.', strategies, [
      { head: 'strategy', cell: ({ id }) => id },
      { head: 'digest', cell: ({ digest }) => html`<code>${digest}</code>` },
      {
        head: 'slots',
        cell: ({ slots }) =>
          html`<code
            >${Object.entries(slots)
              .map(([slot, option]) => `${slot}=${option}`)
              .join(' ')}</code
          >`,
      },
    ])}
  </section>`
}
