/** Latency tracers: their header's summary, and the lines only they print. */

import { expect, it } from 'vitest'
import { sniff } from '#shared/formats/index.ts'
import { importText } from '../support/import-text.ts'
import { eventsOf, readText } from '../support/read-text.ts'

const head = (tracer: string, latencyUs: number, entries: number, between: readonly string[]) => [
  `# tracer: ${tracer}`,
  '#',
  `# ${tracer} latency trace v1.1.5 on 6.1.192-faultline`,
  '# --------------------------------------------------------------------',
  `# latency: ${latencyUs} us, #${entries}/${entries}, CPU#1 | (M:preempt VP:0, KP:0, SP:0 HP:0 #P:2)`,
  '#    -----------------',
  '#    | task: trunc/0-9072 (uid:0 nice:0 policy:0 rt_prio:0)',
  '#    -----------------',
  ...between,
  '#',
  '#                    _------=> CPU#',
  '#  cmd     pid     |||||| time  |   caller',
  '#     \\   /        ||||||  \\    |    /',
]

const IRQSOFF = [
  ...head('irqsoff', 259, 3, ['#  => started at: unmap_page_range', '#  => ended at:   flush_tlb_mm_range']),
  ' trunc/0-9072      1d...1     0us!: unmap_page_range <-zap_page_range_single',
  ' trunc/0-9072      1d...1   257us+: flush_tlb_mm_range <-tlb_finish_mmu',
  ' trunc/0-9072      1d...1   259us : tracer_hardirqs_on <-flush_tlb_mm_range',
  ' trunc/0-9072      1d...1   300us : <stack trace>',
  ' => tlb_finish_mmu',
  ' => zap_page_range_single',
  '',
].join('\n')

const WAKEUP = [
  ...head('wakeup_rt', 52, 4, []),
  '  <idle>-0         1dN.3.    0us :      0:120:R   + [001]  2312: 94:R msync<0>',
  '  <idle>-0         1dN.3.    4us : ttwu_do_activate <-try_to_wake_up',
  '  <idle>-0         1d..3.   51us : __schedule <-schedule',
  '  <idle>-0         1d..3.   52us :      0:120:R ==> [001]  2312: 94:R msync<0>',
  '',
].join('\n')

it('irqsoff: the latency is a remark and a mark over the time it took, with task and functions', () => {
  expect(sniff(Buffer.from(IRQSOFF)).id).toBe('ftrace')
  const { trace } = importText(Buffer.from(IRQSOFF))
  const summary = trace.diagnostics.find(({ code }) => code === 'latency-summary')
  expect(summary?.message).toBe(
    'irqsoff: interrupts were off for 259 us (task trunc/0-9072 (uid:0 nice:0 policy:0 rt_prio:0), from unmap_page_range to flush_tlb_mm_range)',
  )
  expect([trace.meta.kernel, trace.meta.cpus, trace.meta.eventCount]).toEqual(['6.1.192-faultline', 2, 3])
  expect(trace.diagnostics.filter(({ code }) => code === 'unparsed-line')).toEqual([])
})

it('wakeup: the wake-up and the switch it waited for are events of their own', () => {
  const events = eventsOf(readText('ftrace', Buffer.from(WAKEUP)))
  expect(events.map(({ name, ts }) => `${ts} ${name}`)).toEqual([
    '0 wakeup',
    '4000 function',
    '51000 function',
    '52000 context_switch',
  ])
  expect(events[3].payload.trim()).toBe('0:120:R ==> [001]  2312: 94:R msync<0>')
})

it('a trace of events in latency-format found no latency, and claims none', () => {
  const text = [...head('nop', 0, 1, []), ' trunc/0-9072      1..... 94us : sys_write -> 0x2', ''].join('\n')
  const { trace } = importText(Buffer.from(text))
  expect(trace.diagnostics.map(({ code }) => code)).not.toContain('latency-summary')
})
