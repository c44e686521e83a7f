/** Which of an import's two threads is believed when both end: real threads, in the order that is unlucky. */
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { parsedAndWritten } from '#electron/engine/import-threads.ts'

const heard = { halt: () => undefined, parsing: () => undefined, writing: () => undefined }
const said = (message: object) => `require('node:worker_threads').parentPort.postMessage(${JSON.stringify(message)})`
const later = (code: string) => `setTimeout(() => ${code}, 200)`
const run = (parser: string, writer: string) =>
  parsedAndWritten({ parser: new Worker(parser, { eval: true }), writer: new Worker(writer, { eval: true }) }, heard)

const refused = { kind: 'failed', error: { code: 'bad-input', message: 'this is no trace' } }

test('a writer that is gone before the parser has said why is not what failed', async () => {
  await expect(run(later(said(refused)), '')).rejects.toThrow('this is no trace')
})

test('a parser that is gone before the writer has said why is not what failed', async () => {
  await expect(run('', later(said(refused)))).rejects.toThrow('this is no trace')
})

test('two threads that say nothing are a fault that names the first', async () => {
  await expect(run('', later('0'))).rejects.toThrow('the parser ended without a result (exit 0)')
})

test('what was parsed is the answer when both have done their part', async () => {
  const parsed = run(said({ kind: 'parsed', parsed: { events: 3 } }), later(said({ kind: 'written' })))
  expect(await parsed).toEqual({ events: 3 })
})
