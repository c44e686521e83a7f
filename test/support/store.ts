/** `.faultline` files for tests: a folder that is removed afterwards, and files written the way imports write them. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { Draft } from '#electron/store/draft.ts'
import { NewFile } from '#electron/store/new-file.ts'
import { TraceWriter } from '#electron/store/writer.ts'
import { draw, type Drawing } from './trace-art.ts'

/** A folder of the test's own. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Several drawings as the traces of one new file. */
export function writeFile(path: string, ...drawings: readonly Drawing[]): string {
  const draft = new Draft(path)
  const file = new NewFile(draft.path)
  for (const drawing of drawings) draw(new TraceWriter(file), drawing)
  file.finish()
  draft.commit({ force: false })
  return path
}
