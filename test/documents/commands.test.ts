/**
 * Every command that README, the guide, the tutorial and the other pages print is one the program takes, with options it has; the
 * quick ones are run in the order in which the page has them, on the file it names. `FAULTLINE_DOCS=all` runs the long ones too
 * (comparisons, searches). What needs root or a machine of another kind is only read.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, describe, expect, it } from 'vitest'
import { commanderOption } from '#electron/cli/options.ts'
import { verbs } from '#electron/cli/verbs/index.ts'
import { LARGE, PROJECT, SMALL } from '../support/engine.ts'
import { workFolder } from '../golden/cli/run-cli.ts'

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(PROJECT, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
]
const read = (page: string) => readFileSync(join(PROJECT, page), 'utf8')

/** The lines of a page's code blocks and its `npx …` in the text, without comments, continued lines joined. */
function lines(page: string): string[] {
  const text = read(page)
  const blocks = [...text.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].map(([, block]) => block ?? '').join('\n')
  const inline = [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`(npx [^`]+|npm [^`]+)`/g)].map(
    ([, code]) => code,
  )
  return [...blocks.replace(/\\\n\s*/g, '').split('\n'), ...inline]
    .map((line) => (line ?? '').replace(/\s+#\s.*$/, '').trim())
    .flatMap((line) => line.split(/ && (?=npm )/))
}

/** A command of ours as its words; undefined for anything else. `…` and capitals in brackets stand for what a reader fills in. */
function ours(line: string): readonly string[] | undefined {
  const command = /^(?:sudo )?(?:npx )?faultline (.+)$/.exec(line)?.[1]
  if (command === undefined || command.startsWith('--help')) return undefined
  const words = [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '')
  const end = words.findIndex((word) => word === '>' || word === '|')
  return end < 0 ? words : words.slice(0, end)
}

/** As the program reads it (electron/cli/main.ts), without doing it. */
function parse(words: readonly string[]): void {
  const program = new Command('faultline').exitOverride().configureOutput({ writeErr: () => undefined })
  for (const verb of verbs.items) {
    const command = program.command(verb.id).exitOverride()
    for (const { name, about } of verb.args) command.argument(name, about)
    for (const [name, spec] of Object.entries(verb.options)) command.addOption(commanderOption(name, spec))
    command.action(() => undefined)
  }
  program.parse([...words], { from: 'user' })
}

const commands = pages.flatMap((page) =>
  lines(page).flatMap((line) => {
    const words = ours(line)
    return words === undefined ? [] : [{ page, line, words }]
  }),
)

describe('commands in documents', () => {
  it('are found', () => {
    expect(commands.length).toBeGreaterThan(30)
  })

  it.each(commands)('$page: $line', ({ words }) => {
    expect(() => parse(words)).not.toThrow()
  })

  it('of npm are scripts there are', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> }
    const named = pages.flatMap((page) => lines(page).flatMap((line) => /^npm run ([\w:]+)/.exec(line)?.[1] ?? []))
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter((name) => !(name in scripts))).toEqual([])
  })
})

const cli = workFolder()
afterAll(() => cli.remove())

const LONG = new Set(['compare', 'sensitivity', 'scaling', 'backtest', 'explore', 'verdicts', 'sweep'])
/** Of another machine or another time: root, a window, files a reader has and we have not. */
const NOT_HERE = /^(record|serve)\b|trace\.dat|lock_stat\.txt|jobs\.ndjson|--job|SELECT …|\bF\b.* --against/

const runnable = commands.filter(
  ({ line, words, page }) =>
    !NOT_HERE.test(words.join(' ')) &&
    !line.startsWith('sudo ') &&
    /^(README|docs\/(guide|tutorial|strategies))/.test(page) &&
    (process.env['FAULTLINE_DOCS'] === 'all' || !LONG.has(words[0] ?? '')),
)

describe('the quick ones are run', () => {
  let schedule = ''

  it('on the files they name', async () => {
    mkdirSync(cli.file('samples'))
    copyFileSync(join(PROJECT, 'samples', LARGE), cli.file(`samples/${LARGE}`))
    const made = await cli.run(['import', join(PROJECT, 'samples', SMALL), '--out', 'T.faultline'])
    expect(made.status, made.stderr).toBe(0)
    for (const name of ['F.faultline', 'dax.faultline']) copyFileSync(cli.file('T.faultline'), cli.file(name))
    writeFileSync(cli.file('mine.ts'), readFileSync(ownStrategy()))
  })

  it.each(runnable)('$page: $line', async ({ words }) => {
    const given = words.map((word) => (word.startsWith('fl1:') ? schedule : word))
    if (given[0] === 'import' && existsSync(cli.file('dax.faultline'))) given.push('--force')
    const { status, stdout, stderr } = await cli.run(given)
    // 3: what was asked is not so, as for a race that breaks a strategy.
    expect([0, 3], stderr).toContain(status)
    expect(stdout + stderr).not.toBe('')
    schedule = /fl1:\S+:\w{5}\b/.exec(stdout + stderr)?.[0] ?? schedule
  })
})

function ownStrategy(): string {
  const folder = join(PROJECT, 'samples/strategies')
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.ts')) ?? '')
}
