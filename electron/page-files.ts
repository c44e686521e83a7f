/**
 * The built page as a fixed list of files, read once: a request names one of them exactly or gets nothing, so there is
 * no path to walk out of. Both hosts serve from it.
 */

import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'

export interface PageFile {
  readonly bytes: Buffer
  readonly type: string
}

/** By URL path, `/` included. */
export type PageFiles = ReadonlyMap<string, PageFile>

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
}

export async function readPage(folder: string): Promise<PageFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = new Map<string, PageFile>()
  for (const entry of entries) {
    const type = TYPES[extname(entry.name)]
    if (!entry.isFile() || type === undefined) continue
    const path = join(entry.parentPath, entry.name)
    const url = path.slice(folder.length).replaceAll('\\', '/').replace(/^\/*/, '/')
    files.set(url, { bytes: await readFile(path), type })
  }
  const index = files.get('/index.html')
  if (index === undefined)
    throw new ApiError('not-found', 'the page has not been built', 'run `npm run build`, or `npm start`')
  return files.set('/', index)
}
