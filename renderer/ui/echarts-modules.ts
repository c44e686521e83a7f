/**
 * The parts of ECharts the window uses, registered once. `echarts/core` only: the full build contains `new Function`,
 * which the content security policy refuses, and is twice the size.
 */

import { use } from 'echarts/core'
import { BarChart, LineChart } from 'echarts/charts'
import { GridComponent, MarkLineComponent, TooltipComponent } from 'echarts/components'
import { CanvasRenderer } from 'echarts/renderers'

use([CanvasRenderer, BarChart, LineChart, GridComponent, TooltipComponent, MarkLineComponent])

export type { ComposeOption, ECharts } from 'echarts/core'
export type { BarSeriesOption, LineSeriesOption } from 'echarts/charts'
export type { GridComponentOption, TooltipComponentOption, MarkLineComponentOption } from 'echarts/components'
