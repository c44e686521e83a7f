/** The file an export writes: bytes in, progress out. Its caller made the place for it and gives it its name. */

import { closeSync, openSync, writeSync } from 'node:fs'
import type { Progress } from '#shared/contract/methods.ts'

export class FileOut {
  readonly #file: number
  readonly #started = performance.now()

  constructor(path: string) {
    this.#file = openSync(path, 'wx')
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at)
  }

  progress(rows: number): Progress {
    const elapsedMs = Math.round(performance.now() - this.#started)
    return { stage: 'writing', done: rows, total: null, unit: 'rows', events: null, elapsedMs }
  }

  close(): void {
    closeSync(this.#file)
  }
}
