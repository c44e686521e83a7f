/** `faultline serve`: one address on standard output, the page behind it, nothing for strangers, gone after Ctrl-C. */
import { existsSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { repoRoot } from '../../support/corpus.ts'
import { SMALL, workFolder } from './run-cli.ts'

const folder = workFolder()
afterAll(folder.remove)

const built = existsSync(join(repoRoot, 'out', 'web', 'index.html'))
if (!built) process.stderr.write('skipped: serving the page: it has not been built (npm run build)\n')

/** Runs `serve`, hands its first line over once it is there, then sends Ctrl-C. */
async function serving(args: readonly string[], visit: (url: string) => Promise<void>) {
  const visited = Promise.withResolvers<void>()
  const result = await folder.run(['serve', ...args], {
    whileRunning(child) {
      let out = ''
      child.stdout?.on('data', (bytes: Buffer) => {
        const before = out
        out += bytes.toString()
        if (before.includes('\n') || !out.includes('\n')) return
        visit(out.split('\n')[0])
          .then(visited.resolve, visited.reject)
          .finally(() => child.kill('SIGINT'))
      })
      child.on('close', () => visited.resolve())
    },
  })
  await visited.promise
  return result
}

describe.skipIf(!built)('serve', () => {
  it('prints the address with its token, serves the page there, and ends with Ctrl-C', async () => {
    const { status, stdout, stderr } = await serving([SMALL], async (url) => {
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{20,}$/)
      const page = await fetch(url)
      expect(page.status).toBe(200)
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
      expect((await fetch(new URL('/package.json', url))).status).toBe(404)
    })
    expect(status).toBe(130)
    expect(stdout.split('\n')).toHaveLength(2)
    expect(stderr).toContain('Ctrl-C ends it')
  })

  it('says when its port is taken', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { status, stderr } = await folder.run(['serve', '--port', String(port)])
    other.close()
    expect(status).toBe(1)
    expect(stderr).toContain(`port ${port} is in use`)
  })
})

describe('serve', () => {
  it('refuses a root that is no folder, and files that are not there', async () => {
    mkdirSync(folder.file('root'))
    expect((await folder.run(['serve', '--root', 'nowhere'])).stderr).toContain('nowhere: no such file')
    expect((await folder.run(['serve', '--root', SMALL])).stderr).toContain('this is not a folder')
    expect((await folder.run(['serve', 'gone.faultline'])).stderr).toContain('gone.faultline: no such file')
    expect((await folder.run(['serve', '--port', '70000'])).status).toBe(2)
  })
})
