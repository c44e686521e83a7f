/** Prints the digests as JSON: run by the test in processes and threads of other settings, and by hand to renew the file. */
import { isMainThread, parentPort } from 'node:worker_threads'
import { digests } from './specs.ts'

if (process.send !== undefined) process.send(digests())
else if (isMainThread) process.stdout.write(`${JSON.stringify(digests(), undefined, 2)}\n`)
else parentPort?.postMessage(digests())
