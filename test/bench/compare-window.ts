/**
 * The Compare page while a what-if of a real trace streams in, in headless Chromium with software raster: processor time of
 * the page's main thread per frame, script, style, layout and painting together, from the browser's own trace, up to the
 * last panel of the whole result; then of opening the page on that result. Processor time, because the engine's threads take
 * all CPUs meanwhile: how long a frame waits for one says nothing of the page.
 */
import type { Browser, Locator, Page } from 'playwright-core'
import { hosted } from './hosted.ts'
import { printFigures, quantile } from './measure.ts'

const MORE = ['G', 'H1']
const SEEDS = 10
const FRAME_US = 1e6 / 60
/** A frame in which less ran only kept a cursor blinking. */
const BUSY_MS = 1
const FRAME_MS = 16
/** After which all panels are there. */
const SETTLE_MS = 1_500
const LONG = 600_000

/** Of the trace event format. */
interface TraceEvent {
  readonly ph: string
  readonly name: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly dur?: number
  /** Processor time of the thread, µs. */
  readonly tdur?: number
  readonly args?: { readonly name?: string }
}

export async function benchCompareWindow(path: string): Promise<boolean> {
  return hosted(path, async ({ browser, page, url }) => {
    page.setDefaultTimeout(LONG)
    await page.goto(url)
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    await page.waitForTimeout(SETTLE_MS)
    const first = await openCompare(browser, page)
    await setUp(page)
    const started = performance.now()
    const tasks = await tasksOf(browser, page, {
      press: page.getByRole('button', { name: 'Run', exact: true }),
      until: streamed,
    })
    const seconds = (performance.now() - started) / 1000
    await pageButton(page, 'Overview').click()
    await page.waitForTimeout(SETTLE_MS)
    const again = await openCompare(browser, page)
    const frames = perFrame(tasks, ({ ms }) => ms)
    const bound = { kind: 'max', value: FRAME_MS } as const
    return printFigures(
      `Compare while ${MORE.length + 3} strategies x ${SEEDS} seeds stream in (${Math.round(seconds)} s)`,
      [
        { what: 'frames with work in them', value: frames.length, unit: '' },
        { what: 'main thread per such frame, p50', value: quantile(frames, 0.5), unit: 'ms' },
        { what: 'main thread per such frame, p95', value: quantile(frames, 0.95), unit: 'ms', bound },
        {
          what: 'longest task, the switch to the whole result included',
          value: longest(tasks),
          unit: 'ms',
          bound,
        },
        { what: 'the same p95 with waiting for a CPU', value: quantile(perFrame(tasks, waited), 0.95), unit: 'ms' },
        { what: 'longest task with waiting for a CPU', value: Math.max(0, ...tasks.map(waited)), unit: 'ms' },
        { what: 'opening the page: longest task', value: longest(first), unit: 'ms' },
        { what: 'opening it with a result: longest task', value: longest(again), unit: 'ms' },
      ],
    )
  })
}

const longest = (tasks: readonly Task[]): number => Math.max(0, ...tasks.map(({ ms }) => ms))
const waited = ({ wallMs }: Task): number => wallMs

const pageButton = (page: Page, name: string): Locator =>
  page.getByRole('navigation', { name: 'Pages' }).getByRole('button', { name: new RegExp(`^${name}`) })

function openCompare(browser: Browser, page: Page): Promise<Task[]> {
  return tasksOf(browser, page, { press: pageButton(page, 'Compare'), until: () => Promise.resolve() })
}

async function setUp(page: Page): Promise<void> {
  await page.getByRole('radio', { name: 'Recorded trace', exact: true }).click()
  await page.getByLabel('Seeds', { exact: true }).fill(String(SEEDS))
  for (const id of MORE) await page.getByLabel('Add a strategy').selectOption(id)
}

async function streamed(page: Page): Promise<void> {
  const running = 'section[aria-label="Comparing"]'
  await page.waitForSelector(running)
  await page.waitForSelector(running, { state: 'detached' })
}

interface Pressed {
  readonly press: Locator
  readonly until: (page: Page) => Promise<void>
}

async function tasksOf(browser: Browser, page: Page, { press, until }: Pressed): Promise<Task[]> {
  // Found before the tracing: by its role, that takes the page longer than anything it does itself.
  const button = await press.elementHandle()
  await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline', '__metadata'] })
  await button?.click()
  await until(page)
  await page.waitForTimeout(SETTLE_MS)
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] }
  return mainThreadTasks(traceEvents)
}

interface Task {
  readonly ts: number
  /** Processor time. */
  readonly ms: number
  /** From its beginning to its end: with the waiting for a processor that the engine's threads have. */
  readonly wallMs: number
}

/** Of the renderer that did most: the page's. */
function mainThreadTasks(events: readonly TraceEvent[]): Task[] {
  const mains = events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
  const [busiest] = mains
    .map(({ pid, tid }) =>
      events
        .filter((one) => one.pid === pid && one.tid === tid && one.ph === 'X' && one.name.endsWith('RunTask'))
        .map(({ ts, dur = 0, tdur = 0 }) => ({ ts, ms: tdur / 1000, wallMs: dur / 1000 })),
    )
    .sort((a, b) => b.length - a.length)
  if (busiest === undefined || busiest.length === 0) throw new Error('the browser traced no task of the page')
  return busiest
}

/** A task counts for the frame it began in. */
function perFrame(tasks: readonly Task[], of: (task: Task) => number): number[] {
  const frames = new Map<number, number>()
  for (const task of tasks) {
    const frame = Math.floor(task.ts / FRAME_US)
    frames.set(frame, (frames.get(frame) ?? 0) + of(task))
  }
  return [...frames.values()].filter((ms) => ms >= BUSY_MS)
}
