/** The plain-text report: fits a mail, has what the page has, and is made of our own ASCII and other people's names. */
import { describe, expect, it } from 'vitest'
import { plain, textTable, wrapped } from '#electron/report/text-page.ts'
import { compareText } from '#electron/report/text.ts'
import { smallComparison } from '../support/small-runs.ts'
import { FACTS, FILM, smallReplay } from './support.ts'

const command = 'faultline compare --scenario SC1 --strategy E --strategy F,tx=tx-before-locks --seeds 12 --html R.html'
const texts = {
  scenario: compareText({ result: smallComparison(), command, version: '1' }),
  replay: compareText({ result: smallReplay(), command, version: '1', traces: [FACTS], films: [FILM] }),
}

describe('a report as plain text', () => {
  it.each(Object.entries(texts))('of a %s has no line over 78 columns and no tabs', (_, text) => {
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(78)
    expect(text).not.toMatch(/\t|\r| $/m)
  })

  it('is ASCII where the words are ours', () => {
    expect(Object.values(texts).join('')).toMatch(/^[\x20-\x7e\n]*$/)
  })

  it('has the finding first, then tables, assumptions and the command', () => {
    const { scenario } = texts
    const order = ['* Baseline E', 'Speed and safety', 'Latency of write_fault', 'Assumed', 'How to make it again']
    const places = order.map((text) => scenario.indexOf(text))
    expect(places).not.toContain(-1)
    expect(places).toEqual([...places].sort((a, b) => a - b))
    expect(scenario).toContain('faultline compare --scenario SC1 --strategy E')
  })

  it('has lost events, the error of the replay and the film of the counterexample', () => {
    const { replay } = texts
    expect(replay).toMatch(/lost while recording: +17 events/)
    expect(replay).toContain('median error of')
    expect(replay).toMatch(/2\. puncher: frees <it> +\[block 7 gone\] <== V5/)
    expect(replay).toContain("faultline replay 'fl1:abc'")
  })
})

describe('a table in 78 columns', () => {
  const rows = [{ name: 'n'.repeat(60) }, { name: 'short' }]
  const column = (head: string, dispensable?: number) => ({
    head,
    cell: () => '1234567890',
    ...(dispensable === undefined ? {} : { dispensable }),
  })

  it('drops the least important columns and says which', () => {
    const text = textTable(
      [{ name: 'a' }],
      [{ head: 'name', cell: ({ name }) => name }, ...[1, 2, 3, 4, 5, 6, 7, 8].map((n) => column(`c${n}`, n))],
    )
    expect(text).toContain('(no room for: c7, c8)')
    expect(text).toContain('c6')
  })

  it('puts a name that is too long on a line of its own', () => {
    const lines = textTable(rows, [{ head: 'name', cell: ({ name }) => name }, column('a'), column('b')]).split('\n')
    expect(lines[1]).toBe('n'.repeat(60))
    expect(lines[2]).toMatch(/^ +1234567890  1234567890$/)
    expect(lines[3]).toMatch(/^short +1234567890/)
  })
})

describe('text for a mail', () => {
  it('shows control characters as question marks', () => {
    expect(plain('a\u001b[31m\u202eb')).toBe('a?[31m?b')
    expect(plain('1\u2009234 µs ± 2 ×')).toBe('1 234 us +- 2 x')
  })

  it('breaks at spaces only', () => {
    expect(wrapped(`${'x'.repeat(100)} y`).split('\n')).toEqual(['x'.repeat(100), 'y'])
  })
})
