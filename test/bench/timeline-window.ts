/**
 * The timeline under load in headless Chromium with software raster: script time per frame while panning and zooming, the
 * time from a change of the window to its sharp picture, long tasks, memory of the page, and how much of the page loads
 * first. A frame's script time is that of its requestAnimationFrame callbacks, measured around them from outside.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { createEngine } from '#electron/engine/engine.ts'
import { buildPage, PAGE } from '#electron/launch/build.ts'
import { serveWeb } from '#electron/web/server.ts'
import { launchBrowser } from '../support/browser.ts'
import { loadCore, type CorePage } from '../support/timeline-page.ts'
import { printFigures, type Figure } from './measure.ts'

interface Recorded {
  frames: number[]
  long: number[]
  sharp: number[]
}

/** Runs in the page before anything else. */
function record(): void {
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

const INDEXED_MS = 6_000

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

async function reset(page: Page): Promise<void> {
  await page.evaluate(() =>
    Object.assign((window as unknown as { seen: Recorded }).seen, { frames: [], long: [], sharp: [] }),
  )
}
const read = (page: Page): Promise<Recorded> => page.evaluate(() => (window as unknown as { seen: Recorded }).seen)

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
  await reset(page)
  await move(page, 40, -60, 'Control')
  await move(page, 40, 60, 'Shift')
  await move(page, 20, 60)
  await move(page, 40, -60, 'Control')
  await move(page, 40, -60, 'Shift')
  await move(page, 40, 90, 'Control')
  await page.waitForFunction(() => document.querySelector('[role=grid][aria-busy=true]') === null)
  return read(page)
}

/** Single moves, each waited for: from the change of the window to its sharp picture. */
async function singleMoves(page: Page): Promise<readonly number[]> {
  await reset(page)
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
  return (await read(page)).sharp
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

async function openTimeline(path: string, run: (page: Page) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-bench-timeline-'))
  const engine = await createEngine({
    host: 'web',
    dataDir: join(folder, 'data'),
    root: dirname(path),
    startWith: [{ kind: 'path', path }],
  })
  const host = await serveWeb({ engine, page: PAGE, hasRoot: true })
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    await page.addInitScript(record)
    await page.goto(host.url)
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor({ timeout: 120_000 })
    await page.keyboard.press('Alt+3')
    await page.getByRole('grid', { name: 'Timeline of the trace' }).waitFor()
    await page.waitForFunction(() => document.querySelector('[role=grid][aria-busy=false]') !== null, undefined, {
      timeout: 120_000,
    })
    // the engine indexes raw events while the first views are looked at
    await page.waitForTimeout(INDEXED_MS)
    await run(page)
  } finally {
    await browser.close()
    await host.close()
    await engine.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const MANY = 24_000
const MANY_ROWS = 40

/** Runs in the page: this many slices, none merged, all in view, panned frame by frame; and how long each frame took. */
async function panMany({ many, rows }: { many: number; rows: number }): Promise<number[]> {
  const { core } = window as unknown as CorePage
  const shape = core.shapeOf('lock', { hold: 1 })
  const list = Array.from({ length: rows }, (_, i) => ({
    id: `lock:${i}`,
    section: 'lock' as const,
    group: 'g',
    label: `lock ${i}`,
    detail: '',
    note: '',
    shape,
  }))
  const layout = core.layoutOf([{ id: 'lock', title: 'Locks', groups: [], rows: list, more: '' }], {
    folded: new Set(),
    pinned: [],
    places: new Map(),
  })
  const each = many / rows
  const words = ['a', 'b', 'c']
  const view = (asked: readonly string[]) => {
    const total = asked.length * each
    const columns = { start: new Uint32Array(total), end: new Uint32Array(total), id: new Uint32Array(total) }
    for (let i = 0; i < total; i++) {
      columns.start[i] = (i % each) * 1000
      columns.end[i] = columns.start[i] + 700
      columns.id[i] = i
    }
    return {
      fromNs: 0,
      toNs: each * 1000,
      unitNs: 1,
      mergedNs: 0,
      coarse: false,
      indexed: 1,
      words,
      tracks: asked.map((_, row) => ({
        row,
        family: (['hold', 'blocking', 'hold'] as const)[row % 3],
        lane: 0,
        begin: row * each,
        end: (row + 1) * each,
      })),
      slices: {
        ...columns,
        name: new Uint16Array(total),
        count: new Uint32Array(total).fill(1),
        share: new Uint8Array(total).fill(255),
        waited: new Uint8Array(total),
        flags: new Uint8Array(total),
      },
      counters: {
        at: new Uint32Array(0),
        min: new Float64Array(0),
        max: new Float64Array(0),
        last: new Float64Array(0),
      },
    }
  }
  const timeline = core.createTimeline({
    base: document.querySelector('#base') as HTMLCanvasElement,
    over: document.querySelector('#over') as HTMLCanvasElement,
    source: { view: ({ rows: asked }) => Promise.resolve(view(asked)) },
    tokens: core.readTokens('light'),
    onPainted: () => undefined,
  })
  const durationNs = each * 1000
  timeline?.update({ width: 1440, height: 1240, durationNs, window: { fromNs: 0, toNs: durationNs }, layout })
  const frames: number[] = []
  const original = window.requestAnimationFrame.bind(window)
  window.requestAnimationFrame = (callback) =>
    original((now) => {
      const from = performance.now()
      callback(now)
      frames.push(performance.now() - from)
    })
  await new Promise((resolve) => setTimeout(resolve, 300))
  frames.length = 0
  for (let i = 0; i < 160; i++) {
    // the first frames compile what they run
    if (i === 40) frames.length = 0
    timeline?.update({ window: { fromNs: i * 20, toNs: durationNs * 0.99 + i * 20 } })
    await new Promise((resolve) => original(resolve))
  }
  return frames
}

/** Drawing alone: 24 000 slices that are not merged. A longer trace changes nothing here: views follow pixels. */
async function benchMany(): Promise<Figure[]> {
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage()
    await loadCore(page, 'light', 1440, 1240)
    const frames = await page.evaluate(panMany, { many: MANY, rows: MANY_ROWS })
    return [
      { what: '24 000 slices in view, script per frame, p50', value: quantile(frames, 0.5), unit: 'ms' },
      {
        what: '24 000 slices in view, script per frame, p95',
        value: quantile(frames, 0.95),
        unit: 'ms',
        bound: { kind: 'max', value: 16 },
      },
    ]
  } finally {
    await browser.close()
  }
}

export async function benchTimelineWindow(path: string): Promise<boolean> {
  await buildPage((text) => console.log(text))
  const figures: Figure[] = []
  await openTimeline(path, async (page) => {
    const { frames, long } = await journey(page)
    const sharp = await singleMoves(page)
    const memory = await page.evaluate(() => {
      const { memory: heap } = performance as unknown as { memory: { usedJSHeapSize: number } }
      return heap.usedJSHeapSize / 2 ** 20
    })
    figures.push(
      { what: 'frames drawn on the journey', value: frames.length, unit: '' },
      { what: 'script per frame, p50', value: quantile(frames, 0.5), unit: 'ms' },
      { what: 'script per frame, p95', value: quantile(frames, 0.95), unit: 'ms', bound: { kind: 'max', value: 16 } },
      { what: 'longest task', value: Math.max(0, ...long), unit: 'ms', bound: { kind: 'max', value: 50 } },
      { what: 'change of the window to its sharp picture, p50', value: quantile(sharp, 0.5), unit: 'ms' },
      {
        what: 'change of the window to its sharp picture, p95',
        value: quantile(sharp, 0.95),
        unit: 'ms',
        bound: { kind: 'max', value: 100 },
      },
      { what: 'memory of the page (JS heap)', value: memory, unit: 'MiB', bound: { kind: 'max', value: 300 } },
      { what: 'first view, gzip', value: firstBundle(), unit: 'KiB', bound: { kind: 'max', value: 350 } },
    )
  })
  figures.push(...(await benchMany()))
  return printFigures(`timeline of ${basename(path)} (headless Chromium, software raster)`, figures)
}
