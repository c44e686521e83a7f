/**
 * The pages of the window, in the order of the sidebar. Each is loaded when it is first shown. To add one: its .vue file
 * here and one entry in this list.
 */

import { defineAsyncComponent, type Component } from 'vue'
import type { IconName } from '../ui/icons.ts'

export type PageId = 'open' | 'overview' | 'contention' | 'latency'

export interface Page {
  readonly id: PageId
  readonly title: string
  readonly icon: IconName
  /** Head in the sidebar the page stands under. */
  readonly group?: string
  readonly component: Component
}

const files = import.meta.glob<{ default: Component }>('./*Page.vue')

function page(id: PageId, title: string, group?: string): Page[] {
  const load = files[`./${title}Page.vue`]
  return load
    ? [{ id, title, icon: id, component: defineAsyncComponent(load), ...(group === undefined ? {} : { group }) }]
    : []
}

export const pages: readonly Page[] = [
  ...page('open', 'Open'),
  ...page('overview', 'Overview', 'Trace'),
  ...page('contention', 'Contention', 'Trace'),
  ...page('latency', 'Latency', 'Trace'),
]
