/** How much a page loads, as gzip would send it: what counts for a first view, whatever the host compresses. */
import { gzipSync } from 'node:zlib'
import type { Page, Request } from 'playwright-core'

export interface Loaded {
  /** Path and gzip bytes of each, largest first. */
  readonly files: readonly (readonly [string, number])[]
  readonly gzipBytes: number
}

/**
 * Begin before the page goes anywhere; ask when the view is complete. `before`: only what was asked for before a file of
 * this name, and so not what a page fetches for later while a slow machine still draws its first view.
 */
export function watchLoads(page: Page): (before?: RegExp) => Promise<Loaded> {
  const requests: Request[] = []
  page.on('request', (request) => void requests.push(request))
  return async (before) => {
    const end = before ? requests.findIndex((request) => before.test(request.url())) : -1
    const files = await Promise.all(
      requests.slice(0, end < 0 ? undefined : end).map(async (request) => {
        const response = await request.response()
        if (!response) throw new Error(`nothing came of ${request.url()}`)
        return [new URL(request.url()).pathname, gzipSync(await response.body()).length] as const
      }),
    )
    return {
      files: files.toSorted(([, a], [, b]) => b - a),
      gzipBytes: files.reduce((sum, [, bytes]) => sum + bytes, 0),
    }
  }
}
