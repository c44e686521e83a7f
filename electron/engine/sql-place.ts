/**
 * Where in a user's statement an error is. SQLite says what it stumbled over, not where, and the binding does not pass
 * the offset on. A syntax error is at the first token up to which the statement is still only incomplete: found by
 * preparing beginnings of it, twice per halving. A name that is unknown or ambiguous is at its first use. Errors that
 * arise while a statement runs have no place.
 */

import type { ErrorPlace } from '#shared/base/errors.ts'
import { sqlTokens, type SqlToken } from '#shared/base/sql-tokens.ts'

/** Tries to prepare a statement: what SQLite says is wrong with it, undefined where nothing is. */
export type Complaint = (sql: string) => string | undefined

export function placeOfError(sql: string, message: string, complaint: Complaint): ErrorPlace | undefined {
  const tokens = sqlTokens(sql)
  if (/^near ".*": syntax error$/s.test(message)) return placeAt(sql, syntaxError(sql, tokens, complaint))
  if (/^incomplete input$/.test(message)) return placeAt(sql, tokens.at(-1))
  const named = NAMED.exec(message)
  return named?.[1] === undefined ? undefined : placeAt(sql, firstUse(tokens, named[1]))
}

const NAMED =
  /^(?:no such column|no such table|no such function|no such table-valued function|ambiguous column name|no such collation sequence|unrecognized token|wrong number of arguments to function|misuse of aggregate(?: function)?|misuse of window function)s?:? "?([^"()]+)/

/** The first token with which the beginning of the statement is more than incomplete. */
function syntaxError(sql: string, tokens: readonly SqlToken[], complaint: Complaint): SqlToken | undefined {
  const bad = (count: number): boolean =>
    /^near ".*": syntax error$/s.test(complaint(sql.slice(0, tokens[count - 1]?.to ?? 0)) ?? '')
  let low = 1
  let high = tokens.length
  if (!bad(high)) return undefined
  while (low < high) {
    const middle = (low + high) >> 1
    if (bad(middle)) high = middle
    else low = middle + 1
  }
  return tokens[low - 1]
}

/** `task.comm` as its tokens; a name in quotes counts as the name. */
function firstUse(tokens: readonly SqlToken[], name: string): SqlToken | undefined {
  const parts = sqlTokens(name).map(({ text }) => bare(text))
  for (let i = 0; i + parts.length <= tokens.length; i++) {
    const from = tokens[i]
    const to = tokens[i + parts.length - 1]
    if (parts.every((part, k) => bare(tokens[i + k].text) === part)) return { from: from.from, to: to.to, text: name }
  }
  return undefined
}

function bare(text: string): string {
  return (/^["`[]/.test(text) ? text.slice(1, -1) : text).toLowerCase()
}

function placeAt(sql: string, token: SqlToken | undefined): ErrorPlace | undefined {
  if (token === undefined) return undefined
  const before = sql.slice(0, token.from)
  const line = before.split('\n').length
  return { offset: token.from, length: token.to - token.from, line, column: token.from - before.lastIndexOf('\n') }
}
