/** The byte source of imports: what it gives for plain, compressed, cut, spoilt and impossible inputs. */

import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSource } from '#electron/engine/source.ts'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { SKIP_CODES } from '#shared/model/diagnostics.ts'
import { repoRoot } from '../support/corpus.ts'

/** Three megabytes that compress no better than traces do. */
const text = Buffer.from(
  Array.from({ length: 40_000 }, (_, i) => {
    const noise = Math.imul(i + 1, 0x9e3779b1) >>> 0
    return `  flwork-9217 [001] ..... 1146.${noise}: lock_acquire: ${noise.toString(16)}${i} &mm->mmap_lock`
  }).join('\n'),
)
let dir = ''

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'faultline-source-'))
})
afterAll(() => {
  rmSync(dir, { recursive: true, force: true })
})

function file(name: string, bytes: Uint8Array): string {
  const path = join(dir, name)
  writeFileSync(path, bytes)
  return path
}

async function all(source: string | Uint8Array, name = 'input') {
  const input = await openSource(source, name)
  const parts: Buffer[] = []
  for await (const chunk of input.chunks) parts.push(Buffer.from(chunk))
  return {
    input,
    bytes: Buffer.concat(parts),
    largest: Math.max(0, ...parts.map((part) => part.length)),
    codes: input.diagnostics.map(({ code }) => code),
  }
}

async function errorOf(source: string | Uint8Array, name: string): Promise<ApiError> {
  const thrown: unknown = await all(source, name).catch((error: unknown) => error)
  if (!(thrown instanceof ApiError)) throw new Error(`no ApiError but ${String(thrown)}`)
  return thrown
}

const gzip = gzipSync(text)
const zstd = zstdCompressSync(text)
/** A skippable frame of RFC 8878. */
const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4])
const named = Buffer.from(gzip)

describe('plain bytes come out of', () => {
  const inputs: [string, Buffer, Buffer][] = [
    ['a plain file', text, text],
    ['gzip', gzip, text],
    [
      'gzip of several members',
      Buffer.concat([gzip, gzipSync('tail\n'), gzip]),
      Buffer.concat([text, Buffer.from('tail\n'), text]),
    ],
    ['gzip padded with zeros', Buffer.concat([gzip, Buffer.alloc(512)]), text],
    ['zstd', zstd, text],
    [
      'zstd of several frames',
      Buffer.concat([zstd, zstdCompressSync('tail\n'), zstd]),
      Buffer.concat([text, Buffer.from('tail\n'), text]),
    ],
    ['zstd behind a skippable frame', Buffer.concat([skippable, zstd, skippable]), text],
    ['nothing', Buffer.alloc(0), Buffer.alloc(0)],
    ['one byte', Buffer.from('x'), Buffer.from('x')],
  ]
  it.each(inputs)('%s', async (name, packed, plain) => {
    for (const source of [packed, file(name.replaceAll(' ', '-'), packed)]) {
      const read = await all(source)
      expect(read.bytes.equals(plain)).toBe(true)
      expect(Buffer.from(read.input.head).equals(plain.subarray(0, limits.sniffBytes))).toBe(true)
      expect(read.largest).toBeLessThanOrEqual(2 * 1024 * 1024)
      expect(read.input.bytesRead).toBe(packed.length)
      expect(read.input.totalBytes).toBe(packed.length === 0 && typeof source === 'string' ? undefined : packed.length)
      expect(read.codes).toEqual([])
    }
  })

  it('gzip with a name, an extra field and a comment in its header', async () => {
    const header = Buffer.from([0x1f, 0x8b, 8, 4 | 8 | 16, 0, 0, 0, 0, 0, 3, 3, 0, 9, 9, 9])
    const packed = Buffer.concat([header, Buffer.from('trace.txt\0a comment\0'), named.subarray(10)])
    expect((await all(packed)).bytes.equals(text)).toBe(true)
  })

  it('standard input', async () => {
    const script = `import { openSource } from '#electron/engine/source.ts'
      const input = await openSource('-', 'standard input'); let n = 0
      for await (const chunk of input.chunks) n += chunk.length
      process.stdout.write(n + ' ' + input.bytesRead + ' ' + input.totalBytes)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: repoRoot })
    let out = ''
    child.stdout.on('data', (data: Buffer) => (out += data.toString()))
    child.stdin.write(gzip.subarray(0, 3))
    await new Promise((resolve) => setTimeout(resolve, 100))
    child.stdin.end(gzip.subarray(3))
    await new Promise((resolve) => child.on('close', resolve))
    expect(out).toBe(`${text.length} ${gzip.length} undefined`)
  })
})

describe('damage', () => {
  it.each([
    ['gzip', gzip],
    ['zstd', zstd],
  ])('a cut %s file gives what was before the cut, at every cut', async (_, packed) => {
    for (const part of [0.02, 0.3, 0.5, 0.9, 0.999]) {
      const cut = packed.subarray(0, Math.floor(packed.length * part))
      const read = await all(cut).catch((error: unknown) => error as ApiError)
      if (read instanceof ApiError) {
        // Not even the first block was whole.
        expect(part).toBeLessThan(0.3)
        continue
      }
      expect(read.bytes.equals(text.subarray(0, read.bytes.length))).toBe(true)
      expect(read.bytes.length).toBeGreaterThan(text.length * part * 0.3)
      expect(read.codes).toEqual(['truncated-compression'])
    }
  })

  it.each([
    ['gzip', gzipSync(text, { level: 1 })],
    ['zstd', zstd],
  ])('a spoilt byte in %s is a diagnostic, never silence', async (_, packed) => {
    const spoilt = Buffer.from(packed)
    spoilt[Math.floor(packed.length * 0.8)] ^= 0x10
    const read = await all(spoilt)
    expect(read.bytes.length).toBeGreaterThan(0)
    expect(read.codes).toEqual(['truncated-compression'])
  })

  it.each([
    ['gzip', gzip],
    ['zstd', zstd],
  ])('bytes behind %s data lose nothing before them', async (_, packed) => {
    const read = await all(Buffer.concat([packed, Buffer.from('and then this')]))
    expect(read.bytes.equals(text)).toBe(true)
    expect(read.codes).toEqual(['bytes-after-compression'])
  })

  it.each([1, 2, 3])('of a frame that was cut in its first bytes (%d) nothing is lost before it', async (length) => {
    const read = await all(Buffer.concat([zstd, zstd.subarray(0, length)]))
    expect(read.bytes.equals(text)).toBe(true)
    expect(read.codes).toEqual(['bytes-after-compression'])
  })

  it('a cut zstd frame with other bytes behind it gives what was before the cut', async () => {
    const read = await all(Buffer.concat([zstd.subarray(0, Math.floor(zstd.length / 2)), Buffer.from('and then this')]))
    expect(read.bytes.length).toBeGreaterThan(text.length / 4)
    expect(read.bytes.equals(text.subarray(0, read.bytes.length))).toBe(true)
    expect(read.codes).toEqual(['truncated-compression'])
  })

  it('what damage leaves out is reported as skipped input', () => {
    expect(SKIP_CODES).toEqual(expect.arrayContaining(['truncated-compression', 'bytes-after-compression']))
  })

  it('data that cannot be decompressed at all is refused by name', async () => {
    const error = await errorOf(Buffer.concat([gzip.subarray(0, 10), Buffer.alloc(100, 0xff)]), 'broken.gz')
    expect(error.code).toBe('bad-input')
    expect(error.message).toContain('broken.gz')
  })

  it('a decompression bomb passes through in bounded memory', async () => {
    const frame = zstdCompressSync(Buffer.alloc(16 * 1024 * 1024))
    const bomb = Buffer.concat(Array.from({ length: 32 }, () => frame))
    const before = process.memoryUsage().arrayBuffers
    const input = await openSource(bomb, 'bomb')
    let length = 0
    let most = 0
    for await (const chunk of input.chunks) {
      length += chunk.length
      most = Math.max(most, process.memoryUsage().arrayBuffers)
    }
    expect(length).toBe(512 * 1024 * 1024)
    expect(most - before).toBeLessThan(128 * 1024 * 1024)
  })
})

describe('what cannot be read', () => {
  it('a missing file', async () => {
    const error = await errorOf(join(dir, 'absent.txt'), 'absent.txt')
    expect([error.code, error.message]).toEqual(['not-found', 'absent.txt: there is no such file'])
  })

  it('a directory', async () => {
    const error = await errorOf(dir, 'some-folder')
    expect([error.code, error.message]).toEqual(['bad-input', 'some-folder is a directory'])
  })

  it.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
    'a file without permission (not testable as root)',
    async () => {
      const path = file('secret.txt', text)
      chmodSync(path, 0)
      expect((await errorOf(path, 'secret.txt')).code).toBe('permission')
    },
  )
})

describe('streaming', () => {
  it('reads no further than a chunk ahead of its consumer', async () => {
    const path = file('long.txt', Buffer.concat(Array.from({ length: 30 }, () => text)))
    const input = await openSource(path, 'long.txt')
    for await (const chunk of input.chunks) {
      expect(chunk.length).toBeLessThanOrEqual(1024 * 1024)
      break
    }
    expect(input.bytesRead).toBeLessThan(2 * 1024 * 1024)
    await input.close()
  })

  it('takes a tracefs-like file that says it is empty to its end', async () => {
    if (process.platform !== 'linux') return
    const read = await all('/proc/self/status')
    expect(read.bytes.toString()).toContain('VmRSS')
    expect(read.input.totalBytes).toBeUndefined()
  })
})
