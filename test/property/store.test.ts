/** Any trace that can be built is the same after it was stored, and a stored file passes its own check. */

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkFile } from '#electron/store/check.ts'
import { readChunks } from '#electron/store/event-chunks.ts'
import { loadTrace } from '#electron/store/load.ts'
import { openFile } from '#electron/store/open.ts'
import { anyDrawing, collect } from '../support/trace-art.ts'
import { tempFolder, writeFile } from '../support/store.ts'

it('any trace comes back as it was built, and its file checks out', async () => {
  const folder = tempFolder()
  await fc.assert(
    fc.asyncProperty(anyDrawing, anyDrawing, async (one, two) => {
      const path = join(folder, 'any.faultline')
      rmSync(path, { force: true })
      writeFile(path, one, two)
      const db = openFile(path)
      for (const [id, drawing] of [
        [1, one],
        [2, two],
      ] as const) {
        const { trace, collector } = collect(drawing)
        const { shiftNs, rows: _, ...expected } = trace as typeof trace & { shiftNs: number; rows: unknown }
        expect({ ...loadTrace(db, id) }).toEqual(expected)
        const chunks = [...readChunks(db, { traceId: id })].map(({ chunk }) => chunk)
        expect(chunks).toEqual(
          collector.chunks.map((chunk) => ({
            ...chunk,
            ts0: chunk.ts0 + shiftNs,
            ts1: chunk.ts1 + shiftNs,
            ts: chunk.ts.map((ts) => ts + shiftNs),
          })),
        )
      }
      db.close()
      expect(await checkFile({ path })).toEqual({ ok: true, findings: [] })
    }),
    { numRuns: 40 },
  )
})
