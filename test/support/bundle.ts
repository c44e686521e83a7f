/** How much a page loads, as gzip would send it: what counts for a first view, whatever the host compresses. */
import { gzipSync } from 'node:zlib'
import type { Page, Response } from 'playwright-core'

export interface Loaded {
  /** Path and gzip bytes of each, largest first. */
  readonly files: readonly (readonly [string, number])[]
  readonly gzipBytes: number
}

/** Begin before the page goes anywhere; ask when the view is complete. */
export function watchLoads(page: Page): () => Promise<Loaded> {
  const responses: Response[] = []
  page.on('response', (response) => void responses.push(response))
  return async () => {
    const files = await Promise.all(
      responses.map(
        async (response) => [new URL(response.url()).pathname, gzipSync(await response.body()).length] as const,
      ),
    )
    return {
      files: files.toSorted(([, a], [, b]) => b - a),
      gzipBytes: files.reduce((sum, [, bytes]) => sum + bytes, 0),
    }
  }
}
