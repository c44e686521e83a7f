/** The options charts are written in: exactly what echarts-modules.ts registers, as types only (they load no code). */

import type {
  BarSeriesOption,
  ComposeOption,
  GridComponentOption,
  LineSeriesOption,
  MarkLineComponentOption,
  TooltipComponentOption,
} from './echarts-modules.ts'

export type ChartOption = ComposeOption<
  BarSeriesOption | LineSeriesOption | GridComponentOption | TooltipComponentOption | MarkLineComponentOption
>

/** What a click on a mark of a chart tells. */
export interface ChartClick {
  readonly seriesIndex: number
  readonly seriesName: string
  readonly dataIndex: number
  readonly name: string
}
