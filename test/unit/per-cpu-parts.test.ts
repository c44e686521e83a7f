/** `cat per_cpu/cpu?/trace`: the trace that `trace` would have been; other texts of several traces stay what they are. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { importTrace } from '#electron/engine/import.ts'
import { loadTrace } from '#electron/store/load.ts'
import { openFile } from '#electron/store/open.ts'
import { readFixture } from '../support/corpus.ts'
import { tempFolder } from '../support/store.ts'

let folder: string
beforeEach(() => {
  folder = tempFolder()
})

async function imported(text: string, name: string) {
  const [source, out] = [join(folder, `${name}.txt`), join(folder, `${name}.faultline`)]
  writeFileSync(source, text)
  const summary = await importTrace({ source, name: 'trace.txt', out })
  const db = openFile(out)
  try {
    const rows = SPANS.map((sql) => db.prepare(sql).raw().all())
    const { meta, diagnostics } = loadTrace(db, 1)
    return { summary, rows, lengthNs: meta.durationNs, codes: diagnostics.map(({ code }) => code) }
  } finally {
    db.close()
  }
}

/** By names: numbers of tasks and locks are in the order they were met. */
const SPANS = [
  'SELECT ts_ns, cpu, name, pid, args FROM event LEFT JOIN task ON task.id = task_id ORDER BY 1, 2, 3, 5',
  'SELECT kind, pid, start_ns, duration_ns, wait_ns, inode, result FROM op JOIN task ON task.id = task_id ORDER BY 3, 2, 1, 4',
  'SELECT requested_ns, acquired_ns, released_ns, mode, pid, name, address FROM lock_span JOIN task ON task.id = task_id JOIN lock ON lock.id = lock_id JOIN lock_class ON lock_class.id = class_id ORDER BY 2, 1, 3, 5, 6, 7',
  'SELECT pid, state, count(*), sum(duration_ns) FROM task_state JOIN task ON task.id = task_id GROUP BY 1, 2 ORDER BY 1, 2',
]

/** A part per CPU with the header before each; lines that are no events go with the one before. */
function byCpu(text: string, cpuOf = /^.{0,60}?-\d+ .{0,30}?\[(\d+)\] /): string {
  const header = text
    .split('\n')
    .filter((line) => line.startsWith('#'))
    .join('\n')
  const parts = new Map<string, string[]>()
  let cpu = ''
  for (const line of text.split('\n')) {
    if (line.startsWith('#') || line === '') continue
    cpu = cpuOf.exec(line)?.[1] ?? cpu
    parts.set(cpu, [...(parts.get(cpu) ?? []), line])
  }
  return [...parts.keys()]
    .sort()
    .map((key) => `${header}\n${(parts.get(key) ?? []).join('\n')}\n`)
    .join('')
}

describe('the CPUs of one trace, one after the other', () => {
  it.each([
    'ftrace/contention-stacks.txt',
    'ftrace/noirqinfo.txt',
    'ftrace/fields.txt',
    'ftrace/dax-xfs.txt',
    'ftrace/overrun.txt',
  ])('%s gives the trace itself', async (name) => {
    const text = readFixture(name).toString('latin1')
    const [whole, parts] = [await imported(text, 'whole'), await imported(byCpu(text), 'parts')]
    expect(parts.rows).toEqual(whole.rows)
    expect(parts.summary.events).toBe(whole.summary.events)
    expect(parts.summary.warnings).toEqual([])
    expect(parts.lengthNs).toBe(whole.lengthNs)
    expect(parts.codes).toContain('per-cpu-parts')
  })

  it('also of calls', async () => {
    const text = readFixture('function-graph/abstime-proc-tail.txt').toString('latin1')
    const parts = await imported(byCpu(text, /\| +(\d+)\) /), 'parts')
    expect(parts.rows).toEqual((await imported(text, 'whole')).rows)
    expect(parts.codes).toContain('per-cpu-parts')
  })

  it('a CPU without events has nothing to say', async () => {
    const text = readFixture('ftrace/dax-xfs.txt').toString('latin1')
    const empty = '# tracer: nop\n#\n# entries-in-buffer/entries-written: 0/0   #P:2\n#\n'
    const [whole, parts] = [await imported(text, 'whole'), await imported(byCpu(text) + empty, 'parts')]
    expect(parts.rows).toEqual(whole.rows)
  })
})

describe('several traces in a row', () => {
  const line = (cpu: number, us: number) =>
    `        rfault 0-474     [00${cpu}] d..1.  100.${String(us).padStart(6, '0')}: lock_acquire: 00000000bc512a5b i_mmap_rwsem`
  const trace = (...lines: readonly string[]) => `${['# tracer: nop', '#', ...lines].join('\n')}\n`
  const microseconds = (cpu: number) =>
    trace(`  rfault-474     ${cpu}d..1.    1us : tick: x`, `  rfault-474     ${cpu}d..1.    9us : tick: y`)
  const codes = async (text: string) =>
    (await imported(text, 'row')).codes.filter((code) => /several-traces|overlap|parts/.test(code))

  it.each([
    ['are that where none is of the time of another', trace(line(0, 1), line(0, 5)) + trace(line(1, 6), line(1, 9))],
    ['also of one CPU', trace(line(0, 1), line(0, 5)) + trace(line(0, 6), line(0, 9))],
  ])('%s', async (_, text) => {
    expect(await codes(text)).toEqual(['several-traces'])
  })

  it.each([
    ['where a CPU comes twice', trace(line(0, 1), line(0, 5)) + trace(line(0, 2), line(0, 9))],
    ['where a part has two CPUs', trace(line(0, 1), line(0, 5)) + trace(line(1, 2), line(0, 9))],
    ['where a buffer counts from its own beginning', microseconds(0) + microseconds(1)],
    ['where the first has two', trace(line(0, 1), line(1, 5)) + trace(line(1, 2), line(1, 9))],
  ])('are told to be of one time %s', async (_, text) => {
    expect((await codes(text)).sort()).toEqual(['overlapping-traces', 'several-traces'])
  })
})
