/**
 * The engine: everything Faultline can do, behind the contract, for any host.
 *
 *     const engine = await createEngine({ host: 'cli' })
 *     const client = engine.connect()                    // in-process, may name any path
 *     engine.serve(transport, { paths: 'none', local: false })   // a connection of the window or the browser
 *     await engine.close()                               // cancels what runs, removes what was temporary
 *
 * Its own thread only routes: it never opens SQLite, never parses, never computes, so a click is answered while a
 * gigabyte is imported.
 */

import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toWireError } from '#shared/base/errors.ts'
import type { AppInfo, Client, MethodName, Source } from '#shared/contract/methods.ts'
import { createClient, type Transport } from '#shared/contract/rpc.ts'
import { serveConnection, type Connection, type ServedCall } from '#shared/contract/serve.ts'
import { inProcessPair } from '#shared/contract/transports.ts'
import { dataDirAt, removeDeadSessions, removeUnlistedImports, withoutFolder, type DataDir } from './data-dir.ts'
import { createDownloads } from './downloads.ts'
import { createFiles, type ClientOf } from './files.ts'
import { createHandles } from './handles.ts'
import { createHandlers } from './handlers.ts'
import type { Handlers, Parts } from './parts.ts'
import { Importing, type Call } from './importing.ts'
import { createJobs } from './jobs.ts'
import { createKept } from './kept.ts'
import { openLog, type Logger } from './log.ts'
import { lazyModel } from './model-methods.ts'
import { Opening } from './opening.ts'
import { createReader } from './reader.ts'
import { createRecents, type Recents } from './recent.ts'
import type { ClientRights } from './rights.ts'
import { loadSamples } from './samples.ts'
import { forkSql, type ForkSql } from './spawn.ts'
import { createSqlRunner } from './sql.ts'
import { createUploads } from './uploads.ts'
import { createVerdictCache } from './verdict-cache.ts'
import { preparePulse } from '../strategy/pulse.ts'
import { prepareShelf } from '../strategy/shelf.ts'

export type { ClientRights } from './rights.ts'

export interface EngineOptions {
  readonly host: AppInfo['host']
  /** Default: FAULTLINE_HOME, else the system's place for application data. */
  readonly dataDir?: string
  /** Folder whose files a client with `paths: 'root'` may name. */
  readonly root?: string
  /** What the window opens first. */
  readonly startWith?: readonly Source[]
  /** Folder with samples.json. Default: the project's. */
  readonly samples?: string
  readonly forkSql?: ForkSql
}

export interface Engine {
  serve(transport: Transport, rights: ClientRights): Connection
  /** A client in this process. Default rights: the command line's. */
  connect(rights?: ClientRights): Client
  /** Let clients open this path although they may not name it. */
  grant(path: string): Source
  close(): Promise<void>
}

const COMMAND_LINE: ClientRights = { paths: 'any', local: true }

/** Both from the sources and from out/main the project's root is two folders up. */
const projectFile = (name: string) => new URL(`../../${name}`, import.meta.url)

function appVersion(): string {
  return (JSON.parse(readFileSync(projectFile('package.json'), 'utf8')) as { version: string }).version
}

export async function createEngine(options: EngineOptions): Promise<Engine> {
  const dir = dataDirAt(options.dataDir)
  prepareShelf()
  preparePulse()
  const log = openLog(dir.logs, options.host)
  const connections = new Set<Connection>()
  const onRecent = () => connections.forEach((connection) => connection.emit('files.changed', { recent: true }))
  await removeDeadSessions(dir)
  const onNotes: Parts['onNotes'] = (changed) =>
    connections.forEach((connection) => connection.emit('annotations.changed', changed))
  const parts = { ...(await makeParts(options, dir, onRecent)), onNotes }
  await removeUnlistedImports(dir, await importsOf(parts.recents), Date.now())
  const handlers = createHandlers(parts)
  // A window will ask at once; a verb of the command line may not ask at all.
  if (options.host !== 'cli') parts.reader.start()

  function serve(transport: Transport, rights: ClientRights): Connection {
    const client = { rights }
    const connection: Connection = serveConnection<AbortSignal>({
      transport,
      async call(call) {
        try {
          return await answer(handlers, { ...call, client }, log)
        } catch (error) {
          throw rights.local ? error : withoutFolder(error, dir)
        }
      },
      stopper: () => new AbortController(),
      onFailure: (method, thrown) => logFailure(log, method, thrown),
      onClose() {
        connections.delete(connection)
        void dropAll(parts, client).catch((error: unknown) => log.error(error))
      },
    })
    connections.add(connection)
    return connection
  }

  return {
    serve,
    connect(rights = COMMAND_LINE) {
      const [mine, engines] = inProcessPair()
      serve(engines, rights)
      return createClient(mine)
    },
    grant: (path) => parts.files.grant(path),
    async close() {
      for (const connection of connections) connection.close()
      parts.sql.close()
      await parts.jobs.close()
      await parts.model.close()
      await parts.opening.close()
      await parts.reader.close()
      // What cannot be removed now the next engine removes.
      await rm(dir.session, { recursive: true, force: true }).catch(() => undefined)
      log.flush()
    },
  }
}

async function makeParts(options: EngineOptions, dir: DataDir, onRecent: () => void): Promise<Omit<Parts, 'onNotes'>> {
  const { host, startWith = [] } = options
  const version = appVersion()
  const samples = await loadSamples(options.samples ?? fileURLToPath(projectFile('samples')))
  const root = options.root === undefined ? undefined : resolve(options.root)
  const uploads = createUploads(dir.session)
  const downloads = createDownloads(dir.session)
  const recents = createRecents(dir.path)
  const handles = createHandles()
  const jobs = createJobs()
  const reader = createReader()
  const sql = createSqlRunner(options.forkSql ?? forkSql)
  const files = createFiles({ root, imports: dir.imports, startWith, samples, recents, uploads })
  const importing = new Importing({ folder: dir.imports, version, uploads, jobs, reader })
  const opening = new Opening({
    files,
    handles,
    importing,
    reader,
    // A script that reads a hundred files must not push the user's own off the list.
    recents: host === 'cli' ? undefined : recents,
    now: Date.now,
    onRecent,
  })
  return {
    host,
    version,
    samples,
    model: lazyModel({
      ...{ jobs, files, opening, handles, uploads },
      folder: dir.imports,
      races: host === 'cli' ? { alone: true } : { alone: false, cache: createVerdictCache(dir.path) },
    }),
    files,
    recents,
    imports: dir.imports,
    kept: createKept(dir.path),
    uploads,
    downloads,
    handles,
    opening,
    jobs,
    reader,
    sql,
    onRecent,
  }
}

async function importsOf(recents: Recents): Promise<ReadonlySet<string>> {
  const entries = await recents.list()
  return new Set(entries.flatMap(({ imported, source }) => [imported ?? '', source.kind === 'path' ? source.path : '']))
}

async function dropAll({ uploads, downloads }: Parts, client: ClientOf): Promise<void> {
  await uploads.dropAll(client)
  await downloads.endAll(client)
}

/** Jobs. Not every question: one drag over a chart asks dozens. */
const LOGGED: ReadonlySet<MethodName> = new Set([
  'files.open',
  'files.check',
  'trace.import',
  'query.run',
  'export.run',
  'sim.run',
  'sim.compare',
  'whatif.compare',
  'whatif.backtest',
])

async function answer(handlers: Handlers, call: ServedCall<AbortSignal> & Call, log: Logger): Promise<unknown> {
  const started = performance.now()
  const handler = handlers[call.method] as (params: unknown, call: Call) => Promise<unknown>
  const result = await handler(call.params, call)
  if (LOGGED.has(call.method)) log.info({ method: call.method, ms: Math.round(performance.now() - started) })
  return result
}

/** Expected failures are one line; a bug is logged with where it happened. */
function logFailure(log: Logger, method: string, thrown: unknown): void {
  const { code, message } = toWireError(thrown)
  if (code === 'internal') log.error({ method, message, stack: thrown instanceof Error ? thrown.stack : undefined })
  else log.info({ method, code })
}
