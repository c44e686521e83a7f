/**
 * Cells of the race matrix that an app of an earlier test file computed, handed to the next as a restart of it would have
 * them (electron/engine/verdict-cache.ts): computing all takes some forty CPU seconds. The engine takes none of other code.
 */
import { copyFileSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PROJECT } from './engine.ts'

const KNOWN = join(PROJECT, 'out/test-verdicts.json')
const cellsOf = (dataDir: string): string => join(dataDir, 'verdicts.json')

function read(path: string): { readonly code: string; readonly cells: readonly unknown[] } {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return { code: 'none is there', cells: [] }
  }
}

export function takeKnownCells(dataDir: string): void {
  if (read(KNOWN).cells.length === 0) return
  mkdirSync(dataDir, { recursive: true })
  copyFileSync(KNOWN, cellsOf(dataDir))
}

/** After the engine has closed. Several files may do so at once: what stands there is always whole. */
export function keepKnownCells(dataDir: string): void {
  const [known, mine] = [read(KNOWN), read(cellsOf(dataDir))]
  if (mine.cells.length <= (mine.code === known.code ? known.cells.length : 0)) return
  mkdirSync(dirname(KNOWN), { recursive: true })
  const beside = `${KNOWN}.${process.pid}`
  copyFileSync(cellsOf(dataDir), beside)
  renameSync(beside, KNOWN)
}
