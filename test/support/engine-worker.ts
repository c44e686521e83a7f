/** The engine in a thread of its own, a message port away: what the desktop's engine process is, without Electron. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { createEngine, type ClientRights, type EngineOptions } from '#electron/engine/engine.ts'
import { portTransport } from '#shared/contract/transports.ts'

const engine = await createEngine(workerData as EngineOptions)

parentPort?.on('message', ({ port, rights }: { port: MessagePort | undefined; rights: ClientRights }) => {
  if (port !== undefined) engine.serve(portTransport(port), rights)
  else void engine.close().then(() => process.exit(0))
})
