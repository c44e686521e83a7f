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
  /** Make a file known; waits while the engine is being started again. */
  grant(path: string): Promise<Source>
  /** Let it cancel what runs and clean up, but not for long. */
  stop(): Promise<void>
}

export interface EngineProcessOptions {
  /** Folder of the built entries. */
  readonly entries: string
  readonly dataDir: string | undefined
  readonly startWith: readonly Source[]
  /** The engine died and runs again. */
  readonly onRestarted: () => void
  /** The engine died more often than makes sense. */
  readonly onGivenUp: (why: string) => void
}

/** How long an engine may take to clean up when the app ends. */
const STOP_MS = 5_000

export function startEngineProcess(options: EngineProcessOptions): EngineProcess {
  const { entries, dataDir, startWith, onRestarted, onGivenUp } = options
  const policy = restartPolicy()
  let closing = false
  let alive = true
  const grants = pendingGrants((message) => alive && child.postMessage(message))
  let child = fork()

  function fork(): UtilityProcess {
    const started = performance.now()
    const own = utilityProcess.fork(join(entries, 'engine.js'), [], {
      serviceName: 'Faultline Engine',
      stdio: 'ignore',
    })
    const sql = sqlProcesses(entries, own)
    own.on('message', (message: FromEngine) => receive(message, { grants, sql, onGivenUp }))
    alive = true
    own.once('exit', (code) => {
      alive = false
      sql.killAll()
      const pause = closing ? undefined : policy.next(performance.now() - started)
      if (pause !== undefined) return void setTimeout(restart, pause)
      grants.end()
      if (!closing) onGivenUp(`the engine ended ${code}`)
    })
    own.postMessage({ kind: 'start', dataDir, startWith } satisfies ToEngine)
    return own
  }

  function restart(): void {
    child = fork()
    grants.sendAgain()
    child.once('spawn', onRestarted)
  }

  return {
    connect(page) {
      if (!alive) throw new Error('the engine is being started')
      const { port1, port2 } = new MessageChannelMain()
      child.postMessage({ kind: 'connect' } satisfies ToEngine, [port1])
      page.postMessage(ENGINE_PORT, null, [port2])
    },
    grant: (path) => grants.ask(path),
    stop() {
      closing = true
      if (!alive) return Promise.resolve()
      return new Promise((resolve) => {
        child.once('exit', () => resolve())
        child.postMessage({ kind: 'stop' } satisfies ToEngine)
        setTimeout(() => killNow(child), STOP_MS)
      })
    },
  }
}

interface Receivers {
  readonly grants: ReturnType<typeof pendingGrants>
  readonly sql: ReturnType<typeof sqlProcesses>
  readonly onGivenUp: (why: string) => void
}

function receive(message: FromEngine, { grants, sql, onGivenUp }: Receivers): void {
  switch (message.kind) {
    case 'granted':
      return grants.answer(message.request, message.source)
    case 'fork-sql':
      return sql.fork(message.id)
    case 'kill-sql':
      return sql.kill(message.id)
    case 'failed':
      return onGivenUp(message.message)
    case 'ready':
      return
  }
}

/** Paths to be made known, until an engine has answered: what comes while it is being started again waits for the next one. */
function pendingGrants(send: (message: ToEngine) => void) {
  const pending = new Map<number, { readonly path: string; readonly answer: PromiseWithResolvers<Source> }>()
  let next = 1
  let ended = false
  return {
    ask(path: string): Promise<Source> {
      if (ended) return Promise.reject(new Error('the engine has ended'))
      const answer = Promise.withResolvers<Source>()
      const request = next++
      pending.set(request, { path, answer })
      send({ kind: 'grant', request, path })
      return answer.promise
    },
    answer(request: number, source: Source): void {
      pending.get(request)?.answer.resolve(source)
      pending.delete(request)
    },
    sendAgain(): void {
      for (const [request, { path }] of pending) send({ kind: 'grant', request, path })
    },
    end(): void {
      ended = true
      for (const { answer } of pending.values()) answer.reject(new Error('the engine has ended'))
      pending.clear()
    },
  }
}

/** The SQL processes of one engine: forked and killed as it asks, each with a port straight to it. */
function sqlProcesses(entries: string, engine: UtilityProcess) {
  const children = new Map<number, UtilityProcess>()
  return {
    fork(id: number): void {
      const child = utilityProcess.fork(join(entries, 'sql-process.js'), [], {
        serviceName: 'Faultline SQL',
        stdio: 'ignore',
      })
      const { port1, port2 } = new MessageChannelMain()
      child.postMessage(null, [port1])
      engine.postMessage({ kind: 'sql-port', id } satisfies ToEngine, [port2])
      child.once('exit', (code) => {
        children.delete(id)
        engine.postMessage({ kind: 'sql-exit', id, how: `exit ${code}` } satisfies ToEngine)
      })
      children.set(id, child)
    },
    kill: (id: number) => killNow(children.get(id)),
    killAll: () => children.forEach(killNow),
  }
}

/** `UtilityProcess.kill` asks; a process inside a statement that never ends does not listen. */
function killNow(child: UtilityProcess | undefined): void {
  if (child?.pid === undefined) return
  try {
    process.kill(child.pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
