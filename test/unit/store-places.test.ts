// Places of results: tried before the work, which leaves nothing however it ends, and what a job that died left there is removed.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { refuseUnwritable, workFolder } from '#electron/store/draft.ts'

const folder = mkdtempSync(join(tmpdir(), 'faultline-places-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})
const at = (name: string) => join(folder, name)
const refusal = (name: string, force = false): unknown => {
  try {
    refuseUnwritable(at(name), { force })
    return undefined
  } catch (error) {
    return error
  }
}

it('says what is wrong with a place, and leaves nothing there', () => {
  writeFileSync(at('taken'), '')
  mkdirSync(at('folder'))
  expect(refusal('free')).toBeUndefined()
  expect(refusal('taken')).toMatchObject({ code: 'exists' })
  expect(refusal('taken', true)).toBeUndefined()
  expect(refusal('folder', true)).toMatchObject({ message: expect.stringContaining('folder') })
  expect(refusal('no/such/folder')).toMatchObject({ code: 'not-found' })
  expect(refusal('x'.repeat(250))).toMatchObject({ message: expect.stringContaining('too long') })
  expect(readdirSync(folder).sort()).toEqual(['folder', 'taken'])
})

it.runIf(process.platform === 'linux')('makes no name that a process killed meanwhile could leave', async () => {
  const seen: (string | null)[] = []
  const watcher = watch(folder, (_, name) => void seen.push(name))
  try {
    expect(refusal('unseen')).toBeUndefined()
    writeFileSync(at('seen'), '')
    while (!seen.includes('seen')) await new Promise((next) => setTimeout(next, 5))
    expect(new Set(seen)).toEqual(new Set(['seen']))
  } finally {
    watcher.close()
  }
})

it('a folder of a job that died is removed by the next one there, one of a job that runs is not', () => {
  const mine = workFolder(at('made'))
  const pid = `-${process.pid}-`
  const dead = mine.replace(pid, '-999999999-')
  const elsewhere = dead.replace(/\.[0-9a-f]{8}-/, '.00000000-')
  const ofAnother = join(folder, basename(dead).replace('.made.', '.other.'))
  for (const path of [mine, dead, elsewhere, ofAnother]) {
    mkdirSync(path)
    writeFileSync(join(path, 'cpu0'), 'pages')
    utimesSync(path, 1, 1)
  }
  workFolder(at('made'))
  expect([mine, dead, elsewhere, ofAnother].map((path) => existsSync(path))).toEqual([true, false, true, true])
})
