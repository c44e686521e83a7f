/** The timeline's calls over all three transports: the same answers, binary columns as they are, every failure a sentence. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { methods, type MethodName } from '#shared/contract/methods.ts'
import type { OpenedFile } from '#shared/contract/files.ts'
import { startHost, TRANSPORTS, type TestHost } from '../support/engine.ts'

const called = new Set<MethodName>()
const answers = new Map<string, unknown>()

describe.each(TRANSPORTS)('%s', (transport) => {
  let host: TestHost
  let opened: OpenedFile
  let of: { readonly file: string; readonly trace: number }

  const call: TestHost['client']['call'] = (method, params, options) => {
    called.add(method)
    return host.client.call(method, params, options)
  }
  /** Whatever is in between, the answer is the same. */
  const same = (what: string, answer: unknown) => {
    if (!answers.has(what)) answers.set(what, answer)
    expect(answer).toEqual(answers.get(what))
  }

  beforeAll(async () => {
    host = await startHost(transport)
    opened = (await call('files.open', { source: { kind: 'sample', sample: 'dax-xfs' } })).opened
    of = { file: opened.file, trace: 1 }
  })
  afterAll(() => host.close())

  test('rows come in groups, busiest first where asked for, idle ones hidden', async () => {
    for (const section of ['task', 'cpu', 'lock', 'inode', 'counter'] as const) {
      const rows = await call('timeline.rows', { ...of, section, sort: 'waited' })
      same(`rows ${section}`, rows)
      expect(rows.rows.length).toBeGreaterThan(0)
      expect(rows.rows.every(({ slices, id }) => slices > 0 && id.startsWith(`${section}:`))).toBe(true)
      expect(rows.rows.every(({ group }) => group >= 0 && group < rows.groups.length)).toBe(true)
    }
    const all = await call('timeline.rows', { ...of, section: 'task', idle: true })
    const busy = await call('timeline.rows', { ...of, section: 'task' })
    expect(all.total).toBe(opened.traces[0].tasks)
    expect(busy.total + busy.groups.reduce((sum, { idle }) => sum + idle, 0)).toBe(all.total)
  })

  test('rows can be filtered, paged and asked for by id', async () => {
    const all = await call('timeline.rows', { ...of, section: 'lock' })
    const page = await call('timeline.rows', { ...of, section: 'lock', offset: 2, limit: 3 })
    expect(page.rows.map(({ id }) => id)).toEqual(all.rows.slice(2, 5).map(({ id }) => id))
    const [first] = all.rows
    const named = await call('timeline.rows', { ...of, section: 'lock', ids: [first.id] })
    expect(named.rows).toMatchObject([{ id: first.id, label: first.label }])
    const found = await call('timeline.rows', { ...of, section: 'lock', text: first.label.toUpperCase() })
    expect(found.rows.map(({ id }) => id)).toContain(first.id)
    const none = await call('timeline.rows', { ...of, section: 'lock', text: 'no such lock' })
    expect(none).toMatchObject({ total: 0, rows: [] })
  })

  test('a view is columns within the bytes of a view, ticks and counters included', async () => {
    const durationNs = opened.traces[0].durationNs ?? NaN
    const tasks = await call('timeline.rows', { ...of, section: 'task', sort: 'busy' })
    const rows = [...tasks.rows.slice(0, 12).map(({ id }) => id), 'cpu:0', 'counter:waiters']
    const view = await call('timeline.view', { ...of, fromNs: 0, toNs: durationNs, pixels: 1200, rows })
    same('view', view)
    const bytes = [...Object.values(view.slices), ...Object.values(view.counters)] as Uint8Array[]
    expect(bytes.reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThanOrEqual(limits.timelineBytes)
    const families = new Set(view.tracks.map(({ family }) => family))
    for (const family of ['op', 'wait', 'tick', 'counter'] as const) expect(families).toContain(family)
    expect(view.slices.start).toBeInstanceOf(Uint32Array)
    expect(view.counters.max).toBeInstanceOf(Float64Array)
  })

  test('one click on a wait: what it is, who was in the way, the chain, the critical path', async () => {
    const durationNs = opened.traces[0].durationNs ?? NaN
    const { rows } = await call('timeline.rows', { ...of, section: 'task', sort: 'waited', limit: 1 })
    const [{ id: row }] = rows
    const step = await call('timeline.step', { ...of, row, families: ['wait'], direction: 'next', from: { ns: 0 } })
    expect(step).not.toBeNull()
    if (step === null) return
    const span = { family: step.family, id: step.id }
    const details = await call('timeline.span', { ...of, span })
    same('span', details)
    expect(details.words[0]).toContain('waited')
    const flow = await call('timeline.flow', { ...of, span, whole: true })
    same('flow', flow)
    expect(flow.chain?.waitId).toBe(step.id)
    expect(flow.words.length).toBeGreaterThan(1)
    const back = await call('timeline.step', {
      ...of,
      row,
      families: ['wait'],
      direction: 'previous',
      from: { ns: durationNs },
    })
    expect(back?.startNs).toBeGreaterThanOrEqual(step.startNs)
    if (details.op === null) return
    const path = await call('timeline.path', { ...of, op: details.op.id })
    same('path', path)
    expect(path.totals.reduce((sum, { ns }) => sum + ns, 0)).toBe((path.op.endNs ?? durationNs) - path.op.startNs)
  })

  test('figures, raw events and moments to align at', async () => {
    const window = { fromNs: 0, toNs: opened.traces[0].durationNs ?? NaN }
    same('statistics', await call('timeline.statistics', { ...of, ...window }))
    const events = await call('timeline.events', { ...of, ...window, limit: 20 })
    same('events', events)
    expect(events).toMatchObject({ truncated: true })
    const [{ name, ns }] = events.events
    expect(await call('timeline.anchor', { ...of, by: 'event', name, nth: 0 })).toMatchObject({ ns })
    expect(await call('timeline.anchor', { ...of, by: 'event', name: 'no such event' })).toEqual({ ns: null, total: 0 })
  })

  test('notes are kept in the file and every window is told', async () => {
    const other = await host.connect()
    const told = new Promise((resolve) => other.on('annotations.changed', resolve))
    const added = await call('annotations.add', { ...of, startNs: 1000, text: 'here' })
    expect(added).toMatchObject({ writable: true, annotations: [{ id: added.id, startNs: 1000, saved: true }] })
    expect(await told).toEqual(of)
    await call('annotations.update', { ...of, id: added.id, startNs: 2000, endNs: 3000, text: 'there' })
    const { annotations } = await call('annotations.list', of)
    expect(annotations).toMatchObject([{ text: 'there', startNs: 2000, endNs: 3000 }])
    expect((await call('annotations.remove', { ...of, id: added.id })).annotations).toEqual([])
  })

  test('search finds names and arguments, next and previous, with ticks that add up', async () => {
    const window = { fromNs: 0, toNs: (opened.traces[0].durationNs ?? NaN) + 1, pixels: 300 }
    const find = { text: 'XFS_I', kinds: ['event', 'args', 'lock', 'op', 'phase', 'task'] } as const
    const stages: string[] = []
    const onProgress = ({ stage }: { readonly stage: string }) => void stages.push(stage)
    const first = await call(
      'timeline.search',
      { ...of, ...window, find: { ...find, kinds: [...find.kinds] }, list: 5 },
      { onProgress },
    )
    same('search', first)
    expect(first.total).toBeGreaterThan(100)
    expect(first.ticks.reduce((sum, n) => sum + n, 0)).toBe(first.total)
    expect(first.hits).toHaveLength(5)
    expect(first.hits[0]).toEqual(first.hit)
    if (first.hit === null) return
    const again = { ...of, ...window, find: { ...find, kinds: [...find.kinds] } }
    expect((await call('timeline.search', { ...again, atNs: first.hit.ns })).hit).toEqual(first.hit)
    const later = await call('timeline.search', { ...again, atNs: first.hit.ns + 1 })
    expect(later.hit?.ns).toBeGreaterThan(first.hit.ns)
    const next = await call('timeline.search', { ...again, hit: first.at })
    expect([next.at, next.hit]).toEqual([first.at + 1, first.hits[1]])
    const back = await call('timeline.search', { ...again, hit: next.at, direction: 'previous' })
    expect(back.hit).toEqual(first.hit)
    const counted = await call('query.run', {
      file: of.file,
      sql: "SELECT count(*) FROM event WHERE instr(lower(name), 'xfs_i') > 0",
    })
    const names = await call('timeline.search', { ...of, ...window, find: { text: 'xfs_i', kinds: ['event'] } })
    expect(names.total).toBe(counted.rows[0][0])
    const none = await call('timeline.search', {
      ...of,
      ...window,
      find: { text: 'no such thing', kinds: ['event', 'args'] },
    })
    expect(none).toMatchObject({ total: 0, hit: null, at: -1, hits: [] })
  })

  test('find like this: every operation of the same kind', async () => {
    const { ops } = await call('timeline.statistics', {
      ...of,
      fromNs: 0,
      toNs: (opened.traces[0].durationNs ?? NaN) + 1,
    })
    const [{ count, longest }] = ops
    if (longest === null) throw new Error('the most frequent operation has a longest one')
    const window = { fromNs: 0, toNs: (opened.traces[0].durationNs ?? NaN) + 1, pixels: 10 }
    expect(await call('timeline.search', { ...of, ...window, find: { like: longest } })).toMatchObject({ total: count })
  })

  test('the shown range becomes a file of its own, notes included', async () => {
    const durationNs = opened.traces[0].durationNs ?? NaN
    const [fromNs, toNs] = [Math.floor(durationNs / 3), Math.floor(durationNs / 2)]
    const { id } = await call('annotations.add', { ...of, startNs: fromNs + 1, text: 'inside' })
    const outside = await call('annotations.add', { ...of, startNs: 1, text: 'outside' })
    const cut = await call('timeline.cut', { ...of, fromNs, toNs })
    expect(cut.file).not.toBe(of.file)
    expect(cut.traces[0].events).toBeGreaterThan(0)
    expect(cut.traces[0].events).toBeLessThan(opened.traces[0].events)
    const { annotations } = await call('annotations.list', { file: cut.file, trace: 1 })
    expect(annotations).toMatchObject([{ startNs: fromNs + 1, text: 'inside' }])
    await call('annotations.remove', { ...of, id })
    await call('annotations.remove', { ...of, id: outside.id })
  })

  test('what cannot be is refused with a sentence', async () => {
    const view = { ...of, fromNs: 0, toNs: 1, pixels: 100 }
    const refused = [
      call('timeline.view', { ...view, rows: ['task:999999'] }).then((answer) => answer.tracks.length),
      call('timeline.view', { ...view, rows: ['nothing'] }),
      call('timeline.view', { ...view, rows: ['task:1e3'] }),
      call('timeline.view', { ...view, fromNs: 5, toNs: 5, rows: [] }),
      call('timeline.span', { ...of, span: { family: 'op', id: 4e9 } }),
      call('timeline.path', { ...of, op: 1e9 }),
      call('annotations.remove', { ...of, id: 12345 }),
      call('annotations.list', { ...of, trace: 7 }),
    ]
    const [nothing, ...rest] = await Promise.allSettled(refused)
    expect(nothing).toMatchObject({ value: 0 })
    for (const one of rest) {
      expect(one.status).toBe('rejected')
      const { reason } = one as PromiseRejectedResult
      expect(reason).toBeInstanceOf(ApiError)
      expect((reason as ApiError).code).not.toBe('internal')
    }
  })
})

test('every call of the timeline was made', () => {
  const ours = (Object.keys(methods) as MethodName[]).filter((name) => /^(timeline|annotations)\./.test(name))
  expect(ours.filter((name) => !called.has(name))).toEqual([])
})
