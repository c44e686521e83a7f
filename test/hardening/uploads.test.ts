/**
 * What a browser says an upload is called is a stranger's text: whatever path is in it, the file lands where the engine keeps its
 * own, and nothing outside that folder is written, replaced or deleted.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { ApiError } from '#shared/base/errors.ts'
import { sampleText, SMALL } from '../support/engine.ts'
import { useEngine } from '../support/use-engine.ts'

const { client, folder, dataDir } = useEngine('web')
const bytes = Uint8Array.from(sampleText(SMALL))

const NAMES = [
  '../../outside.txt',
  '..\\..\\outside.txt',
  '/etc/passwd',
  'C:\\Windows\\system32\\config',
  '..',
  '.',
  '%2e%2e%2foutside.txt',
  'a/../../../outside.txt',
  '....//outside.txt',
  'outside.txt\0.png',
  '-rf',
  '~/.ssh/authorized_keys',
  'file:///etc/passwd',
  '\\\\server\\share\\outside',
  'CON',
  `${'x'.repeat(255)}.txt`,
  'a\nb\r\u2028\u202Etxt.exe',
]

/** Everything in the folder that is not the engine's. */
const outside = () =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !join(folder, name).startsWith(dataDir))
    .sort()

it.each(NAMES)('an upload called %j stays where uploads are', async (name) => {
  mkdirSync(join(folder, 'outside'), { recursive: true })
  writeFileSync(join(folder, 'outside.txt'), 'mine')
  const before = outside()
  const beside = readdirSync(dirname(folder)).filter((one) => one.startsWith('outside'))
  try {
    const { upload } = await client.call('upload.begin', { name, bytes: bytes.length })
    await client.call('upload.chunk', { upload, bytes })
    const { opened, imported } = await client.call('files.open', { source: { kind: 'upload', upload } })
    expect(imported?.events).toBe(3661)
    expect(opened.name).not.toMatch(/[/\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
    expect(opened.name).not.toMatch(/^\.{0,2}$/)
  } catch (error) {
    // Or it is refused, with a sentence.
    expect(error).toBeInstanceOf(ApiError)
    expect((error as ApiError).code).toBe('bad-request')
  }
  expect(outside()).toEqual(before)
  expect(readFileSync(join(folder, 'outside.txt'), 'utf8')).toBe('mine')
  expect(readdirSync(dirname(folder)).filter((one) => one.startsWith('outside'))).toEqual(beside)
})

it('what is wrong with an uploaded database is said of the name it came with', async () => {
  const damaged = new Uint8Array(4096).fill(7)
  damaged.set(new TextEncoder().encode('SQLite format 3\0'))
  const { upload } = await client.call('upload.begin', { name: 'mine.faultline', bytes: damaged.length })
  await client.call('upload.chunk', { upload, bytes: damaged })
  await expect(client.call('files.open', { source: { kind: 'upload', upload } })).rejects.toThrow(
    /^mine\.faultline is an SQLite database/,
  )
})
