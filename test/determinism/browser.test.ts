/**
 * The digests of a real Chromium, in another time zone and locale than the test's, and of a Node without any compiler, are
 * those of this process: the model as one script, run there. Without a Chromium the test says so and is skipped.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { findChromium, launchBrowser } from '../support/browser.ts'
import { digestScript } from '../support/digest-bundle.ts'
import { digests } from './specs.ts'

const here = digests()
const chromium = await findChromium()
if (chromium === undefined) process.stdout.write('no Chromium here: digests are not compared with those of a browser\n')

describe('digests of short runs', () => {
  let script = ''
  beforeAll(async () => {
    script = await digestScript()
  })

  it.skipIf(chromium === undefined)('are the same in a browser', async () => {
    const browser = await launchBrowser()
    try {
      const context = await browser.newContext({ timezoneId: 'Asia/Kathmandu', locale: 'ne-NP' })
      const page = await context.newPage()
      await page.addScriptTag({ content: script })
      expect(await page.evaluate('digests()')).toEqual(here)
      expect(await page.evaluate('new Date(2020, 0).getTimezoneOffset()')).toBe(-345)
    } finally {
      await browser.close()
    }
  })

  it('are the same in an interpreter', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'faultline-digests-'))
    try {
      const file = join(folder, 'digests.mjs')
      writeFileSync(file, `${script}\nprocess.stdout.write(JSON.stringify(digests()))\n`)
      const { stdout } = await promisify(execFile)(process.execPath, ['--jitless', '--no-warnings', file])
      expect(JSON.parse(stdout)).toEqual(here)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
