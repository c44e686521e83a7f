/**
 * A file of the browser's on its way to the engine: chunks in order, the next one read only when the one before was
 * taken (that is the back-pressure), cancellable between chunks. The bytes are never held as a whole.
 */

import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { Client, Progress } from '#shared/contract/methods.ts'

export async function uploadFile(
  client: Client,
  file: Blob & { readonly name: string },
  options: { readonly signal: AbortSignal; readonly onProgress: (progress: Progress) => void },
): Promise<string> {
  if (file.size > limits.uploadBytes) {
    throw new ApiError(
      'limit',
      `${file.name} is larger than an upload may be (${limits.uploadBytes} bytes)`,
      'start `faultline serve --root FOLDER` or use the command line: faultline import FILE',
    )
  }
  const { upload } = await client.call('upload.begin', { name: file.name, bytes: file.size })
  const started = performance.now()
  try {
    for (let at = 0; at < file.size; at += limits.pieceBytes) {
      if (options.signal.aborted) throw new ApiError('cancelled', `reading ${file.name} was cancelled`)
      const bytes = new Uint8Array(await file.slice(at, at + limits.pieceBytes).arrayBuffer())
      await client.call('upload.chunk', { upload, bytes }, { signal: options.signal })
      options.onProgress({
        stage: 'reading',
        done: at + bytes.length,
        total: file.size,
        unit: 'bytes',
        events: null,
        elapsedMs: performance.now() - started,
      })
    }
    return upload
  } catch (thrown) {
    await client.call('upload.cancel', { upload }).catch(() => undefined) // the first error is the one to tell
    throw thrown
  }
}
