/**
 * The pages of the window, in the order of the sidebar. Each is a file of its own, loaded when it is first shown. To add
 * one: its id in page-ids.ts, its .vue file here and one entry in this list.
 */

import { defineAsyncComponent, type Component } from 'vue'
import { registry } from '#shared/base/registry.ts'
import { loadCharts } from '../ui/load-charts.ts'
import type { IconName } from '../ui/icons.ts'
import PageInstead from './PageInstead.vue'
import type { PageId } from './page-ids.ts'

export type { PageId } from './page-ids.ts'

export interface Page {
  readonly id: PageId
  readonly title: string
  readonly icon: IconName
  /** Head in the sidebar the page stands under; `foot`: below the card of the open trace. */
  readonly group?: string
  /** In tinykeys' spelling. */
  readonly key: string
  readonly component: Component
}

/** Before this a page is only about to be there. */
const SLOW_MS = 300

const loadOverview = () => import('./OverviewPage.vue')

export const pages: readonly Page[] = registry<Page>('page', [
  page('open', 'Open', 'Alt+Digit1', () => import('./OpenPage.vue')),
  page('overview', 'Overview', 'Alt+Digit2', loadOverview, 'Trace'),
  page('timeline', 'Timeline', 'Alt+Digit3', () => import('./TimelinePage.vue'), 'Trace'),
  page('contention', 'Contention', 'Alt+Digit4', () => import('./ContentionPage.vue'), 'Trace'),
  page('latency', 'Latency', 'Alt+Digit5', () => import('./LatencyPage.vue'), 'Trace'),
  page('lock-order', 'Lock order', 'Alt+KeyL', () => import('./LockOrderPage.vue'), 'Trace'),
  page('compare', 'Compare', 'Alt+Digit6', () => import('./ComparePage.vue'), 'What if'),
  page('races', 'Races', 'Alt+Digit7', () => import('./RacesPage.vue'), 'What if'),
  page('simulate', 'Simulate', 'Alt+Digit8', () => import('./SimulatePage.vue'), 'What if'),
  page('sql', 'SQL', 'Alt+Digit9', () => import('./SqlPage.vue'), 'Query'),
  page('settings', 'Settings', '$mod+Comma', () => import('./SettingsPage.vue'), 'foot'),
  page('help', 'Help', 'Alt+Digit0', () => import('./HelpPage.vue'), 'foot'),
]).items

/** An icon of the same name goes with every page. */
function page(
  id: PageId & IconName,
  title: string,
  key: string,
  load: () => Promise<{ default: Component }>,
  group?: string,
): Page {
  const component = defineAsyncComponent({
    loader: onceFailed(load),
    loadingComponent: PageInstead,
    errorComponent: PageInstead,
    delay: SLOW_MS,
  })
  return { id, title, icon: id, key, component, ...(group === undefined ? {} : { group }) }
}

/** What failed stays so until the window is loaded anew: styles are asked for once, and a page without them is no page. */
function onceFailed<T>(load: () => Promise<T>): () => Promise<T> {
  let failed: Promise<T> | undefined
  return () => {
    const loading = failed ?? load()
    loading.catch(() => void (failed = loading))
    return loading
  }
}

/** Fetch what a trace is first shown with while the engine still opens it. */
export async function preloadFirstPage(): Promise<void> {
  await loadOverview()
  await loadCharts()
}
