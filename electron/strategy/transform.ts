/**
 * A strategy file as a script: types stripped, its import of `faultline/strategy` made a parameter, its default export a
 * value, a tick in every loop and function, so that one that never ends is found with its line, and in front of every statement
 * its line, so that somebody outside can see where it is. Lines stay where they are: a stack names the author's. It is one file that
 * runs at once: any other import, and whatever waits for something outside (`async`, `await`), is refused with its line.
 */

import module from 'node:module'
import { parse, type Node } from 'acorn'
import { ApiError } from '#shared/base/errors.ts'

/** Names the script finds what it needs under. */
export const NAMES = {
  library: '__faultline_library',
  tick: '__faultline_tick',
  place: '__faultline_place',
  exports: '__faultline_exports',
  fits: '__faultline_fits',
} as const

interface Edit {
  readonly at: number
  readonly end: number
  readonly text: string
}

export function toScript(source: string, file: string): string {
  const code = stripped(source, file)
  const edits: Edit[] = []
  const program = parsed(code, file)
  for (const statement of program.body) moduleEdits(statement, code, file, edits)
  bodyEdits(program, { file, edits })
  let script = code
  for (const { at, end, text } of edits.sort((a, b) => b.at - a.at || b.end - a.end)) {
    script = script.slice(0, at) + text + script.slice(end)
  }
  return script
}

function stripped(source: string, file: string): string {
  if (/\.[cm]?js$/.test(file)) return source
  try {
    return quietly(() => module.stripTypeScriptTypes(source, { mode: 'strip' }))
  } catch (error) {
    const { message, stack = '' } = error as Error
    // The stack begins with the place: `:3`.
    const line = /^[^\n]*:(\d+)\n/.exec(stack)?.[1]
    throw refused(file, line === undefined ? undefined : Number(line), message.split('\n')[0])
  }
}

/** Node says once that stripping types may still change. */
function quietly<T>(run: () => T): T {
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = () => undefined
  try {
    return run()
  } finally {
    process.emitWarning = emitWarning
  }
}

type Syntax = Node & { readonly loc: { readonly start: { readonly line: number } } } & Readonly<Record<string, unknown>>

function parsed(code: string, file: string): { readonly body: readonly Syntax[] } & Syntax {
  try {
    return parse(code, { ecmaVersion: 'latest', sourceType: 'module', locations: true }) as unknown as Syntax & {
      readonly body: readonly Syntax[]
    }
  } catch (error) {
    const { loc, message } = error as SyntaxError & { readonly loc?: { readonly line: number } }
    throw refused(file, loc?.line, message.replace(/ \(\d+:\d+\)$/, ''))
  }
}

function refused(file: string, line: number | undefined, why: string): ApiError {
  return new ApiError(
    'bad-input',
    `${file}${line === undefined ? '' : `:${line}`}: ${why}`,
    'docs/strategies.md shows one',
  )
}

const ONE_FILE = "a strategy is one file of its own: it may import from 'faultline/strategy' and nowhere else"

/** Imports and exports; what they stand on keeps its line breaks. */
function moduleEdits(statement: Syntax, code: string, file: string, edits: Edit[]): void {
  const { start, end, type, loc } = statement
  const breaks = '\n'.repeat(code.slice(start, end).split('\n').length - 1)
  if (type === 'ImportDeclaration') {
    if ((statement['source'] as Syntax)['value'] !== 'faultline/strategy') throw refused(file, loc.start.line, ONE_FILE)
    edits.push({ at: start, end, text: `${importText(statement)}${breaks}` })
  } else if (type === 'ExportDefaultDeclaration') {
    const value = statement['declaration'] as Syntax
    edits.push({ at: start, end: value.start, text: `${NAMES.exports}.default = ` })
  } else if (type === 'ExportNamedDeclaration') {
    if (statement['source'] !== null) throw refused(file, loc.start.line, ONE_FILE)
    const declaration = statement['declaration'] as Syntax | null
    edits.push({ at: start, end: declaration?.start ?? end, text: declaration === null ? breaks : '' })
    // What it names may be made further down.
    edits.push(inserted(code.length, defaultOf(statement)))
  } else if (type === 'ExportAllDeclaration') throw refused(file, loc.start.line, ONE_FILE)
}

/** `export { mine as default }` exports as well as `export default mine` does. */
function defaultOf(statement: Syntax): string {
  const nameOf = (one: unknown) => (one as Syntax)['name'] ?? (one as Syntax)['value']
  const found = (statement['specifiers'] as readonly Syntax[]).find((one) => nameOf(one['exported']) === 'default')
  return found === undefined ? '' : `\n${NAMES.exports}.default = ${String(nameOf(found['local']))};`
}

function importText(statement: Syntax): string {
  const specifiers = statement['specifiers'] as readonly Syntax[]
  const names: string[] = []
  let text = ''
  for (const one of specifiers) {
    const local = (one['local'] as Syntax)['name'] as string
    if (one.type === 'ImportSpecifier') {
      const imported = one['imported'] as Syntax
      names.push(`${JSON.stringify(imported['name'] ?? imported['value'])}: ${local}`)
    } else text += `const ${local} = ${NAMES.library};`
  }
  return names.length === 0 ? text : `${text}const { ${names.join(', ')} } = ${NAMES.library};`
}

/** An arrow that is an expression makes no circle by itself. */
const FUNCTIONS: ReadonlySet<string> = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

const LOOPS: ReadonlySet<string> = new Set([
  'WhileStatement',
  'DoWhileStatement',
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
])

interface Editing {
  readonly file: string
  readonly edits: Edit[]
}

function bodyEdits(node: Syntax, editing: Editing): void {
  refuseWaiting(node, editing.file)
  const { edits } = editing
  const { type, loc } = node
  const body = node['body'] as Syntax
  if (LOOPS.has(type) || (FUNCTIONS.has(type) && body.type === 'BlockStatement')) {
    const tick = `${NAMES.tick}(${loc.start.line});`
    if (body.type === 'BlockStatement') edits.push(inserted(body.start + 1, tick))
    else edits.push(inserted(body.start, `{${tick}`), inserted(body.end, '}'))
  } else if (type === 'ArrowFunctionExpression') {
    edits.push(inserted(body.start, `(${mark(body)},`), inserted(body.end, ')'))
  }
  if (type === 'AssignmentExpression' && setsLength(node)) {
    const { start, end } = node['right'] as Syntax
    edits.push(inserted(start, `${NAMES.fits}(`), inserted(end, ')'))
  }
  for (const statement of statementsOf(node)) {
    if (!DECLARED_AHEAD.has(statement.type)) edits.push(inserted(statement.start, `${mark(statement)};`))
  }
  for (const child of Object.values(node)) {
    for (const one of Array.isArray(child) ? (child as unknown[]) : [child]) if (isSyntax(one)) bodyEdits(one, editing)
  }
}

/** `list.length = …`: as good as a list of that length. */
function setsLength(node: Syntax): boolean {
  const { type, property, computed } = node['left'] as Syntax & {
    readonly property?: Syntax
    readonly computed?: boolean
  }
  return (
    type === 'MemberExpression' && computed === false && property?.['name'] === 'length' && node['operator'] === '='
  )
}

function inserted(at: number, text: string): Edit {
  return { at, end: at, text }
}

function mark({ loc }: Syntax): string {
  return `${NAMES.place}[0]=${loc.start.line}`
}

/** They do nothing where they stand, or stand where only they may. */
const DECLARED_AHEAD: ReadonlySet<string> = new Set([
  'FunctionDeclaration',
  'ImportDeclaration',
  'ExportDefaultDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
])

/** Statements that stand in a row of their own, where one more may stand in front. */
function statementsOf(node: Syntax): readonly Syntax[] {
  if (node.type === 'BlockStatement' || node.type === 'Program') return node['body'] as readonly Syntax[]
  return node.type === 'SwitchCase' ? (node['consequent'] as readonly Syntax[]) : []
}

function refuseWaiting({ type, loc, ...node }: Syntax, file: string): void {
  if (type === 'ImportExpression') throw refused(file, loc.start.line, ONE_FILE)
  if (type !== 'AwaitExpression' && (node as Readonly<Record<string, unknown>>)['async'] !== true) return
  throw refused(
    file,
    loc.start.line,
    'a strategy has no time of its own: a step waits with `yield`, not with `async` and `await`',
  )
}

function isSyntax(value: unknown): value is Syntax {
  return typeof value === 'object' && value !== null && 'type' in value && 'loc' in value
}
