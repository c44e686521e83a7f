/** A file of very many traces, as nobody writes one and anybody may send one: opening it costs what is in it, and no more. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createEngine } from '#electron/engine/engine.ts'
import { connect } from '#electron/store/database.ts'
import { story } from '../support/trace-art.ts'
import { tempFolder, writeFile } from '../support/store.ts'

const FEW = 100
const TIMES = 8

/** One trace and `count` empty ones beside it. */
function fileOf(path: string, count: number): string {
  const db = connect(writeFile(path, story), { readonly: false, mustExist: true })
  db.exec(`
    CREATE TEMP TABLE more AS WITH RECURSIVE more (id) AS (SELECT 2 UNION ALL SELECT id + 1 FROM more LIMIT ${count}) SELECT * FROM more;
    INSERT INTO trace (id, name, source_format, clock, clock_unit, start_clock, duration_ns, event_count, rate_bucket_ns)
      SELECT more.id, name, source_format, clock, clock_unit, start_clock, 0, 0, rate_bucket_ns FROM more, trace WHERE trace.id = 1;
    INSERT INTO trace_part SELECT more.id, part, first_id, 0 FROM more, trace_part WHERE trace_id = 1;
  `)
  db.close()
  return path
}

it('opening eight times as many costs about eight times as much', async () => {
  const folder = tempFolder()
  const engine = await createEngine({ host: 'cli', dataDir: join(folder, 'data') })
  const client = engine.connect()
  /** CPU time of all threads, µs. */
  const costOf = async (count: number): Promise<number> => {
    const source = { kind: 'path', path: fileOf(join(folder, `${count}.faultline`), count) } as const
    const before = process.cpuUsage()
    const { opened } = await client.call('files.open', { source })
    const { user, system } = process.cpuUsage(before)
    expect(opened.traces).toHaveLength(count + 1)
    return user + system
  }
  try {
    await costOf(1)
    const few = await costOf(FEW)
    // Where every trace looks at all others it is eight times as much again.
    expect(await costOf(FEW * TIMES)).toBeLessThan(few * TIMES * 4)
  } finally {
    client.close()
    await engine.close()
  }
}, 120_000)
