/**
 * `faultline contention F --against LOCKSTAT`: a trace's waits and holds beside those of a /proc/lock_stat table of the same
 * time, class by class. The table is an imported one or its text, which is then imported into a file that goes away again.
 */

import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { AgainstFigures, AgainstRow, LockStatComparison } from '#shared/analysis/lock-stat-compare.ts'
import { ApiError } from '#shared/base/errors.ts'
import { tempFolder } from '../../store/temp-folder.ts'
import { columnsOf, count, grouped, plural, print, printJson, printTable } from '../output.ts'
import { assertReadableFile, faultlineFile, naming, type OpenTrace, type Session } from '../session.ts'

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
  const { rows, compared, differ } = await comparison(session, open, path)
  if (json) {
    printJson({
      trace: open.trace.id,
      against: path,
      compared,
      differ,
      total: rows.length,
      rows: rows.slice(0, top),
    })
    return
  }
  print(
    `${plural(compared, 'lock class', 'lock classes')} in both (modes apart); ${compared === 0 ? 'nothing to compare' : differ === 0 ? 'they agree' : `${count(differ)} differ`}.`,
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

/** The table is an imported one, or still text. */
async function comparison(session: Session, open: OpenTrace, path: string): Promise<LockStatComparison> {
  await assertReadableFile(path)
  const imported = await faultlineFile(path).then(
    () => true,
    () => false,
  )
  if (imported) return beside(session, open, path)
  const folder = tempFolder('lock-stat')
  try {
    const out = join(folder, 'lock_stat.faultline')
    const source = { kind: 'path', path: resolve(path) } as const
    await session.call('trace.import', { source, out, force: false, format: 'lock-stat' }).catch(naming(path))
    return await beside(session, open, out).catch(naming(path))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function beside(session: Session, { file, trace }: OpenTrace, path: string): Promise<LockStatComparison> {
  const { file: against } = await session.openFile(path)
  return session.call('contention.against', { file, trace: trace.id, against }).catch(naming(path))
}
