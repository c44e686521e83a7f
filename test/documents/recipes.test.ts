/**
 * The recipes of CONTRIBUTING.md and of the folders' READMEs, followed in a copy of the tree: one file and one line of its
 * registry, and the command line has the new analysis, format, strategy, scenario, race, file system and verb, and the
 * compiler nothing to say.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PROJECT } from '../support/engine.ts'
import { workFolder } from '../golden/cli/run-cli.ts'

interface Recipe {
  readonly folder: string
  readonly file: string
  readonly line: string
  readonly text: string
  /** What shows that it is there. */
  readonly shown: readonly string[]
  readonly says: RegExp
}

const RECIPES: Readonly<Record<string, Recipe>> = {
  'an analysis': {
    folder: 'shared/analysis',
    file: 'longest-name.ts',
    line: "export { longestName } from './longest-name.ts'",
    text: `import * as z from 'zod'
import { analysis } from './analysis.ts'
export const longestName = analysis({
  id: 'longest-name',
  title: 'Longest name',
  about: 'Which task has the longest name?',
  params: z.object({}),
  run: (trace) => ({ letters: Math.max(0, ...trace.tasks.map(({ comm }) => comm.length)) }),
})
`,
    shown: ['list', 'analyses'],
    says: /longest-name +Longest name +Which task has the longest name\?/,
  },
  'a format': {
    folder: 'shared/formats',
    file: 'plain-marks.ts',
    line: "export { plainMarks } from './plain-marks.ts'",
    text: `import type { StreamFormat } from './format.ts'
import { lockStat } from './lock-stat.ts'
export const plainMarks: StreamFormat = { ...lockStat, id: 'plain-marks', title: 'Plain marks', sniff: () => 0 }
`,
    shown: ['list', 'formats'],
    says: /plain-marks +Plain marks +in/,
  },
  'a strategy': {
    folder: 'shared/sim/strategies',
    file: 'y-yours.ts',
    line: "export { yours } from './y-yours.ts'",
    text: `import { immapRecheck } from './e-immap-recheck.ts'
import type { Strategy } from './strategy.ts'
export const yours: Strategy = { ...immapRecheck, id: 'Y', title: 'yours' }
`,
    shown: ['race', 'R03', '--strategy', 'Y'],
    says: /^R03 .* under Y on ext4: violated \(V1\)/,
  },
  'a scenario': {
    folder: 'shared/sim/scenarios',
    file: 'sc90-nothing.ts',
    line: "export { nothing } from './sc90-nothing.ts'",
    text: `import * as z from 'zod'
import type { Vma } from '../mm.ts'
import { store } from '../ops/access.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { process } from './actors.ts'
import { MS, scenario } from './scenario.ts'
function* touch(w: World, vma: Vma): Steps {
  yield* store(w, vma, { index: 0, slot: 0 })
}
export const nothing = scenario({
  id: 'SC90',
  title: 'One store',
  question: 'What does one store cost?',
  about: 'One thread touches one page.',
  params: z.object({}),
  strategies: ['K'],
  search: {},
  machine: () => ({ cpus: 1, blocks: 64, slots: 1, durationNs: MS }),
  setUp(w) {
    const inode = w.newFile({ dax: true, pages: 1, blocks: 'written' })
    w.k.spawn('touch', touch(w, process(w, inode)))
  },
  expected: [],
})
`,
    shown: ['simulate', '--scenario', 'SC90'],
    says: /SC90/,
  },
  'a race': {
    folder: 'shared/races',
    file: 'r90-again.ts',
    line: "export { again } from './r90-again.ts'",
    text: `import { punchStalePte } from './r03-punch-stale-pte.ts'
export const again = { ...punchStalePte, id: 'R90', title: 'once more' }
`,
    shown: ['race', 'R90', '--strategy', 'F'],
    says: /^R90 once more, under F on ext4: violated/,
  },
  'a file system': {
    folder: 'shared/sim/fs',
    file: 'ext5.ts',
    line: "export { ext5 } from './ext5.ts'",
    text: `import { ext4 } from './ext4.ts'
export const ext5 = { ...ext4, id: 'ext5' } as const
`,
    shown: ['simulate', '--scenario', 'SC2', '--fs', 'ext5', '--set', 'durationMs=1'],
    says: /ext5/,
  },
  'a verb': {
    folder: 'electron/cli/verbs',
    file: 'hello.ts',
    line: "export { hello } from './hello.ts'",
    text: `import { print } from '../output.ts'
import { verb } from './verb.ts'
export const hello = verb({
  id: 'hello',
  about: 'say which version answers',
  args: [],
  options: {},
  async run(session) {
    print(\`hello from \${(await session.call('app.info', {})).version}\`)
    return 0
  },
})
`,
    shown: ['hello'],
    says: /^hello from \d+\.\d+\.\d+/,
  },
}

const cli = workFolder()
const copy = cli.file('tree')
afterAll(() => cli.remove())

beforeAll(() => {
  const parts = ['bin', 'shared', 'electron', 'migrations', 'samples', 'package.json', 'tsconfig.base.json']
  const list = execFileSync('git', ['ls-files', ...parts], { cwd: PROJECT, encoding: 'utf8' })
  for (const file of list.split('\n').filter((name) => name !== '' && existsSync(join(PROJECT, name)))) {
    mkdirSync(dirname(join(copy, file)), { recursive: true })
    copyFileSync(join(PROJECT, file), join(copy, file))
  }
  symlinkSync(join(PROJECT, 'node_modules'), join(copy, 'node_modules'))
  for (const { folder, file, line, text } of Object.values(RECIPES)) {
    writeFileSync(join(copy, folder, file), text)
    appendFileSync(join(copy, folder, 'all.ts'), `${line}\n`)
  }
})

describe('one file and one line add', () => {
  it.each(Object.entries(RECIPES))('%s', async (_, { shown, says }) => {
    const { stdout, stderr } = await cli.run(shown, { bin: join(copy, 'bin/faultline.mjs') })
    expect(stdout, stderr).toMatch(says)
  })

  it('and type-check', () => {
    const tsc = join(PROJECT, 'node_modules/typescript/bin/tsc')
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', 'electron'], { cwd: copy, encoding: 'utf8' })
    expect(stdout).toBe('')
  })
})
