/** What the browser may name under --root: files, not what only waits for somebody. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readablePath } from '#electron/engine/rights.ts'
import { tempFolder } from '../support/store.ts'

it.skipIf(process.platform === 'win32')('a pipe under the served folder is refused at once', async () => {
  const root = tempFolder()
  const rights = { paths: 'root', local: false } as const
  spawnSync('mkfifo', [join(root, 'pipe')])
  writeFileSync(join(root, 'file'), '')
  expect(await readablePath('file', rights, root)).toMatch(/file$/)
  await expect(readablePath('pipe', rights, root)).rejects.toMatchObject({
    code: 'bad-input',
    message: 'pipe is a device or a pipe, not a file',
  })
})
