/**
 * The timeline's canvas at fixed data in a real Chromium: every kind of mark has its token's colour where it must be, both
 * themes; the same scene is the same pixels; nothing turns blank while slices are on their way.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { loadCore, type CorePage } from '../support/timeline-page.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

/** One task row: an operation with a phase, a wait, a hold that blocks others from 60 to 80 µs, running all the time. */
function setUp(): Promise<void> {
  const page = window as unknown as CorePage
  const { core } = page
  page.nextPaint = () => new Promise((painted) => page.painted.push(painted))
  const words = ['write_fault', 'map_blocks', 'lock', 'running']
  /** family, lane, from µs, to µs, word */
  const spans = [
    ['state', 0, 0, 100, 3],
    ['op', 0, 10, 90, 0],
    ['phase', 0, 20, 50, 1],
    ['wait', 0, 20, 40, 2],
    ['hold', 0, 40, 80, 2],
    ['blocking', 0, 60, 80, 2],
  ] as const
  const column = <T>(Type: new (length: number) => T): T => new Type(spans.length)
  const view = (fromNs: number, toNs: number) => {
    const start = column(Uint32Array)
    const end = column(Uint32Array)
    const id = column(Uint32Array)
    const name = column(Uint16Array)
    const count = column(Uint32Array)
    const share = column(Uint8Array)
    spans.forEach(([, , from, to, word], i) => {
      start[i] = from * 1000
      end[i] = to * 1000
      id[i] = i
      name[i] = word
      count[i] = 1
      share[i] = 255
    })
    return {
      fromNs,
      toNs,
      unitNs: 1,
      mergedNs: 0,
      coarse: false,
      indexed: 1,
      words,
      tracks: spans.map(([family, lane], i) => ({ row: 0, family, lane, begin: i, end: i + 1 })),
      slices: { start, end, id, name, count, share, waited: column(Uint8Array), flags: column(Uint8Array) },
      counters: {
        at: new Uint32Array(0),
        min: new Float64Array(0),
        max: new Float64Array(0),
        last: new Float64Array(0),
      },
    }
  }
  const shape = core.shapeOf('task', { state: 1, op: 1, phase: 1, wait: 1, hold: 1 })
  const row = { id: 'task:0', section: 'task' as const, group: 'g', label: '', detail: '', note: '', shape }
  const section = { id: 'task' as const, title: '', groups: [], rows: [row], more: '' }
  const layout = core.layoutOf([section], { folded: new Set(), pinned: [], places: new Map() })
  return new Promise((resolve) => {
    const made = core.createTimeline({
      base: document.querySelector('#base') as HTMLCanvasElement,
      over: document.querySelector('#over') as HTMLCanvasElement,
      source: {
        view: ({ fromNs, toNs }) =>
          new Promise((answer) => {
            const give = () => answer(view(Math.min(0, fromNs), Math.max(100_000, toNs)))
            if (page.hold) page.held.push(give)
            else give()
          }),
      },
      tokens: core.readTokens(document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light'),
      onPainted: ({ settled }) => {
        page.painted.splice(0).forEach((go) => go(settled))
        if (settled) resolve()
      },
    })
    if (!made) throw new Error('no canvas')
    page.timeline = made
    made.update({
      width: 1000,
      height: 400,
      density: 1,
      durationNs: 100_000,
      window: { fromNs: 0, toNs: 100_000 },
      layout,
    })
  })
}

type Colour = readonly [number, number, number]

/** Colours of points: µs across, and a family's track, `dy` px below its top. */
function colours(page: Page, points: readonly (readonly [string, number, number])[]): Promise<Colour[]> {
  return page.evaluate((asked) => {
    const { timeline } = window as unknown as CorePage
    const scene = timeline.scene()
    const ctx = (document.querySelector('#base') as HTMLCanvasElement).getContext('2d')
    const top = 52 + 36 + scene.layout.y[1]
    const { shape } = scene.layout.rows[0]
    return asked.map(([family, us, dy]) => {
      const track = shape.track(family as 'op', 0)
      const x = Math.round(168 + (us / 100) * (1000 - 12 - 168))
      const data = ctx?.getImageData(x, top + (track?.y ?? 0) + dy, 1, 1).data ?? [0, 0, 0]
      return [data[0], data[1], data[2]] as const
    })
  }, points)
}

function token(page: Page, name: string): Promise<Colour> {
  return page.evaluate((wanted) => {
    const canvas = document.createElement('canvas')
    const ctx = canvas.getContext('2d')
    if (!ctx) throw new Error('no canvas')
    ctx.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(`--${wanted}`).trim()
    ctx.fillRect(0, 0, 1, 1)
    const { data } = ctx.getImageData(0, 0, 1, 1)
    return [data[0], data[1], data[2]] as const
  }, name)
}

function hash(page: Page): Promise<number> {
  return page.evaluate(() => {
    const canvas = document.querySelector('#base') as HTMLCanvasElement
    const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] }
    let sum = 0
    for (let i = 0; i < data.length; i++) sum = (Math.imul(sum, 31) + data[i]) | 0
    return sum
  })
}

describe.each(['light', 'dark'] as const)('drawn in the %s theme', (theme) => {
  it('operation, phase, state and lock states have their tokens where they are, and nothing where they are not', async () => {
    const page = await browser.newPage()
    await loadCore(page, theme)
    await page.evaluate(setUp)
    const [op, beside, phase, state, held] = await colours(page, [
      ['op', 88, 13],
      ['op', 95, 5],
      ['phase', 48, 9],
      ['state', 95, 1],
      ['hold', 50, 3],
    ])
    expect(op).toEqual(await token(page, 'op-wf'))
    expect(beside).toEqual(await token(page, 'surface'))
    expect(phase).toEqual(await token(page, 'ph-getblock'))
    expect(state).toEqual(await token(page, 'task-running'))
    expect(held).toEqual(await token(page, 'lock-held'))
    await page.close()
  })

  it('waits are hatched and blocking holds dotted: two colours each, so that colour is never alone', async () => {
    const page = await browser.newPage()
    await loadCore(page, theme)
    await page.evaluate(setUp)
    const across = (family: string, from: number, dy: number) =>
      colours(
        page,
        Array.from({ length: 40 }, (_, i) => [family, from + i * 0.125, dy] as const),
      )
    const wait = await across('wait', 21, 1)
    const blocking = [...(await across('blocking', 61, 1)), ...(await across('blocking', 61, 2))]
    for (const [name, found] of [
      ['lock-waiting', wait],
      ['lock-contended', blocking],
    ] as const) {
      const ground = String(await token(page, name))
      const same = found.filter((colour) => String(colour) === ground).length
      expect(same, name).toBeGreaterThan(5)
      expect(same, name).toBeLessThan(found.length)
    }
    await page.close()
  })
})

describe('the same scene', () => {
  it('is the same pixels, also after going somewhere else and back', async () => {
    const page = await browser.newPage()
    await loadCore(page, 'light')
    await page.evaluate(setUp)
    const first = await hash(page)
    const at = (fromNs: number, toNs: number) =>
      page.evaluate(
        async (window_) => {
          const { timeline, nextPaint } = window as unknown as CorePage
          timeline.update({ window: window_ })
          while (!(await nextPaint())) continue
        },
        { fromNs, toNs },
      )
    await at(20_000, 40_000)
    expect(await hash(page)).not.toBe(first)
    await at(0, 100_000)
    expect(await hash(page)).toBe(first)
    await page.close()
  })
})

describe('while slices are on their way', () => {
  it('the old ones are drawn where they belong: nothing turns blank or grey', async () => {
    const page = await browser.newPage()
    await loadCore(page, 'light')
    await page.evaluate(setUp)
    await page.evaluate(async () => {
      const own = window as unknown as CorePage
      own.hold = true
      own.timeline.refetch()
      own.timeline.update({ window: { fromNs: 0, toNs: 100_000 } })
      while (own.held.length === 0) await new Promise(requestAnimationFrame)
      own.held.splice(0).forEach((give) => give())
      while (!(await own.nextPaint())) continue
      // from here on nothing new arrives
      own.timeline.update({ window: { fromNs: 20_000, toNs: 60_000 } })
      await own.nextPaint()
    })
    const found = await page.evaluate(() => {
      const ctx = (document.querySelector('#base') as HTMLCanvasElement).getContext('2d')
      const { data } = ctx?.getImageData(400, 52 + 36 + 20, 1, 70) ?? { data: new Uint8ClampedArray(0) }
      return new Set(Array.from({ length: data.length / 4 }, (_, i) => data.slice(i * 4, i * 4 + 3).join())).size
    })
    // operation, phase, wait or hold and the ground: not one colour
    expect(found).toBeGreaterThan(3)
    await page.close()
  })
})
