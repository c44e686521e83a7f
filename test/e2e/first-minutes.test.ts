/**
 * The first five minutes: a window that has never opened anything, a click on a sample, and an insight that needs no
 * reading before; from there to the wait behind it and to the place in the timeline, a click each.
 */
import { expect, it } from 'vitest'
import { sharedApp } from '../support/shared-app.ts'
import { onPage, SMALL_WINDOW } from '../support/window.ts'

const app = sharedApp()

it('one click opens a sample and says what cost the most; two more show whom the worst wait waited for, and where', async () => {
  const { page, problems, close } = await app.open({ size: SMALL_WINDOW })
  await page.getByText('Nothing was opened yet').waitFor()
  const samples = page.getByRole('region', { name: 'Samples' }).getByRole('button')
  expect(await samples.count()).toBe(3)
  const before = performance.now()
  await samples.first().click()
  const said = page.locator('.pagehead')
  await said.getByText(/Tasks waited [\d.]+ s, \d+ % of it for .*\. Operations waited \d+ % of their time\./).waitFor()
  process.stdout.write(
    `a sample's finding is there ${((performance.now() - before) / 1000).toFixed(1)} s after the click\n`,
  )

  const figures = page.getByRole('region', { name: 'Key figures' })
  await figures.getByRole('button', { name: /Worst wait/ }).click()
  const chain = page.getByRole('region', { name: 'Worst wait chain' })
  await chain.getByText(/waits for .*i_mutex_key/).waitFor()
  await chain.getByText(/holds .*i_mutex_key/).waitFor()

  await chain.getByRole('button', { name: 'Show this wait in the timeline' }).click()
  await onPage(page, 'Timeline')
  await page
    .locator('.story')
    .getByText(/waited [\d.]+ ms/)
    .first()
    .waitFor()
  expect(problems).toEqual([])
  await close()
})

it('all samples stand in sight beside the doctor of an open trace, in a small window too', async () => {
  const { page, problems, close } = await app.open({ size: SMALL_WINDOW })
  await page.getByRole('region', { name: 'Samples' }).getByRole('button').last().click()
  await onPage(page, 'Overview')
  await page.keyboard.press('Alt+1')
  await page.getByRole('region', { name: 'Trace doctor' }).waitFor()
  const hidden = await page.evaluate(() => {
    const list = document.querySelector('[aria-label="Samples"] .scroll')
    const last = list?.lastElementChild
    return (last?.getBoundingClientRect().bottom ?? Infinity) - (list?.getBoundingClientRect().bottom ?? 0)
  })
  expect(hidden).toBeLessThanOrEqual(0)
  expect(problems).toEqual([])
  await close()
})
