/**
 * The report's charts as inline SVG: bars with their intervals, latency CDFs on a logarithmic axis, and lines over a
 * parameter with their bands. Plain shapes and text: they print, they scale, and they need no script to be read; with it
 * they name their values under the pointer. Every series has its own dash, because colour alone tells nothing to some.
 */

import type { Cdf, Ci95, EstimateInfo } from '#shared/contract/simulation.ts'
import { html, runColour, type Html } from './html.ts'
import { formatTime } from './words.ts'

const WIDTH = 900
const LEFT = 64
const RIGHT = 24
const DASHES = ['', '7 3', '2 3', '9 3 2 3', '12 4']

/** For the script: the run's name, its points (x in the picture, words) and, where runs lie in rows, the row's y range. */
interface Series {
  readonly id: string
  readonly at: readonly (readonly [x: number, words: string])[]
  readonly row?: readonly [top: number, bottom: number]
}

export interface BarRow {
  readonly id: string
  readonly value: number
  readonly ci95: Ci95
  readonly text: string
  /** The interval in words. */
  readonly spread: string
}

const BAR_STEP = 34
const BAR_LEFT = 150

export function bars(label: string, rows: readonly BarRow[]): Html {
  const most = Math.max(...rows.map(({ value, ci95 }) => Math.max(value, ci95?.[1] ?? 0)))
  const x = (value: number) => BAR_LEFT + (most > 0 ? (value / most) * (WIDTH - BAR_LEFT - 110) : 0)
  const drawn = rows.map(({ id, value, ci95, text }, i) => {
    const y = 4 + i * BAR_STEP
    const interval =
      ci95 === null
        ? html``
        : html`<path
            d="M${n(x(ci95[0]))} ${y + 13}H${n(x(ci95[1]))}m0 -5v10M${n(x(ci95[0]))} ${y + 8}v10"
            stroke="var(--text)"
            stroke-width="1.5"
            fill="none"
          />`
    return html`<text class="name" x="${BAR_LEFT - 8}" y="${y + 17}" text-anchor="end">${shortened(id)}</text
      ><rect
        x="${BAR_LEFT}"
        y="${y}"
        width="${n(Math.max(1, x(value) - BAR_LEFT))}"
        height="26"
        rx="3"
        fill="${runColour(i)}"
        fill-opacity=".75"
      />${interval}<text x="${n(x(Math.max(value, ci95?.[1] ?? 0)) + 8)}" y="${y + 17}">${text}</text> `
  })
  const series = rows.map(({ id, value, text, spread }, i): Series => {
    const top = 4 + i * BAR_STEP
    return { id, at: [[n(x(value)), `${text}, ${spread}`]], row: [top, top + BAR_STEP] }
  })
  return figure({ label, height: rows.length * BAR_STEP + 8, drawn, series, legend: false, pick: 'near' })
}

function shortened(id: string): string {
  return id.length <= 20 ? id : `${id.slice(0, 19)}…`
}

export interface CdfSeries {
  readonly id: string
  readonly cdf: Cdf
}

const CDF_HEIGHT = 320
const FOOT = 26
/** Steps the eye cannot see are left out. */
const STEP = 0.004

/** Cumulative share of operations by latency, with a band from the lowest to the highest share of any `part`. */
export function cdfs(label: string, series: readonly CdfSeries[], part: string): Html {
  const ends = series.flatMap(({ cdf: { ns } }) => [ns[0], ns[ns.length - 1]])
  const low = Math.log10(Math.max(1, Math.min(...ends)))
  const high = Math.max(low + 0.1, Math.log10(Math.max(...ends)))
  const x = (ns: number) => LEFT + ((Math.log10(Math.max(1, ns)) - low) / (high - low)) * (WIDTH - LEFT - RIGHT)
  const y = (share: number) => CDF_HEIGHT - FOOT - share * (CDF_HEIGHT - 40)
  const lines = series.map(({ cdf }, i) => {
    const d = stepsOf(cdf.ns, cdf.share).map(([ns, share], at) => {
      return `${at === 0 ? `M${n(x(ns))} ${n(y(0))}` : `H${n(x(ns))}`}V${n(y(share))}`
    })
    return line(`${d.join('')}H${WIDTH - RIGHT}`, i)
  })
  const bands = series.map(({ cdf }, i) => band(cdf, { x, y, run: i }))
  const points = series.map(({ id, cdf }): Series => {
    const at = stepsOf(cdf.ns, cdf.share).map(([ns, share, place]): [number, string] => {
      return [n(x(ns)), `${percentText(share)} took at most ${formatTime(ns)}${bandText(cdf, place, part)}`]
    })
    return { id, at }
  })
  const decades = Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, i) => 10 ** (Math.ceil(low) + i))
  const axis = [
    ...decades.map(
      (ns) =>
        html`<path d="M${n(x(ns))} ${n(y(1))}V${n(y(0))}" stroke="var(--grid)" /><text
            x="${n(x(ns))}"
            y="${CDF_HEIGHT - 8}"
            text-anchor="middle"
            >${formatTime(ns)}</text
          >`,
    ),
    ...[0, 0.5, 0.9, 0.99].map((share) => across(y(share), `${share * 100} %`)),
  ]
  const drawn = [...axis, ...bands, ...lines]
  const banded = series.some(({ cdf }) => cdf.low !== null)
  return html`${figure({ label, height: CDF_HEIGHT, drawn, series: points, legend: true, pick: 'before' })}
  ${
    banded
      ? html`<p class="dim">The band around a line reaches from the lowest to the highest share of any ${part}.</p>`
      : html``
  }`
}

/** Where a rising share moves by what an eye can see, its first and its last step always: latency, share, place. */
function stepsOf(ns: Float64Array, share: Float64Array): (readonly [ns: number, share: number, place: number])[] {
  let before = 0
  return Array.from(ns).flatMap((at, place) => {
    if (share[place] - before < STEP && place < ns.length - 1 && place > 0) return []
    before = share[place]
    return [[at, share[place], place] as const]
  })
}

interface Placed {
  readonly x: (ns: number) => number
  readonly y: (share: number) => number
  readonly run: number
}

/** Along the highest shares to the right, and along the lowest ones back. */
function band({ ns, low, high }: Cdf, { x, y, run }: Placed): Html {
  if (low === null || high === null) return html``
  const there = stepsOf(ns, high).map(([at, share]) => `H${n(x(at))}V${n(y(share))}`)
  const back = stepsOf(ns, low)
    .map(([at, share]) => `V${n(y(share))}H${n(x(at))}`)
    .reverse()
  const d = `M${n(x(ns[0]))} ${n(y(0))}${there.join('')}H${WIDTH - RIGHT}${back.join('')}V${n(y(0))}Z`
  return html`<path data-run="${run}" class="band" d="${d}" fill="${runColour(run)}" />`
}

function bandText({ low, high }: Cdf, place: number, part: string): string {
  return low === null || high === null
    ? ''
    : ` (${percentText(low[place])} to ${percentText(high[place])} of a ${part})`
}

function percentText(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

const CURVE_HEIGHT = 300

export interface CurveData {
  readonly param: string
  readonly values: readonly number[]
  readonly strategies: readonly {
    readonly id: string
    readonly points: readonly EstimateInfo[]
    /** A place on the axis to mark. */
    readonly knee?: number | null
  }[]
  /** How a value is spelt. */
  readonly text: (value: number) => string
}

/** Something by a parameter, evenly spaced, with 95 % intervals. */
export function curve(label: string, { values, strategies, text, param }: CurveData): Html {
  const most = Math.max(1e-9, ...strategies.flatMap(({ points }) => points.map(({ mean, ci95 }) => ci95?.[1] ?? mean)))
  const step = (WIDTH - LEFT - RIGHT - 30) / Math.max(1, values.length - 1)
  const x = (at: number) => LEFT + 24 + at * step
  const y = (value: number) => CURVE_HEIGHT - FOOT - (value / most) * (CURVE_HEIGHT - 40)
  const axis = [
    ...values.map(
      (value, i) => html`<text x="${n(x(i))}" y="${CURVE_HEIGHT - 8}" text-anchor="middle">${value}</text>`,
    ),
    ...[0, 0.25, 0.5, 0.75, 1].map((share) => across(y(most * share), text(most * share))),
  ]
  const knees = strategies.map(({ id, knee }, i) => kneeOf({ id, at: x(placeOf(knee ?? NaN, values)), run: i }))
  const bands = strategies.map(({ points }, i) => intervals(points, { x, y, run: i }))
  const lines = strategies.map(({ points }, i) => {
    const d = points.map(({ mean }, at) => `${at === 0 ? 'M' : 'L'}${n(x(at))} ${n(y(mean))}`).join('')
    const marks = points.map(({ mean, ci95 }, at) => {
      const spread =
        ci95 === null
          ? html``
          : html`<path
              data-run="${i}"
              d="M${n(x(at))} ${n(y(ci95[0]))}V${n(y(ci95[1]))}"
              stroke="${runColour(i)}"
              stroke-width="1.5"
            />`
      return html`${spread}<circle data-run="${i}" cx="${n(x(at))}" cy="${n(y(mean))}" r="3" fill="${runColour(i)}" />`
    })
    return html`${line(d, i)}${marks}`
  })
  const series = strategies.map(({ id, points }): Series => {
    const words = ({ mean, ci95 }: EstimateInfo) =>
      ci95 === null ? text(mean) : `${text(mean)} (${text(ci95[0])} to ${text(ci95[1])})`
    return { id, at: points.map((point, at) => [n(x(at)), `${param} ${values[at]}: ${words(point)}`]) }
  })
  return figure({
    label,
    height: CURVE_HEIGHT,
    drawn: [...axis, ...bands, ...knees, ...lines],
    series,
    legend: true,
    pick: 'near',
  })
}

/** Between evenly spaced values that double, as the logarithm does; NaN where it is none. */
function placeOf(value: number, values: readonly number[]): number {
  const after = values.findIndex((one) => one >= value)
  if (after <= 0) return after === 0 ? 0 : NaN
  const [low, high] = [values[after - 1], values[after]]
  return after - 1 + Math.log(value / low) / Math.log(high / low)
}

/** A dotted line with its run's name: knees may lie close together, so the names take turns in height. */
function kneeOf({ id, at, run }: { readonly id: string; readonly at: number; readonly run: number }): Html {
  if (Number.isNaN(at)) return html``
  const top = 12 + (run % 3) * 12
  return html`<g data-run="${run}"
    ><path d="M${n(at)} ${top + 4}V${CURVE_HEIGHT - FOOT}" stroke="${runColour(run)}" stroke-dasharray="1 4" /><text
      x="${n(at)}"
      y="${top}"
      text-anchor="middle"
      >knee of ${shortened(id)}</text
    ></g
  >`
}

/** The 95 % intervals as an area, where every point has one. */
function intervals(points: readonly EstimateInfo[], { x, y, run }: Placed): Html {
  const there = points.flatMap(({ ci95 }, at) => (ci95 === null ? [] : [[x(at), y(ci95[1]), y(ci95[0])] as const]))
  if (there.length < points.length) return html``
  const back = [...there].reverse()
  const d = `${there.map(([at, high], i) => `${i === 0 ? 'M' : 'L'}${n(at)} ${n(high)}`).join('')}${back.map(([at, , low]) => `L${n(at)} ${n(low)}`).join('')}Z`
  return html`<path data-run="${run}" class="band" d="${d}" fill="${runColour(run)}" />`
}

function across(y: number, text: string): Html {
  return html`<path d="M${LEFT} ${n(y)}H${WIDTH - RIGHT}" stroke="var(--grid)" /><text
      x="${LEFT - 8}"
      y="${n(y + 4)}"
      text-anchor="end"
      >${text}</text
    >`
}

function line(d: string, run: number): Html {
  return html`<path data-run="${run}" d="${d}" fill="none" ${stroke(run)} />`
}

/** Five colours by five dashes: 25 lines that differ. */
function stroke(run: number): Html {
  const dash = DASHES[(run + Math.floor(run / DASHES.length)) % DASHES.length]
  return html`stroke="${runColour(run)}" stroke-width="2" stroke-dasharray="${dash}"`
}

interface Figure {
  /** Says in words what the picture shows, for readers who do not see it. */
  readonly label: string
  readonly height: number
  readonly drawn: readonly Html[]
  readonly series: readonly Series[]
  readonly legend: boolean
  /** The point under the pointer: the last one before it, or the nearest. */
  readonly pick: 'before' | 'near'
}

function figure({ label, height, drawn, series, legend, pick }: Figure): Html {
  const names = series.map(
    ({ id }, run) =>
      html`<li>
        <svg viewBox="0 0 30 10" aria-hidden="true"><path d="M0 5h30" ${stroke(run)} /></svg>${id}
      </li> `,
  )
  return html`<figure data-pick="${pick}" data-points="${JSON.stringify(series)}">
    <svg class="chart" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">
      ${drawn}
      <line class="rule off" y1="0" y2="${height}" stroke="var(--text-3)" stroke-dasharray="2 3" />
    </svg>
    ${
      legend
        ? html`<ul class="legend">
            ${names}
          </ul>`
        : html``
    }
  </figure>`
}

/** A coordinate: a tenth of a pixel is enough. */
function n(value: number): number {
  return Math.round(value * 10) / 10
}
