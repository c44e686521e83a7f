/**
 * The engine's utility process, and the SQL processes it asks for. The shell only brokers: pages get a port straight to
 * the engine, the engine gets a port straight to each SQL process, and no data passes through here. An engine that dies
 * fails what it was doing visibly (its ports close) and is started again.
 */

import { join } from 'node:path'
import { MessageChannelMain, utilityProcess, type UtilityProcess, type WebContents } from 'electron'
import { ENGINE_PORT, type FromEngine, type ToEngine } from '#shared/contract/desktop.ts'
import type { Source } from '#shared/contract/methods.ts'
import { restartPolicy } from './crash.ts'

export interface EngineProcess {
  /** Give this page a port to the engine. Throws while there is none: the page tries again. */
  connect(page: WebContents): void
  grant(path: string): Promise<Source>
  close(): void
}

export interface EngineProcessOptions {
  /** Folder of the built entries. */
  readonly entries: string
  readonly dataDir: string | undefined
  readonly startWith: readonly Source[]
  /** The engine died more often than makes sense. */
  readonly onGivenUp: (why: string) => void
}

export function startEngineProcess({ entries, dataDir, startWith, onGivenUp }: EngineProcessOptions): EngineProcess {
  const policy = restartPolicy()
  const grants = new Map<number, { resolve: (source: Source) => void; reject: (error: Error) => void }>()
  let nextGrant = 1
  let closing = false
  let alive = true
  let child = fork()

  function fork(): UtilityProcess {
    const started = performance.now()
    const own = utilityProcess.fork(join(entries, 'engine.js'), [], {
      serviceName: 'Faultline Engine',
      stdio: 'ignore',
    })
    const sql = new Map<number, UtilityProcess>()
    own.on('message', (message: FromEngine) => receive(message, own, sql))
    alive = true
    own.once('exit', (code) => {
      alive = false
      for (const one of sql.values()) one.kill()
      for (const { reject } of grants.values()) reject(new Error('the engine ended'))
      grants.clear()
      if (closing) return
      const pause = policy.next(performance.now() - started)
      if (pause === undefined) onGivenUp(`the engine ended ${code}`)
      else setTimeout(() => (child = fork()), pause)
    })
    own.postMessage({ kind: 'start', dataDir, startWith } satisfies ToEngine)
    return own
  }

  function receive(message: FromEngine, engine: UtilityProcess, sql: Map<number, UtilityProcess>): void {
    switch (message.kind) {
      case 'granted':
        grants.get(message.request)?.resolve(message.source)
        grants.delete(message.request)
        return
      case 'fork-sql':
        sql.set(message.id, forkSql(entries, engine, message.id))
        return
      case 'kill-sql':
        sql.get(message.id)?.kill()
        sql.delete(message.id)
        return
      case 'failed':
        return onGivenUp(message.message)
      case 'ready':
        return
    }
  }

  return {
    connect(page) {
      if (!alive) throw new Error('the engine is being started')
      const { port1, port2 } = new MessageChannelMain()
      child.postMessage({ kind: 'connect' } satisfies ToEngine, [port1])
      page.postMessage(ENGINE_PORT, null, [port2])
    },
    grant(path) {
      const request = nextGrant++
      return new Promise((resolve, reject) => {
        if (!alive) return reject(new Error('the engine is being started'))
        grants.set(request, { resolve, reject })
        child.postMessage({ kind: 'grant', request, path } satisfies ToEngine)
      })
    },
    close() {
      closing = true
      child.kill()
    },
  }
}

function forkSql(entries: string, engine: UtilityProcess, id: number): UtilityProcess {
  const child = utilityProcess.fork(join(entries, 'sql-process.js'), [], {
    serviceName: 'Faultline SQL',
    stdio: 'ignore',
  })
  const { port1, port2 } = new MessageChannelMain()
  child.postMessage(null, [port1])
  engine.postMessage({ kind: 'sql-port', id } satisfies ToEngine, [port2])
  child.once('exit', (code) => engine.postMessage({ kind: 'sql-exit', id, how: `exit ${code}` } satisfies ToEngine))
  return child
}
