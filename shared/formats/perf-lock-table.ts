/**
 * The layouts in which perf prints its lock tables (tools/perf/builtin-lock.c): a heading says which figures stand in which
 * order and what a row is about, and makes the function that reads its rows. Times have units, in the separated layout
 * (-x) they are plain ns. Only lines are read here; what the rows come to is the reader's (perf-lock.ts).
 *
 *     contended   total wait     max wait     avg wait         type   caller             contention
 *            73    102.89 ms     16.59 ms      1.41 ms      rwsem:W   vfs_fallocate+0x175
 *     # output: contended, total wait, max wait, avg wait, type, caller                  contention -x,
 *     73, 102890000, 16590000, 1410000, rwsem:W, vfs_fallocate+0x175
 *                     Name   acquired  contended     avg wait   total wait               report
 *       do_ftruncate+0x134        292        292      8.29 ms      2.42 s
 */

import { functionOf } from '../model/call-site.ts'
import type { LockMode } from '../model/kinds.ts'

/** What a row is about. */
export interface PerfLockSubject {
  readonly type: string
  readonly mode: LockMode
  /** Behind the type in the class's name, where nothing names the lock: `in vfs_fallocate`. */
  readonly where: string
  readonly name: string | undefined
  readonly site: string | undefined
}

/** NaN where the table has no such column (-k, -F). */
export interface PerfLockFigures {
  readonly acquired: number
  readonly contended: number
  readonly totalNs: number
  readonly maxNs: number
  readonly minNs: number
  readonly meanNs: number
}

export interface PerfLockRow {
  readonly figures: PerfLockFigures
  /** Of a report: the printed name, whose meaning only the whole table tells. */
  readonly subject: PerfLockSubject | string
  /** The stack, where the row itself prints it (-x -v). */
  readonly frames: readonly string[]
}

export interface PerfLockHeading {
  readonly columns: readonly string[]
  /** Undefined: the line is no row. */
  row(text: string): PerfLockRow | undefined
}

const COLUMN = /acquired|contended|(?:total|max|avg|min) wait/g
/** Before Linux 5.19 reports had plain ns and said so in the heading. */
const TITLES = String.raw`(?: *(?:acquired|contended|(?:total|max|avg|min) wait)(?: \(ns\))?)`
const TABLE = new RegExp(`^(${TITLES}+) +(type +caller|pid +(?:comm|owner)|address +symbol|cgroup) *$`)
const SEPARATED = /^# output: ((?:acquired|contended|(?:total|max|avg|min) wait)([^ ]+) .*)$/
const REPORT = new RegExp(`^ *Name(${TITLES}+) *$`)
const VALUE = String.raw` +(\d+(?:\.\d+)? (?:ns|us|ms|s|m|h)|\d+)`
const UNIT_NS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 }

/** Undefined: the line is no heading. */
export function headingOf(text: string): PerfLockHeading | undefined {
  return tableHeading(text) ?? separatedHeading(text) ?? reportHeading(text)
}

function tableHeading(text: string): PerfLockHeading | undefined {
  const found = TABLE.exec(text)
  if (found === null) return undefined
  const columns = found[1].match(COLUMN) ?? []
  const [of = '', second = ''] = found[2].split(/ +/)
  // A cgroup is one word, as long as its path is.
  const pattern = new RegExp(`^${VALUE.repeat(columns.length)} +(\\S+)(?: +(.*?))? *$`)
  return {
    columns,
    row(line) {
      const fields = pattern.exec(` ${line}`)
      if (fields === null) return undefined
      const [word, rest] = [fields[columns.length + 1], fields[columns.length + 2] as string | undefined]
      const figures = figuresOf(columns, fields.slice(1, columns.length + 1))
      return { figures, subject: subjectOf(of, { word, rest: rest ?? '', second }), frames: [] }
    },
  }
}

/** Fields are separated by what -x said and a blank; what comes last may contain both. */
function separatedHeading(text: string): PerfLockHeading | undefined {
  const found = SEPARATED.exec(text)
  if (found === null) return undefined
  const separator = `${found[2]} `
  const titles = found[1].trimEnd().split(separator)
  const about = titles.findIndex((title) => !COLUMN_TITLES.has(title))
  if (about === -1) return undefined
  const columns = titles.slice(0, about)
  const [of, second = ''] = titles.slice(about)
  const stacks = titles.at(-1) === 'stacktrace'
  return {
    columns,
    row(line) {
      const fields = line.split(separator)
      const values = fields.slice(0, about)
      if (fields.length <= about || !values.every((value) => /^\d+$/.test(value))) return undefined
      const figures = figuresOf(columns, values)
      const frames = stacks && fields.length === titles.length ? framesOf(fields.splice(-1)[0]) : []
      const word = fields[about]
      if (of === 'address') {
        const type = fields.length > about + 2 ? fields[fields.length - 1] : ''
        const symbol = fields.slice(about + 1, type === '' ? undefined : -1).join(separator)
        return { figures, subject: subjectOf(of, { word, rest: `${symbol} (${type})`, second }), frames }
      }
      return {
        figures,
        subject: subjectOf(of, { word, rest: fields.slice(about + 1).join(separator), second }),
        frames,
      }
    },
  }
}

const COLUMN_TITLES: ReadonlySet<string> = new Set([
  'acquired',
  'contended',
  'total wait',
  'max wait',
  'avg wait',
  'min wait',
])

/** ` 0xffff rwsem_down_read_slowpath+0x1: 0xffff down_read+0x2` */
function framesOf(printed: string): readonly string[] {
  return printed.split(': ').map((frame) => frame.trim().replace(/^0x[0-9a-f]+ /, ''))
}

function reportHeading(text: string): PerfLockHeading | undefined {
  const found = REPORT.exec(text)
  if (found === null) return undefined
  const columns = found[1].match(COLUMN) ?? []
  const pattern = new RegExp(`^ *(\\S.*?)${VALUE.repeat(columns.length)} *$`)
  return {
    columns,
    row(line) {
      const fields = pattern.exec(line)
      if (fields === null) return undefined
      return { figures: figuresOf(columns, fields.slice(2)), subject: fields[1], frames: [] }
    },
  }
}

interface Words {
  readonly word: string
  readonly rest: string
  /** The heading's last word. */
  readonly second: string
}

function subjectOf(of: string, { word, rest, second }: Words): PerfLockSubject {
  const unnamed = { name: undefined, site: undefined }
  if (of === 'pid') {
    return {
      type: '',
      mode: 'exclusive',
      where: `${second === 'owner' ? 'held by' : 'of'} ${rest} (${word})`,
      ...unnamed,
    }
  }
  if (of === 'cgroup') return { type: '', mode: 'exclusive', where: `of cgroup ${word}`, ...unnamed }
  if (of === 'address') {
    const [, symbol, type = ''] = /^(.*?) *(?:\(([^()]*)\))?$/.exec(rest) ?? []
    const name = symbol === '' || symbol === undefined ? undefined : symbol
    return { ...typed(type), where: `at ${word}`, name, site: undefined }
  }
  return { ...typed(word), where: `in ${functionOf(rest)}`, name: undefined, site: rest }
}

/** `rwsem:W` */
function typed(word: string): { readonly type: string; readonly mode: LockMode } {
  const [type, mode] = word.split(':')
  return { type, mode: mode === 'R' ? 'shared' : 'exclusive' }
}

function figuresOf(columns: readonly string[], values: readonly string[]): PerfLockFigures {
  const value = (column: string): number => {
    const at = columns.indexOf(column)
    return at === -1 ? NaN : numberOf(values[at])
  }
  return {
    acquired: value('acquired'),
    contended: value('contended'),
    totalNs: value('total wait'),
    maxNs: value('max wait'),
    minNs: value('min wait'),
    meanNs: value('avg wait'),
  }
}

/** `102.89 ms` in ns; a count as it is. */
function numberOf(printed: string): number {
  const [value, unit] = printed.split(' ') as [string, string | undefined]
  const number = Number(value) * (unit === undefined ? 1 : UNIT_NS[unit])
  return Math.min(Number.MAX_SAFE_INTEGER, Math.round(number))
}
