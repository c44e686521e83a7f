/**
 * A file of the browser's on its way to the engine: pieces in order, the next one sent only when the one before was
 * taken (that is the back-pressure) and read meanwhile, cancellable between pieces. The bytes are never held as a whole.
 */

import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { Client, Progress, Source } from '#shared/contract/methods.ts'
import { desktopBridge } from './desktop.ts'

/** For small files: in the desktop window the shell makes the file known to the engine, a browser hands its bytes over. */
export async function sourceOfFile(client: Client, file: File): Promise<Source> {
  const granted = await desktopBridge()?.grantFile(file)
  if (granted) return granted
  const options = { signal: new AbortController().signal, onProgress: () => undefined }
  return { kind: 'upload', upload: await uploadFile(client, file, options) }
}

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
    let next = pieceAt(file, 0)
    for (let at = 0; at < file.size; at += limits.pieceBytes) {
      const bytes = await next
      next = pieceAt(file, at + limits.pieceBytes) // read while this one is on its way
      if (options.signal.aborted) throw new ApiError('cancelled', `reading ${file.name} was cancelled`)
      await client.call('upload.chunk', { upload, bytes }, { signal: options.signal })
      options.onProgress({
        stage: 'handing the file to the engine',
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

async function pieceAt(file: Blob, at: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await file.slice(at, at + limits.pieceBytes).arrayBuffer())
}
