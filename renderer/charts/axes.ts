/** What the axes of all charts share: text, lines, and labels at places that were chosen for them. Scales are the charts' own. */

import type { Ink } from './ink.ts'

export function axisText(ink: Ink) {
  return { color: ink('text-3'), fontSize: 11, fontFamily: ink('font-ui') }
}

export function axisLine(ink: Ink) {
  return {
    axisLine: { show: true, onZero: false, lineStyle: { color: ink('border-strong') } },
    axisTick: { show: false },
    splitLine: { show: false },
  }
}

export function splitLine(ink: Ink) {
  return { lineStyle: { color: ink('grid') } }
}

/** Labels of an axis at these places; those at its ends stay within it, and where there is no room some are left out. */
export function labelsAt(ticks: readonly number[], ink: Ink, formatter: (value: number) => string) {
  return {
    ...axisText(ink),
    customValues: [...ticks],
    alignMinLabel: 'left' as const,
    alignMaxLabel: 'right' as const,
    hideOverlap: true,
    formatter,
  }
}
