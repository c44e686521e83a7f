/**
 * Drawing alone, in headless Chromium with software raster: 24 000 slices, none merged, all in view, panned frame by frame.
 * How long the trace is changes nothing here: views follow pixels.
 */
import { launchBrowser } from '../support/browser.ts'
import { loadCore, type CorePage } from '../support/timeline-page.ts'
import { quantile, type Figure } from './measure.ts'

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

export async function benchMany(): Promise<Figure[]> {
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
