/** The chart library and its host, as a file of its own: the frame and the tables are on the screen before it. */
export const loadCharts = () => import('./EChartHost.vue')
