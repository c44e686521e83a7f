/** What a reader has read before it gives up is kept, and says how far it goes. */

import { describe, expect, it } from 'vitest'
import { attempt } from '#electron/engine/import-attempt.ts'
import { ApiError } from '#shared/base/errors.ts'
import { ftrace } from '#shared/formats/ftrace-text.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { Recorder } from '#shared/spans/recorder.ts'

const LINE = Buffer.from(
  '            task-11     [000] d..2.   100.010000: contention_begin: 00000000bc512a5b (flags=WRITE)\n',
)

function after(events: number, error: Error) {
  const collector = new TraceCollector()
  const recorder = new Recorder(new TraceBuilder(collector, 'test', 'ftrace'))
  const reader = ftrace.reader(recorder)
  const read = attempt(recorder, 0, () => {
    for (let i = 0; i < events; i++) reader.push(LINE)
  })
  const more = attempt(recorder, 5000, () => {
    throw error
  })
  reader.end()
  recorder.end()
  return { read, more, trace: collector.trace() }
}

describe('a reader that gives up', () => {
  it('leaves a trace of what it read, which says up to where', () => {
    const { read, more, trace } = after(3, new ApiError('limit', 'more tasks than there may be'))
    expect([read, more, trace.meta.eventCount]).toEqual([true, false, 3])
    expect(trace.diagnostics.map(({ message }) => message)).toContain(
      'read 3 events up to byte 5000, then: more tasks than there may be',
    )
  })

  it('before its first event, or for another reason than the input, has failed', () => {
    expect(() => after(0, new ApiError('bad-input', 'no trace'))).toThrow('no trace')
    expect(() => after(3, new ApiError('cancelled', 'was cancelled'))).toThrow('was cancelled')
    expect(() => after(3, new TypeError('a bug'))).toThrow('a bug')
  })
})
