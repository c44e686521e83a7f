/** A schedule of a search recorded as a trace: everything the film shows is in it, and every page works on it. */
import { describe, expect, it } from 'vitest'
import type { OpenedFile } from '#shared/contract/files.ts'
import { useEngine } from '../support/use-engine.ts'

const { client } = useEngine('desktop')
async function scheduleOf(race: string, strategy: string): Promise<string> {
  return (await client.call('race.run', { race, strategy })).schedule ?? ''
}
async function rows(opened: OpenedFile, sql: string): Promise<readonly (readonly unknown[])[]> {
  return (await client.call('query.run', { file: opened.file, sql })).rows
}

describe('a schedule as a trace', () => {
  it('has the operations, the holds and the violation of its film, on a clock that counts happenings', async () => {
    const schedule = await scheduleOf('R03', 'F')
    const film = await client.call('schedule.replay', { schedule })
    const { opened } = await client.call('schedule.record', { schedule })
    const [info] = opened.traces
    expect(info).toMatchObject({ scenario: 'R03', strategy: 'F', clock: 'sim', clockUnit: 'tick', cpus: 1, lost: 0 })
    expect(info.durationNs).toBeLessThan(10_000)
    const takes = film.steps.filter(({ action }) => action.startsWith('takes')).length
    const [[spans]] = await rows(opened, 'SELECT count(*) FROM lock_span WHERE acquired_ns IS NOT NULL')
    expect(spans).toBe(takes)
    const begun = film.steps.filter(({ action }) => action.startsWith('begins ') && action !== 'begins').length
    expect((await rows(opened, 'SELECT count(*) FROM op'))[0][0]).toBe(begun)
    const violations = await rows(opened, "SELECT text FROM annotation WHERE kind = 'violation'")
    for (const { invariant, message } of film.findings.filter(({ invariant: id }) => id !== 'V11'))
      expect(violations.some(([text]) => String(text).startsWith(invariant) && String(text).includes(message))).toBe(
        true,
      )
  })

  it('tasks that wait for a lock which others hold wait in the trace, and are blocked by them', async () => {
    const schedule = await scheduleOf('R12', 'F')
    const { opened } = await client.call('schedule.record', { schedule })
    const waiting = await rows(
      opened,
      `SELECT t.comm, c.name FROM lock_span s JOIN task t ON t.id = s.task_id JOIN lock l ON l.id = s.lock_id
       JOIN lock_class c ON c.id = l.class_id WHERE s.contended = 1 ORDER BY 1`,
    )
    const { deadlock } = await client.call('schedule.replay', { schedule })
    expect(deadlock?.length).toBeGreaterThan(1)
    for (const { task, waitsFor } of deadlock ?? []) expect(waiting).toContainEqual([task, waitsFor])
  })

  it('with a power cut in it is the schedule without one', async () => {
    const { violations } = await client.call('crash.run', { subject: 'R10', strategy: 'E' })
    const { opened } = await client.call('schedule.record', { schedule: violations[0].schedule })
    expect(opened.traces[0]).toMatchObject({ scenario: 'R10', strategy: 'E' })
    expect((await client.call('schedule.replay', { schedule: violations[0].schedule })).scenario).toBe('R10')
  })

  it('is checked before anything is written', async () => {
    await expect(client.call('schedule.record', { schedule: 'fl1:nonsense' })).rejects.toMatchObject({
      code: 'bad-request',
      message: expect.stringMatching(/^this is no schedule/) as string,
    })
  })
})
