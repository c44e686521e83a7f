/**
 * Recording from the window, with the real engine and kernel: it runs, shows counts, stops, and its trace is opened; and an
 * engine without rights, which says so in a sentence.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findTracefs } from '#electron/record/tracefs.ts'
import { toWireError } from '#shared/base/errors.ts'
import { repoRoot } from '../support/corpus.ts'
import { tracingAlone } from '../support/tracing.ts'
import { LARGE_WINDOW, onPage, seriousFindings, SMALL_WINDOW, startApp, type TestApp } from '../support/window.ts'

const why = (() => {
  try {
    findTracefs()
    return undefined
  } catch (error) {
    return toWireError(error).message
  }
})()
if (why === undefined) tracingAlone()
else process.stderr.write(`recording from the window: only its refusal is tested here: ${why}\n`)

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const shots = process.env['SHOTS'] === '1' ? join(repoRoot, 'test', 'e2e', 'shots') : undefined
if (shots !== undefined) mkdirSync(shots, { recursive: true })

describe.skipIf(why !== undefined)('the record panel', () => {
  it('records the machine until it is stopped, and opens what it has', async () => {
    const { page, problems, close } = await app.open()
    const panel = page.getByRole('region', { name: 'Record' })
    await panel.getByLabel('Seconds').fill('60')
    // Who has only the address may not run commands here.
    expect(await panel.getByLabel('Command').count()).toBe(0)
    await panel.getByRole('button', { name: 'Record' }).click()
    await panel.getByText(/[1-9]\d* events/).waitFor()
    if (shots !== undefined) await page.screenshot({ path: join(shots, 'record-running.png') })
    await panel.getByRole('button', { name: 'Stop and open' }).click()
    await onPage(page, 'Overview')
    await page.getByText(/Recorded [\d\s]+ events/).waitFor()
    expect(problems).toEqual([])
    await close()
  })

  it('says what is wrong with the time before it begins, and throws a recording away', async () => {
    const { page, problems, close } = await app.open()
    const panel = page.getByRole('region', { name: 'Record' })
    const button = panel.getByRole('button', { name: 'Record' })
    await panel.getByLabel('Seconds').fill('x')
    await panel.getByText('Seconds must be a number').waitFor()
    expect(await button.isDisabled()).toBe(true)
    await panel.getByLabel('Seconds').fill('60')
    await button.click()
    await panel.getByText(/[1-9]\d* events/).waitFor()
    await panel.getByRole('button', { name: 'Throw away' }).click()
    await panel.getByLabel('Seconds').waitFor()
    expect(problems).toEqual([])
    await close()
  })

  it.each([
    ['light', LARGE_WINDOW],
    ['dark', SMALL_WINDOW],
  ] as const)('has no serious finding of axe in %s and fits the window', async (theme, size) => {
    const { page, close } = await app.open({ theme, size })
    await page.getByRole('region', { name: 'Record' }).getByLabel('Seconds').waitFor()
    expect(await seriousFindings(page)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollHeight - window.innerHeight)).toBeLessThanOrEqual(0)
    if (shots !== undefined) await page.screenshot({ path: join(shots, `record-${theme}.png`) })
    await close()
  })
})

/** As nobody, if this machine lets us. */
const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups']
const asNobody = spawnSync('setpriv', [...NOBODY, 'true'], { stdio: 'ignore' }).status === 0
if (!asNobody)
  process.stderr.write('the record panel without rights is not tested: there is no setpriv, or it is not allowed\n')

describe.skipIf(!asNobody)('the record panel of an engine without rights', () => {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-nobody-'))
  let host: ChildProcess
  let url: string
  beforeAll(async () => {
    chmodSync(folder, 0o777)
    const served = [process.execPath, join(repoRoot, 'bin', 'faultline.mjs'), 'serve']
    const env = { ...process.env, FAULTLINE_HOME: folder, HOME: folder }
    host = spawn('setpriv', [...NOBODY, ...served], { cwd: folder, env, stdio: ['ignore', 'pipe', 'ignore'] })
    url = await new Promise<string>((resolve) => {
      host.stdout?.once('data', (line: Buffer) => resolve(String(line).trim()))
    })
  })
  afterAll(async () => {
    const ended = new Promise((resolve) => host.once('close', resolve))
    host.kill('SIGINT')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })

  it.each([
    ['light', LARGE_WINDOW],
    ['dark', SMALL_WINDOW],
  ] as const)('says in %s what it lacks and what to do, and has nothing to press', async (theme, size) => {
    const { page, problems, close } = await app.open({ theme, size, url })
    const panel = page.getByRole('region', { name: 'Record' })
    await panel.getByText(/^Recording needs root: .*\. Run it with sudo, or .*\.$/).waitFor()
    expect(await panel.getByRole('button').count()).toBe(0)
    expect(await seriousFindings(page)).toEqual([])
    expect(problems).toEqual([])
    if (shots !== undefined) await page.screenshot({ path: join(shots, `record-refused-${theme}.png`) })
    await close()
  })
})
