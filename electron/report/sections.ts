/**
 * Parts of a report that not every comparison has: how well a replay matches its recording, what shorter holds would buy,
 * the same workload on more CPUs, and the film of a counterexample.
 */

import { formatCount } from '#shared/base/time.ts'
import type { Fidelity, ScalingResult, SensitivityResult } from '#shared/contract/whatif.ts'
import type { ComparedStrategy } from '#shared/contract/simulation.ts'
import { toldFidelity } from '#shared/whatif/told.ts'
import { wholePoints } from '#shared/whatif/whole-points.ts'
import { againWords, chainWords, errorWords, rateText } from '#shared/whatif/words.ts'
import { curve } from './charts.ts'
import { html, section, table, type Html } from './html.ts'
import type { Film } from './input.ts'
import { errorText, formatTime, seedsText } from './words.ts'

const SENSITIVE = 8

/** The longest wait of each, to its root. */
export function worstWaits(strategies: readonly ComparedStrategy[], recorded: boolean): Html {
  return table('The longest wait of each, and who was in the way.', strategies, [
    { head: recorded ? 'recording' : 'strategy', cell: ({ id }) => id },
    {
      head: 'waited',
      number: true,
      cell: ({ worstChain }) => formatTime(worstChain?.waitNs ?? null),
      by: ({ worstChain }) => worstChain?.waitNs,
    },
    { head: 'chain', cell: (row) => chainWords(row, !recorded) },
  ])
}

export function fidelity(found: Fidelity, baseline: string): Html {
  return section(
    'How well the replay matches the recording',
    html`<p>${fidelityWords(found, baseline)}</p>`,
    table(`Replay under ${baseline} against the trace itself.`, toldFidelity(found.rows), [
      { head: 'what', cell: (row) => row.of },
      { head: 'figure', cell: (row) => row.figure },
      { head: 'count', number: true, cell: (row) => formatCount(row.count), by: (row) => row.count },
      { head: 'recorded', number: true, cell: (row) => formatTime(row.recordedNs), by: (row) => row.recordedNs },
      { head: 'replayed', number: true, cell: (row) => formatTime(row.replayedNs), by: (row) => row.replayedNs },
      { head: 'of one seed', number: true, cell: seedsText },
      { head: 'error', number: true, cell: (row) => errorText(row.error), by: (row) => row.error },
    ]),
  )
}

export function fidelityWords(found: Fidelity, baseline: string): string {
  const again = found.again === undefined ? '' : ` ${againWords(found.again)}`
  return `Replayed under ${baseline}, the trace’s own figures come back with a median error of ${errorWords(found)}: a predicted difference smaller than that is not one.${again}`
}

export function sensitivity(found: SensitivityResult | undefined): Html {
  if (found === undefined || found.rows.length === 0) return html``
  const rows = found.rows.slice(0, SENSITIVE)
  const changes = rows[0].curve.map(({ change }) => change)
  const label = 'Operations per second by the change of the time a lock is held'
  const data = {
    param: 'change %',
    values: changes.map((change) => Math.round(change * 100)),
    text: (value: number) => rateText(value),
    strategies: rows.map((row) => ({
      id: `${row.class} (${row.mode}) ${row.phase}`,
      points: row.curve.map(({ opsPerSecond, ci95 }) => ({ mean: opsPerSecond, ci95 })),
    })),
  }
  return section(
    `What shorter holds would buy under ${found.strategy}`,
    ...found.words.slice(0, SENSITIVE).map((sentence) => html`<p>${sentence}</p> `),
    curve(label, data),
    table('Ranked by slope: relative change of throughput per doubling of the hold.', found.rows, [
      { head: 'lock', cell: (row) => html`<code class="w">${row.class}</code>` },
      { head: 'mode', cell: (row) => row.mode },
      { head: 'phase', cell: (row) => row.phase },
      { head: 'slope', number: true, cell: (row) => errorText(row.slope), by: (row) => row.slope },
      { head: '', cell: (row) => (row.enough ? '' : 'not enough to say') },
    ]),
  )
}

export function scaling(found: ScalingResult | undefined): Html {
  if (found === undefined) return html``
  const label = 'Operations per second by CPUs'
  return section(
    'More CPUs',
    ...found.strategies.map(({ words }) => html`<p>${words}</p> `),
    curve(label, {
      param: 'CPUs',
      values: found.cpus,
      text: (value) => rateText(value),
      strategies: found.strategies.map(({ id, points, knee }) => ({
        id,
        knee,
        points: wholePoints(points).map(({ opsPerSecond, ci95 }) => ({ mean: opsPerSecond, ci95 })),
      })),
    }),
    html`<p class="dim">${found.method}</p>`,
  )
}

export function films(chosen: readonly Film[]): Html {
  if (chosen.length === 0) return html``
  return section('Counterexamples', ...chosen.map(film))
}

function film({ subject, strategy, schedule, findings, steps, preemptions, initialState }: Film): Html {
  const state = Object.entries(initialState).map(([name, value]) => `${name}=${value}`)
  return html`<h3>${subject} under ${strategy}</h3>
    ${findings.map(({ invariant, message }) => html`<p class="bad">${invariant}: ${message}</p> `)}
    <p class="dim">
      ${preemptions} preemptions. Before the first step: ${state.length === 0 ? 'nothing' : state.join(', ')}.
    </p>
    ${table('Step by step; the state column says what a step changed.', steps, [
      { head: 'n', cell: ({ n }) => String(n), by: ({ n }) => n },
      { head: 'task', cell: ({ task }) => task },
      {
        head: 'does',
        cell: ({ action, invariant }) => (invariant === undefined ? action : html`<span class="bad">${action}</span>`),
      },
      { head: 'phase', cell: ({ phase }) => phase ?? '' },
      { head: 'lock', cell: ({ lock }) => lock ?? '' },
      { head: 'state', cell: ({ state: changed }) => (changed === undefined ? '' : stateText(changed)) },
    ])}
    <p>Play it again: <code>faultline replay '${schedule}'</code></p> `
}

export function stateText(changed: Readonly<Record<string, string>>): string {
  return Object.entries(changed)
    .map(([name, value]) => (value === '' ? `${name} gone` : `${name}=${value}`))
    .join(', ')
}
