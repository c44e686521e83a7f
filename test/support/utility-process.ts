/**
 * A thread that looks to the built entries like an Electron utility process: it has `process.parentPort`, whose messages
 * carry data and ports. Only that is stood in for; the entry, the engine and the ports are the real ones.
 */
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads'

const SHIM = `
const { parentPort, workerData } = require('node:worker_threads')
const asMain = (port) => ({
  postMessage: (message) => port.postMessage(message),
  on: (type, listener) => void port.on(type, type === 'message' ? (data) => listener({ data, ports: [] }) : listener),
  start: () => port.start(),
  close: () => port.close(),
})
process.parentPort = {
  postMessage: (message) => parentPort.postMessage(message),
  on: (_, listener) => void parentPort.on('message', ({ data, ports }) => listener({ data, ports: ports.map(asMain) })),
}
import(workerData)
`

export interface UtilityProcess {
  post(data: unknown, ports?: readonly MessagePort[]): void
  onMessage(listener: (message: never) => void): void
  kill(): Promise<unknown>
  readonly ended: Promise<unknown>
}

export function forkUtility(entry: URL): UtilityProcess {
  const worker = new Worker(SHIM, { eval: true, workerData: entry.href })
  return {
    post: (data, ports = []) => worker.postMessage({ data, ports }, [...ports]),
    onMessage: (listener) => void worker.on('message', (message) => listener(message as never)),
    kill: () => worker.terminate(),
    ended: new Promise((resolve) => worker.once('exit', resolve)),
  }
}

export { MessageChannel }
