/**
 * A process to be killed: does one thing to one file over and over, and says on standard output when it begins and what has been
 * acknowledged. `node victim.ts ACTION FOLDER`: the file is FOLDER/it.faultline.
 */
import { copyFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine } from '#electron/engine/engine.ts'
import { openFile } from '#electron/store/open.ts'

const [action, folder] = process.argv.slice(2)
const file = join(folder, 'it.faultline')
const source = { kind: 'path', path: join(folder, 'input.txt') } as const
const say = (line: string) => process.stdout.write(`${line}\n`)

const engine = await createEngine({ host: 'cli', dataDir: join(folder, 'home') })
const client = engine.connect()

const actions: Readonly<Record<string, () => Promise<void>>> = {
  async import() {
    await client.call('trace.import', { source, out: file, force: true })
  },
  async simulate() {
    await client.call('sim.run', { scenario: 'SC2', strategy: 'K', set: { durationMs: 1 }, out: file, force: true })
  },
  async compare() {
    const set = { durationMs: 1 }
    const strategies = ['E', 'K']
    await client.call('sim.compare', { scenario: 'SC2', strategies, seeds: 1, set, out: file, force: true })
  },
  async migrate() {
    copyFileSync(join(folder, 'old.faultline'), `${file}.new`)
    renameSync(`${file}.new`, file)
    openFile(file).close()
    await Promise.resolve()
  },
}

if (action === 'annotate') {
  const { opened } = await client.call('files.open', { source: { kind: 'path', path: file } })
  say('begins')
  for (let n = 1; ; n++) {
    await client.call('annotations.add', { file: opened.file, trace: 1, startNs: n, text: `${process.pid} ${n}` })
    say(`kept ${process.pid} ${n}`)
  }
}
const act = actions[action]
say('begins')
for (;;) {
  await act()
  say('done')
}
