/**
 * What a release holds: packed here without Electron's binary, so everything but the binary is what users get. The
 * fuses, which need the binary, are asserted from the configuration.
 */
import { existsSync, readdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { extractFile, listPackage } from '@electron/asar'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { config, pack, type Packed } from './pack.ts'

let folder: string
let packed: Packed
let names: string[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'faultline-package-'))
  packed = await pack(folder)
  names = listPackage(join(packed.resources, 'app.asar'), { isPack: false }).map((name) => name.replaceAll('\\', '/'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const filesIn = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

test('one native binary is inside: the one of the target, unpacked', () => {
  const natives = filesIn(packed.resources).filter((file) => file.endsWith('.node'))
  expect(natives.map((file) => file.slice(packed.resources.length).replaceAll('\\', '/'))).toEqual([
    `/app.asar.unpacked/node_modules/better-sqlite3/prebuilds/linux-${process.arch}.node`,
  ])
  expect(names.filter((name) => name.endsWith('.node'))).toHaveLength(1)
})

test('of node_modules only what cannot be bundled is inside', () => {
  const modules = new Set(names.flatMap((name) => /^\/node_modules\/([^/]+)/.exec(name)?.[1] ?? []))
  expect([...modules].sort()).toEqual(['better-sqlite3', 'piscina'])
})

test('besides them there are the three bundles, migrations and samples, and no sources, maps or tests', () => {
  const roots = new Set(names.map((name) => name.split('/')[1]))
  expect([...roots].sort()).toEqual(['migrations', 'node_modules', 'out', 'package.json', 'samples'])
  expect([...new Set(names.flatMap((name) => /^\/out\/([^/]+)/.exec(name)?.[1] ?? []))].sort()).toEqual([
    'main',
    'preload',
    'web',
  ])
  expect(names.filter((name) => /\.(map|vue|test\.ts)$/.test(name))).toEqual([])
  expect(names.filter((name) => name.endsWith('.ts') && !name.startsWith('/samples/'))).toEqual([])
})

test('what SQLite and readers that seek open lies beside the archive as real files', () => {
  const opened = names.filter((name) => /^\/(samples|migrations)\/.*\.\w+$/.test(name))
  expect(opened.length).toBeGreaterThan(5)
  expect(opened.filter((name) => !existsSync(join(packed.resources, 'app.asar.unpacked', name)))).toEqual([])
})

test('every entry the engine starts by name is there', () => {
  const main = names.filter((name) => /^\/out\/main\/[a-z-]+\.js$/.test(name)).map((name) => name.slice(10, -3))
  expect(main).toEqual(
    expect.arrayContaining([
      'main',
      'engine',
      'sql-process',
      'data-worker',
      'job-worker',
      'import-parser',
      'import-writer',
    ]),
  )
})

test('its package.json names the entry and carries no scripts', () => {
  const text = extractFile(join(packed.resources, 'app.asar'), 'package.json').toString()
  const { main, name, desktopName, scripts, devDependencies } = JSON.parse(text) as Record<string, unknown>
  expect({ main, name, desktopName, scripts, devDependencies }).toEqual({
    main: 'out/main/main.js',
    name: 'faultline',
    desktopName: 'faultline.desktop',
    scripts: undefined,
    devDependencies: undefined,
  })
})

test('it is small: under 16 MiB without the runtime', () => {
  const size = filesIn(packed.resources).reduce((sum, file) => sum + statSync(file).size, 0)
  process.stdout.write(`packed app without Electron's runtime: ${(size / 2 ** 20).toFixed(1)} MiB\n`)
  expect(size).toBeLessThan(16 * 2 ** 20)
})

test('the fuses close every door that is not used', () => {
  expect(config.electronFuses).toEqual({
    runAsNode: false,
    enableCookieEncryption: false,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    grantFileProtocolExtraPrivileges: false,
  })
  expect(config.asar).toBe(true)
})

test('AppImage and deb, nsis and dmg are made; trace files open with it; nothing is published', () => {
  const targets = (of: unknown) => (of as { target: { target: string }[] }).target.map(({ target }) => target)
  expect([targets(config.linux), targets(config.win), targets(config.mac)]).toEqual([
    ['AppImage', 'deb'],
    ['nsis'],
    ['dmg'],
  ])
  // Only our own files are ours by right; of others we are one program that can.
  const associations = config.fileAssociations as readonly { ext: string; rank: string }[]
  expect(associations.map(({ ext, rank }) => [ext, rank])).toEqual([
    ['faultline', 'Owner'],
    ['dat', 'Alternate'],
    ['ftrace', 'Alternate'],
  ])
  expect(config.publish).toBeNull()
})
