/**
 * Whose turn it is with the kernel's tracing: there is one, and test files run beside each other. What one records is a
 * change of settings that another would find. It ends with the process, however that ends. Linux only, as recording is.
 */
import { createServer } from 'node:net'
import { afterAll, beforeAll } from 'vitest'

/** A socket of Linux' abstract namespace: only one process listens on a name, and no file is left behind. */
const NAME = '\0faultline-tests-tracing'

/** For a file's whole run; called once, at its top. */
export function tracingAlone(): void {
  const server = createServer()
  const listening = () =>
    new Promise<boolean>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'EADDRINUSE') resolve(false)
        else reject(error)
      })
      server.listen(NAME, () => {
        server.removeAllListeners('error')
        resolve(true)
      })
    })
  beforeAll(async () => {
    while (!(await listening())) await new Promise((next) => setTimeout(next, 200))
  })
  afterAll(() => new Promise((done) => server.close(done)))
}
