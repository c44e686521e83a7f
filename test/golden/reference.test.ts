/** The reference pages and the man page are what the registries say now; completion scripts are valid shell. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Session } from '#electron/cli/session.ts'
import { verbs } from '#electron/cli/verbs/index.ts'
import { completionScript } from '#electron/reference/completion.ts'
import { referencePages } from '#electron/reference/pages.ts'
import { PROJECT } from '../support/engine.ts'

const session = new Session(new AbortController().signal)
let pages: ReadonlyMap<string, string>
beforeAll(async () => {
  pages = await referencePages(await session.client())
})
afterAll(() => session.close())

describe('the generated pages', () => {
  test('are as the registries say (npm run docs writes them)', () => {
    for (const [name, text] of pages) expect(readFileSync(join(PROJECT, name), 'utf8'), name).toBe(text)
  })

  test('have every verb with every option', () => {
    const text = pages.get('docs/reference/command-line.md') ?? ''
    for (const verb of verbs.items) {
      expect(text).toContain(`## ${verb.id}\n`)
      for (const option of Object.keys(verb.options)) expect(text).toContain(`\`--${option}`)
    }
  })
})

const BASH = ['/bin/bash', '/usr/bin/bash'].find((path) => existsSync(path))

describe('completion', () => {
  const complete = (...words: readonly string[]): readonly string[] => {
    const list = words.map((word) => `'${word}'`).join(' ')
    const ask = `COMP_WORDS=(faultline ${list}); COMP_CWORD=${words.length}; _faultline; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout, stderr } = spawnSync(BASH ?? '', ['-c', `${completionScript('bash', verbs.items)}\n${ask}`], {
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    return stdout.trim().split('\n')
  }

  test.skipIf(BASH === undefined)('bash: verbs, options and the values an option can have', () => {
    expect(complete('con')).toEqual(['contention'])
    expect(complete('contention', '--fr')).toEqual(['--from'])
    expect(complete('contention', '--by', 'p')).toEqual(['phase'])
    expect(complete('list', 'inv')).toEqual(['invariants'])
    expect(complete('help', 'imp')).toEqual(['import'])
    expect(complete('completion', 'f')).toEqual(['fish'])
    expect(complete('contention', '--by', '=', 'p')).toEqual(['phase'])
    expect(complete('export', '--table', 'wait')).toEqual(['wait_edge'])
    expect(complete('race', 'R12')).toEqual(['R12'])
    expect(complete('race', 'R12', '--strategy', 'G2')).toEqual(['G2'])
    expect(complete('sweep', 'm')).toEqual(['merge'])
    expect(complete('simulate', '--fs', 'xf')).toEqual(['xfs'])
  })

  test('fish and zsh: every verb is there', () => {
    for (const { id } of verbs.items) {
      expect(completionScript('fish', verbs.items)).toContain(`-a ${id} `)
      expect(completionScript('zsh', verbs.items)).toContain(id)
    }
    expect(completionScript('fish', verbs.items)).toContain(
      "__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'",
    )
  })
})
