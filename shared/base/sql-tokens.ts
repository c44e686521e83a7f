/**
 * SQL as the words and signs it is made of, as far as finding one's way in it needs: where a word stands, where one
 * statement ends and the next begins. It knows quotes and comments and no grammar; SQLite alone says what is right.
 */

export interface SqlToken {
  readonly from: number
  readonly to: number
  readonly text: string
}

/** Words, numbers, quoted names and texts, and signs; blanks and comments are none. */
const TOKENS =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`[^`]*(?:`|$)|\[[^\]]*(?:\]|$)|[\p{L}_$][\p{L}\p{N}_$]*|\d[\p{L}\p{N}_.]*|\S/gu

export function sqlTokens(sql: string): SqlToken[] {
  return [...sql.matchAll(TOKENS)]
    .map(({ index, 0: text }) => ({ from: index, to: index + text.length, text }))
    .filter(({ text }) => !text.startsWith('--') && !text.startsWith('/*'))
}

export interface SqlStatement {
  /** Where its text begins: at its first word. */
  readonly from: number
  readonly to: number
  readonly text: string
}

/** The statements of a text, without their semicolons and without what is only blank or comment. */
export function sqlStatements(sql: string): SqlStatement[] {
  const out: SqlStatement[] = []
  let first: SqlToken | undefined
  let last: SqlToken | undefined
  const end = (): void => {
    if (first && last) out.push({ from: first.from, to: last.to, text: sql.slice(first.from, last.to) })
    first = last = undefined
  }
  for (const token of sqlTokens(sql)) {
    if (token.text === ';') end()
    else {
      first ??= token
      last = token
    }
  }
  end()
  return out
}

/** The statement a position is in, or the one before it. */
export function statementAt(sql: string, position: number): SqlStatement | undefined {
  const statements = sqlStatements(sql)
  return statements.findLast(({ from }) => from <= position) ?? statements[0]
}
