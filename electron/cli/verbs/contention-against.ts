/**
 * `faultline contention F --against LOCKSTAT`: a trace's waits and holds beside those of a /proc/lock_stat table of the same
 * time, class by class. The table is an imported one or its text, which is then imported into a file that goes away again.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { ContentionRow } from '#shared/analysis/contention.ts'
import { compareWithLockStat, type AgainstFigures, type AgainstRow } from '#shared/analysis/lock-stat-compare.ts'
import { ApiError } from '#shared/base/errors.ts'
import { columnsOf, count, grouped, plural, print, printJson, printTable } from '../output.ts'
import { assertReadableFile, faultlineFile, naming, type OpenTrace, type Session } from '../session.ts'

const ALL = 10_000

interface Against {
  readonly path: string
  readonly top: number
  readonly json: boolean
  readonly windowed: boolean
}

export async function printAgainst(
  session: Session,
  open: OpenTrace,
  { path, top, json, windowed }: Against,
): Promise<void> {
  if (windowed) {
    throw new ApiError(
      'bad-request',
      '--against compares whole traces: a lock_stat table has no times',
      'leave --from and --to out',
    )
  }
  const { rows: ours } = await open.analyse('contention', { scope: {}, by: 'class', top: ALL })
  const theirs = await tableOf(session, path)
  const rows = compareWithLockStat(ours, theirs)
  const differ = rows.filter(({ differs }) => differs).length
  const both = rows.filter(({ trace, lockStat }) => trace !== null && lockStat !== null).length
  if (json) {
    printJson({
      trace: open.trace.id,
      against: path,
      compared: both,
      differ,
      total: rows.length,
      rows: rows.slice(0, top),
    })
    return
  }
  print(
    `${plural(both, 'lock class', 'lock classes')} in both (modes apart); ${differ === 0 ? 'they agree' : `${count(differ)} differ`}.`,
  )
  if (rows.length === 0) return
  print('')
  printRows(rows.slice(0, top))
  if (top < rows.length) print(`${count(top)} of ${count(rows.length)} rows; --top N shows more, --json all`)
}

function printRows(rows: readonly AgainstRow[]): void {
  const { name, count: number, time, share } = columnsOf(rows)
  const of = (side: 'trace' | 'lockStat', key: keyof AgainstFigures) => (row: AgainstRow) => row[side]?.[key] ?? null
  printTable([
    name('lock class', (row) => row.class),
    name('mode', (row) => row.mode),
    ...grouped('contended', [
      number('trace', of('trace', 'contended')),
      number('lock_stat', of('lockStat', 'contended')),
    ]),
    ...grouped('waited', [
      time('trace', of('trace', 'waitTotalNs')),
      time('lock_stat', of('lockStat', 'waitTotalNs')),
      share('ratio', (row) => row.waitRatio),
    ]),
    ...grouped('acquired', [
      number('trace', of('trace', 'acquisitions'), 2),
      number('lock_stat', of('lockStat', 'acquisitions'), 2),
    ]),
    ...grouped('held', [
      time('trace', of('trace', 'holdTotalNs'), 1),
      time('lock_stat', of('lockStat', 'holdTotalNs'), 1),
      share('ratio', (row) => row.holdRatio),
    ]),
    name('', (row) => row.why ?? (row.differs ? 'differs' : ' ')),
  ])
}

/** The contention rows of a lock_stat table, imported or still text. */
async function tableOf(session: Session, path: string): Promise<readonly ContentionRow[]> {
  await assertReadableFile(path)
  const imported = await faultlineFile(path).then(
    () => true,
    () => false,
  )
  if (imported) return rowsOf(session, path, path)
  const folder = await mkdtemp(join(tmpdir(), 'faultline-'))
  try {
    const out = join(folder, 'lock_stat.faultline')
    const source = { kind: 'path', path: resolve(path) } as const
    await session.call('trace.import', { source, out, force: false, format: 'lock-stat' }).catch(naming(path))
    return await rowsOf(session, out, path)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function rowsOf(session: Session, file: string, path: string): Promise<readonly ContentionRow[]> {
  const { traces } = await session.openFile(file)
  const table = traces.find(({ format }) => format === 'lock-stat')
  if (table === undefined) {
    throw new ApiError(
      'bad-input',
      `${path}: there is no lock_stat table in it`,
      'cat /proc/lock_stat > X, and --against X',
    )
  }
  const open = await session.openTrace(file, table.id)
  const { rows } = await open.analyse('contention', { scope: {}, by: 'class', top: ALL })
  return rows
}
