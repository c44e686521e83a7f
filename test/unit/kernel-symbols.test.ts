/** Where names of kernel functions come from: a file that was given, what perf kept of that very kernel, this machine. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { kernelSymbols } from '#electron/engine/kernel-symbols.ts'

const LINES = 'ffffffff81000000 T _text\nffffffff81000010 t start\n'
/** No kernel's: one that runs here would answer for itself. */
const ID = 'ab'.repeat(20)
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'faultline-symbols-'))
  vi.stubEnv('HOME', folder)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

function given(bytes: Buffer | string): string {
  const path = join(folder, 'kallsyms')
  writeFileSync(path, bytes)
  const found = kernelSymbols({ path, name: 'k.txt' }).kernelSymbols(undefined)
  return Buffer.from(found?.kallsyms ?? []).toString()
}

describe('kernel symbols', () => {
  it('are the file that was given, compressed or not', () => {
    for (const bytes of [LINES, gzipSync(LINES), zstdCompressSync(LINES)]) expect(given(bytes)).toBe(LINES)
  })

  it('may be in UTF-16, as PowerShell saves them', () => {
    expect(given(Buffer.from(`\ufeff${LINES}`, 'utf16le'))).toBe(LINES)
  })

  it('of a file that is no kallsyms, or does not decompress, are refused with a way out', () => {
    expect(() => given('one\ntwo\n')).toThrow('k.txt is no kallsyms')
    expect(() => given(gzipSync(LINES).subarray(0, 20))).toThrow('k.txt is damaged')
  })

  it('are what perf kept of the same build, never of another', () => {
    const kept = join(folder, '.debug', '[kernel.kallsyms]', ID)
    mkdirSync(kept, { recursive: true })
    writeFileSync(join(kept, 'kallsyms'), LINES)
    expect(kernelSymbols(undefined).kernelSymbols(ID)?.from).toBe('what perf kept of that kernel')
    expect(kernelSymbols(undefined).kernelSymbols('0'.repeat(40))).toBeUndefined()
    expect(kernelSymbols(undefined).kernelSymbols('../../etc')).toBeUndefined()
    writeFileSync(join(kept, 'kallsyms'), LINES.replaceAll(/^[0-9a-f]+/gm, '0000000000000000'))
    expect(kernelSymbols(undefined).kernelSymbols(ID)).toBeUndefined()
  })

  it("are this machine's where it runs that build and shows its addresses", (context) => {
    const notes = (() => {
      try {
        return readFileSync('/sys/kernel/notes')
      } catch {
        return undefined
      }
    })()
    const at = notes?.indexOf('GNU\0') ?? -1
    if (notes === undefined || at < 8 || !/^f{4}[0-9a-f]{12} /m.test(readFileSync('/proc/kallsyms', 'utf8'))) {
      return context.skip('no kernel notes, or a kernel that hides its addresses')
    }
    const id = notes.toString('hex', at + 4, at + 4 + notes.readUInt32LE(at - 8))
    expect(kernelSymbols(undefined).kernelSymbols(id)?.from).toBe("this machine's kernel, the same")
  })
})
