/** The start of a stand-in utility process: gives it `process.parentPort`, then runs the entry it was forked for. */
import { EventEmitter } from 'node:events'
import { pathToFileURL } from 'node:url'

const send = (crossing) => void process.send(crossing, () => undefined)
const ports = new Map()

function portOf(id) {
  const port = new EventEmitter()
  const waiting = []
  let started = false
  ports.set(id, {
    message: (data) => (started ? port.emit('message', { data, ports: [] }) : waiting.push(data)),
    close: () => port.emit('close'),
  })
  return Object.assign(port, {
    postMessage: (data) => send({ kind: 'port', id, data }),
    start: () => {
      started = true
      for (const data of waiting.splice(0)) port.emit('message', { data, ports: [] })
    },
    close: () => send({ kind: 'port-closed', id }),
  })
}

const parentPort = Object.assign(new EventEmitter(), {
  postMessage: (data) => send({ kind: 'message', data, ports: [] }),
})
process.parentPort = parentPort
process.on('message', (crossing) => {
  if (crossing.kind === 'message')
    parentPort.emit('message', { data: crossing.data, ports: crossing.ports.map(portOf) })
  else if (crossing.kind === 'port') ports.get(crossing.id)?.message(crossing.data)
  else ports.get(crossing.id)?.close()
})
// Chromium ends its utility processes with itself.
process.once('disconnect', () => process.exit(0))

// The entry is what was started, as it is there; its own arguments follow.
process.argv.splice(1, 1)
const [, entry] = process.argv
await import(pathToFileURL(entry).href)
