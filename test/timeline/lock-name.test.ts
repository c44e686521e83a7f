/** What a lock is called on the timeline: its name, marked where it was deduced; never where the name comes from. */

import { describe, expect, it } from 'vitest'
import { NAMED_BY_BEHAVIOUR, NAMED_BY_STACKS, NAMED_BY_USER, SPAN_CONTENDED } from '#shared/model/kinds.ts'
import { rowsOf } from '#shared/timeline/rows.ts'
import { detailsOf } from '#shared/timeline/spans.ts'
import { statisticsOf } from '#shared/timeline/statistics.ts'
import { traceOf } from '../support/small-trace.ts'

const LIST = { text: '', idle: true, sort: 'waited', offset: 0, limit: 6 } as const

describe('a lock on the timeline', () => {
  it.each([
    [undefined, 'mapping.invalidate_lock'],
    [NAMED_BY_USER, 'mapping.invalidate_lock'],
    [NAMED_BY_STACKS, 'mapping.invalidate_lock (inferred)'],
    [NAMED_BY_BEHAVIOUR, 'mapping.invalidate_lock (inferred)'],
    ['folio 7', 'folio 7'],
  ])('with the label %s is %s in rows, details and figures', (label, name) => {
    const unnamed = traceOf({
      classes: [['mapping.invalidate_lock', 'rwsem']],
      spans: [{ lock: 0, mode: 1, requestedNs: 2, acquiredNs: 5, flags: SPAN_CONTENDED }],
    })
    const trace = { ...unnamed, locks: unnamed.locks.map((lock) => ({ ...lock, label })) }
    expect(rowsOf(trace, { ...LIST, section: 'lock' }).rows[0].label).toBe(name)
    const { lock, words } = detailsOf(trace, { family: 'wait', id: 0 })
    expect(lock).toMatchObject({ class: 'mapping.invalidate_lock', label: name })
    expect(words[0]).toContain(`waited for 3 ns for ${name} (shared)`)
    expect(statisticsOf(trace, { fromNs: 0, toNs: 40 }).locks[0].name).toBe(name)
  })
})
