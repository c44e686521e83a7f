/** Writes a report beside its place and renames it: what stands under the name is always a whole report. */

import { writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { Draft, refuseExisting } from '../store/draft.ts'
import { explain } from '../store/database.ts'

export async function writeReport(path: string, report: string, force: boolean): Promise<void> {
  if (!force) refuseExisting(path)
  const draft = new Draft(path)
  try {
    draft.create()
    await writeFile(draft.path, report)
    draft.commit({ force })
  } catch (error) {
    throw explain(error, basename(path))
  } finally {
    draft.discard()
  }
}
