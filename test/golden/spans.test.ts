/**
 * What recorded traces say: of every text fixture and every bundled sample the operations, phases, lock spans, wait edges and
 * task states, by kind, with a digest over every column of their rows. A change of the span builder shows in which of them
 * something is otherwise; whether it is better, the truth tests have to say. UPDATE=1 rewrites the golden.
 */

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EDGE_KINDS, TASK_STATES } from '#shared/model/kinds.ts'
import { SPAN_TABLES, type SpanTable, type Trace } from '#shared/model/trace.ts'
import { fixturePath, readMaybeCompressed, repoRoot } from '../support/corpus.ts'
import { importText } from '../support/import-text.ts'
import { textReaders, type TextFormat } from '../support/read-text.ts'

interface Recorded {
  readonly name: string
  readonly format: TextFormat
  readonly path: string
}

const fixtures = (Object.keys(textReaders) as TextFormat[]).flatMap((format) =>
  readdirSync(fixturePath(format))
    .filter((name) => name.endsWith('.txt'))
    .map((name): Recorded => ({ name: `${format}/${name}`, format, path: join(fixturePath(format), name) })),
)
const folder = join(repoRoot, 'samples')
const samples = readdirSync(folder)
  .filter((name) => name.endsWith('.trace.txt.zst'))
  .map((name): Recorded => ({ name: `samples/${name}`, format: 'ftrace', path: join(folder, name) }))

const path = join(repoRoot, 'test/golden/spans.golden.json')
const goldens = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, readonly string[]>) : {}

/** The word under which a row is counted. */
function groupOf(trace: Trace, table: SpanTable, row: number): string {
  switch (table) {
    case 'op':
      return trace.opKinds[trace.op.cols.kind[row]]
    case 'phase':
      return trace.phaseNames[trace.phase.cols.name[row]]
    case 'lockSpan': {
      const { lock, mode } = trace.lockSpan.cols
      return `${trace.lockClasses[trace.locks[lock[row]].lockClass].name} ${mode[row] === 0 ? 'exclusive' : 'shared'}`
    }
    case 'waitEdge':
      return EDGE_KINDS[trace.waitEdge.cols.kind[row]]
    case 'taskState':
      return TASK_STATES[trace.taskState.cols.state[row]]
  }
}

/** Per group of each table how many rows there are, and a digest of all their columns in order. */
function told(trace: Trace): string[] {
  const lines = SPAN_TABLES.flatMap((table) => {
    const groups = new Map<string, { count: number; readonly hash: ReturnType<typeof createHash> }>()
    const columns = Object.values<ArrayLike<number>>(trace[table].cols)
    for (let row = 0; row < trace[table].length; row++) {
      const name = groupOf(trace, table, row)
      const group = groups.get(name) ?? { count: 0, hash: createHash('sha256') }
      groups.set(name, group)
      group.count++
      group.hash.update(`${row} ${columns.map((column) => column[row]).join(' ')}\n`)
    }
    return [...groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { count, hash }]) => `${table} ${name}: ${count} ${hash.digest('hex').slice(0, 12)}`)
  })
  return [...lines, ...trace.diagnostics.map(({ code, count }) => `diagnostic ${code}: ${count}`)]
}

describe('spans of a recorded trace', () => {
  const found: Record<string, readonly string[]> = {}
  it.each([...fixtures, ...samples])('$name', ({ name, format, path }) => {
    found[name] = told(importText(readMaybeCompressed(path), format).trace)
    if (process.env['UPDATE'] !== '1') expect(found[name]).toEqual(goldens[name])
  })

  it('are told of no trace that is gone', () => {
    if (process.env['UPDATE'] === '1') writeFileSync(path, `${JSON.stringify(found, undefined, 2)}\n`)
    else expect(Object.keys(goldens)).toEqual(Object.keys(found))
  })
})
