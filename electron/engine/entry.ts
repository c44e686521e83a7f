/**
 * The engine in a process of its own, started by the desktop shell (an Electron utility process). The shell sends ports
 * to pages, paths the user chose, and SQL processes it forked; this turns them into engine calls. It does not import
 * Electron: it knows the parent port by its shape.
 */

import { assert } from '#shared/base/assert.ts'
import { toWireError } from '#shared/base/errors.ts'
import type { FromEngine, ToEngine } from '#shared/contract/desktop.ts'
import { portTransport, type EmitterPort } from '#shared/contract/transports.ts'
import { createEngine, type ClientRights, type Engine } from './engine.ts'
import { electronParentPort, type ParentPort } from './parent-channel.ts'
import { brokeredForks } from './brokered-sql.ts'

/** The user's own window: it sees everything and names nothing. */
const WINDOW: ClientRights = { paths: 'none', local: true }

function runEngineProcess(parent: ParentPort): void {
  const say = (message: FromEngine) => parent.postMessage(message)
  const forks = brokeredForks(say)
  let engine: Promise<Engine> | undefined

  async function receive(message: ToEngine, port: EmitterPort | undefined): Promise<void> {
    switch (message.kind) {
      case 'start': {
        const { dataDir, startWith } = message
        engine = createEngine({
          host: 'desktop',
          startWith,
          forkSql: forks.fork,
          ...(dataDir === undefined ? {} : { dataDir }),
        })
        await engine
        return say({ kind: 'ready' })
      }
      case 'connect':
        assert(engine !== undefined && port !== undefined, 'connect comes after start and with a port')
        void (await engine).serve(portTransport(port), WINDOW)
        return
      case 'grant':
        assert(engine !== undefined, 'grant comes after start')
        return say({ kind: 'granted', request: message.request, source: (await engine).grant(message.path) })
      case 'stop':
        await (await engine)?.close()
        process.exit(0)
      case 'sql-port':
        assert(port !== undefined, 'an SQL process comes with a port')
        return forks.opened(message.id, port)
      case 'sql-exit':
        return forks.ended(message.id, message.how)
    }
  }

  parent.on('message', ({ data, ports }) => {
    receive(data as ToEngine, ports.at(0)).catch((error: unknown) =>
      say({ kind: 'failed', message: toWireError(error).message }),
    )
  })
}

const parent = electronParentPort()
if (parent !== undefined) runEngineProcess(parent)
