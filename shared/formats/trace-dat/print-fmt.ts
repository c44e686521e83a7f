/**
 * The print format of an event, `"dev %d,%d ino %lu", ((unsigned int) ((REC->dev) >> 20)), …`, as a tree. It is a piece of C
 * as the kernel's TP_printk had it after the preprocessor; what occurs in kernels is a small part of C: operators, casts,
 * the record's fields, and a dozen helpers such as __print_symbolic. Anything else is an error, and the caller prints the
 * fields one by one instead.
 */

export type Node =
  /** `type`: as its suffix says; without, it is an int where it fits. */
  | { readonly kind: 'number'; readonly value: bigint; readonly type?: string }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'unary'; readonly op: string; readonly of: Node }
  | { readonly kind: 'binary'; readonly op: string; readonly left: Node; readonly right: Node }
  | { readonly kind: 'choice'; readonly test: Node; readonly yes: Node; readonly no: Node }
  | { readonly kind: 'cast'; readonly type: string; readonly of: Node }
  | { readonly kind: 'index'; readonly of: Node; readonly at: Node }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Node[] }
  | { readonly kind: 'list'; readonly items: readonly Node[] }
  | { readonly kind: 'sizeof'; readonly type: string }

export interface PrintFmt {
  readonly format: string
  readonly args: readonly Node[]
}

/** What a tree may be: formats of real kernels stay far below. */
const MAX_TOKENS = 20_000
const MAX_DEPTH = 100

interface Token {
  readonly type: 'name' | 'number' | 'string' | 'punctuation' | 'end'
  readonly text: string
  readonly suffix?: string
}

const LEXER =
  /\s+|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)+)'|(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)|([A-Za-z_]\w*)|(->|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>?:(),.[\]{}=;])/y

/** The parts a node is made of. */
export function insideOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'number':
    case 'string':
    case 'field':
    case 'sizeof':
      return []
    case 'unary':
    case 'cast':
      return [node.of]
    case 'binary':
      return [node.left, node.right]
    case 'choice':
      return [node.test, node.yes, node.no]
    case 'index':
      return [node.of, node.at]
    case 'call':
      return node.args
    case 'list':
      return node.items
  }
}

function tokens(text: string): Token[] {
  const out: Token[] = []
  LEXER.lastIndex = 0
  while (LEXER.lastIndex < text.length) {
    const match = LEXER.exec(text)
    if (match === null || out.length > MAX_TOKENS) throw new SyntaxError('not a print format')
    const [, string, character, number, suffix = '', name, punctuation] = match
    if (string !== undefined) out.push({ type: 'string', text: unescaped(string) })
    else if (character !== undefined) out.push({ type: 'number', text: String(unescaped(character).charCodeAt(0)) })
    else if (number !== undefined) out.push({ type: 'number', text: number, suffix: suffix.toLowerCase() })
    else if (name !== undefined) out.push({ type: 'name', text: name })
    else if (punctuation !== undefined) out.push({ type: 'punctuation', text: punctuation })
  }
  out.push({ type: 'end', text: '' })
  return out
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0' }

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, c: string) => ESCAPES[c] ?? c)
}

/** Precedence of C's binary operators, loosest first. */
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
]

/** An U alone makes no difference to what occurs: what it is combined with is unsigned. */
function literalNumber({ text, suffix = '' }: Token): Node {
  const number = { kind: 'number', value: BigInt(text) } as const
  if (!suffix.includes('l')) return number
  return { ...number, type: suffix.includes('u') ? 'unsigned long' : 'long' }
}

class Parser {
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(text: string) {
    // Some write (REC)->field.
    this.#tokens = tokens(text.replaceAll('(REC)', 'REC'))
  }

  get done(): boolean {
    return this.#peek.type === 'end'
  }

  get #peek(): Token {
    return this.#tokens[this.#at]
  }

  accepts(text: string): boolean {
    const token = this.#peek
    if (token.type !== 'punctuation' || token.text !== text) return false
    this.#at++
    return true
  }

  #expect(text: string): void {
    if (!this.accepts(text)) throw new SyntaxError(`'${text}' expected`)
  }

  expression(): Node {
    if (++this.#depth > MAX_DEPTH) throw new SyntaxError('nested too deeply')
    const test = this.#binary(0)
    if (!this.accepts('?')) {
      this.#depth--
      return test
    }
    const yes = this.expression()
    this.#expect(':')
    const no = this.expression()
    this.#depth--
    return { kind: 'choice', test, yes, no }
  }

  #binary(level: number): Node {
    if (level === LEVELS.length) return this.#unary()
    let left = this.#binary(level + 1)
    for (;;) {
      const token = this.#peek
      if (token.type !== 'punctuation' || !LEVELS[level].includes(token.text)) return left
      this.#at++
      left = { kind: 'binary', op: token.text, left, right: this.#binary(level + 1) }
    }
  }

  #unary(): Node {
    if (++this.#depth > MAX_DEPTH) throw new SyntaxError('nested too deeply')
    const node = this.#unaryInner()
    this.#depth--
    return node
  }

  #unaryInner(): Node {
    for (const op of ['!', '~', '-', '+', '*', '&']) {
      if (this.accepts(op)) return { kind: 'unary', op, of: this.#unary() }
    }
    const cast = this.#cast()
    return cast ?? this.#postfix(this.#primary())
  }

  /** `(unsigned long)x`: names and stars only, and something to cast behind it. */
  #cast(): Node | undefined {
    const start = this.#at
    if (!this.accepts('(')) return undefined
    const words: string[] = []
    while (this.#peek.type === 'name' || this.#isStar()) words.push(this.#tokens[this.#at++].text)
    const isType = words.length > 0 && words[0] !== 'REC' && words[0] !== '*' && this.accepts(')')
    if (!isType || !this.#startsOperand()) {
      this.#at = start
      return undefined
    }
    return { kind: 'cast', type: words.join(' '), of: this.#unary() }
  }

  #isStar(): boolean {
    return this.#peek.type === 'punctuation' && this.#peek.text === '*'
  }

  #startsOperand(): boolean {
    const { type, text } = this.#peek
    return (
      type === 'name' || type === 'number' || type === 'string' || (type === 'punctuation' && '(-~!*&{'.includes(text))
    )
  }

  #primary(): Node {
    const token = this.#tokens[this.#at++]
    if (token.type === 'number') return literalNumber(token)
    if (token.type === 'string') {
      let text = token.text
      while (this.#peek.type === 'string') text += this.#tokens[this.#at++].text
      return { kind: 'string', text }
    }
    if (token.type === 'name') return this.#named(token.text)
    if (token.text === '(') {
      const inner = this.expression()
      this.#expect(')')
      return inner
    }
    if (token.text === '{') return { kind: 'list', items: this.#items('}') }
    throw new SyntaxError(`'${token.text}' not expected`)
  }

  #named(name: string): Node {
    if (name === 'REC') {
      this.#expect('->')
      const field = this.#tokens[this.#at++]
      if (field.type !== 'name') throw new SyntaxError('a field expected')
      return { kind: 'field', name: field.text }
    }
    if (name === 'sizeof') {
      this.#expect('(')
      const words: string[] = []
      while (this.#peek.type === 'name' || this.#isStar()) words.push(this.#tokens[this.#at++].text)
      this.#expect(')')
      return { kind: 'sizeof', type: words.join(' ') }
    }
    if (this.accepts('(')) return { kind: 'call', name, args: this.#items(')') }
    // A name that is nothing else: the argument of __get_str(name) and the like.
    return { kind: 'field', name }
  }

  #items(end: string): Node[] {
    const items: Node[] = []
    while (!this.accepts(end)) {
      items.push(this.expression())
      if (!this.accepts(',')) {
        this.#expect(end)
        break
      }
    }
    return items
  }

  #postfix(of: Node): Node {
    let node = of
    while (this.accepts('[')) {
      const at = this.expression()
      this.#expect(']')
      node = { kind: 'index', of: node, at }
    }
    const { type, text } = this.#peek
    if (type === 'punctuation' && (text === '->' || text === '.')) throw new SyntaxError('a member of a structure')
    return node
  }
}

/** A long sum is deep as well, on its left, and whoever walks through it takes a step of the stack per level. */
function checkDepth(root: Node): void {
  let level: readonly Node[] = [root]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw new SyntaxError('nested too deeply')
    level = level.flatMap(insideOf)
  }
}

/** Throws SyntaxError for what is not understood. */
export function parsePrintFmt(text: string): PrintFmt {
  const parser = new Parser(text)
  const format = parser.expression()
  if (format.kind !== 'string') throw new SyntaxError('the format is no string')
  const args: Node[] = []
  while (parser.accepts(',')) args.push(parser.expression())
  if (!parser.done) throw new SyntaxError('something follows the arguments')
  args.forEach(checkDepth)
  return { format: format.text, args }
}
