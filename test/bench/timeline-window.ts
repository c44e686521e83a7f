/**
 * The timeline under load in headless Chromium with software raster, on the 3 M-event trace and on one of 50 M: script time
 * per frame while panning and zooming, the time from a change of the window to its sharp picture, long tasks from the
 * page's first moment on, memory of the page, and how much of the page loads first. The longer trace has to be as quick.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { PAGE } from '#electron/launch/build.ts'
import { hosted, type Hosted } from './hosted.ts'
import { printFigures, quantile, type Figure } from './measure.ts'
import { forget, longestTask, privateMemory, record, recorded, type Recorded } from './page-probes.ts'
import { benchMany } from './timeline-many.ts'

/** Wheel turns as a hand makes them: one per frame. */
async function move(page: Page, turns: number, dy: number, key?: 'Control' | 'Shift'): Promise<void> {
  if (key) await page.keyboard.down(key)
  for (let i = 0; i < turns; i++) {
    await page.mouse.wheel(0, dy)
    await page.waitForTimeout(16)
  }
  if (key) await page.keyboard.up(key)
}

async function journey(page: Page): Promise<Recorded> {
  const grid = page.getByRole('grid', { name: 'Timeline of the trace' })
  const box = await grid.boundingBox()
  if (box === null) throw new Error('the timeline has no box')
  await page.mouse.move(box.x + 700, box.y + 250)
  await forget(page)
  await move(page, 40, -60, 'Control')
  await move(page, 40, 60, 'Shift')
  await move(page, 20, 60)
  await move(page, 40, -60, 'Control')
  await move(page, 40, -60, 'Shift')
  await move(page, 40, 90, 'Control')
  await page.waitForFunction(() => document.querySelector('[role=grid][aria-busy=true]') === null)
  return recorded(page)
}

/** Single moves, each waited for: from the change of the window to its sharp picture. */
async function singleMoves(page: Page): Promise<readonly number[]> {
  await forget(page)
  for (let i = 0; i < 60; i++) {
    const [dy, key] = [
      [-400, 'Control'],
      [900, 'Shift'],
      [-300, 'Control'],
      [-900, 'Shift'],
      [700, 'Control'],
    ][i % 5] as [number, 'Control' | 'Shift']
    await move(page, 1, dy, key)
    await page.waitForTimeout(60)
    await page.waitForFunction(() => document.querySelector('[role=grid][aria-busy=true]') === null)
  }
  return (await recorded(page)).sharp
}

/** gzip of what index.html loads before a page of the app is chosen, and of the page a trace is first shown on. */
function firstBundle(): number {
  const html = readFileSync(join(PAGE, 'index.html'), 'utf8')
  const named = [...html.matchAll(/(?:src|href)="\.?\/?(assets\/[^"]+\.(?:js|css))"/g)].map((match) => match[1])
  const first = readdirSync(join(PAGE, 'assets')).filter((file) => /^OverviewPage-.*\.(js|css)$/.test(file))
  const files = new Set([...named, ...first.map((file) => `assets/${file}`)])
  for (const file of [...files].filter((one) => one.endsWith('.js'))) {
    for (const [, other] of readFileSync(join(PAGE, file), 'utf8').matchAll(/from"\.\/([\w.-]+\.js)"/g)) {
      files.add(`assets/${other}`)
    }
  }
  return [...files].reduce((sum, file) => sum + gzipSync(readFileSync(join(PAGE, file))).length, 0) / 1024
}

const withTimeline = <T>(path: string, run: (shown: Hosted) => Promise<T>): Promise<T> =>
  hosted(path, async (shown) => {
    shown.page.setDefaultTimeout(300_000)
    await shown.page.addInitScript(record)
    return run(shown)
  })

/** A new window on the trace, up to the first sharp picture of its timeline. */
async function openTimeline({ page, url }: Hosted): Promise<void> {
  await page.goto(url)
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await page.keyboard.press('Alt+3')
  await page.getByRole('grid', { name: 'Timeline of the trace' }).waitFor()
  await page.waitForFunction(() => document.querySelector('[role=grid][aria-busy=false]') !== null)
}

/** The engine indexes raw events while a window that needs them is open; a journey before that would measure both. */
async function untilIndexed({ engine }: Hosted, path: string): Promise<void> {
  const client = engine.connect()
  const { opened } = await client.call('files.open', { source: { kind: 'path', path } })
  const of = { file: opened.file, trace: 1 }
  const { rows } = await client.call('timeline.rows', { ...of, section: 'task', sort: 'waited', limit: 5 })
  const toNs = opened.traces[0].durationNs ?? NaN
  const question = { ...of, fromNs: 0, toNs, pixels: 1000, rows: rows.map(({ id }) => id) }
  while ((await client.call('timeline.view', question)).indexed < 1) await pause(200)
  await pause(1000)
}

interface Seen extends Recorded {
  readonly openedMs: number
  readonly openLong: readonly number[]
  readonly openTaskMs: number
  readonly taskMs: number
  readonly moves: readonly number[]
  readonly memoryMiB: number | undefined
}

const look = (path: string): Promise<Seen> =>
  withTimeline(path, async (shown) => {
    const { browser, page } = shown
    const from = performance.now()
    const openTaskMs = await longestTask(browser, page, () => openTimeline(shown))
    const openedMs = performance.now() - from
    const { long: openLong } = await recorded(page)
    await untilIndexed(shown, path)
    const journeyed = await journey(page)
    const moves = await singleMoves(page)
    const memoryMiB = await privateMemory(browser)
    const taskMs = await longestTask(browser, page, async () => void (await journey(page)))
    return { ...journeyed, openedMs, openLong, openTaskMs, taskMs, moves, memoryMiB }
  })

function figuresOf(seen: Seen): Figure[] {
  const most = (value: number): Pick<Required<Figure>, 'bound'> => ({ bound: { kind: 'max', value } })
  const longest = (values: readonly number[]): number => Math.max(0, ...values)
  const { frames, long, moves, memoryMiB } = seen
  return [
    { what: 'first sharp timeline of a new window', value: seen.openedMs, unit: 'ms' },
    { what: '  longest task until then', value: longest(seen.openLong), unit: 'ms', ...most(50) },
    { what: '  processor time of it', value: seen.openTaskMs, unit: 'ms' },
    { what: 'frames drawn on the journey', value: frames.length, unit: '' },
    { what: '  script per frame, p50', value: quantile(frames, 0.5), unit: 'ms' },
    { what: '  script per frame, p95', value: quantile(frames, 0.95), unit: 'ms', ...most(16) },
    { what: '  longest task', value: longest(long), unit: 'ms', ...most(50) },
    { what: '  processor time of it, on another journey', value: seen.taskMs, unit: 'ms' },
    { what: 'window changed to sharp picture, p50', value: quantile(moves, 0.5), unit: 'ms' },
    { what: 'window changed to sharp picture, p95', value: quantile(moves, 0.95), unit: 'ms', ...most(100) },
    ...(memoryMiB === undefined
      ? []
      : [{ what: "private memory of the page's process", value: memoryMiB, unit: 'MiB', ...most(300) }]),
  ]
}

/** How the longer trace's figures compare with the first one's, taken in the same run. */
function ratiosOf(first: Seen, longer: Seen): Figure[] {
  const ratio = (of: (seen: Seen) => number): number => of(longer) / of(first)
  return [
    {
      what: 'script per frame, p95, to the first trace',
      value: ratio(({ frames }) => quantile(frames, 0.95)),
      unit: 'x',
    },
    { what: 'changed to sharp, p50, to the first trace', value: ratio(({ moves }) => quantile(moves, 0.5)), unit: 'x' },
  ]
}

/** `longer`: traces that have to be as quick as the one at `path`. */
export async function benchTimelineWindow(path: string, longer: readonly string[] = []): Promise<boolean> {
  const title = (of: string): string => `timeline of ${basename(of)} (headless Chromium, software raster)`
  const first = await look(path)
  let ok = printFigures(title(path), [
    ...figuresOf(first),
    { what: 'first view, gzip', value: firstBundle(), unit: 'KiB', bound: { kind: 'max', value: 350 } },
    ...(await benchMany()),
  ])
  for (const other of longer) {
    const seen = await look(other)
    ok = printFigures(title(other), [...figuresOf(seen), ...ratiosOf(first, seen)]) && ok
  }
  return ok
}

if (import.meta.main) {
  const [path, ...longer] = process.argv.slice(2)
  process.exit((await benchTimelineWindow(path, longer)) ? 0 : 3)
}
