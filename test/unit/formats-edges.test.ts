/** Event lines at the edges of their layouts: no blank before a time, words that look like a task, lines too long to be kept. */

import { expect, it } from 'vitest'
import { limits } from '#shared/base/limits.ts'
import { eventsOf, fingerprint, readText, type TextFormat } from '../support/read-text.ts'

function read(text: string, format: TextFormat = 'ftrace') {
  const bytes = Buffer.from(text)
  const result = readText(format, bytes)
  for (const options of [{ chunk: 1 }, { chunk: 7 }, { columns: false }])
    expect(fingerprint(readText(format, bytes, options))).toBe(fingerprint(result))
  return { ...result, events: eventsOf(result), codes: result.trace.diagnostics.map(({ code }) => code) }
}

it('ticks stand right behind the flags where report -l has no room for a blank', () => {
  const line = (flags: string, ticks: string) => `      wl-25959   1${flags}${ticks}: sys_exit_write:       0x1\n`
  const found = read(
    `${line('d..2.', '215366336771860')}${line('.....', '215366336781740')}${line('d....3.', ' 215366336781741')}`,
    'trace-cmd-report',
  )
  expect(found.codes).toEqual(['times-without-unit'])
  expect(found.events.map(({ ts, cpu, pid }) => [ts, cpu, pid])).toEqual([
    [0, 1, 25959],
    [9880, 1, 25959],
    [9881, 1, 25959],
  ])
  expect(found.trace.meta).toMatchObject({ clockUnit: 'tick', startClock: '215366336771860' })
  // Whose digit would it be?
  expect(() => read(line('d..21', '215366336771860'), 'trace-cmd-report')).toThrow(/could not be understood/)
})

it('no buffer is seen in what a verbose line says', () => {
  const line =
    '         trunc/0   30330   0 1 00000002 000003a9 [3c29996f] 67.044ms (+0.000ms): mark: worker00-1 and so on\n'
  const found = read(line.repeat(3))
  expect(found.events).toHaveLength(3)
  expect(found.codes).toEqual([])
})

it('colours of a line that is too long are not said to be cut off, in whatever pieces it comes', () => {
  const line = '  sh-1   [001] .....  1146.849380: '
  const long = Buffer.from(`${line}x: y\n\u001b[32m${`${line}x: `.padEnd(limits.lineBytes, 'y')}\n`)
  for (const options of [{}, { chunk: 4096 }]) {
    const codes = readText('ftrace', long, options).trace.diagnostics.map(({ code }) => code)
    expect(codes).not.toContain('line-marks')
  }
})
