/**
 * The frame in a real browser: palette, keys, tabs, themes, drops, undo, links, and the window that is as it was left.
 * Every test fails on any console error, CSP violation or uncaught exception.
 */
import { describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { sampleText, SMALL } from '../support/engine.ts'
import { sharedApp } from '../support/shared-app.ts'
import {
  go,
  LARGE_WINDOW,
  NO_OVERFLOW,
  onPage,
  overflow,
  seriousFindings,
  settled,
  SMALL_WINDOW,
  type TestApp,
  type TestWindow,
} from '../support/window.ts'

const app = sharedApp([{ kind: 'sample', sample: 'dax-ext4' }])

/** A window on the sample. An `address` of its own: not a fresh one, so that things are kept. */
async function opened(options?: Parameters<TestApp['open']>[0]): Promise<TestWindow> {
  const window = await app.open(options)
  await tabs(window.page).getByText('dax-ext4').first().waitFor()
  return window
}
const tabs = (page: Page) => page.getByRole('navigation', { name: 'Open traces' })

/** The chip of the time range. */
const chip = (page: Page) =>
  page
    .locator('.pagehead .chip')
    .filter({ hasText: /\d to \d|Whole trace/ })
    .first()
const kept = (page: Page) => page.waitForTimeout(700)

/** Choose a part of the trace on the Overview. */
async function drag(page: Page, from: number, to: number): Promise<string> {
  const chart = page.getByRole('region', { name: 'Operations over time' })
  await chart.getByRole('slider').waitFor()
  await settled(page)
  const box = await chart.boundingBox()
  if (box === null) throw new Error('the chart has no box')
  await page.mouse.move(box.x + box.width * from, box.y + box.height / 2)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * to, box.y + box.height / 2, { steps: 8 })
  await page.mouse.up()
  await chip(page).filter({ hasText: / to / }).waitFor()
  return chip(page).innerText()
}
async function palette(page: Page, key = 'Control+Shift+P'): Promise<void> {
  await page.keyboard.press(key)
  await page.getByPlaceholder(/Find a command/).waitFor()
}
async function drop(page: Page, name: string, text: string): Promise<void> {
  const data = await page.evaluateHandle(
    ([fileName, content]) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([content ?? ''], fileName ?? ''))
      return transfer
    },
    [name, text],
  )
  await page.dispatchEvent('footer', 'dragenter', { dataTransfer: data })
  await page.getByText('Drop to open').waitFor()
  await page.dispatchEvent('footer', 'drop', { dataTransfer: data })
}

describe('the palette', () => {
  it('finds commands, queries, tasks and locks by any part of their words, and runs them', async () => {
    const { page, problems, close } = await opened()
    await onPage(page, 'Overview')
    await palette(page)
    await page.keyboard.type('go lat')
    await page.keyboard.press('Enter')
    await onPage(page, 'Latency')
    await palette(page, 'F1')
    await page.keyboard.type('invalidate_lock')
    const found = page.getByRole('option').filter({ hasText: 'mapping.invalidate_lock' })
    expect(await found.locator('b').first().innerText()).toBe('invalidate_lock')
    await page.keyboard.press('Enter')
    await page.locator('.pagehead .chip', { hasText: 'invalidate_lock' }).waitFor()
    await palette(page)
    await page.keyboard.type('nothing has this name')
    await page.getByText('Nothing has “nothing has this name” in its name.').waitFor()
    await page.keyboard.press('Escape')
    expect(problems).toEqual([])
    await close()
  })
})

describe('keys', () => {
  it('are all under ?, those of other pages too', async () => {
    const { page, problems, close } = await opened()
    await page.keyboard.press('?')
    const help = page.getByRole('dialog')
    for (const words of ['Zoom in', 'Run the statement', 'Undo: selection and view', 'Sidebar', 'All commands'])
      await help.getByText(words).first().waitFor()
    // Its columns begin on one line.
    const heads = await help.locator('h3').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()))
    const [first] = heads
    const tops = heads.filter(({ left }, i) => i === 0 || left > heads[i - 1].left).map(({ top }) => top)
    expect(tops.length).toBeGreaterThan(1)
    expect(new Set(tops)).toEqual(new Set([first.top]))
    expect(await seriousFindings(page)).toEqual([])
    await page.keyboard.press('Escape')
    await go(page, 'Help')
    await page.getByLabel('Find a key').fill('sidebar')
    await page.getByText('Sidebar: full or rail').waitFor()
    expect(await page.getByText('Run the statement').count()).toBe(0)
    expect(problems).toEqual([])
    await close()
  })

  it('fold the sidebar, and leave a text field its own', async () => {
    const { page, problems, close } = await opened()
    const width = () => page.getByRole('navigation', { name: 'Pages' }).evaluate((nav) => nav.clientWidth)
    const full = await width()
    await page.keyboard.press('Control+B')
    await expect.poll(width).toBeLessThan(full / 2)
    await page.keyboard.press('Control+B')
    await go(page, 'Help')
    await page.getByLabel('Find a key').fill('abc')
    await page.keyboard.press('Control+Z')
    await onPage(page, 'Help')
    expect(problems).toEqual([])
    await close()
  })

  it('reach everything without a mouse: Tab comes to every control and its focus is seen', async () => {
    const { page, problems, close } = await opened()
    await onPage(page, 'Overview')
    await settled(page)
    const unseen = new Set<string>()
    const seen = new Set<string>()
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab')
      const at = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement
        const marks = [element, ...element.querySelectorAll('*')].some(
          (one) => getComputedStyle(one).boxShadow !== 'none',
        )
        return {
          name: element.getAttribute('aria-label') ?? element.innerText.slice(0, 40),
          tag: element.tagName,
          marks,
        }
      })
      seen.add(`${at.tag} ${at.name}`)
      if (!at.marks && at.tag !== 'BODY') unseen.add(`${at.tag} ${at.name}`)
    }
    expect([...unseen]).toEqual([])
    expect(seen.size).toBeGreaterThan(20)
    expect(problems).toEqual([])
    await close()
  })
})

describe('tabs', () => {
  it('are opened by a drop anywhere, changed and closed by keys, and opened again', async () => {
    const { page, problems, close } = await opened()
    await onPage(page, 'Overview')
    await drop(page, 'dropped-here.txt', sampleText(SMALL).toString())
    await tabs(page).getByText('dropped-here').waitFor()
    await page.getByText('3\u2009661 events').first().waitFor()
    await page.keyboard.press('Alt+PageDown')
    await page.locator('.tab.on', { hasText: 'dax-ext4' }).waitFor()
    await page.keyboard.press('Alt+PageUp')
    await page.locator('.tab.on', { hasText: 'dropped-here' }).waitFor()
    await page.keyboard.press('Alt+KeyW')
    await page.locator('.tab.on', { hasText: 'dax-ext4' }).waitFor()
    expect(await tabs(page).getByText('dropped-here').count()).toBe(0)
    await page.keyboard.press('Alt+Shift+KeyW')
    await page.locator('.tab.on', { hasText: 'dropped-here' }).waitFor()
    expect(problems).toEqual([])
    await close()
  })
})

describe('undo', () => {
  it('takes back what was chosen on any page, step by step, and does it again', async () => {
    const { page, problems, close } = await opened()
    const range = await drag(page, 0.3, 0.5)
    await go(page, 'Latency')
    await page.keyboard.press('Escape')
    await chip(page).filter({ hasText: 'Whole trace' }).waitFor()
    await page.keyboard.press('Control+Z')
    expect(await chip(page).innerText()).toBe(range)
    await page.keyboard.press('Control+Z')
    await chip(page).filter({ hasText: 'Whole trace' }).waitFor()
    await page.keyboard.press('Control+Shift+Z')
    expect(await chip(page).innerText()).toBe(range)
    expect(problems).toEqual([])
    await close()
  })
})

describe('a small window', () => {
  /** What sticks out of what surrounds it, by name. */
  const cut = (page: Page) =>
    page.evaluate(() => {
      const inside = (part: Element, whole: Element): boolean => {
        const [a, b] = [part.getBoundingClientRect(), whole.getBoundingClientRect()]
        return a.left >= b.left && a.right <= b.right && a.top >= b.top && a.bottom <= b.bottom
      }
      const heads = [...document.querySelectorAll('.panel .ph')].flatMap((head) =>
        [...head.querySelectorAll('button, .legend > span')].filter((part) => !inside(part, head)),
      )
      const bar = document.querySelector('.statusbar')
      const facts = bar ? [...bar.querySelectorAll(':scope > span')].filter((part) => !inside(part, bar)) : []
      return [...heads, ...facts].map((part) => part.getAttribute('aria-label') ?? part.textContent)
    })

  it('has the menus, legends and facts of the Overview whole', async () => {
    const { page, problems, close } = await opened()
    await onPage(page, 'Overview')
    await settled(page)
    for (const [width, height] of [
      [1280, 720],
      [1024, 700],
      [960, 600],
    ]) {
      await page.setViewportSize({ width, height })
      await page.waitForTimeout(100) // laid out anew
      expect(await cut(page), `${width} × ${height}`).toEqual([])
    }
    expect(problems).toEqual([])
    await close()
  })
})

it('the table behind operations over time says that it counts: the chart tells a rate', async () => {
  const { page, close } = await opened()
  await onPage(page, 'Overview')
  await settled(page)
  const panel = page.getByRole('region', { name: 'Operations over time' })
  await panel.getByText(/per second, .* bins; drag to select/).waitFor()
  await panel.getByRole('button', { name: 'Operations over time: table and export' }).click()
  await page.getByRole('menuitem', { name: 'Show as table' }).click()
  await panel.getByText(/^operations that began and events, in bins of/).waitFor()
  await close()
})

describe('a link to a view', () => {
  it('shows the same page, range and selection in another window, and in this one when it is pasted', async () => {
    const { page, problems, close } = await opened()
    const range = await drag(page, 0.4, 0.6)
    await go(page, 'Contention')
    await page.keyboard.press('Alt+KeyC')
    await page.getByText('Copied the link to this view').waitFor()
    const link = await page.evaluate(() => navigator.clipboard.readText())
    expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=/)
    await page.keyboard.press('Escape')
    await go(page, 'Overview')
    await palette(page)
    await page.keyboard.insertText(link)
    await page.getByRole('option', { name: /Go to the view of this link/ }).waitFor()
    await page.keyboard.press('Enter')
    await onPage(page, 'Contention')
    expect(await chip(page).innerText()).toBe(range)
    expect(problems).toEqual([])
    await close()

    const other = await app.open({ address: `&fresh=1&${link.slice(link.indexOf('page='))}` })
    await onPage(other.page, 'Contention')
    expect(await chip(other.page).innerText()).toBe(range)
    expect(await other.page.evaluate(() => location.hash)).not.toContain('page=')
    expect(other.problems).toEqual([])
    await other.close()
  })

  it('to a file that is not there says so', async () => {
    const { page, problems, close } = await app.open({
      address: '&fresh=1&page=overview&file=known%3Anowhere&name=gone',
    })
    await onPage(page, 'Open')
    await page.getByText('not among the recent files any more').waitFor()
    await page.getByText('Drop it here, or name it when Faultline is started.').waitFor()
    expect(problems).toEqual([])
    await close()
  })
})

describe("the browser's Back and Forward", () => {
  it('go from page to page, and only out of Faultline where it was entered', async () => {
    const { page, problems, close } = await opened()
    for (const title of ['Contention', 'Latency', 'Help']) await go(page, title)
    await page.goBack()
    await onPage(page, 'Latency')
    await page.goBack()
    await onPage(page, 'Contention')
    await page.goForward()
    await onPage(page, 'Latency')
    await go(page, 'SQL')
    await page.goForward()
    await onPage(page, 'SQL')
    await page.goBack()
    await onPage(page, 'Latency')
    await page.goBack()
    await page.goBack()
    await onPage(page, 'Overview')
    expect(await page.evaluate(() => location.hash)).toMatch(/^#token=/)
    expect(problems).toEqual([])
    await close()
  })

  it('pass over an address that was pasted: the page it led to is one step', async () => {
    const { page, problems, close } = await opened()
    const paste = (part: string) => page.evaluate((to) => void (location.hash = `${location.hash}${to}`), part)
    await go(page, 'Latency')
    await paste('&page=help')
    await onPage(page, 'Help')
    await page.goBack()
    await onPage(page, 'Latency')
    await page.goBack()
    await onPage(page, 'Overview')
    expect(problems).toEqual([])
    await close()
  })
})

describe('the window as it was left', () => {
  it('comes back: files, the one that was shown, page, range and settings', async () => {
    const first = await opened({ address: '' })
    await onPage(first.page, 'Overview')
    await drop(first.page, 'kept-open.txt', sampleText(SMALL).toString())
    await tabs(first.page).getByText('kept-open').waitFor()
    await first.page.keyboard.press('Alt+PageDown')
    await onPage(first.page, 'Overview')
    const range = await drag(first.page, 0.2, 0.4)
    await go(first.page, 'Latency')
    await palette(first.page)
    await first.page.keyboard.type('theme: light or dark')
    await first.page.keyboard.press('Enter')
    expect(await first.page.locator('html').getAttribute('data-theme')).toBe('dark')
    await kept(first.page)
    expect(first.problems).toEqual([])
    await first.close()

    const again = await app.open({ address: '' })
    await onPage(again.page, 'Latency')
    await again.page.locator('.tab.on', { hasText: 'dax-ext4' }).waitFor()
    await tabs(again.page).getByText('kept-open').waitFor()
    expect(await chip(again.page).innerText()).toBe(range)
    expect(await again.page.locator('html').getAttribute('data-theme')).toBe('dark')
    await again.page.keyboard.press('Control+Comma')
    await onPage(again.page, 'Settings')
    await again.page.getByRole('button', { name: 'Reset all' }).click()
    expect(await again.page.locator('html').getAttribute('data-theme')).toBe('light')
    await again.page.getByRole('radio', { name: 'Relaxed' }).click()
    await again.page.getByText('Wheel zooms, drag pans').click()
    await again.page.getByRole('row', { name: /Shift drag selects an area/ }).waitFor()
    await kept(again.page)
    expect(again.problems).toEqual([])
    await again.close()

    const third = await app.open({ address: '' })
    await onPage(third.page, 'Settings')
    expect(await third.page.locator('html').getAttribute('data-density')).toBe('relaxed')
    expect(await third.page.getByRole('radio', { name: 'Zooms', exact: true }).getAttribute('aria-checked')).toBe(
      'true',
    )
    expect(third.problems).toEqual([])
    await third.close()
  })
})

describe('the first view', () => {
  it('loads less than 350 KB, and neither the SQL editor nor the timeline', async () => {
    const { page, problems, loaded, close } = await opened()
    await onPage(page, 'Overview')
    await page.getByRole('region', { name: 'Operations over time' }).locator('canvas').first().waitFor()
    await settled(page)
    // the palette is fetched two seconds later, which is sooner than a slow machine draws
    const { files, gzipBytes } = await loaded(/CommandPalette/)
    expect(gzipBytes, JSON.stringify(files)).toBeLessThan(350 * 1024)
    const names = files.map(([name]) => name)
    for (const needed of [/OverviewPage/, /EChartHost/]) expect(names).toContainEqual(expect.stringMatching(needed))
    expect(names.filter((name) => /editor|TimelinePage|SqlPage/.test(name))).toEqual([])
    expect(problems).toEqual([])
    await close()
  })
})

describe.each([
  ['1440 × 900', LARGE_WINDOW],
  ['1280 × 720', SMALL_WINDOW],
] as const)('at %s', (_name, size) => {
  it.each(['light', 'dark'] as const)('%s: nothing scrolls, nothing serious for axe', async (theme) => {
    const { page, problems, close } = await opened({ size, theme })
    for (const name of ['Settings', 'Help']) {
      await go(page, name)
      await settled(page)
      expect(await overflow(page), name).toEqual(NO_OVERFLOW)
      expect(await seriousFindings(page), name).toEqual([])
    }
    await palette(page)
    await page.getByRole('dialog').waitFor()
    expect(await seriousFindings(page), 'palette').toEqual([])
    expect(problems).toEqual([])
    await close()
  })
})
