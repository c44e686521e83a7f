/** File names made from other file names. */

import { basename } from 'node:path'

/** `capture.txt.gz` → `capture`, safe as a file name everywhere. */
export function stem(name: string): string {
  const bare = basename(name)
    .replace(/\.(gz|zst|zstd)$/i, '')
    .replace(/(.)\.[^.]*$/, '$1')
    .replace(/^\.+/, '')
  return bare.replace(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 80) || 'trace'
}
