/**
 * The one ECharts theme, made from the tokens. Values are those of the design reference: 11 px text, horizontal grid
 * lines only, axis line only at zero, no ticks, no animation, overlay tooltips as rich text (HTML tooltips would break
 * the content security policy).
 */

import type { Tokens } from './tokens.ts'

export function chartTheme(tokens: Tokens): object {
  const text = { color: tokens.color('text-3'), fontFamily: tokens.fontUi, fontSize: 11 }
  const axis = {
    axisLine: { show: false, lineStyle: { color: tokens.color('border-strong') } },
    axisTick: { show: false },
    axisLabel: { ...text, hideOverlap: true },
    nameTextStyle: text,
    splitLine: { show: true, lineStyle: { color: tokens.color('grid'), width: 1 } },
    minorTick: { show: false },
  }
  const still = { ...axis, splitLine: { show: false } }
  return {
    darkMode: tokens.theme === 'dark',
    backgroundColor: 'transparent',
    textStyle: { ...text, color: tokens.color('text') },
    color: ['rf', 'wf', 'mk', 'cw', 'hf', 'tr', 'ph', 'rd', 'wr', 'fs', 'wb', 'jc'].map((kind) =>
      tokens.color(`op-${kind}`),
    ),
    valueAxis: axis,
    logAxis: axis,
    timeAxis: still,
    categoryAxis: still,
    tooltip: {
      renderMode: 'richText',
      backgroundColor: tokens.color('overlay'),
      borderColor: tokens.color('border'),
      borderWidth: 1,
      borderRadius: 4,
      padding: [8, 10],
      textStyle: { ...text, color: tokens.color('text'), lineHeight: 16 },
      axisPointer: {
        lineStyle: { color: tokens.color('border-strong') },
        shadowStyle: { color: tokens.color('select-fill') },
        label: { show: false },
      },
      transitionDuration: 0,
    },
    legend: { textStyle: { ...text, color: tokens.color('text-2') }, itemWidth: 10, itemHeight: 10 },
    line: { symbol: 'none', lineStyle: { width: 1.6 }, smooth: false },
    bar: { itemStyle: { borderRadius: 0 } },
  }
}
