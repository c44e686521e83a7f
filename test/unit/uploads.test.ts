/** Files on their way in and out belong to who began them: many at once are too many, and nothing stays of who has left. */
import { readdirSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { createDownloads } from '#electron/engine/downloads.ts'
import { createUploads } from '#electron/engine/uploads.ts'
import { limits } from '#shared/base/limits.ts'
import { tempFolder } from '../support/store.ts'

it('uploads that begin in one moment are as many as may be', async () => {
  const folder = tempFolder()
  const uploads = createUploads(folder)
  const owner = {}
  const begun = Array.from({ length: 4 * limits.uploads }, () => uploads.begin(owner, 'x', undefined))
  const ends = await Promise.allSettled(begun)
  expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(limits.uploads)
  await uploads.dropAll(owner)
  expect(readdirSync(folder)).toEqual([])
})

it('an upload that begins while its owner leaves does not stay', async () => {
  const folder = tempFolder()
  const uploads = createUploads(folder)
  const owner = {}
  const begun = uploads.begin(owner, 'x', undefined)
  await uploads.dropAll(owner)
  await begun.catch(() => undefined)
  expect(readdirSync(folder)).toEqual([])
})

it('a piece that is refused does not count', async () => {
  const uploads = createUploads(tempFolder())
  const owner = {}
  const id = await uploads.begin(owner, 'x', 2)
  await expect(uploads.chunk(owner, id, new Uint8Array(3))).rejects.toMatchObject({ code: 'bad-request' })
  expect(await uploads.chunk(owner, id, new Uint8Array(2))).toBe(2)
  await uploads.dropAll(owner)
})

it('an export that is done when its owner has left is refused, so that its file goes', async () => {
  const downloads = createDownloads(tempFolder())
  const owner = {}
  const path = await downloads.place()
  writeFileSync(path, new Uint8Array(limits.pieceBytes + 1))
  await downloads.endAll(owner)
  await expect(downloads.offer(owner, path)).rejects.toMatchObject({ code: 'cancelled' })
})

it.skipIf(process.platform === 'win32')(
  'input that is spooled has no name that a killed process would leave',
  async () => {
    const { openRandom } = await import('#electron/engine/random-input.ts')
    const folder = tempFolder()
    const before = process.env['TMPDIR']
    process.env['TMPDIR'] = folder
    try {
      const chunks = (async function* () {
        await Promise.resolve()
        yield new Uint8Array([1, 2, 3])
      })()
      const input = { chunks, plain: undefined } as unknown as Parameters<typeof openRandom>[0]
      const file = await openRandom(input, () => undefined)
      expect(readdirSync(folder)).toEqual([])
      expect([...file.read(1, 2)]).toEqual([2, 3])
      file.close()
    } finally {
      if (before === undefined) delete process.env['TMPDIR']
      else process.env['TMPDIR'] = before
    }
  },
)
