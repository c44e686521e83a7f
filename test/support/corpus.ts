/**
 * Where the tests find real kernel traces: the corpus named by FAULTLINE_CORPUS, else `../shared/corpus` beside the
 * repository. A clone without it still runs every test on the small traces of test/fixtures; what needs the corpus is
 * skipped, and says so once on stderr. Nothing here writes.
 */

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { describe } from 'vitest'

/** The repository's root folder. */
export const repoRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

/** What inventory.json says of one text trace; everything the kernel or a second program counted. */
export interface InventoryEntry {
  readonly file: string
  readonly [key: string]: unknown
}

/** The corpus folder, or undefined where there is none. */
export function corpusDir(): string | undefined {
  const dir = process.env['FAULTLINE_CORPUS'] ?? join(repoRoot, '..', 'shared', 'corpus')
  return existsSync(join(dir, 'inventory.json')) ? dir : undefined
}

/** The path of a corpus file; throws where there is no corpus, so call it inside tests of `withCorpus` only. */
export function corpusPath(rel: string): string {
  const dir = corpusDir()
  if (dir === undefined) throw new Error(`${rel} is needed and there is no corpus: ${skipReason}`)
  return join(dir, rel)
}

/** A file as it is in the corpus, decompressed. Both `x.txt` and `x.txt.zst` find `x.txt.zst`. */
export function readCorpus(rel: string): Buffer {
  const path = corpusPath(rel)
  return readMaybeCompressed(existsSync(path) ? path : `${path}.zst`)
}

/** Any file, decompressed by its name's ending. */
export function readMaybeCompressed(path: string): Buffer {
  const bytes = readFileSync(path)
  if (path.endsWith('.zst')) return zstdDecompressSync(bytes)
  return path.endsWith('.gz') ? gunzipSync(bytes) : bytes
}

/** A fixture of test/fixtures, decompressed. */
export function readFixture(rel: string): Buffer {
  return readMaybeCompressed(fixturePath(rel))
}

export function fixturePath(rel: string): string {
  return join(repoRoot, 'test', 'fixtures', rel)
}

const skipReason = 'no corpus: set FAULTLINE_CORPUS or put it at ../shared/corpus beside the repository'
let told = false

/** `describe` where the corpus is; elsewhere `describe.skip`, with the reason on stderr. */
export function describeWithCorpus(name: string, body: () => void): void {
  if (!skipWithoutCorpus(name)) describe(name, body)
  else describe.skip(`${name} (${skipReason})`, body)
}

/** True (and says why, once per test file) where the corpus is missing: `it.skipIf(skipWithoutCorpus('…'))`. */
export function skipWithoutCorpus(what: string): boolean {
  if (corpusDir() !== undefined) return false
  if (!told) process.stderr.write(`skipped: ${what}: ${skipReason}\n`)
  told = true
  return true
}

/** inventory.json, by file name; empty where there is no corpus (so that `describe.each` can be built). */
export function inventory(): readonly InventoryEntry[] {
  const dir = corpusDir()
  if (dir === undefined) return []
  return JSON.parse(readFileSync(join(dir, 'inventory.json'), 'utf8')) as InventoryEntry[]
}
