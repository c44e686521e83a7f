/**
 * The browser's Back and Forward go from page to page of the window, as everywhere else; without it Back would leave
 * Faultline. What was done on a page is not theirs: that is the view's history (history.ts, Ctrl+Z).
 */

import { watch } from 'vue'
import { PAGE_IDS, type PageId } from '../pages/page-ids.ts'
import { useViewStore } from './view.ts'

/** Of an entry that Faultline made; another page's, or that of an address that was pasted, has none. */
function pageOf(state: unknown): PageId | undefined {
  const page: unknown = typeof state === 'object' && state !== null && 'page' in state ? state.page : undefined
  return PAGE_IDS.find((id) => id === page)
}

/** From now on; call the answer to end it. The page that is shown is the first. */
export function followBrowserBack(): () => void {
  const view = useViewStore()
  const { history } = window
  history.replaceState({ page: view.page }, '')
  const stop = watch(
    () => view.page,
    (page) => {
      if (pageOf(history.state) !== page) history.pushState({ page }, '')
    },
    { flush: 'sync' },
  )
  const onPop = ({ state }: PopStateEvent): void => {
    const page = pageOf(state)
    if (page !== undefined) view.goTo(page)
  }
  window.addEventListener('popstate', onPop)
  return () => {
    stop()
    window.removeEventListener('popstate', onPop)
  }
}
