/** First paint of the window on a saved trace: a new page of a running host, to the first content and to a full Overview. */
import { launchBrowser } from '../support/browser.ts'
import { watchLoads } from '../support/bundle.ts'
import { hosted, type Hosted } from './hosted.ts'
import { median, printFigures } from './measure.ts'

const RUNS = 5

export async function benchWindow(path: string): Promise<boolean> {
  const first: number[] = []
  const full: number[] = []
  let kilobytes = 0
  const browser = await launchBrowser()
  for (let i = 0; i < RUNS; i++) {
    const look = async ({ page, url }: Hosted): Promise<void> => {
      const loaded = watchLoads(page)
      await page.goto(url)
      await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
      await page.waitForFunction(
        () => document.querySelectorAll('canvas').length > 1 && document.querySelector('[aria-busy="true"]') === null,
      )
      full.push(await page.evaluate(() => performance.now()))
      first.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime))
      kilobytes = (await loaded()).gzipBytes / 1024
    }
    await hosted(path, look, browser)
  }
  await browser.close()
  return printFigures('window on a saved 3 M-event trace (headless Chromium, median of 5)', [
    { what: 'first contentful paint', value: median(first), unit: 'ms' },
    { what: 'loaded for it, gzip', value: kilobytes, unit: 'KiB', bound: { kind: 'max', value: 350 } },
    { what: 'complete Overview', value: median(full), unit: 'ms', bound: { kind: 'max', value: 1500 } },
  ])
}
