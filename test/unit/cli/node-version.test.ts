/** Which Node is good enough, and what happens on one that is not: the entry runs on the bundled one, or says why not. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { bundledNode, isSupported } from '#electron/node-version.mjs'
import { repoRoot } from '../../support/corpus.ts'

describe('a Node version', () => {
  it.each([
    ['18.20.8', false],
    ['20.20.2', false],
    ['22.17.9', false],
    ['22.18.0', true],
    ['22.100.0', true],
    ['24.21.0', true],
    ['100.0.0', true],
  ])('%s is supported: %s', (version, expected) => expect(isSupported(version)).toBe(expected))
})

describe('the bundled Node', () => {
  it('is found and runs', () => {
    const { path } = bundledNode()
    expect(path).toBeDefined()
    expect(isSupported(execFileSync(path ?? '', ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim())).toBe(
      true,
    )
  })

  it('is said to be missing where it is not installed', () => {
    expect(bundledNode(pathToFileURL(join(tmpdir(), 'elsewhere.mjs')).href)).toEqual({
      path: undefined,
      why: 'the Node it brings along is not installed',
    })
  })
})

/** A Node on this machine that is too old, to try the real thing with. */
function oldNode(): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, process.platform === 'win32' ? 'node.exe' : 'node')
    if (!existsSync(path)) continue
    const version = execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim()
    if (!isSupported(version)) return path
  }
  return undefined
}
const old = oldNode()
if (old === undefined)
  process.stderr.write('skipped: restarting on the bundled Node: no Node older than 22.18 on this PATH\n')

describe.skipIf(old === undefined)('on an older Node', () => {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-node-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const entry = join(folder, 'entry.mjs')
  const seam = pathToFileURL(join(repoRoot, 'electron', 'node-version.mjs')).href
  writeFileSync(
    entry,
    `import { fileURLToPath } from 'node:url'
import { onSupportedNode } from ${JSON.stringify(seam)}
if (onSupportedNode(fileURLToPath(import.meta.url))) {
  if (process.argv[2] === 'stay') {
    process.on('SIGINT', () => process.exit(77))
    setInterval(() => {}, 1000)
  } else process.exitCode = 3
  process.stdout.write(JSON.stringify([process.versions.node, ...process.argv.slice(2)]))
}
`,
  )

  it('an entry runs on the bundled one with its arguments and its exit status', async () => {
    const child = spawn(old ?? '', [entry, 'a b', '--c'])
    let out = ''
    child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()))
    const [status] = await once(child, 'close')
    const [version, ...args] = JSON.parse(out) as string[]
    expect(status).toBe(3)
    expect(isSupported(version)).toBe(true)
    expect(args).toEqual(['a b', '--c'])
  })

  it.skipIf(process.platform === 'win32').each([
    ['SIGINT', { status: 77, signal: null }],
    ['SIGTERM', { status: null, signal: 'SIGTERM' }],
  ] as const)('%s reaches the second process, and its end is the first one’s', async (signal, expected) => {
    const child = spawn(old ?? '', [entry, 'stay'])
    await once(child.stdout, 'data')
    child.kill(signal)
    const [status, ended] = await once(child, 'close')
    expect({ status, signal: ended }).toEqual(expected)
  })

  it.skipIf(process.platform === 'win32')('whoever kills the first ends the second', async () => {
    const child = spawn(old ?? '', [entry, 'stay'])
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    // Its output ends when the last process that has it ends.
    await once(child, 'close')
  })

  it('the command line answers', () => {
    const out = execFileSync(old ?? '', [join(repoRoot, 'bin', 'faultline.mjs'), 'list', 'analyses', '--json'], {
      encoding: 'utf8',
    })
    expect(JSON.parse(out)).toHaveProperty('analyses')
  })
})
