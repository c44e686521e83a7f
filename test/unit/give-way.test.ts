/** The thread that writes lets others go first; its process and the threads beside it stay as they are. */

import { getPriority } from 'node:os'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'

const GIVES_WAY = new URL('../../electron/engine/give-way.ts', import.meta.url).href
const SAYS = `
  import { getPriority } from 'node:os'
  import { parentPort } from 'node:worker_threads'
  import { giveWay } from ${JSON.stringify(GIVES_WAY)}
  giveWay()
  giveWay()
  parentPort.postMessage(getPriority(0))
`

describe.skipIf(process.platform !== 'linux')('a thread that gives way', () => {
  it('is nicer, alone', async () => {
    const mine = getPriority(0)
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(SAYS)}`))
    const nice = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
    await worker.terminate()
    expect(nice).toBe(Math.max(mine, 10))
    expect(getPriority(0)).toBe(mine)
  })
})
