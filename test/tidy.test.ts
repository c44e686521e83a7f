/**
 * Rules of the house that neither the compiler nor the linter can say: sizes, registries that list every file of their
 * folder, released migrations that never change, links that resolve, caps that live in limits.ts, no leftovers. A rule
 * that hurts is discussed in CONTRIBUTING.md, not worked around here.
 */
import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import ts from 'typescript'

const root = join(import.meta.dirname, '..')
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)))
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const code = tracked.filter((file) => /\.(ts|vue|mjs|js)$/.test(file))
const product = code.filter((file) => !file.startsWith('test/'))

const MAX_LINES = 500
const MAX_FUNCTION = 70

describe('sizes', () => {
  it(`no file is longer than ${MAX_LINES} lines`, () => {
    const long = code.map((file) => [file, read(file).split('\n').length - 1] as const).filter(([, n]) => n > MAX_LINES)
    expect(long).toEqual([])
  })

  it(`no function of the product is longer than ${MAX_FUNCTION} lines`, () => {
    expect(product.filter((file) => !file.endsWith('.js')).flatMap(longFunctions)).toEqual([])
  })
})

function longFunctions(file: string): string[] {
  const source = ts.createSourceFile(file, scriptOf(file), ts.ScriptTarget.Latest, true, ts.ScriptKind.TS)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const from = source.getLineAndCharacterOfPosition(node.getStart()).line
      const to = source.getLineAndCharacterOfPosition(node.end).line
      const name = node.name && ts.isIdentifier(node.name) ? node.name.text : '(anonymous)'
      if (to - from + 1 > MAX_FUNCTION) found.push(`${file}: ${name} has ${to - from + 1} lines`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

describe('imports', () => {
  it('make no circles where the program runs (types may refer to each other)', () => {
    const needs = new Map(product.filter((file) => /\.(ts|vue|mjs)$/.test(file)).map((file) => [file, importsOf(file)]))
    const done = new Set<string>()
    const circles: string[] = []
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
      else if (!done.has(file)) for (const next of needs.get(file) ?? []) visit(next, [...path, file])
      done.add(file)
    }
    for (const file of needs.keys()) visit(file, [])
    expect(needs.size).toBeGreaterThan(500)
    expect(circles).toEqual([])
  })
})

/** Files of the project that are loaded before this one's own code runs. */
function importsOf(file: string): string[] {
  const source = ts.createSourceFile(file, scriptOf(file), ts.ScriptTarget.Latest)
  return source.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return []
    const { moduleSpecifier: from } = statement
    if (from === undefined || !ts.isStringLiteral(from) || isErased(statement)) return []
    if (from.text.startsWith('#')) return [from.text.slice(1)]
    return from.text.startsWith('.') ? [join(dirname(file), from.text)] : []
  })
}

function isErased(statement: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(statement)) return statement.isTypeOnly
  const clause = statement.importClause
  if (clause === undefined) return false
  const { name, namedBindings: named } = clause
  if (clause.isTypeOnly || name !== undefined || named === undefined || !ts.isNamedImports(named))
    return clause.isTypeOnly
  return named.elements.every(({ isTypeOnly }) => isTypeOnly)
}

function scriptOf(file: string): string {
  return file.endsWith('.vue') ? (/<script[^>]*>([\s\S]*?)<\/script>/.exec(read(file))?.[1] ?? '') : read(file)
}

describe('every file', () => {
  it('of the product opens with sentences that say what it is for', () => {
    const bare = product.filter((file) => {
      if (/(^|\/)(all|env\.d)\.ts$/.test(file) || file.endsWith('.d.ts')) return false
      const head = read(file)
        .replace(/^#!.*\n/, '')
        .trimStart()
        .slice(0, 400)
      return file.endsWith('.vue')
        ? !/^<!--/.test(head) && !/^<script[^>]*>\s*\/\*\*/.test(head)
        : !/^(\/\*\*|\/\/)/.test(head)
    })
    expect(bare).toEqual([])
  })

  it('is free of leftovers', () => {
    const words = new RegExp(
      [
        'TO' + 'DO',
        'FIX' + 'ME',
        'X' + 'XX',
        'HA' + 'CK',
        '@ts-' + 'ignore',
        '@ts-' + 'nocheck',
        'as a' + 'ny\\b',
        'console\\.log\\(',
      ].join('|'),
    )
    const only = new RegExp('\\.(on' + 'ly)\\(')
    const found = code.flatMap((file) => {
      const allowed = file.startsWith('electron/cli/') || file.startsWith('test/bench/') ? /TO_NOTHING/ : /$^/
      return read(file)
        .split('\n')
        .map((line, i) => [line, i + 1] as const)
        .filter(([line]) => (words.test(line) || only.test(line)) && !allowed.test(line))
        .map(([line, n]) => `${file}:${n} ${line.trim().slice(0, 80)}`)
    })
    expect(found.filter((hit) => !/electron\/cli|test\/bench/.test(hit) || !/console\.log/.test(hit))).toEqual([])
  })

  it('names no path of a machine and no registry host', () => {
    const machine = new RegExp(
      ['/wo' + 'rk/', '/ro' + 'ot/', '/ho' + 'me/[a-z]+/', 'registry\\.npm' + 'js', 'npm' + 'js\\.org'].join('|'),
    )
    const text = tracked.filter(
      (file) => !/\.(zst|gz|dat|png|ico|icns|faultline|data)$/.test(file) && !file.startsWith('test/fixtures/'),
    )
    expect(text.filter((file) => machine.test(read(file)))).toEqual([])
  })
})

describe('comments', () => {
  it('cite only documents that come with the project', () => {
    const documents = new Set(tracked.filter((file) => file.endsWith('.md')).map((file) => basename(file)))
    const found = code.flatMap((file) =>
      [...read(file).matchAll(/\b[\w-]+\.md\b/g)].flatMap(([name]) =>
        documents.has(name) ? [] : [`${file}: ${name}`],
      ),
    )
    expect(found).toEqual([])
  })
})

describe('exports', () => {
  /** Comments do not use what they name. */
  const words = new Map(
    code.map((file) => [
      file,
      new Set(
        read(file)
          .replace(/\/\*[^]*?\*\/|(?<!:)\/\/.*$/gm, '')
          .match(/\w+/g),
      ),
    ]),
  )

  it('of values are used by another file', () => {
    const unused = product.flatMap((file) =>
      [...read(file).matchAll(/^export (?:async )?(?:const|let|function\*?|class) (\w+)/gm)].flatMap(([, name]) =>
        code.some((other) => other !== file && words.get(other)?.has(name)) ? [] : [`${file}: ${name}`],
      ),
    )
    expect(unused).toEqual([])
  })
})

describe('registries', () => {
  const folders = code.filter((file) => file.endsWith('/all.ts')).map((file) => dirname(file))

  it('exist', () => expect(folders.length).toBeGreaterThan(2))

  it.each(folders)('%s/all.ts names every entry of its folder', (folder) => {
    const all = read(`${folder}/all.ts`)
    const support = /(^|\/)(all|index|analysis|format|panel|verb|command|registry|hotkeys|README)\.(ts|vue|md)$/
    const entries = code.filter((file) => dirname(file) === folder && !support.test(file))
    const missing = entries.filter((file) => definesEntry(file) && !all.includes(`./${file.slice(folder.length + 1)}`))
    expect(missing).toEqual([])
  })

  it.each(folders)('%s/all.ts is nothing but export lines', (folder) => {
    const lines = read(`${folder}/all.ts`)
      .split('\n')
      .filter((line) => line !== '' && !/^\s*(\/\*\*|\*|\/\/)/.test(line))
    expect(lines.filter((line) => !/^export (\{ [\w, ]+ \}|\* as \w+) from '\.\/[\w./-]+'$/.test(line))).toEqual([])
  })
})

/** A registry entry is a file that calls its folder's definer: `analysis({`, `format({`, `verb({` … or is typed as one. */
function definesEntry(file: string): boolean {
  return /^export const \w+(: \w+)? = (\w+\(|\{)/m.test(read(file)) && /\bid: '/.test(read(file))
}

describe('folders', () => {
  const parts = ['shared', 'electron'].flatMap((top) => [
    ...new Set(
      code
        .filter((file) => file.split('/').length > 2 && file.startsWith(`${top}/`))
        .map((file) => file.split('/', 2).join('/')),
    ),
  ])

  it.each([...parts, 'renderer', 'test', 'samples', 'migrations', 'docs'])(
    '%s says what it is and how to add to it',
    (folder) => {
      expect(existsSync(join(root, folder, 'README.md'))).toBe(true)
      expect(read(`${folder}/README.md`)).toMatch(/\bto add\b/i)
    },
  )
})

describe('migrations', () => {
  const files = tracked.filter((file) => /^migrations\/\d{4}-[a-z0-9-]+\.sql$/.test(file)).sort()

  it('are numbered without gaps', () => {
    expect(files.map((file) => Number(file.slice(11, 15)))).toEqual(files.map((_, i) => i + 1))
  })

  it('never change once released', () => {
    const released = JSON.parse(read('migrations/released.json')) as Record<string, string>
    for (const [file, hash] of Object.entries(released)) {
      expect(
        createHash('sha256')
          .update(read(`migrations/${file}`))
          .digest('hex'),
        file,
      ).toBe(hash)
    }
  })
})

describe('documents', () => {
  const pages = tracked.filter((file) => file.endsWith('.md') && !file.startsWith('test/fixtures/'))

  it.each(pages)('%s links to things that exist', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)].map((match) => match[1])
    const broken = links.filter((link) => !/^[a-z]+:/.test(link) && !existsSync(join(root, dirname(page), link)))
    expect(broken).toEqual([])
  })

  it('ARCHITECTURE.md gives a reason for every dependency', () => {
    const manifest = JSON.parse(read('package.json')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >
    const architecture = read('ARCHITECTURE.md')
    const names = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)]
    expect(names.filter((name) => !architecture.includes(`\`${name}\``))).toEqual([])
  })

  it('package.json pins every dependency exactly', () => {
    const manifest = JSON.parse(read('package.json')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >
    const ranges = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
      ([, v]) => !/^\d+\.\d+\.\d+$/.test(v),
    )
    expect(ranges).toEqual([])
  })
})
