/**
 * An export's bytes, wherever they are: in the answer, or fetched piece by piece because they were too large for one
 * message. For clients that cannot have the engine write a file.
 */

import type { Client, ExportResult } from './methods.ts'

export async function exportedBytes(client: Client, result: ExportResult): Promise<Uint8Array[]> {
  if (result.bytes !== null) return [result.bytes]
  if (result.download === null) return []
  const { id } = result.download
  const pieces: Uint8Array[] = []
  let offset = 0
  try {
    for (;;) {
      const piece = await client.call('download.chunk', { download: id, offset })
      if (piece.length === 0) return pieces
      pieces.push(piece)
      offset += piece.length
    }
  } finally {
    await client.call('download.end', { download: id })
  }
}
