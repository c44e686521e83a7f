/**
 * A trace has room for so many event names. Beyond them an event must not silently bear another event's name, whether
 * its name came as bytes or as a string.
 */

import { expect, it } from 'vitest'

import { limits } from '#shared/base/limits.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { TOO_MANY_NAMES } from '#shared/model/diagnostics.ts'
import { TraceCollector } from '#shared/model/collect.ts'

it('an event name beyond the limit is said, each time it is met', () => {
  const collector = new TraceCollector()
  const builder = new TraceBuilder(collector, 'test', 'test')
  for (let i = 0; i < limits.names; i++) expect(builder.eventNamed(`e${i}`)).toBe(i)
  expect(builder.eventNamed('e7')).toBe(7)
  const late = Buffer.from('late')
  for (let i = 0; i < 2; i++) expect(builder.eventNamed('late')).toBe(0)
  expect(builder.eventName(late, 0, late.length)).toBe(0)
  expect(builder.eventName(Buffer.from('e9'), 0, 2)).toBe(9)
  builder.end()
  expect(collector.trace().diagnostics.find(({ code }) => code === TOO_MANY_NAMES)?.count).toBe(3)
})

it('names that are no text and read the same are one name', () => {
  const builder = new TraceBuilder(new TraceCollector(), 'test', 'test')
  const id = (...bytes: readonly number[]) => builder.eventName(Uint8Array.from(bytes), 0, bytes.length)
  expect([id(0x61, 0xa5), id(0x61, 0xa7), id(0x61, 0xa5), id(0x61)]).toEqual([0, 0, 0, 1])
  expect(builder.eventNamed('a\ufffd')).toBe(0)
  expect([builder.eventNames.text(0), builder.eventNames.size]).toEqual(['a\ufffd', 2])
})
