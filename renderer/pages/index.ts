/**
 * The pages of the window, in the order of the sidebar. Each is a file of its own, loaded when it is first shown. To add
 * one: its .vue file here and one entry in this list.
 */

import { defineAsyncComponent, type Component } from 'vue'
import { registry } from '#shared/base/registry.ts'
import { loadCharts } from '../ui/load-charts.ts'
import type { IconName } from '../ui/icons.ts'

export type PageId = 'open' | 'overview' | 'contention' | 'latency' | 'compare' | 'simulate'

export interface Page {
  readonly id: PageId
  readonly title: string
  readonly icon: IconName
  /** Head in the sidebar the page stands under. */
  readonly group?: string
  readonly component: Component
}

const loadOverview = () => import('./OverviewPage.vue')

export const pages: readonly Page[] = registry<Page>('page', [
  { id: 'open', title: 'Open', icon: 'open', component: defineAsyncComponent(() => import('./OpenPage.vue')) },
  {
    id: 'overview',
    title: 'Overview',
    icon: 'overview',
    group: 'Trace',
    component: defineAsyncComponent(loadOverview),
  },
  {
    id: 'contention',
    title: 'Contention',
    icon: 'contention',
    group: 'Trace',
    component: defineAsyncComponent(() => import('./ContentionPage.vue')),
  },
  {
    id: 'latency',
    title: 'Latency',
    icon: 'latency',
    group: 'Trace',
    component: defineAsyncComponent(() => import('./LatencyPage.vue')),
  },
  {
    id: 'compare',
    title: 'Compare',
    icon: 'compare',
    group: 'What if',
    component: defineAsyncComponent(() => import('./ComparePage.vue')),
  },
  {
    id: 'simulate',
    title: 'Simulate',
    icon: 'simulate',
    group: 'What if',
    component: defineAsyncComponent(() => import('./SimulatePage.vue')),
  },
]).items

/** Fetch what a trace is first shown with while the engine still opens it. */
export async function preloadFirstPage(): Promise<void> {
  await loadOverview()
  await loadCharts()
}
