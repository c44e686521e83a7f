/**
 * What benchmarks look at in a page: script time per frame (its requestAnimationFrame callbacks, measured around them from
 * outside), long tasks, how long the timeline is not sharp, the processor time of its tasks and the memory of its process.
 * Processor time is what a task takes where other programs keep the machine busy; the wall clock is what a user sees.
 */
import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'

export interface Recorded {
  frames: number[]
  long: number[]
  sharp: number[]
}

/** Runs in the page before anything else. */
export function record(): void {
  const seen: Recorded = { frames: [], long: [], sharp: [] }
  Object.assign(window, { seen })
  const original = window.requestAnimationFrame.bind(window)
  window.requestAnimationFrame = (callback) =>
    original((now) => {
      const from = performance.now()
      callback(now)
      seen.frames.push(performance.now() - from)
    })
  new PerformanceObserver((list) => seen.long.push(...list.getEntries().map(({ duration }) => duration))).observe({
    entryTypes: ['longtask'],
  })
  let since: number | undefined
  new MutationObserver(() => {
    const busy = document.querySelector('[role=grid][aria-busy=true]') !== null
    if (busy) since ??= performance.now()
    else if (since !== undefined) {
      seen.sharp.push(performance.now() - since)
      since = undefined
    }
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ['aria-busy'] })
}

interface PageWithRecord {
  seen: Recorded
}
export const recorded = (page: Page): Promise<Recorded> =>
  page.evaluate(() => (window as unknown as PageWithRecord).seen)

export async function forget(page: Page): Promise<void> {
  await page.evaluate(() =>
    Object.assign((window as unknown as PageWithRecord).seen, { frames: [], long: [], sharp: [] }),
  )
}

interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  readonly args: { readonly name?: string }
  /** Processor time of its thread, µs. */
  readonly tdur?: number
}

/** Processor time of the page's longest task while `run` runs, ms, from Chromium's own tracing. */
export async function longestTask(browser: Browser, page: Page, run: () => Promise<void>): Promise<number> {
  await browser.startTracing(page, { categories: ['toplevel'] })
  await run()
  const text = (await browser.stopTracing()).toString('utf8')
  const { traceEvents } = JSON.parse(text) as { readonly traceEvents: readonly TraceEvent[] }
  const place = ({ pid, tid }: TraceEvent): string => `${pid}/${tid}`
  const mains = new Set(
    traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(place),
  )
  const tasks = traceEvents.filter(
    (event) => event.ph === 'X' && /RunTask$/.test(event.name) && mains.has(place(event)),
  )
  if (tasks.length === 0) throw new Error('the browser recorded no tasks of the page')
  return tasks.reduce((most, { tdur = 0 }) => Math.max(most, tdur / 1000), 0)
}

/** Private memory of the page's process, MiB: heap, canvases, typed arrays. undefined where the system does not tell. */
export async function privateMemory(browser: Browser): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  const sizes = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(({ id }) => /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${id}/status`, 'utf8')))
    .map((match) => (match === null ? 0 : Number(match[1]) / 1024))
  return sizes.length === 0 ? undefined : Math.max(...sizes)
}
