/** function_graph text that is not as it should be: losses, stacks, traces in a row, times that are missing or impossible. */

import { describe, expect, it } from 'vitest'
import { limits } from '#shared/base/limits.ts'
import { eventWords, readBytes } from '../support/round-trip.ts'

const read = (...lines: readonly string[]) => readBytes('function-graph', Buffer.from(`${lines.join('\n')}\n`))
const timed = (us: number, body: string, cpu = 0) =>
  `  66.${String(us).padStart(6, '0')} |   ${cpu})   rfault-472   |   ${body}`
const untimed = (body: string) => ` 0)   ${body}`
const said = (whole: ReturnType<typeof read>) =>
  Object.fromEntries(whole.trace.diagnostics.map(({ code, count }) => [code, count]))

describe('function_graph text', () => {
  it('counts what markers say was lost, and closes what was open', () => {
    const whole = read(timed(1, '            |  f() {'), 'CPU:0 [LOST 40 EVENTS]', timed(9, '0.500 us    |  g();'))
    expect(whole.trace.meta.lostEvents).toBe(40)
    expect(said(whole)['lost-events']).toBe(1)
    const unknown = read(timed(1, '0.500 us    |  f();'), 'CPU:0 [LOST EVENTS]', timed(9, '0.500 us    |  g();'))
    expect(unknown.trace.meta.lostEvents).toBeUndefined()
    const late = read(
      timed(1, '0.500 us    |  f();'),
      '##### CPU 1 buffer started ####',
      timed(9, '0.500 us    |  g();', 1),
    )
    expect(late.trace.meta.eventCount).toBe(2)
  })

  it('of two traces in a row says so, and matches nothing across', () => {
    const half = ['# tracer: function_graph', timed(5, '            |  f() {')]
    const whole = read(...half, '# tracer: function_graph', timed(1, '0.500 us    |  }'))
    expect(said(whole)['several-traces']).toBe(1)
    expect(whole.trace.meta.eventCount).toBe(2)
  })

  it('skips lines with a time among lines without one, and the other way round', () => {
    const whole = read(timed(1, '0.500 us    |  f();'), untimed('0.500 us    |  g();'), timed(3, '0.500 us    |  h();'))
    expect([whole.trace.meta.eventCount, said(whole)['mixed-clocks']]).toEqual([2, 1])
    const other = read(untimed('0.500 us    |  f();'), timed(3, '0.500 us    |  h();'))
    expect([other.trace.meta.eventCount, said(other)['mixed-clocks']]).toEqual([1, 1])
  })

  it('tells of times that go back, and takes those 104 days away for damage', () => {
    const back = read(timed(9, '0.500 us    |  f();'), timed(1, '0.500 us    |  g();'))
    expect(said(back)['out-of-order']).toBe(1)
    const far = `99999999.000001 |   0)   rfault-472   |   0.500 us    |  f();`
    const whole = read(timed(9, '0.500 us    |  f();'), far)
    expect([whole.trace.meta.eventCount, said(whole)['time-out-of-range']]).toEqual([1, 1])
  })

  it.each([
    ['with times', (body: string) => timed(1, body)],
    ['without', untimed],
  ])('%s: a call stack belongs to the event before it', (_, line) => {
    const whole = read(
      line('            |  f() {'),
      line('            |  /* lock_contended: 00000000bc512a5b &mm->mmap_lock */'),
      line('            |  /* <stack trace>'),
      ' => down_read',
      ' => do_fault',
      ' */',
      line('0.500 us    |  }'),
    )
    const [, contended] = eventWords(whole)
    expect(contended).toMatch(/lock_contended: .* down_read\ndo_fault$/)
    expect(whole.trace.meta.eventCount).toBe(3)
  })

  it('skips a line longer than any, and an empty comment, and counts both', () => {
    const whole = read(
      timed(1, '0.500 us    |  f();'),
      'x'.repeat(limits.lineBytes + 1),
      timed(2, '            |  /*  */'),
    )
    expect([whole.trace.meta.eventCount, said(whole)['line-too-long'], said(whole)['unparsed-line']]).toEqual([1, 1, 1])
  })

  it('keeps a comment that is no event as a mark', () => {
    const whole = read(timed(1, '            |  /* a note of trace_printk */'))
    expect(eventWords(whole)[0]).toContain('print: a note of trace_printk')
  })

  it('of idle tasks has one per CPU', () => {
    const idle = (cpu: number) => `  66.000001 |   ${cpu})    <idle>-0    |   0.500 us    |  f();`
    expect(read(idle(0), idle(1)).trace.tasks.filter(({ pid }) => pid === 0)).toHaveLength(2)
  })

  it('that stops being text is refused in one sentence', () => {
    expect(() => read('nothing', 'of', 'it')).toThrow('this is no function_graph text: 3 of the 3 lines read')
    expect(() => read('nothing')).toThrow('the only line')
  })
})
