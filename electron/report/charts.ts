/**
 * The report's charts as inline SVG: bars with their intervals, latency CDFs on a logarithmic axis, and throughput by a
 * parameter. Plain shapes and text: they print, they scale, they need no script. Every series is named where it ends and
 * dashed in its own way, because colour alone tells nothing to some readers.
 */

import { formatNs } from '#shared/base/time.ts'
import type { Cdf, Ci95, Curve } from '#shared/contract/simulation.ts'
import { rateText } from '#shared/whatif/words.ts'
import { html, runColour, type Html } from './html.ts'

const WIDTH = 900
const LEFT = 56
const RIGHT = 90
const DASHES = ['', '7 3', '2 3', '9 3 2 3', '12 4']

export interface BarRow {
  readonly id: string
  readonly value: number
  readonly ci95: Ci95
  readonly text: string
}

export function bars(label: string, rows: readonly BarRow[]): Html {
  const most = Math.max(...rows.map(({ value, ci95 }) => Math.max(value, ci95?.[1] ?? 0)))
  const x = (value: number) => LEFT + (most > 0 ? (value / most) * (WIDTH - LEFT - 150) : 0)
  const height = rows.length * 34 + 8
  const drawn = rows.map(({ id, value, ci95, text }, i) => {
    const y = 4 + i * 34
    const interval =
      ci95 === null
        ? html``
        : html`<path
            d="M${n(x(ci95[0]))} ${y + 13}H${n(x(ci95[1]))}m0 -5v10M${n(x(ci95[0]))} ${y + 8}v10"
            stroke="var(--text)"
            stroke-width="1.5"
            fill="none"
          />`
    return html`<text x="${LEFT - 8}" y="${y + 17}" text-anchor="end" font-weight="600">${id}</text
      ><rect
        x="${LEFT}"
        y="${y}"
        width="${n(Math.max(1, x(value) - LEFT))}"
        height="26"
        rx="3"
        fill="${runColour(i)}"
        fill-opacity=".75"
      />${interval}<text x="${n(x(Math.max(value, ci95?.[1] ?? 0)) + 8)}" y="${y + 17}">${text}</text> `
  })
  return figure(label, height, drawn)
}

export interface CdfSeries {
  readonly id: string
  readonly cdf: Cdf
}

const CDF_HEIGHT = 300

/** Cumulative share of operations by latency. */
export function cdfs(label: string, series: readonly CdfSeries[]): Html {
  const ends = series.flatMap(({ cdf: { ns } }) => [ns[0], ns[ns.length - 1]])
  const low = Math.log10(Math.max(1, Math.min(...ends)))
  const high = Math.max(low + 0.1, Math.log10(Math.max(...ends)))
  const x = (ns: number) => LEFT + ((Math.log10(Math.max(1, ns)) - low) / (high - low)) * (WIDTH - LEFT - RIGHT)
  const y = (share: number) => CDF_HEIGHT - 26 - share * (CDF_HEIGHT - 40)
  const lines = series.map(({ cdf }, i) => {
    let d = ''
    let before = 0
    cdf.ns.forEach((ns, at) => {
      const share = cdf.share[at]
      // A step the eye cannot see is left out, the last one never.
      if (share - before < 0.002 && at < cdf.ns.length - 1 && at > 0) return
      d += `${d === '' ? `M${n(x(ns))} ${n(y(0))}` : `H${n(x(ns))}`}V${n(y(share))}`
      before = share
    })
    return html`<path
      d="${d}H${WIDTH - RIGHT}"
      fill="none"
      stroke="${runColour(i)}"
      stroke-width="2"
      stroke-dasharray="${DASHES[i % DASHES.length]}"
    />`
  })
  const decades = Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, i) => 10 ** (Math.ceil(low) + i))
  const axis = [
    ...decades.map(
      (ns) =>
        html`<path d="M${n(x(ns))} ${y(1)}V${y(0)}" stroke="var(--grid)" /><text
            x="${n(x(ns))}"
            y="${CDF_HEIGHT - 8}"
            text-anchor="middle"
            >${timeText(ns)}</text
          >`,
    ),
    ...[0, 0.5, 0.9, 0.99].map(
      (share) =>
        html`<path d="M${LEFT} ${n(y(share))}H${WIDTH - RIGHT}" stroke="var(--grid)" /><text
            x="${LEFT - 8}"
            y="${n(y(share) + 4)}"
            text-anchor="end"
            >${share * 100} %</text
          >`,
    ),
  ]
  return figure(label, CDF_HEIGHT, [...axis, ...lines, ...legend(series.map(({ id }) => id))])
}

const CURVE_HEIGHT = 300

/** Operations per second by a parameter, with 95 % intervals. */
export function curve(label: string, { values, strategies }: Curve): Html {
  const most = Math.max(1, ...strategies.flatMap(({ points }) => points.map(({ mean, ci95 }) => ci95?.[1] ?? mean)))
  const step = (WIDTH - LEFT - RIGHT - 30) / Math.max(1, values.length - 1)
  const x = (at: number) => LEFT + 30 + at * step
  const y = (rate: number) => CURVE_HEIGHT - 26 - (rate / most) * (CURVE_HEIGHT - 40)
  const axis = [
    ...values.map(
      (value, i) => html`<text x="${n(x(i))}" y="${CURVE_HEIGHT - 8}" text-anchor="middle">${value}</text>`,
    ),
    ...[0, 0.25, 0.5, 0.75, 1].map(
      (share) =>
        html`<path d="M${LEFT + 24} ${n(y(most * share))}H${WIDTH - RIGHT}" stroke="var(--grid)" /><text
            x="${LEFT + 18}"
            y="${n(y(most * share) + 4)}"
            text-anchor="end"
            >${rateText(most * share)}</text
          >`,
    ),
  ]
  const lines = strategies.map(({ points }, i) => {
    const d = points.map(({ mean }, at) => `${at === 0 ? 'M' : 'L'}${n(x(at))} ${n(y(mean))}`).join('')
    const marks = points.map(({ mean, ci95 }, at) => {
      const spread =
        ci95 === null
          ? html``
          : html`<path
              d="M${n(x(at))} ${n(y(ci95[0]))}V${n(y(ci95[1]))}"
              stroke="${runColour(i)}"
              stroke-width="1.5"
            />`
      return html`${spread}<circle cx="${n(x(at))}" cy="${n(y(mean))}" r="3" fill="${runColour(i)}" />`
    })
    return html`<path
        d="${d}"
        fill="none"
        stroke="${runColour(i)}"
        stroke-width="2"
        stroke-dasharray="${DASHES[i % DASHES.length]}"
      />${marks}`
  })
  return figure(label, CURVE_HEIGHT, [...axis, ...lines, ...legend(strategies.map(({ id }) => id))])
}

function legend(ids: readonly string[]): Html[] {
  return ids.map((id, i) => {
    const y = 20 + i * 20
    return html`<path
        d="M${WIDTH - RIGHT + 12} ${y}h26"
        stroke="${runColour(i)}"
        stroke-width="2"
        stroke-dasharray="${DASHES[i % DASHES.length]}"
      /><text x="${WIDTH - RIGHT + 44}" y="${y + 4}">${id}</text>`
  })
}

/** The label says in words what the picture shows, for readers who do not see it. */
function figure(label: string, height: number, parts: readonly Html[]): Html {
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">${parts}</svg>`
}

export function timeText(ns: number | null): string {
  if (ns === null) return '–'
  const { value, unit } = formatNs(ns)
  return `${value} ${unit}`
}

/** A coordinate: a tenth of a pixel is enough. */
function n(value: number): string {
  return String(Math.round(value * 10) / 10)
}
