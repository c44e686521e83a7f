/** `npm run docs`: writes every generated page into the project. */

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Session } from '#electron/cli/session.ts'
import { referencePages } from './pages.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const session = new Session(new AbortController().signal)
for (const [name, text] of await referencePages(await session.client())) {
  await mkdir(dirname(join(ROOT, name)), { recursive: true })
  await writeFile(join(ROOT, name), text)
  process.stdout.write(`${name}\n`)
}
await session.close()
process.exit(0)
