/**
 * Debug annotations of Perfetto's track events (protos/perfetto/trace/track_event/debug_annotation.proto): each kind of value,
 * interned names and texts, both ways to nest, and what is beyond them.
 */

import { describe, expect, it } from 'vitest'
import { limits } from '#shared/base/limits.ts'
import { annotation } from '#shared/formats/perfetto/annotations.ts'
import { Wire } from '#shared/formats/perfetto/wire.ts'
import { encodeVarint, message } from '../support/proto.ts'

const INTERNED: Readonly<Record<string, string>> = { '3 7': 'interned name', '29 9': 'interned text' }

function read(...annotations: readonly Buffer[]): Record<string, unknown> {
  const into: Record<string, unknown> = {}
  for (const bytes of annotations) {
    const wire = new Wire().of(message({ 4: bytes }), 0, message({ 4: bytes }).length)
    wire.next()
    annotation(wire, { name: (list, iid) => INTERNED[`${list} ${iid}`] }, into)
  }
  return into
}

function double(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return Buffer.concat([encodeVarint(field * 8 + 1), bytes])
}

const named = (...parts: readonly Buffer[]) => read(Buffer.concat([message({ 10: 'a' }), ...parts])).a

describe('a debug annotation', () => {
  it.each([
    ['a truth', message({ 2: 1 }), true],
    ['an untruth', message({ 2: 0 }), false],
    ['a number', message({ 3: 4_000_000_000 }), 4_000_000_000],
    ['a negative number', message({ 4: -5 }), -5],
    ['a number with a fraction', double(5, -2.5), -2.5],
    ['a text', message({ 6: 'text' }), 'text'],
    ['an address beyond 53 bits', message({ 7: 0xffff_8881_0000_1234n }), '0xffff888100001234'],
    ['JSON, which stays text', message({ 9: '{"x":1}' }), '{"x":1}'],
    ['an interned text', message({ 17: 9 }), 'interned text'],
    ['a text that was interned elsewhere', message({ 17: 8 }), 'text 8'],
    ['a list', message({ 12: [{ 3: 1 }, { 6: 'two' }, {}] }), [1, 'two', null]],
    ['a dictionary', message({ 11: [{ 10: 'x', 3: 1 }, { 1: 7, 12: [{ 2: 1 }] }] }), { x: 1, 'interned name': [true] }], // prettier-ignore
    ['nothing', Buffer.alloc(0), null],
    ['a field of a later version', message({ 99: 5 }), null],
  ])('is %s', (_, bytes, value) => {
    expect(named(bytes)).toEqual(value)
  })

  it.each([
    ['a dictionary', { 2: ['x', 'y', 'z'], 3: [{ 5: -1 }, { 8: 'text' }] }, { x: -1, y: 'text', z: null }],
    ['a list', { 4: [{ 7: 1 }, { 7: 0 }, { 4: [{ 5: 3 }] }] }, [true, false, [3]]],
    ['a number with a fraction', double(6, 0.5), 0.5],
    ['nothing', {}, null],
  ])('nested the older way is %s', (_, nested, value) => {
    expect(named(message({ 8: nested }))).toEqual(value)
  })

  it('has a name of its own, an interned one, or the number of one that is not there', () => {
    const unknown = message({ 1: 8, 3: 2 })
    expect(read(message({ 1: 7, 3: 1 }), unknown)).toEqual({ 'interned name': 1, 'name 8': 2 })
  })

  it('may be called as objects inherit: it is one entry more, and nobody inherits it', () => {
    const entry = message({ 10: '__proto__', 11: [{ 10: '__proto__', 3: 1 }] })
    const values = read(entry)
    expect(JSON.stringify(values)).toBe('{"__proto__":{"__proto__":1}}')
    expect(Object.getPrototypeOf(values)).toBe(Object.prototype)
  })

  it('nests as deep as events may and no deeper, and has no more values than one event may have', () => {
    let deep = message({ 3: 1 })
    for (let i = 0; i < limits.jsonDepth + 20; i++) deep = message({ 12: deep })
    expect(JSON.stringify(named(deep))).toBe(`${'['.repeat(limits.jsonDepth)}null${']'.repeat(limits.jsonDepth)}`)
    const wide = named(message({ 12: Array.from({ length: 5000 }, () => ({ 3: 1 })) }))
    expect((wide as unknown[]).length).toBeGreaterThan(900)
    expect((wide as unknown[]).length).toBeLessThan(1000)
  })
})
