/** The command line's options: text to value, and what wrong text is answered with. */
import { describe, expect, it } from 'vitest'
import { choice, pairs, whole, windowOf } from '#electron/cli/options.ts'
import { defaultName } from '#electron/cli/verbs/import.ts'
import { csvLine } from '#electron/cli/verbs/query.ts'
import { describeProgress, progressLine } from '#electron/cli/progress.ts'

describe('a choice', () => {
  const by = choice({ what: '--by', of: ['class', 'instance', 'phase'], fallback: 'class', about: 'rows' })

  it('takes what is known', () => expect(by.parse('phase')).toBe('phase'))

  it('answers anything else with the nearest and all known ones', () => {
    expect(() => by.parse('clas')).toThrow("unknown --by 'clas'")
    try {
      by.parse('phas')
    } catch (error) {
      expect(error).toMatchObject({ code: 'unknown-id', hint: 'did you mean phase? known: class, instance, phase' })
    }
  })
})

describe('pairs', () => {
  it('are a value by name, the same one as often as somebody likes', () => {
    expect(pairs(['a=1', 'b = x=y', 'a=1'], '--set')).toEqual({ a: '1', b: 'x=y' })
    expect(() => pairs(['a=1', 'a=2'], '--set')).toThrow('--set a is there twice')
    expect(() => pairs(['=1'], '--set')).toThrow("--set: '=1' is not NAME=VALUE")
  })
})

describe('a whole number', () => {
  const top = whole({ value: 'N', min: 1, max: 100, fallback: 10, about: 'rows' })

  it.each(['0', '101', '-1', '1.5', '1e2', '', 'ten', '0x10', ' 5', '99999999999999999999'])('refuses %j', (text) => {
    expect(() => top.parse(text)).toThrow('is not a whole number from 1 to 100')
  })

  it('takes the bounds', () => expect([top.parse('1'), top.parse('100')]).toEqual([1, 100]))
})

describe('a window', () => {
  it('may be open at either end', () => {
    expect(windowOf({ from: undefined, to: undefined })).toEqual({})
    expect(windowOf({ from: 5, to: undefined })).toEqual({ fromNs: 5 })
    expect(windowOf({ from: 0, to: 7 })).toEqual({ fromNs: 0, toNs: 7 })
  })

  it('is refused when it is empty', () => {
    expect(() => windowOf({ from: 7, to: 7 })).toThrow('--from 7 is not before --to 7')
  })
})

describe('the name an import gets', () => {
  it.each([
    ['dir/dax-ext4-small.trace.txt.zst', 'dax-ext4-small.faultline'],
    ['run.TXT.gz', 'run.faultline'],
    ['small2-ext4.report-lt.txt', 'small2-ext4.report-lt.faultline'],
    ['x.v7.dat', 'x.v7.faultline'],
    ['trace', 'trace.faultline'],
    ['.trace', '.trace.faultline'],
    ['-', 'stdin.faultline'],
    ['mytrace.html', 'mytrace.faultline'],
  ])('of %s is %s', (path, expected) => expect(defaultName(path)).toBe(expected))
})

describe('CSV', () => {
  it('quotes what needs quoting and leaves NULL empty', () => {
    expect(csvLine(['a', 1, null, 'b,c', 'd"e', 'f\ng'])).toBe('a,1,,"b,c","d""e","f\ng"')
  })
})

describe('the progress line', () => {
  const at = { stage: 'parsing', unit: 'bytes', events: 1_000_000, elapsedMs: 1000 } as const

  it('says share, events, rate and time left', () => {
    expect(describeProgress({ ...at, done: 25, total: 100 })).toBe(
      'parsing  25 %  1 000 000 events  1 000 000 events/s  3.00 s left',
    )
  })

  it('guesses no end where the total is not known', () => {
    expect(describeProgress({ ...at, done: 12_000_000, total: null, events: null })).toBe('parsing  12 MB')
  })

  it.each([
    [40, 39],
    [0, 64],
    [200, 64],
  ])('fits a terminal of %i columns, 0 for one that does not know', (columns, expected) => {
    let written = ''
    const write = (text: string) => (written += text) !== ''
    progressLine({ isTTY: true, columns, write } as Partial<NodeJS.WriteStream> as NodeJS.WriteStream).show({
      ...at,
      done: 25,
      total: 100,
    })
    expect(written.replace('\r\u001b[K', '')).toHaveLength(expected)
  })
})
