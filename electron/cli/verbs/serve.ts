/**
 * `faultline serve`: the window's page in a browser, from this machine only (127.0.0.1). The address on standard output
 * carries the token that lets a browser in; whoever has not got it gets nothing. Ends with Ctrl-C.
 */

import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import type { Source } from '#shared/contract/methods.ts'
import { text, whole } from '../options.ts'
import { note, print } from '../output.ts'
import { assertReadableFile, fileError } from '../session.ts'
import { verb } from './verb.ts'

export const serve = verb({
  id: 'serve',
  about: 'show the window in a browser, from this machine only',
  args: [{ name: '[F...]', about: 'files to open: .faultline files, or traces, which are imported' }],
  options: {
    port: whole({ value: 'N', min: 0, max: 65_535, fallback: 0, about: 'port to listen on; 0 takes a free one' }),
    root: text('DIR', 'folder whose files the browser may open by name'),
  },
  async run(session, paths, { port, root }) {
    for (const path of paths) await assertReadableFile(path)
    if (root !== undefined) await assertFolder(root)
    const { buildPage, PAGE } = await import('#electron/launch/build.ts')
    await buildPage(note)
    const { createEngine } = await import('#electron/engine/engine.ts')
    const { serveWeb } = await import('#electron/web/server.ts')
    const startWith = paths.map((path): Source => ({ kind: 'path', path: resolve(path) }))
    const engine = await createEngine({
      host: 'web',
      startWith,
      ...(root === undefined ? {} : { root: resolve(root) }),
    })
    try {
      const host = await serveWeb({ engine, page: PAGE, port, hasRoot: root !== undefined })
      print(host.url)
      note('open this address in a browser on this machine; Ctrl-C ends it')
      if (!session.signal.aborted) await once(session.signal, 'abort')
      await host.close()
    } finally {
      await engine.close()
    }
    return 0
  },
})

async function assertFolder(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    throw fileError(path, error)
  })
  if (!found.isDirectory())
    throw new ApiError('bad-input', `${path}: this is not a folder`, 'name the folder with the traces')
}
